"""Whatever the report, it says what the verdict is bound to, what it rests on, and what an override does not do."""

from __future__ import annotations

import html as entities
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from rich.console import Console

from ci.gate.tests.reporters import samples
from promotion_gate.reporters import html, json_report, junit, markdown, sarif, sentences
from promotion_gate.reporters.facts import facts
from promotion_gate.reporters.rows import rows
from promotion_gate.reporters.terminal import print_verdict
from promotion_gate.verdict import BaselineRecord, Outcome, Verdict, WindowRecord


def _terminal(verdict: Verdict) -> str:
    out = io.StringIO()
    print_verdict(verdict, Console(file=out, width=400))
    return out.getvalue()


def _junit(verdict: Verdict) -> str:
    root = ET.fromstring(junit.render(verdict).encode())  # noqa: S314 - our own output
    return "\n".join([*(text for text in root.itertext()), *(v for e in root.iter() for v in e.attrib.values())])


def _html(verdict: Verdict) -> str:
    return entities.unescape(re.sub(r"<[^>]*>", "", html.render(verdict)))


def _markdown(verdict: Verdict) -> str:
    return entities.unescape(re.sub(r"<[^>]*>", " ", markdown.render(verdict))).replace("\u2060", "")


REPORTS: dict[str, Callable[[Verdict], str]] = {
    "terminal": _terminal,
    "json": json_report.render,
    "junit": _junit,
    "sarif": lambda verdict: json.dumps(json.loads(sarif.render(verdict)), ensure_ascii=False),
    "markdown": _markdown,
    "html": _html,
}


@dataclass(frozen=True)
class Said:
    what: str
    of: Callable[[Verdict], str]


SAID = [
    Said("the policy's version", lambda v: v.policy.version if v.policy else ""),
    Said("the policy's digest", lambda v: v.policy.sha256 if v.policy else ""),
    Said("the target's name", lambda v: v.target.name),
    Said("the target's identity", lambda v: v.target.identity),
    Said("the image's digest", lambda v: v.release.image_digests[0].removeprefix("sha256:")),
    Said("the chart's digest", lambda v: v.release.chart_sha256),
    Said("the manifests' digest", lambda v: v.release.manifests_sha256),
    Said("the commit", lambda v: v.release.commit or ""),
    Said("how long it was watched", lambda v: f"{v.window.seconds}" if v.window else ""),
    Said("the first interruption", lambda v: v.window.interruptions[0] if v.window else ""),
    Said("the last interruption", lambda v: v.window.interruptions[-1] if v.window else ""),
    Said("the baseline", lambda v: v.baseline.commit or "" if v.baseline else ""),
    Said("the override's check", lambda v: v.overrides[0].check),
    Said("the override's actor", lambda v: v.overrides[0].actor),
    Said("the override's reason", lambda v: v.overrides[0].reason.split(";")[0]),
    Said("the override's ticket", lambda v: v.overrides[0].ticket),
    Said("the second override", lambda v: v.overrides[1].check),
    Said("a failing check's question", lambda v: v.checks[3].question),
    Said("a failing check's remedy", lambda v: v.checks[3].finding.remedy.split(":")[0]),
]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("said", SAID, ids=lambda said: said.what)
def test_every_report_says_it(report: str, said: Said) -> None:
    verdict = samples.bad()
    words = said.of(verdict)
    assert words
    assert words in REPORTS[report](verdict)


@pytest.mark.parametrize("report", [report for report in REPORTS if report != "json"])
def test_every_report_says_when_and_that_an_override_changes_nothing(report: str) -> None:
    text = REPORTS[report](samples.bad())
    assert "2026-11-22 09:14:03 UTC" in text  # the override's end
    assert re.search(r"09:14:51", text)  # memory was asked
    assert re.search(r"memory\W+stays\W+FAIL", text)
    assert re.search(r"a-check-of-old\W+is not in this verdict", text)
    said = text if report != "sarif" else text.replace("Overridden, which changes no outcome", "changes no outcome")
    assert "changes no outcome" in said


