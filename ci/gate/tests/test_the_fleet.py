"""The gate can judge every service of the fleet, in every environment; what its pods then do is proved with one of each role."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart_harness.fleet import services
from chart_harness.fleet_render import FleetRender, render_fleet
from promotion_gate.contract import contract_for
from promotion_gate.plan import load_plan
from promotion_gate.workload import read_workload, resolve_env

ROOT = Path(__file__).resolve().parents[3]
CLAIMED = {
    "metadata.name": "a-pod",
    "metadata.namespace": "a-namespace",
    "metadata.uid": "0",
    "spec.nodeName": "a-node",
    "status.podIP": "10.0.0.1",
}


@pytest.fixture(scope="module")
def fleet() -> FleetRender:
    rendered = render_fleet(ROOT)
    assert rendered.errors == {}
    return rendered


@pytest.mark.parametrize("service", services(ROOT))
def test_it_is_read_and_has_a_contract(service: str, fleet: FleetRender) -> None:
    plan = load_plan(ROOT / "charts" / "services" / service / "gate.yaml")
    releases = {environment: found for (name, environment), found in fleet.releases.items() if name == service}
    assert releases.keys() == {"staging", "production"}
    for environment, release in releases.items():
        workload = read_workload(release)
        assert (workload.name, workload.namespace) == (service, environment)
        assert workload.command == ("reference-service", workload.role)
        assert workload.memory_limit
        assert workload.readiness is not None
        assert workload.literal("PROMETHEUS_BACKEND") == ("otel" if environment == "staging" else "prometheus")
        assert workload.pushes == (environment == "staging" and workload.role != "http-api")
        variables = resolve_env(workload.env, CLAIMED)
        assert "" not in variables.values()
        carried = {value for name, value in variables.items() if name.endswith("PORT")}
        assert carried >= set(map(str, workload.ports.values())), "the embedded target moves ports by their variables"
        contract = contract_for(workload, plan)
        assert contract.families[contract.work_counter].type == "counter"
        assert contract.families.keys() >= plan.metrics.keys()
        assert bool(plan.requests) == (contract.work_is_counted_by == "traffic")


def test_every_role_and_both_environments_are_among_them(fleet: FleetRender) -> None:
    """The control: what the test above goes through is the fleet, not nothing."""
    roles = [read_workload(fleet.releases[service, "staging"]).role for service in services(ROOT)]
    assert len(fleet.releases) == 2 * len(roles)
    assert {role: roles.count(role) for role in sorted(set(roles))} == {
        "amqp-consumer": 12,
        "http-api": 18,
        "task-runner": 12,
    }
