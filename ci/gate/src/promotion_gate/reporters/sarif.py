"""`verdict.sarif`: SARIF 2.1.0, for the code scanning of a CI system: a result for each check that is not PASS.

FAIL is an error; INCONCLUSIVE, and a required check that did not run, are warnings (SARIF's kind `open` would say it better, but
then the level has to be `none`, and nobody would see it). An override is no suppression: a suppressed result is hidden, and an
override changes nothing of what was seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from promotion_gate.reporters import sentences
from promotion_gate.reporters.facts import facts
from promotion_gate.reporters.rows import Row, rows
from promotion_gate.reporters.visible import visible
from promotion_gate.verdict import Outcome, Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Outcome.FAIL: "error", Outcome.INCONCLUSIVE: "warning"}


def render(verdict: Verdict) -> str:
    """The document as text; control characters in evidence are spelled out."""
    shown = rows(verdict)
    driver = {"name": "promotion-gate", "semanticVersion": version("promotion-gate"), "rules": _rules(shown)}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": _automation(verdict)},
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": _utc(verdict.started_at),
                "endTimeUtc": _utc(verdict.finished_at),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(verdict, row, index) for index, row in enumerate(shown) if row.outcome is not Outcome.PASS],
        "properties": _properties(verdict),
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rules(shown: Iterable[Row]) -> list[dict[str, Any]]:
    """One for each check, whether it passed or not: code scanning says which rules were run."""
    return [
        {
            "id": visible(row.id),
            "shortDescription": {"text": _said(row.title)},
            "fullDescription": {"text": _said(row.question or row.title)},
            "help": {"text": f"See {visible(row.documentation)}." if row.documentation else "There is no page."},
            "defaultConfiguration": {"level": "error"},
            "properties": {"documentation": visible(row.documentation)},
        }
        for row in shown
    ]


def _result(verdict: Verdict, row: Row, index: int) -> dict[str, Any]:
    fingerprint = _fingerprint(verdict, row)
    return {
        "ruleId": visible(row.id),
        "ruleIndex": index,
        "level": _LEVELS[row.outcome],
        "message": {"text": _story(verdict, row)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _values_file(verdict), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {
            "promotionGate/v1": fingerprint,
            "primaryLocationLineHash": f"{fingerprint[:16]}:1",  # the only one that GitHub reads
        },
        "properties": {
            "outcome": row.outcome.value,
            "question": visible(row.question),
            "askedAt": _utc(row.asked_at) if row.asked_at else None,
        },
    }


def _story(verdict: Verdict, row: Row) -> str:
    lines = [
        f"{row.outcome}: {row.summary}",
        *(f"{seen.subject}: observed {seen.observed}, expected {seen.expected}" for seen in row.shortfalls),
        f"What to do: {row.remedy}",
        *(
            f"Overridden, which changes no outcome: {sentences.override(verdict, given)}"
            for given in verdict.overrides
            if given.check == row.id
        ),
    ]
    return visible("\n".join(lines))


def _properties(verdict: Verdict) -> dict[str, Any]:
    said = {fact.key: [visible(value) for value in fact.values] for fact in facts(verdict)}
    return said | {
        "outcome": verdict.outcome.value,
        "promotes": verdict.promotes,
        "promotion": visible(sentences.promotion(verdict)),
        "overridesChangeNoOutcome": [visible(sentences.override(verdict, given)) for given in verdict.overrides],
    }


def _fingerprint(verdict: Verdict, row: Row) -> str:
    """The same for a check of a service in an environment, whatever it saw: one alert, which a PASS closes."""
    parts = (verdict.release.service, verdict.release.environment, row.id)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _values_file(verdict: Verdict) -> str:
    """The file that a person would change first, as a URI relative to the checkout."""
    service, environment = (
        quote(part, safe="", errors="backslashreplace")
        for part in (verdict.release.service, verdict.release.environment)
    )
    return f"charts/services/{service}/environments/{environment}/values.yaml"


def _automation(verdict: Verdict) -> str:
    """Tells one release's run from another's, so that the second upload does not replace the first."""
    return visible(f"promotion-gate/{verdict.release.service}/{verdict.release.environment}/")


def _said(text: str) -> str:
    return visible(text) or "(no text)"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
