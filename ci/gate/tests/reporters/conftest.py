"""Verdicts to report: one factory, whose defaults are a PASS on a target that is fit for promotion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from promotion_gate.measurements import Measurements
from promotion_gate.verdict import (
    SCHEMA_VERSION,
    CheckRecord,
    Finding,
    Observation,
    Outcome,
    Override,
    PolicyRecord,
    ReleaseRecord,
    TargetRecord,
    Verdict,
    WindowRecord,
)

STARTED = datetime(2025, 11, 21, 10, 42, 7, tzinfo=UTC)

MakeVerdict = Callable[..., Verdict]


def _verdict(
    *outcomes: Outcome,
    text: str = "seen",
    fit: bool = True,
    note: str = "",
    absent: Sequence[str] = (),
    required: Sequence[str] | None = None,
    observations: int = 1,
    seconds: float = 24.31,
    set_values: Sequence[str] = (),
    overrides: int = 0,
    pods: int = 0,
) -> Verdict:
    """A verdict with one check an outcome, `check-0` and so on; `text` is in every free-text field, also of overrides and pods."""
    spoken = text.encode(
        "utf-8", "backslashreplace"
    ).decode()  # a lone surrogate comes from a service, and overrides from a person
    records = tuple(
        CheckRecord(
            id=f"check-{number}",
            title=f"Title {number} {text}",
            question=f"question {number} {text}",
            documentation=f"docs/checks/check-{number}.md",
            asked_at=STARTED + timedelta(seconds=number),
            finding=Finding(
                outcome=outcome,
                summary=f"summary {number} {text}",
                observations=tuple(
                    Observation(
                        subject=f"subject {n} {text}",
                        observed=f"observed {n} {text}",
                        expected=f"expected {n} {text}",
                        outcome=outcome,
                    )
                    for n in range(observations)
                ),
                remedy="" if outcome is Outcome.PASS else f"remedy {number} {text}",
            ),
        )
        for number, outcome in enumerate(outcomes)
    )
    return Verdict(
        schema_version=SCHEMA_VERSION,
        release=ReleaseRecord(
            service="aaa-api",
            environment="staging",
            role="http-api",
            image=f"reference-service:0.1.0 {text}",
            manifests_sha256="9f2c61d7" * 8,
            chart_sha256="51c0ffee" * 8,
            image_digests=(f"sha256:{'d1ce' * 16}",),
            commit="0123456789abcdef0123456789abcdef01234567",
            set_values=tuple(set_values),
        ),
        target=TargetRecord(name="cluster" if fit else "embedded", fit_for_promotion=fit, note=note),
        policy=PolicyRecord(version="2026.1", sha256="ab" * 32),
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=seconds),
        required_checks=tuple([record.id for record in records] if required is None else required) + tuple(absent),
        checks=records,
        window=WindowRecord(began_at=STARTED, seconds=30, interruptions=(f"interruption {text}",)),
        measurements=Measurements(
            latency_ms=((0.0, 1.0), (1.0, 3.0)),
            memory_mib={f"pod {pod} {text}": ((0.0, 40.0), (1.0, 50.0 + pod)) for pod in range(pods)},
            memory_limit_mib=100.0,
        ),
        overrides=tuple(
            Override(
                service="aaa-api",
                environment="staging",
                check=f"check-{number} {text}",
                actor=f"actor {spoken}",
                reason=f"reason {spoken}",
                ticket=f"ticket {spoken}",
                given_at=STARTED,
                expires_at=STARTED + timedelta(days=1),
            )
            for number in range(overrides)
        ),
    )


@pytest.fixture(scope="session")
def make_verdict() -> MakeVerdict:
    return _verdict
