"""A verdict that may promote, made by hand, and changes to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from promotion_gate.measurements import Measurements
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
    WindowRecord,
)

FINISHED = datetime(2026, 11, 26, 10, 0, 30, tzinfo=UTC)
OUTCOMES = {"+": Outcome.PASS, "-": Outcome.FAIL, "?": Outcome.INCONCLUSIVE}


def records(said: str) -> tuple[CheckRecord, ...]:
    """From `pods-ready+ restarts- memory?`: PASS, FAIL, INCONCLUSIVE."""
    return tuple(_record(word[:-1], OUTCOMES[word[-1]]) for word in said.split())


def _record(check: str, outcome: Outcome) -> CheckRecord:
    seen = Observation(subject="demo-0", observed="2 of 2", expected="2", outcome=outcome)
    remedy = "" if outcome is Outcome.PASS else "mend it"
    return CheckRecord(
        id=check,
        title=check,
        question=f"is {check} well?",
        documentation=f"docs/checks/{check}.md",
        asked_at=FINISHED,
        finding=Finding(outcome=outcome, summary=f"{check} was seen", observations=(seen,), remedy=remedy),
    )


def verdict(
    said: str = "pods-ready+ restarts+",
    required: Iterable[str] | None = None,
    release: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Verdict:
    """PASS about aaa-api in staging; `release`, `target` and `changes` are fields that are otherwise."""
    checks = records(said)
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "release": {
            "service": "aaa-api",
            "environment": "staging",
            "role": "http-api",
            "image": "reference-service:0.1.0",
            "image_digests": (f"sha256:{'d' * 64}",),
            "manifests_sha256": "a" * 64,
            "chart_sha256": "b" * 64,
            "values": {"env.standard.PROMETHEUS_BACKEND": "otel"},
            "commit": "1" * 40,
            **(release or {}),
        },
        "target": {
            "name": "context:staging",
            "kind": "cluster",
            "identity": "7c9e6679",
            "fit_for_promotion": True,
            **(target or {}),
        },
        "policy": PolicyRecord(version="2026.1", sha256="c" * 64),
        "started_at": FINISHED.replace(second=0),
        "finished_at": FINISHED,
        "window": WindowRecord(began_at=FINISHED.replace(second=0), seconds=30.2),
        "required_checks": tuple(record.id for record in checks) if required is None else tuple(required),
        "checks": checks,
        "measurements": Measurements(latency_ms=((0.0, 1.25), (0.5, 3.0)), memory_limit_mib=368.0),
        **changes,
    }
    fields["release"] = ReleaseRecord.model_validate(fields["release"])
    fields["target"] = TargetRecord.model_validate(fields["target"])
    return Verdict(**fields)
