"""`junit.xml`: a test case per check, for the test tab of a CI system.

FAIL is a failure; INCONCLUSIVE and a required check that did not run are errors. The file is never all green unless the
verdict is PASS.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from promotion_gate.reporters import sentences
from promotion_gate.reporters.facts import facts
from promotion_gate.reporters.rows import Row, rows
from promotion_gate.reporters.visible import one_line, visible
from promotion_gate.verdict import Outcome, Verdict


def render(verdict: Verdict) -> str:
    """The document as text; control characters in evidence are spelled out."""
    release = verdict.release
    suite = TestSuite(one_line(f"promotion gate: {release.service} in {release.environment}"))
    suite.timestamp = f"{verdict.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    for name, value in _properties(verdict):
        suite.add_property(name, one_line(value))
    for row in rows(verdict):
        suite.add_testcase(_case(row, f"gate.{release.service}.{release.environment}"))
    document = JUnitXml("promotion gate")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    # Checks are assessed after the run, so only the whole has a duration; the statistics above set it to the cases' sum.
    document.time = suite.time = (verdict.finished_at - verdict.started_at).total_seconds()
    xml: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml.decode("utf-8").rstrip()}\n'


def _properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "outcome", verdict.outcome
    yield "promotes", str(verdict.promotes).lower()
    yield "promotion", sentences.promotion(verdict)
    for fact in facts(verdict):
        yield fact.key, verdict.target.name if fact.key == "target" else fact.text
    if verdict.overrides:
        yield "overrides", sentences.overrides(verdict)
    for number, given in enumerate(verdict.overrides, start=1):
        yield f"override_{number}", sentences.override(verdict, given)


def _case(row: Row, classname: str) -> TestCase:
    case = TestCase(one_line(row.id), classname=one_line(classname))
    if row.outcome is Outcome.PASS:
        case.system_out = _story(row)
        return case
    kind = Failure if row.outcome is Outcome.FAIL else Error
    result = kind(one_line(row.summary), row.outcome.value)
    result.text = _story(row)
    case.result = [result]
    return case


def _story(row: Row) -> str:
    lines = [row.title, row.summary, f"question: {sentences.asked(row)}"]
    for seen in row.observations:
        lines += [f"{seen.outcome} {seen.subject}", f"  observed: {seen.observed}", f"  expected: {seen.expected}"]
    lines += [f"do: {row.remedy}"] if row.remedy else []
    lines += [f"see: {row.documentation}"] if row.documentation else []
    return visible("\n".join(lines))
