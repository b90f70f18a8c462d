"""Each thing that may be wrong with a verdict refuses it, alone; the clean one is admitted; an override covers a check and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci.gate.tests.signed_verdicts import FINISHED, verdict
from promotion_gate.admission import Admission, Claim, State, assess_admission, compared_with, required_of
from promotion_gate.policy import Policy, Promotion, Requirement, When
from promotion_gate.verdict import BaselineRecord, Override, PolicyRecord, Verdict

NOW = FINISHED + timedelta(hours=1)
POLICY = Promotion(max_age_hours=24, max_override_days=30)
CHECKS = ("pods-ready", "restarts")
CLAIM = Claim(
    service="aaa-api",
    environment="staging",
    manifests_sha256="a" * 64,
    chart_sha256="b" * 64,
    policy=PolicyRecord(version="2026.1", sha256="c" * 64),
    values={"env.standard.PROMETHEUS_BACKEND": "otel"},
    required_checks=CHECKS,
)
BEFORE = verdict(release={"manifests_sha256": "e" * 64}, finished_at=FINISHED + timedelta(seconds=1))
"""Promoted before; that it is the later one does not matter here."""
BASELINE = BaselineRecord(
    commit="2" * 40,
    finished_at=BEFORE.finished_at,
    manifests_sha256=BEFORE.release.manifests_sha256,
    target_identity="7c9e6679",
)


def override(check: str = "restarts", **changes: Any) -> Override:
    fields = {
        "service": "aaa-api",
        "environment": "staging",
        "check": check,
        "actor": "sam",
        "reason": "the node was drained",
        "ticket": "OPS-1",
        "given_at": NOW - timedelta(minutes=5),
        "expires_at": NOW + timedelta(days=1),
    }
    return Override.model_validate(fields | changes)


def judged(one: Verdict, claim: Claim | None = CLAIM, overrides: Sequence[Override] = (), **policy: Any) -> Admission:
    return assess_admission(one, claim, POLICY.model_copy(update=policy), NOW, overrides)


def claims(**changes: Any) -> Claim:
    return replace(CLAIM, **changes)


def test_the_clean_one_is_admitted() -> None:
    for claim in (CLAIM, None):
        found = judged(verdict(), claim)
        assert (found.state, found.refusals, found.overrides) == (State.ADMITTED, (), ())
        assert found.words == "admitted"


@pytest.mark.parametrize("finished", [NOW, NOW - timedelta(hours=24), NOW + timedelta(minutes=2)])
def test_the_ends_of_its_time_are_in_it(finished: Any) -> None:
    assert judged(verdict(finished_at=finished, started_at=finished)).state is State.ADMITTED


def aged(**by: float) -> Verdict:
    then = NOW - timedelta(**by)
    return verdict(started_at=then, finished_at=then)


REFUSED = {
    "a check failed": (verdict("pods-ready+ restarts-"), CLAIM, "check", "restarts is FAIL"),
    "a check is inconclusive": (verdict("pods-ready? restarts+"), CLAIM, "check", "pods-ready is INCONCLUSIVE"),
    "a check is missing": (verdict("pods-ready+", CHECKS), CLAIM, "check", "restarts is missing"),
    "a check that nobody requires failed": (verdict("pods-ready+ restarts+ odd-", CHECKS), CLAIM, "check", "odd is FAIL"),
    "no check at all": (verdict("", ()), claims(required_checks=()), "outcome", "no check was required"),
    "embedded": (verdict(target={"fit_for_promotion": False}), CLAIM, "fitness", "never promotes"),
    "no commit": (verdict(release={"commit": None}), CLAIM, "fitness", "in no commit"),
    "uncommitted changes": (verdict(release={"uncommitted_changes": True}), CLAIM, "fitness", "no commit holds"),
    "values of the command line": (verdict(release={"set_values": ("a=1",)}), CLAIM, "fitness", "command line"),
    "no image's digest": (verdict(release={"image_digests": ()}), CLAIM, "fitness", "no digest of an image"),
    "too old": (aged(hours=24, seconds=1), CLAIM, "age", "24.0 h old, and 24.0 h are the most"),
    "much too old": (aged(days=400), CLAIM, "age", "9600.0 h old"),
    "from the future": (aged(minutes=-3), CLAIM, "clock", "from the future"),
    "from next year": (aged(days=-365), CLAIM, "clock", "8760.0 h"),
    "other service": (verdict(), claims(service="aaa-gateway"), "service", "aaa-api, and the checkout has aaa-gateway"),
    "production's": (verdict(release={"environment": "production"}), CLAIM, "environment", "production"),
    "other manifests": (verdict(), claims(manifests_sha256="0" * 64), "manifests", "0000"),
    "other chart": (verdict(), claims(chart_sha256="0" * 64), "chart", "0000"),
    "no chart": (verdict(release={"chart_sha256": ""}), claims(chart_sha256=""), "fitness", "no digest of the chart"),
    "other policy": (verdict(), claims(policy=PolicyRecord(version="2026.1", sha256="0" * 64)), "policy", "2026.1 (0000"),
    "other version": (verdict(), claims(policy=PolicyRecord(version="2", sha256="c" * 64)), "policy", "2026.1"),
    "other value": (verdict(), claims(values={"env.standard.PROMETHEUS_BACKEND": "prometheus"}), "values", "prometheus"),
    "value that is not set": (verdict(), claims(values={}), "values", "{}"),
    "value more": (verdict(), claims(values={**CLAIM.values, "a": None}), "values", "null"),
    "a value of another kind": (verdict(release={"values": {"a": True}}), claims(values={"a": 1}), "values", "true"),
    "fewer checks": (verdict("pods-ready+"), CLAIM, "checks", "requires restarts and it did not"),
    "more checks": (verdict(), claims(required_checks=("pods-ready",)), "checks", "required restarts and the policy"),
    "no baseline": (verdict(), claims(promoted=BEFORE), "baseline", "another release than the one promoted last"),
    "older baseline": (
        verdict(baseline=BASELINE.model_copy(update={"finished_at": FINISHED})), claims(promoted=BEFORE), "baseline", "another",
    ),
    "baseline of other manifests": (
        verdict(baseline=BASELINE.model_copy(update={"manifests_sha256": "0" * 64})), claims(promoted=BEFORE), "baseline", "another",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "claim", "about", "says"), REFUSED.values(), ids=REFUSED)
def test_each_refuses_it_alone(one: Verdict, claim: Claim, about: str, says: str) -> None:
    found = judged(one, claim)
    assert found.state is State.REFUSED
    assert [refusal.about for refusal in found.refusals] == [about]
    assert says in found.refusals[0].sentence
    assert "\n" not in found.refusals[0].sentence


def test_without_a_policy_it_is_unfit_and_of_another_policy() -> None:
    assert {refusal.about for refusal in judged(verdict(policy=None)).refusals} == {"fitness", "policy"}


@pytest.mark.parametrize(("one", "claim", "about", "says"), REFUSED.values(), ids=REFUSED)
def test_an_override_of_every_check_helps_checks_alone(one: Verdict, claim: Claim, about: str, says: str) -> None:
    found = judged(one, claim, [override(check) for check in ("pods-ready", "restarts", "odd", about)])
    assert found.state is (State.OVERRIDDEN if about == "check" else State.REFUSED)


def test_the_baseline_it_had_is_the_one_promoted_last() -> None:
    again = BASELINE.model_copy(update={"finished_at": BEFORE.finished_at + timedelta(hours=1)})
    for baseline in (BASELINE, again):  # measured again, in a cluster that is new
        assert judged(verdict(baseline=baseline), claims(promoted=BEFORE)).state is State.ADMITTED


def test_an_overridden_one_says_who() -> None:
    found = judged(verdict("pods-ready+ restarts-"), overrides=[override()])
    assert found.state is State.OVERRIDDEN
    assert found.words == "overridden: restarts by sam (the node was drained; OPS-1; until 2026-11-27 11:00 UTC)"
    assert found.overrides == (override(),)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "restarts is FAIL"),
        ([override("pods-ready")], "restarts is FAIL"),
        ([override(service="aaa-gateway")], "restarts is FAIL"),
        ([override(environment="production")], "restarts is FAIL"),
        ([override(expires_at=NOW)], "the override of sam expired at 2026-11-26 11:00 UTC"),
        ([override(given_at=NOW + timedelta(minutes=3))], "is from the future"),
        ([override(expires_at=NOW + timedelta(days=30))], "holds for more than the 30 days"),
    ],
)
def test_an_override_that_does_not_hold(given: list[Override], says: str) -> None:
    found = judged(verdict("pods-ready+ restarts-"), overrides=given)
    assert found.state is State.REFUSED
    assert [says in refusal.sentence for refusal in found.refusals] == [True]
    assert found.overrides == ()


def test_one_override_does_not_cover_another_check() -> None:
    found = judged(verdict("pods-ready? restarts-"), overrides=[override()])
    assert (found.state, [one.sentence[:10] for one in found.refusals]) == (State.REFUSED, ["pods-ready"])


def test_an_expired_override_beside_one_that_holds_does_no_harm() -> None:
    expired = override(expires_at=NOW - timedelta(minutes=1))
    found = judged(verdict("pods-ready+ restarts-"), overrides=[override(), expired])
    assert (found.state, found.overrides) == (State.OVERRIDDEN, (override(),))


def test_an_override_that_is_not_needed_is_not_used() -> None:
    found = judged(verdict(), overrides=[override()])
    assert (found.state, found.overrides) == (State.ADMITTED, ())


@given(
    said=st.lists(st.sampled_from(["a+", "a-", "a?", "b+", "b-", "b?"]), max_size=2, unique_by=lambda word: word[0]),
    given=st.sets(st.sampled_from("abc")),
)
def test_nothing_but_pass_is_ever_admitted(said: list[str], given: set[str]) -> None:
    one = verdict(" ".join(said), "ab")
    found = judged(one, claims(required_checks=("a", "b")), [override(check) for check in sorted(given)])
    unproved = {"a", "b"} - {word[0] for word in said if word[1] == "+"}
    expected = State.ADMITTED if not unproved else State.OVERRIDDEN if unproved <= given else State.REFUSED
    assert found.state is expected
    assert (one.outcome == "PASS") == (not unproved)


def test_what_it_had_to_be_compared_with() -> None:
    assert compared_with(verdict(), None) is None
    assert compared_with(verdict(), verdict()) is None
    assert compared_with(verdict(), BEFORE) == BEFORE
    assert compared_with(verdict(release={"environment": "production"}), BEFORE) is None


def test_what_the_policy_requires_where_the_verdict_was_given(pull: Any) -> None:
    compared = Requirement(when=When(baseline=True))
    policy = Policy(
        version="1", inventory={"cluster": {"a": Requirement(), "b": compared}, "live": {"c": Requirement()}}
    )
    kinds = ("cluster", "live", "embedded", "", "elsewhere")
    found = {kind: required_of(verdict(target={"kind": kind}), policy, pull.workload, None) for kind in kinds}
    assert found == {"cluster": ("a",), "live": ("c",), "embedded": (), "": (), "elsewhere": ()}
    assert required_of(verdict(), policy, pull.workload, BEFORE) == ("a", "b")
    assert required_of(verdict(baseline=BASELINE), policy, pull.workload, None) == ("a", "b")
