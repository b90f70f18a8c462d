"""verdict.sarif: what is written is SARIF 2.1.0, an alert keeps its identity, and an override hides none.

No package of the lock carries the standard's JSON schema, so the one below says of it what concerns what is written, closed: a property
that is not in it is an error. By hand, the samples were held against the standard's own schema (errata 01): no error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci.gate.tests.reporters import samples
from promotion_gate.reporters import sarif
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
MESSAGE = _object({"text": TEXT})
BAG = {"type": "object"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = _object(
    {"id": TEXT},
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=_object({}, level=LEVEL),
    properties=BAG,
)
LOCATION = _object(
    {
        "physicalLocation": _object(
            {"artifactLocation": _object({"uri": {"type": "string", "pattern": r"^[\w.~%/-]+$"}}, uriBaseId=TEXT)},
            region=_object({"startLine": {"type": "integer", "minimum": 1}}),
        )
    }
)
RESULT = _object(
    {"message": MESSAGE},
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    locations={"type": "array", "items": LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    properties=BAG,
)
RUN = _object(
    {
        "tool": _object(
            {
                "driver": _object(
                    {"name": TEXT},
                    semanticVersion=TEXT,
                    rules={"type": "array", "items": RULE, "uniqueItems": True},
                )
            }
        )
    },
    automationDetails=_object({}, id=TEXT),
    invocations={
        "type": "array",
        "items": _object({"executionSuccessful": {"type": "boolean"}}, startTimeUtc=TIME, endTimeUtc=TIME),
    },
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
    properties=BAG,
)
DOCUMENT = _object(
    {"version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}}, **{"$schema": {"const": sarif.SCHEMA}}
)


@pytest.fixture(scope="module")
def standard() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(DOCUMENT)


def run_of(verdict: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sarif.render(verdict))
    (run,) = document["runs"]
    return dict(run)


def test_a_result_for_each_check_that_is_not_pass(make_verdict: MakeVerdict) -> None:
    run = run_of(make_verdict(Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, absent=["memory"]))
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("check-1", "error"),
        ("check-2", "warning"),
        ("memory", "warning"),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["check-0", "check-1", "check-2", "memory"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_an_empty_inventory_is_a_result_too(make_verdict: MakeVerdict) -> None:
    assert [result["ruleId"] for result in run_of(make_verdict())["results"]] == ["required-checks"]


def test_a_result_says_what_to_do_and_where(make_verdict: MakeVerdict) -> None:
    (result,) = run_of(make_verdict(Outcome.FAIL))["results"]
    assert result["message"]["text"].splitlines() == [
        "FAIL: summary 0 seen",
        "subject 0 seen: observed observed 0 seen, expected expected 0 seen",
        "What to do: remedy 0 seen",
    ]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "charts/services/aaa-api/environments/staging/values.yaml", "uriBaseId": "%SRCROOT%"}


def test_a_rule_asks_and_names_its_page() -> None:
    rule = run_of(samples.good())["tool"]["driver"]["rules"][3]
    assert rule["shortDescription"]["text"] == "Memory"
    assert rule["fullDescription"]["text"] == "Does every pod stay under its memory limit?"
    assert rule["help"]["text"] == "See docs/checks/memory.md."


def test_an_alert_is_the_same_whatever_was_seen_and_another_elsewhere(make_verdict: MakeVerdict) -> None:
    def prints(verdict: Verdict) -> list[dict[str, str]]:
        return [result["partialFingerprints"] for result in run_of(verdict)["results"]]

    once, twice = (make_verdict(Outcome.FAIL, Outcome.INCONCLUSIVE, text=text) for text in ("seen", "something else"))
    assert prints(once) == prints(twice)
    elsewhere = once.model_copy(
        update={"release": once.release.model_copy(update={"environment": "production"})},
    )
    everything = [tuple(found.values()) for found in (*prints(once), *prints(elsewhere))]
    assert len(set(everything)) == 4
    assert run_of(once)["automationDetails"] == {"id": "promotion-gate/aaa-api/staging/"}


def test_an_override_suppresses_nothing() -> None:
    run = run_of(samples.bad())
    memory = next(result for result in run["results"] if result["ruleId"] == "memory")
    assert memory["level"] == "error"
    assert "suppressions" not in memory
    assert (
        "Overridden, which changes no outcome: memory stays FAIL; overridden by Kim Example"
        in memory["message"]["text"]
    )
    assert len(run["properties"]["overridesChangeNoOutcome"]) == 2


@pytest.mark.parametrize("make", [samples.good, samples.bad, samples.unknown])
def test_the_samples_are_valid(standard: jsonschema.Draft202012Validator, make: Callable[[], Verdict]) -> None:
    standard.validate(json.loads(sarif.render(make())))


@given(text=st.text(st.characters()), outcomes=st.lists(st.sampled_from(Outcome), max_size=3))
def test_any_evidence_is_valid(
    make_verdict: MakeVerdict, standard: jsonschema.Draft202012Validator, text: str, outcomes: list[Outcome]
) -> None:
    verdict = make_verdict(*outcomes, text=text, absent=["memory", "memory"], overrides=1)
    verdict = verdict.model_copy(update={"release": verdict.release.model_copy(update={"service": f"s{text}"})})
    rendered = sarif.render(verdict)
    standard.validate(json.loads(rendered))
    rendered.encode("utf-8")


def test_what_is_not_of_the_standard_is_refused(standard: jsonschema.Draft202012Validator) -> None:
    document = json.loads(sarif.render(samples.bad()))
    document["runs"][0]["results"][0]["severity"] = "high"
    assert not standard.is_valid(document)
