"""How the fleet stands, by really signed verdicts about a real checkout."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from securesystemslib.signer import Signer

from chart_harness.fleet import FleetError, service_release, services
from chart_harness.fleet_render import render_fleet
from promotion_gate.cli import main
from promotion_gate.fleet.document import ReleaseStatus, Standing
from promotion_gate.fleet.survey import DEFAULT_BACKEND, load_records, survey
from promotion_gate.manifests import manifests_digest
from promotion_gate.promotion.audit_log import AUDIT_LOG, append
from promotion_gate.sources import layered_values
from promotion_gate.verdict import Outcome, Override
from promotion_gate.workload import read_workload

from .conftest import NOW, SERVICES, Checkout

PROVED, OVERRIDDEN, AGED, BLOCKED, UNPROVED = Standing


def row(checkout: Checkout, environment: str = "staging", service: str = "aaa-api") -> ReleaseStatus:
    status = survey(checkout.root, load_records(checkout.root, None, checkout.store, None), NOW)
    return next(one for one in status.releases if (one.service, one.environment) == (service, environment))


def seen(checkout: Checkout, environment: str = "staging") -> tuple[Standing, str]:
    found = row(checkout, environment)
    return found.standing, found.reason


def test_without_a_verdict_nothing_is_proved(checkout: Checkout) -> None:
    status = survey(checkout.root, load_records(checkout.root, None, checkout.store, None), NOW)
    assert [(one.service, one.environment, one.wave, one.backend) for one in status.releases] == [
        ("aaa-api", "staging", 1, "otel"),
        ("aaa-api", "production", 1, "prometheus"),
        ("archive-tagger", "staging", 3, "otel"),
        ("archive-tagger", "production", 3, "prometheus"),
        ("asset-monitor", "staging", 2, "otel"),
        ("asset-monitor", "production", 2, "prometheus"),
    ]
    assert {(one.standing, one.reason) for one in status.releases} == {
        (UNPROVED, "no verdict"),
        (UNPROVED, "no promotion on record"),
    }


def test_a_pass_about_what_is_there_proves_it(checkout: Checkout) -> None:
    checkout.keep(checkout.verdict())
    found = row(checkout)
    assert (found.standing, found.reason) == (PROVED, "")
    assert found.verdict is not None
    assert (found.verdict.outcome, found.verdict.finished_at) == (Outcome.PASS, NOW - timedelta(hours=1))
    assert row(checkout, service="asset-monitor").standing is UNPROVED


Spoil = Callable[[Checkout], object]


def edit(path: str, old: str, new: str) -> Spoil:
    def change(checkout: Checkout) -> None:
        checkout.keep(checkout.verdict())
        file = checkout.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return change


def overwrite(text: str) -> Spoil:
    return lambda checkout: checkout.keep(checkout.verdict()).write_text(text)


@pytest.mark.parametrize(
    ("spoil", "standing", "reason"),
    [
        (lambda c: c.keep(c.verdict(hours=24.1)), AGED, "too old"),
        (lambda c: c.keep(c.verdict(hours=-1)), BLOCKED, "from the future"),
        (lambda c: c.keep(c.verdict(outcomes={"memory": Outcome.FAIL})), BLOCKED, "memory is FAIL"),
        (lambda c: c.keep(c.verdict(outcomes={"memory": Outcome.INCONCLUSIVE})), BLOCKED, "memory is INCONCLUSIVE"),
        (lambda c: c.keep(c.verdict(fit=False)), BLOCKED, "a verdict from the context:staging target never promotes"),
        (lambda c: c.keep(c.verdict(changes={"set_values": ("a=b",)})), BLOCKED, "values were given on the command line"),
        (lambda c: c.keep(c.verdict(changes={"uncommitted_changes": True})), BLOCKED, "changes that no commit holds"),
        (lambda c: c.keep(c.verdict(changes={"service": "asset-monitor"})).rename(
            c.store / "aaa-api" / "staging.dsse.json"), BLOCKED, "about another service"),
        (edit("charts/services/aaa-api/environments/staging/values.yaml", "1500", "1600"), BLOCKED, "manifests changed since"),
        (edit("charts/services/aaa-api/environments/staging/values.yaml", ": otel", ": shadow"), BLOCKED, "values changed since"),
        (edit("charts/workload/values.yaml", "preStopSeconds: 5", "preStopSeconds: 6"), BLOCKED, "chart changed since"),
        (edit("charts/metrics/README.md", "#", "# "), BLOCKED, "chart changed since"),
        (edit("ci/promotion-policy.yaml", "2026.1", "2026.2"), BLOCKED, "policy changed since"),
        (edit("charts/services/aaa-api/environments/staging/values.yaml", "environment: staging", "environments: staging"),
         BLOCKED, "does not render: "),
        (overwrite("{}"), BLOCKED, "is no DSSE envelope"),
        (overwrite(""), BLOCKED, "is not JSON"),
    ],
)  # fmt: skip
def test_what_takes_the_proof_away(spoil: Spoil, standing: Standing, reason: str, checkout: Checkout) -> None:
    (checkout.store / "aaa-api").mkdir(parents=True)
    spoil(checkout)
    found = row(checkout)
    assert found.standing is standing
    assert reason in found.reason


def test_a_strangers_signature_proves_nothing(checkout: Checkout, stranger: Signer) -> None:
    checkout.keep(checkout.verdict(), signer=stranger)
    found = row(checkout)
    assert found.standing is BLOCKED
    assert "trusts" in found.reason
    assert found.verdict is not None
    assert found.verdict.outcome is None  # nothing of what it says is told


def test_an_altered_verdict_proves_nothing(checkout: Checkout) -> None:
    path = checkout.keep(checkout.verdict(outcomes={"memory": Outcome.FAIL}))
    good = checkout.keep(checkout.verdict(hours=2)).read_text()
    sealed = checkout._write(path, checkout.verdict(), None).read_text()
    payload = [line for line in sealed.splitlines() if '"payload":' in line]
    path.write_text("\n".join(payload[0] if '"payload":' in line else line for line in good.splitlines()))
    assert "altered after it was signed" in row(checkout).reason


def override(checkout: Checkout, hours: float) -> None:
    given = Override(
        service="aaa-api",
        environment="staging",
        check="memory",
        actor="ada",
        reason="a known leak",
        ticket="OPS-7",
        given_at=NOW - timedelta(hours=2),
        expires_at=NOW + timedelta(hours=hours),
    )
    append(checkout.root / AUDIT_LOG, given)


def test_an_override_is_told_and_is_no_pass(checkout: Checkout) -> None:
    override(checkout, 3)
    checkout.keep(checkout.verdict(outcomes={"memory": Outcome.FAIL}))
    standing, reason = seen(checkout)
    assert standing is OVERRIDDEN
    assert reason.startswith("overridden: memory by ada (a known leak; OPS-7; until ")
    found = row(checkout)
    assert found.verdict is not None
    assert found.verdict.outcome is Outcome.FAIL


def test_an_override_that_ended_excuses_nothing(checkout: Checkout) -> None:
    override(checkout, -1)
    checkout.keep(checkout.verdict(outcomes={"memory": Outcome.FAIL}))
    standing, reason = seen(checkout)
    assert standing is BLOCKED
    assert "the override of ada expired" in reason


def test_what_was_promoted_stands_while_chart_and_values_do(checkout: Checkout) -> None:
    checkout.promote(checkout.verdict())
    assert seen(checkout, "production") == (PROVED, "")
    assert row(checkout, "production").backend == "otel"
    checkout.promote(checkout.verdict(hours=500))
    assert seen(checkout, "production") == (AGED, "too old")
    assert row(checkout, "production").standing.stands


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("charts/services/aaa-api/environments/staging/values.yaml", "1500", "1600"),
        ("ci/promotion-policy.yaml", "2026.1", "2026.2"),
    ],
)
def test_a_promotion_is_not_taken_back_by_what_staging_does_next(
    path: str, old: str, new: str, checkout: Checkout
) -> None:
    verdict = checkout.verdict()
    edit(path, old, new)(checkout)
    checkout.promote(verdict)
    assert seen(checkout, "production") == (PROVED, "")
    assert seen(checkout)[0] is BLOCKED  # the control: the change is one


@pytest.mark.parametrize(
    ("path", "old", "new", "reason"),
    [
        ("charts/services/aaa-api/environments/production/values.yaml", ": otel", ": shadow", "values changed since"),
        ("charts/services/aaa-api/values.yaml", "replicas: 2", "replicas: 3", "chart changed since"),
        ("charts/workload/values.yaml", "preStopSeconds: 5", "preStopSeconds: 6", "chart changed since"),
    ],
)
def test_what_takes_a_promotion_away(path: str, old: str, new: str, reason: str, checkout: Checkout) -> None:
    checkout.promote(checkout.verdict())
    edit(path, old, new)(checkout)
    assert seen(checkout, "production") == (BLOCKED, reason)


def test_a_verdict_of_production_itself_does_not_prove_a_promotion(checkout: Checkout) -> None:
    checkout.promote(checkout.verdict(environment="production"))
    assert seen(checkout, "production") == (BLOCKED, "about another environment")
    checkout.keep(checkout.verdict(environment="production"))
    assert row(checkout, "production", "asset-monitor").standing is UNPROVED


def test_a_run_in_production_that_fails_blocks_it(checkout: Checkout) -> None:
    checkout.promote(checkout.verdict())
    checkout.commit()
    checkout.keep(checkout.verdict(environment="production", outcomes={"memory": Outcome.FAIL}))
    found = row(checkout, "production")
    assert (found.standing, found.reason) == (BLOCKED, "in production: memory is FAIL")
    assert [other.kind for other in found.others] == ["promotion"]
    checkout.keep(checkout.verdict(environment="production"))
    assert seen(checkout, "production") == (PROVED, "")


@pytest.mark.parametrize(
    ("hours", "changes"), [(24.1, {}), (1, {"manifests_sha256": "f" * 64}), (1, {"service": "asset-monitor"})]
)
def test_a_failed_run_of_something_else_or_long_ago_does_not_block_production(
    hours: float, changes: dict[str, str], checkout: Checkout
) -> None:
    checkout.promote(checkout.verdict())
    failed = checkout.verdict(environment="production", outcomes={"memory": Outcome.FAIL}, hours=hours, changes=changes)
    path = checkout.store / "aaa-api" / "production.dsse.json"
    path.parent.mkdir(parents=True)
    checkout._write(path, failed, None)
    assert seen(checkout, "production") == (PROVED, "")


def test_what_cannot_be_compared_with_the_last_promotion_is_not_proved(checkout: Checkout, stranger: Signer) -> None:
    checkout.keep(checkout.verdict())
    checkout.promote(checkout.verdict(), signer=stranger)
    standing, reason = seen(checkout)
    assert standing is BLOCKED
    assert reason.startswith("the release promoted last cannot be compared with: ")
    assert seen(checkout, "production")[0] is BLOCKED


def test_a_service_that_there_is_not(checkout: Checkout) -> None:
    records = load_records(checkout.root, None, checkout.store, None)
    with pytest.raises(
        FleetError, match=r"no service 'nobody': choose one of aaa-api, archive-tagger, asset-monitor\."
    ):
        survey(checkout.root, records, NOW, ["nobody"])
    assert {one.service for one in survey(checkout.root, records, NOW, ["aaa-api"]).releases} == {"aaa-api"}


def test_the_fleets_digests_are_those_of_a_verification(root: Path) -> None:
    """What `render_fleet` gives all at once is to the byte what `prepare` gives one by one, with a service of each role."""
    rendered = render_fleet(root)
    for service in SERVICES:
        for environment in ("staging", "production"):
            assert manifests_digest(rendered.releases[service, environment].objects) == manifests_digest(
                service_release(root, service, environment).objects
            )


def test_roles_and_backends_are_those_that_are_rendered(root: Path) -> None:
    status = survey(root, load_records(root, None, root / "no-such-store", None), NOW)
    assert len(status.releases) == 2 * len(services(root))
    rendered = render_fleet(root)
    for one in status.releases:
        workload = read_workload(rendered.releases[one.service, one.environment])
        assert (one.role, one.backend) == (workload.role, workload.literal("PROMETHEUS_BACKEND"))
    unset = [s for s in services(root) if "env" not in layered_values(root, s, "production")]
    assert unset  # the control: the default is among what was compared
    assert DEFAULT_BACKEND == "prometheus"


def test_the_command_tells_what_it_cannot_read(checkout: Checkout, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["status", *arguments])
        return done.exit_code, done.stderr

    assert run("--root", str(tmp_path / "nowhere"))[0] == 3
    (checkout.root / AUDIT_LOG).parent.mkdir()
    (checkout.root / AUDIT_LOG).write_text("nonsense")
    code, said = run("--root", str(checkout.root))
    assert (code, said.count("\n")) == (3, 1)
    assert "is cut off" in said
