"""Verdicts to report: one factory, whose defaults are a PASS on a target that is fit for promotion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

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
) -> Verdict:
    """A verdict with one check an outcome, `check-0` and so on; `text` is in every free-text field."""
    records = tuple(
        CheckRecord(
            id=f"check-{number}",
            title=f"Title {number} {text}",
            documentation=f"docs/checks/check-{number}.md",
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
    )


@pytest.fixture(scope="session")
def make_verdict() -> MakeVerdict:
    return _verdict
