"""junit.xml: red in the CI system exactly when the verdict is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.reporters import junit
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


def suite(verdict: Verdict) -> ET.Element:
    (found,) = ET.fromstring(junit.render(verdict).encode("utf-8"))  # noqa: S314 - our own output
    return found


def test_a_case_per_check_and_per_absent_check(make_verdict: MakeVerdict) -> None:
    found = suite(make_verdict(Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, absent=["memory"]))
    results = {case.get("name"): [part.tag for part in case] for case in found.iter("testcase")}
    assert results == {
        "check-0": ["system-out"],
        "check-1": ["failure"],
        "check-2": ["error"],
        "memory": ["error"],
    }
    assert [found.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["4", "1", "2", "0"]
    assert found.get("time") == "24.31"
    assert found.get("timestamp") == "2025-11-21T10:42:07"


def test_a_failure_tells_the_whole_story(make_verdict: MakeVerdict) -> None:
    failure = suite(make_verdict(Outcome.FAIL, text="größer")).find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "summary 0 größer"
    assert failure.get("type") == "FAIL"
    for part in (
        "subject 0 größer",
        "observed: observed 0",
        "expected: expected 0",
        "do: remedy 0",
        "see: docs/checks/check-0.md",
    ):
        assert part in (failure.text or "")


def test_the_target_and_what_it_is_worth_are_properties(make_verdict: MakeVerdict) -> None:
    found = suite(make_verdict(Outcome.PASS, fit=False))
    properties = {item.get("name"): item.get("value") for item in found.iter("property")}
    assert properties["outcome"] == "PASS"
    assert properties["promotes"] == "false"
    assert properties["target"] == "embedded"
    assert "never promotes" in (properties["promotion"] or "")


def test_a_verdict_without_checks_is_red(make_verdict: MakeVerdict) -> None:
    found = suite(make_verdict())
    assert (found.get("tests"), found.get("errors")) == ("1", "1")


@given(text=st.text(st.characters()), outcomes=st.lists(st.sampled_from(Outcome), max_size=3), inventory=st.booleans())
def test_any_evidence_is_well_formed_xml_and_as_red_as_the_verdict(
    make_verdict: MakeVerdict, text: str, outcomes: list[Outcome], inventory: bool
) -> None:
    verdict = make_verdict(*outcomes, text=text, required=None if inventory else (), overrides=1)
    red = [part for case in suite(verdict).iter("testcase") for part in case if part.tag in {"failure", "error"}]
    assert bool(red) == (verdict.outcome is not Outcome.PASS)


def test_control_characters_are_spelled_out(make_verdict: MakeVerdict) -> None:
    failure = suite(make_verdict(Outcome.FAIL, text="\x00\x1b[31m\x85\ud800\uffff ]]> <b>&amp;")).find(
        "testcase/failure"
    )
    assert failure is not None
    assert r"\x00\x1b[31m\x85\ud800\uffff ]]> <b>&amp;" in (failure.text or "")
