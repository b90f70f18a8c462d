"""What library-logs makes of log lines, and that its table knows every line that the library and OpenTelemetry can write."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from ci.gate.tests.changes import FAIL, GONE, INCONCLUSIVE, PASS, Change, Row, assert_concludes, good, less, seen
from ci.gate.tests.test_work_checks_table import counter, more
from promotion_gate.checks.check import Subject
from promotion_gate.checks.library_lines import COMPLAINTS, HARMLESS
from promotion_gate.checks.library_logs import COUNTERS, complaint
from promotion_gate.evidence import LogLine, Missing, PodLog

LOGS = "library-logs"
NO_SDK = (
    "service_metrics.settings.SettingsError: PROMETHEUS_BACKEND is 'otel' but the OpenTelemetry SDK is not installed; "
    "install 'service-metrics[otel]' or unset PROMETHEUS_BACKEND."
)
NO_MODULE = "ModuleNotFoundError: No module named 'opentelemetry.sdk'"
IN_A_RECORD = json.dumps({"level": "ERROR", "message": "x", "exc_info": f'File "x.py"\n{NO_MODULE}'})
REFUSED = "Pushing metrics to http://collector:4318 fails (connection refused); trying again every 15 s."
BAD_PORT = "service_metrics.settings.SettingsError: METRICS_PORT is '0'; set it to a whole number from 1 to 65535."
FAILURES = "service_metrics_push_failures_total"


def logged(*lines: str) -> Change:
    """The second pod logged these lines besides."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.logs, Missing)
        head, last = subject.evidence.logs
        return seen(logs=(head, PodLog(last.pod, (*last.lines, *map(LogLine, lines)))))(subject)

    return change


def nothing_logged(subject: Subject) -> Subject:
    assert not isinstance(subject.evidence.logs, Missing)
    return seen(logs=(PodLog("demo-0", ()), subject.evidence.logs[1]))(subject)


