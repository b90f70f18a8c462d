"""No report can look better than its verdict: the rows that all of them show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.reporters import sentences
from promotion_gate.reporters.rows import rows
from promotion_gate.verdict import Finding, Observation, Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


@given(
    outcomes=st.lists(st.sampled_from(Outcome), max_size=4),
    absent=st.lists(st.sampled_from(["memory", "image"]), unique=True),
    inventory=st.booleans(),
)
def test_all_rows_pass_only_if_the_verdict_does(
    make_verdict: MakeVerdict, outcomes: list[Outcome], absent: list[str], inventory: bool
) -> None:
    verdict = make_verdict(*outcomes, absent=absent, required=None if inventory else ())
    shown = rows(verdict)
    assert (verdict.outcome is Outcome.PASS) == all(row.outcome is Outcome.PASS for row in shown)
    assert all(row.remedy for row in shown if row.outcome is not Outcome.PASS)


def test_an_absent_required_check_is_a_row_of_its_own(make_verdict: MakeVerdict) -> None:
    passed, absent = rows(make_verdict(Outcome.PASS, absent=["memory"]))
    assert passed.outcome is Outcome.PASS
    assert (absent.id, absent.outcome, absent.documentation) == ("memory", "INCONCLUSIVE", "docs/checks/memory.md")
    assert "did not run" in absent.summary


def test_a_verdict_of_nothing_says_so(make_verdict: MakeVerdict) -> None:
    (row,) = rows(make_verdict())
    assert row.outcome is Outcome.INCONCLUSIVE
    assert "No check was required" in row.summary


def test_the_worst_observation_comes_first_else_in_order(make_verdict: MakeVerdict) -> None:
    verdict = make_verdict(Outcome.FAIL)
    order = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.PASS, Outcome.FAIL]
    seen = tuple(
        Observation(subject=str(number), observed="", expected="", outcome=outcome)
        for number, outcome in enumerate(order)
    )
    finding = Finding(outcome=Outcome.FAIL, summary="s", remedy="r", observations=seen)
    record = verdict.checks[0].model_copy(update={"finding": finding})
    (row,) = rows(verdict.model_copy(update={"checks": (record,)}))
    assert [o.subject for o in row.observations] == ["2", "4", "1", "0", "3"]
    assert [o.subject for o in row.shortfalls] == ["2", "4", "1"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (24.31, "24.3 s"), (59.9, "59.9 s"), (59.97, "1 min 00 s"), (125, "2 min 05 s")],
)
def test_duration(make_verdict: MakeVerdict, seconds: float, words: str) -> None:
    assert sentences.duration(make_verdict(Outcome.PASS, seconds=seconds)) == words


@pytest.mark.parametrize(
    ("outcome", "fit", "words"),
    [
        (Outcome.PASS, True, "Fit for promotion."),
        (Outcome.PASS, False, "Not fit for promotion: a verdict from the embedded target never promotes"),
        (Outcome.FAIL, False, "Not fit for promotion: a verdict from the embedded target never promotes"),
        (Outcome.FAIL, True, "This verdict does not promote: it is FAIL"),
        (Outcome.INCONCLUSIVE, True, "This verdict does not promote: it is INCONCLUSIVE"),
    ],
)
def test_promotion(make_verdict: MakeVerdict, outcome: Outcome, fit: bool, words: str) -> None:
    assert sentences.promotion(make_verdict(outcome, fit=fit)).startswith(words)


def test_tally(make_verdict: MakeVerdict) -> None:
    shown = rows(make_verdict(Outcome.PASS, Outcome.PASS, Outcome.FAIL, absent=["memory"]))
    assert sentences.tally(shown) == "4 checks: 2 passed, 1 failed, 1 inconclusive"
    assert sentences.tally(rows(make_verdict(Outcome.PASS))) == "1 check: 1 passed"
