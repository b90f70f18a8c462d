"""Finds the one sentence a person needs in what Helm says when it fails.

Helm wraps a chart's own `fail` text in its call path, and reports a schema error once for the service and once more for the
library. The patterns follow Helm 4 (and 3.18), whose validator is santhosh-tekuri/jsonschema v6.
"""

from __future__ import annotations

import re
from pathlib import Path

from chart_harness.schema_complaint import Complaint, Schema

_FAIL = re.compile(r"execution error at \([^()]*\): (?P<text>.*?)(?:\n\s*\nUse --debug|\Z)", re.DOTALL)
_BAD_FILE = re.compile(r"failed to parse (?P<file>\S+): (?P<text>.*)", re.DOTALL)
_SCHEMA = "values don't meet the specifications of the schema(s)"
_CHART_LINE = re.compile(r"^(?P<chart>[A-Za-z0-9._-]+):$")
_SEE_BELOW = "validation failed"  # heads an indented list
_COMPLAINT_LINE = re.compile(r"^\s*- at '(?P<pointer>[^']*)': (?P<message>.*)$")


def sentence_of(text: str, chart: Path | None = None) -> str:
    """What is wrong and what to do, from Helm's whole text.

    Arguments:
        chart: the chart's folder, named like the chart; its values.schema.json is asked what a key is for.

    Text that is not known comes back on one line, without "Error:".
    """
    if _SCHEMA in text:
        return _schema_sentence(text, chart)
    failed = _FAIL.search(text)
    if failed:
        return _one_line(failed["text"])
    bad_file = _BAD_FILE.search(text)
    if bad_file:
        reason = bad_file["text"].rpartition("yaml: ")[2]
        return f"The values file {bad_file['file']} is not valid YAML: {_one_line(reason).rstrip('.')}."
    lines = [line for line in text.splitlines() if not line.startswith(("level=", "time=", "Use --debug"))]
    return _one_line("\n".join(lines)).removeprefix("Error: ")


def _schema_sentence(text: str, chart: Path | None) -> str:
    """One clause for each key that is wrong, sorted, each once: Helm's own order changes from run to run."""
    root = chart.name if chart else None
    owner: str | None = None
    complaints: dict[str, Complaint] = {}
    for line in text.splitlines():
        named = _CHART_LINE.match(line)
        if named:
            owner = named["chart"]
        found = _COMPLAINT_LINE.match(line)
        if found and found["message"] != _SEE_BELOW:
            # A library's complaint starts at its own block, which the service writes under the library's name.
            prefix = "" if owner in {root, None} else f"/{owner}"
            complaint = Complaint.parse(prefix + found["pointer"], found["message"])
            complaints[complaint.key] = complaint
    schema = Schema.of_chart(chart) if chart else Schema({})
    clauses = [complaints[key].clause(schema) for key in sorted(complaints)]
    if not clauses:
        return _one_line(text).removeprefix("Error: ")
    return "; ".join(clauses) + "."


def _one_line(text: str) -> str:
    return " ".join(text.split())
