"""The one rule of the verdict, and the documents that it does not let in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from promotion_gate.verdict import (
    SCHEMA_VERSION,
    CheckRecord,
    Finding,
    Observation,
    Outcome,
    PolicyRecord,
    ReleaseRecord,
    TargetRecord,
    Verdict,
    judge,
)

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
IDS = st.sampled_from("abcd")


def record(check: str, outcome: Outcome) -> CheckRecord:
    seen = Observation(subject="pod", observed="1", expected="1", outcome=outcome)
    remedy = "" if outcome is PASS else "mend it"
    finding = Finding(outcome=outcome, summary="seen", observations=(seen,), remedy=remedy)
    return CheckRecord(id=check, title=check, documentation=f"docs/{check}.md", finding=finding)


def records(text: str) -> list[CheckRecord]:
    """From `a+ b- c?`: PASS, FAIL, INCONCLUSIVE."""
    outcomes = {"+": PASS, "-": FAIL, "?": INCONCLUSIVE}
    return [record(word[0], outcomes[word[1]]) for word in text.split()]


def verdict(text: str = "a+ b+", required: Iterable[str] = "ab", **changes: Any) -> Verdict:
    release = {
        "service": "demo",
        "environment": "staging",
        "role": "http-api",
        "image": "demo:1",
        "manifests_sha256": "0" * 64,
        "chart_sha256": "2" * 64,
        "image_digests": (f"sha256:{'3' * 64}",),
        "commit": "1" * 40,
        **changes.pop("release", {}),
    }
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "release": ReleaseRecord.model_validate(release),
        "target": TargetRecord(name="cluster", fit_for_promotion=True),
        "policy": PolicyRecord(version="test", sha256="4" * 64),
        "started_at": NOON,
        "finished_at": NOON,
        "required_checks": tuple(required),
        "checks": tuple(records(text)),
        **changes,
    }
    return Verdict(**fields)


@pytest.mark.parametrize(
    ("required", "seen", "outcome"),
    [
        ("ab", "a+ b+", PASS),
        ("ab", "b+ a+", PASS),
        ("a", "a+ b+", PASS),
        ("aa", "a+", PASS),
        ("ab", "a+ b-", FAIL),
        ("ab", "a- b?", FAIL),
        ("ab", "a-", FAIL),
        ("", "a-", FAIL),
        ("a", "a+ b-", FAIL),
        ("ab", "a+ b?", INCONCLUSIVE),
        ("ab", "a? b?", INCONCLUSIVE),
        ("a", "a+ b?", INCONCLUSIVE),
        ("ab", "a+", INCONCLUSIVE),
        ("ab", "a+ c+", INCONCLUSIVE),
        ("a", "", INCONCLUSIVE),
        ("", "", INCONCLUSIVE),
        ("", "a+", INCONCLUSIVE),
    ],
)
def test_the_rule(required: str, seen: str, outcome: Outcome) -> None:
    assert judge(required, records(seen)) is outcome
    assert judge(iter(required), iter(records(seen))) is outcome
    assert verdict(seen, required).outcome is outcome


@given(required=st.sets(IDS), seen=st.dictionaries(IDS, st.sampled_from(Outcome)))
def test_only_complete_and_clean_is_pass(required: set[str], seen: dict[str, Outcome]) -> None:
    outcome = judge(required, [record(*pair) for pair in seen.items()])
    clean = bool(required) and required <= seen.keys() and all(one is PASS for one in seen.values())
    assert (outcome is PASS) == clean
    assert (outcome is FAIL) == (FAIL in seen.values())


@given(required=st.sets(IDS, min_size=1), seen=st.dictionaries(IDS, st.sampled_from(Outcome)), gone=IDS)
def test_taking_a_required_check_away_never_makes_it_pass(
    required: set[str], seen: dict[str, Outcome], gone: str
) -> None:
    rest = [record(*pair) for pair in seen.items() if pair[0] != gone]
    assert judge(required | {gone}, rest) is not PASS


def test_exit_codes() -> None:
    assert {outcome.value: outcome.exit_code for outcome in Outcome} == {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}


@pytest.mark.parametrize("outcome", Outcome)
def test_a_finding_must_rest_on_something(outcome: Outcome) -> None:
    with pytest.raises(ValidationError, match="needs observations" if outcome is PASS else "needs a remedy"):
        Finding(outcome=outcome, summary="trust me")


@pytest.mark.parametrize("bad", [FAIL, INCONCLUSIVE])
def test_a_pass_with_a_bad_observation_is_none(bad: Outcome) -> None:
    seen = tuple(Observation(subject="x", observed="", expected="", outcome=one) for one in (PASS, bad))
    with pytest.raises(ValidationError, match="all PASS"):
        Finding(outcome=PASS, summary="trust me", observations=seen)


@pytest.mark.parametrize("text", ["a+ b+", "a+ b?", "a- b+"])
def test_a_document_reads_back(text: str) -> None:
    written = verdict(text)
    assert Verdict.model_validate(written.model_dump(mode="json")) == written
    assert Verdict.model_validate_json(written.model_dump_json()) == written


@pytest.mark.parametrize(
    ("key", "value"), [("outcome", "PASS"), ("outcome", "FAIL"), ("promotes", True), ("outcome", None)]
)
def test_a_document_that_contradicts_itself_does_not_load(key: str, value: object) -> None:
    document = verdict("a+ b?").model_dump(mode="json") | {key: value}
    with pytest.raises(ValidationError, match=f"claims {key}"):
        Verdict.model_validate(document)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"checks": tuple(records("a+ b+ a+"))}, "two records of a"),
        ({"checks": tuple(records("a+ a- b+"))}, "two records of a"),
        ({"finished_at": NOON - timedelta(microseconds=1)}, "finished before it started"),
        ({"started_at": NOON.replace(tzinfo=None)}, "timezone"),
        ({"finished_at": NOON.replace(tzinfo=None)}, "timezone"),
        ({"schema_version": "1"}, "schema_version"),
        ({"approved": True}, "approved"),
    ],
)
def test_a_document_that_does_not_hold_together_does_not_load(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        verdict(**changes)


def test_it_cannot_be_changed() -> None:
    one = verdict("a+ b?")
    with pytest.raises(ValidationError, match="frozen"):
        one.checks = ()
    with pytest.raises(ValidationError, match="frozen"):
        one.checks[1].finding.outcome = PASS


EMBEDDED = TargetRecord(name="embedded", fit_for_promotion=False)


@pytest.mark.parametrize(
    ("what", "promotes"),
    [
        (verdict(), True),
        (verdict("a+ b?"), False),
        (verdict("a+ b-"), False),
        (verdict("a+"), False),
        (verdict(target=EMBEDDED), False),
        (verdict(release={"commit": None}), False),
        (verdict(release={"uncommitted_changes": True}), False),
        (verdict(release={"set_values": ("workload.replicas=1",)}), False),
    ],
)
def test_it_promotes_only_as_committed_from_a_target_that_proves_it(what: Verdict, promotes: bool) -> None:
    assert what.promotes is promotes


def test_it_names_what_is_missing_in_the_order_required() -> None:
    assert verdict("b+", "cba").missing_checks == ("c", "a")
    assert verdict().missing_checks == ()