@pytest.mark.parametrize("report", [report for report in REPORTS if report not in {"terminal", "json"}])
def test_every_question_is_there_with_its_time(report: str) -> None:
    verdict = samples.good()
    text = REPORTS[report](verdict)
    if report == "sarif":  # a result is what is wrong; of the others it has the rules
        assert all(check.question in text for check in verdict.checks)
        return
    for check in verdict.checks:
        assert check.asked_at
        assert check.question in text
        assert f"{check.asked_at:%Y-%m-%d %H:%M:%S} UTC" in text


def test_the_terminal_says_between_when_all_was_asked() -> None:
    text = _terminal(samples.good())
    assert "Asked between 09:14:48 and 09:15:07 UTC; report.html has every check's question and time." in text
    one = samples.good().model_copy(update={"checks": samples.good().checks[:1]})
    assert sentences.asked_between(rows(one)).startswith("Asked at 09:14:48 UTC;")
    assert sentences.asked_between(rows(one.model_copy(update={"checks": ()}))) == ""


@pytest.mark.parametrize("report", [report for report in REPORTS if report not in {"json", "sarif"}])
def test_what_is_not_known_is_said_so(report: str) -> None:
    text = REPORTS[report](samples.unknown())
    assert "nothing that was promoted before is known" in text
    assert "for no known time" in text
    assert "not known" in text


def _texts(verdict: Verdict) -> dict[str, str]:
    return {fact.key: fact.text for fact in facts(verdict)}


def test_the_window() -> None:
    verdict = samples.good()
    began = samples.STARTED
    once = WindowRecord(began_at=began, seconds=30.04, interruptions=("a-0 was restarted",))
    assert _texts(verdict)["window"] == "30.4 s without an interruption, since 2026-11-20 09:14:15 UTC"
    assert "interruptions" not in _texts(verdict)
    again = _texts(verdict.model_copy(update={"window": once}))
    assert again["window"] == "30 s without an interruption, since 2026-11-20 09:14:03 UTC, begun again 1 time"
    assert again["interruptions"] == "a-0 was restarted"


@pytest.mark.parametrize(
    ("medians", "words"),
    [
        ({"latency": 7.9, "cpu": 0.061}, "medians: latency 7.9 ms, cpu 0.061 cores"),
        ({"another": 3.0}, "medians: another 3"),
        ({}, "measured elsewhere, so its figures are not compared"),
    ],
)
def test_the_baseline(medians: dict[str, float], words: str) -> None:
    record = BaselineRecord(
        commit=None,
        finished_at=samples.STARTED - timedelta(days=1),
        manifests_sha256="0" * 64,
        target_identity="",
        medians=medians,
    )
    text = _texts(samples.good().model_copy(update={"baseline": record}))["baseline"]
    assert "commit not known, verified 2026-11-19 09:14:03 UTC on a target of no identity" in text
    assert words in text


@pytest.mark.parametrize("report", REPORTS)
def test_an_override_makes_no_report_of_a_failure_look_good(report: str) -> None:
    """All checks that are not PASS are overridden, and each report is as red as without."""
    verdict = samples.bad()
    override = verdict.overrides[0]
    wrong = [record.id for record in verdict.checks if record.finding.outcome is not Outcome.PASS]
    overridden = verdict.model_copy(
        update={"overrides": tuple(override.model_copy(update={"check": check}) for check in wrong)}
    )
    bare = verdict.model_copy(update={"overrides": ()})
    assert overridden.outcome is Outcome.FAIL
    assert not overridden.promotes
    before, after = REPORTS[report](bare), REPORTS[report](overridden)
    assert after.count("FAIL") >= before.count("FAIL") > 0
    assert after.count("PASS") <= before.count("PASS") + 1  # "only PASS promotes"
