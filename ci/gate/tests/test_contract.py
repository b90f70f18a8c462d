"""What a release must publish: its role's promise, under the prefix that the chart renders, and its own families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promotion_gate.checks.check import Subject
from promotion_gate.contract import contract_for
from promotion_gate.evidence import INSTANCE_LABEL
from promotion_gate.plan import MetricSpec, Plan, PlanError
from promotion_gate.workload import EnvVar, Workload, WorkloadError

HTTP = {
    "http_requests_total",
    "http_request_duration_seconds",
    "http_request_size_bytes",
    "http_response_size_bytes",
    "http_requests_in_progress",
}
RUNTIME = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_open_fds",
    "python_info",
    "python_gc_collections_total",
}
OWN = Plan(metrics={"own_total": MetricSpec(type="counter")})


@pytest.fixture(scope="session")
def workload(pull: Subject) -> Workload:
    return pull.workload


def _with(workload: Workload, **env: str) -> Workload:
    return replace(workload, env=tuple(EnvVar(name, value=value) for name, value in env.items()))


def test_an_http_api(workload: Workload) -> None:
    contract = contract_for(workload, OWN)
    assert contract.families.keys() == HTTP | RUNTIME | {"own_total"}
    assert (contract.work_counter, contract.work_is_counted_by) == ("http_requests_total", "traffic")
    assert contract.constant_labels == {"service", "environment", INSTANCE_LABEL}
    assert contract.families["http_requests_total"] == MetricSpec(
        type="counter", labels=frozenset({"handler", "method", "status"})
    )
    assert contract.families["http_request_duration_seconds"].buckets == (0.05, 0.1, 0.3, 1, 3, 5)


@pytest.mark.parametrize(
    ("role", "counter"), [("amqp-consumer", "amqp_messages_total"), ("task-runner", "task_runs_total")]
)
def test_other_roles_count_their_work_by_log_lines(role: str, counter: str, workload: Workload) -> None:
    contract = contract_for(replace(workload, role=role), Plan())
    assert (contract.work_counter, contract.work_is_counted_by) == (counter, "log-lines")
    assert contract.families.keys() >= RUNTIME | {counter}


@pytest.mark.parametrize(
    ("env", "prefix"),
    [
        ({}, ""),
        ({"METRICS_NAMESPACE": "shop"}, "shop_"),
        ({"METRICS_SUBSYSTEM": "cart"}, "cart_"),
        ({"METRICS_NAMESPACE": "shop", "METRICS_SUBSYSTEM": "cart"}, "shop_cart_"),
    ],
)
def test_the_prefix_is_for_the_roles_families_alone(env: dict[str, str], prefix: str, workload: Workload) -> None:
    contract = contract_for(_with(workload, **env), OWN)
    assert contract.families.keys() == {prefix + name for name in HTTP} | RUNTIME | {"own_total"}
    assert contract.work_counter == f"{prefix}http_requests_total"


def test_without_custom_labels_the_identity_remains(workload: Workload) -> None:
    assert contract_for(_with(workload), Plan()).constant_labels == {INSTANCE_LABEL}


@pytest.mark.parametrize("role", ["cron", "runtime", "", "../contracts/http-api", "http-api.yaml"])
def test_an_unknown_role_is_told_the_known_ones(role: str, workload: Workload) -> None:
    with pytest.raises(WorkloadError) as caught:
        contract_for(replace(workload, role=role), Plan())
    assert f"the role {role!r}; the gate knows amqp-consumer, http-api, task-runner." in str(caught.value)


@pytest.mark.parametrize("name", ["http_requests_total", "python_info"])
def test_a_service_cannot_lower_its_roles_promise(name: str, workload: Workload) -> None:
    with pytest.raises(PlanError, match=f"declares {name}, which its role promises already"):
        contract_for(workload, Plan(metrics={name: MetricSpec(type="gauge")}))