# fmt: off
ROWS = [
    Row(LOGS, "good", good, PASS, "none of 62 log lines is a complaint"),
    Row(LOGS, "of a consumer", good, PASS, "none of 62 log lines", "push"),
    Row(LOGS, "no OpenTelemetry", logged(NO_SDK), FAIL, "an OpenTelemetry package is missing in the image"),
    Row(LOGS, "its remedy", logged(NO_SDK), FAIL, "Install 'service-metrics[otel]' in the image"),
    Row(LOGS, "whose line", logged(NO_SDK), FAIL, "demo-1: 1 line, an OpenTelemetry package is missing"),
    Row(LOGS, "an import that fails", logged(NO_MODULE), FAIL, "an OpenTelemetry package is missing in the image"),
    Row(LOGS, "in a record's traceback", logged(IN_A_RECORD), FAIL, "an OpenTelemetry package is missing in the image"),
    Row(LOGS, "an import that is not ours", logged("ModuleNotFoundError: No module named 'numpy'"), PASS, "none of 63"),
    Row(LOGS, "no library", logged("ModuleNotFoundError: No module named 'service_metrics'"), FAIL, "the metrics library is missing"),
    Row(LOGS, "a setting", logged(BAD_PORT), FAIL, "METRICS_PORT is '0'"),
    Row(LOGS, "pushes fail", logged(REFUSED, REFUSED), FAIL, "2 lines, pushes do not arrive", "push"),
    Row(LOGS, "pushes fail, as JSON", logged(json.dumps({"message": REFUSED})), FAIL, "pushes do not arrive", "push"),
    Row(LOGS, "two complaints", logged(REFUSED, NO_SDK), FAIL, "pushes do not arrive; an OpenTelemetry package is missing", "push"),
    Row(LOGS, "counted, and not logged", more(counter(FAILURES, 3)), FAIL, f"{FAILURES} of demo-0: 3 pushes that did not arrive", "push"),
    Row(LOGS, "counted none", more(counter(FAILURES, 0)), PASS, "none of 62", "push"),
    Row(LOGS, "a callback", more(counter("service_metrics_label_errors_total", 1, label="tier")), FAIL, "Mend the callback"),
    Row(LOGS, "no pages to count on", seen(pages=GONE), PASS, "none of 62"),
    Row(LOGS, "a silent pod", nothing_logged, INCONCLUSIVE, "demo-0: nothing was logged"),
    Row(LOGS, "the log of one pod", less("logs"), INCONCLUSIVE, "pods with a log: 1"),
    Row(LOGS, "empty", seen(logs=()), INCONCLUSIVE, "returned nothing"),
    Row(LOGS, "missing", seen(logs=GONE), INCONCLUSIVE, "it rained"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)


# What the library can write, read from its source.

LIBRARY = Path(__file__).parents[3] / "service-library" / "src" / "service_metrics"
OPENTELEMETRY = ("opentelemetry.exporter.otlp", "opentelemetry.sdk.metrics._internal.export")
WRITES = {"info", "warning", "error", "exception", "critical", "warn"}
_PLACE = re.compile(r"%[-\d.]*[a-z]")


def calls(file: Path) -> Iterator[ast.Call]:
    """Those that write a log line or a warning."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            whose = ast.unparse(node.func.value)
            if whose.endswith("logger") or whose == "warnings":
                yield node


def text(node: ast.expr) -> str:
    """A string as it may look when it is written: a value stands in each of its places."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part) for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _PLACE.sub("7", node.value)
    if isinstance(node, ast.Name | ast.FormattedValue):
        return "OTEL_X"
    raise AssertionError(f"line {node.lineno}: {ast.unparse(node)} is not a sentence that can be read from the source")


def lines_of_the_library() -> Iterator[str]:
    for file in sorted(LIBRARY.rglob("*.py")):
        yield from (text(call.args[0]) for call in calls(file))


def errors_of_the_library() -> Iterator[str]:
    """Each setting that it does not take, as the last line of a traceback."""
    for file in sorted(LIBRARY.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                error = node.exc
                if isinstance(error, ast.Call) and ast.unparse(error.func) == "SettingsError":
                    yield f"service_metrics.settings.SettingsError: {text(error.args[0])}"


def lines_of_opentelemetry() -> Iterator[str]:
    """What the exporters that the library uses write; those of spans and logs are not the library's."""
    for package in OPENTELEMETRY:
        spec = find_spec(package)
        assert spec is not None
        for place in spec.submodule_search_locations or ():
            for file in sorted(Path(place).rglob("*.py")):
                if not {"trace_exporter", "_log_exporter", "trace_encoder", "_log_encoder"} & set(file.parts):
                    yield from (text(call.args[0]) for call in calls(file))


LIBRARY_LINES = sorted(set(lines_of_the_library()))
LIBRARY_ERRORS = sorted(set(errors_of_the_library()))
OPENTELEMETRY_LINES = sorted(set(lines_of_opentelemetry()))


def harmless(line: str) -> bool:
    return any(re.search(pattern, line) for pattern in HARMLESS)


@pytest.mark.parametrize("line", LIBRARY_LINES + OPENTELEMETRY_LINES)
def test_a_line_that_can_be_written_is_a_complaint_or_harmless(line: str) -> None:
    assert (complaint(line) is None) == harmless(line)


@pytest.mark.parametrize("line", LIBRARY_ERRORS)
def test_a_setting_that_the_library_does_not_take_is_a_complaint(line: str) -> None:
    found = complaint(line)
    assert found is not None
    assert ("package is missing" in found.means) == (" is not installed" in line)


def test_the_source_was_read() -> None:
    """The control: were nothing found there, the tests above would have nothing to ask."""
    assert len(LIBRARY_LINES) >= 12
    assert len(LIBRARY_ERRORS) >= 12
    assert len(OPENTELEMETRY_LINES) >= 15
    assert any(NO_SDK[:40] in line for line in LIBRARY_ERRORS)


def test_nothing_in_the_table_is_of_the_past() -> None:
    written = [*LIBRARY_LINES, *LIBRARY_ERRORS, *OPENTELEMETRY_LINES, "No module named 'service_metrics'"]
    for part in (part for kind in COMPLAINTS for part in _parts(kind.pattern.pattern)):
        assert any(re.search(part, line) for line in [*written, NO_MODULE]), part
    for pattern in HARMLESS:
        assert any(re.search(pattern, line) for line in written), pattern


def _parts(pattern: str) -> list[str]:
    """What a pattern is an alternative of; those within brackets are not taken apart."""
    parts, depth = [""], 0
    for character in re.findall(r"\\.|.", pattern):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


@pytest.mark.parametrize("counter_name", COUNTERS)
def test_what_is_counted_is_a_complaint_and_a_counter_of_the_library(counter_name: str) -> None:
    assert complaint(COUNTERS[counter_name][1])
    assert any(f'"{counter_name}"' in file.read_text(encoding="utf-8") for file in LIBRARY.rglob("*.py"))


def test_a_complaint_has_a_meaning_and_a_remedy_of_its_own() -> None:
    assert len({kind.means for kind in COMPLAINTS}) == len({kind.remedy for kind in COMPLAINTS}) == len(COMPLAINTS)
    assert all(kind.remedy.endswith(".") and not kind.means.endswith(".") for kind in COMPLAINTS)
