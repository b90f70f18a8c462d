"""What was judged, where, by which rules, and for how long: the facts that every report shows, said once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from promotion_gate.counted import counted
from promotion_gate.verdict import BaselineRecord, PolicyRecord, Verdict, WindowRecord


@dataclass(frozen=True)
class Fact:
    """One thing that a report says of a verdict beside its checks."""

    key: str
    """Its name for machines, e.g. `chart_sha256`."""
    label: str
    """Its name for people."""
    values: tuple[str, ...]
    """Empty if it is not known or there is none; then `otherwise` says so."""
    otherwise: str = "none"
    literal: bool = False
    """Whether the values are to be copied letter by letter, such as a digest."""

    @property
    def text(self) -> str:
        return ", ".join(self.values) or self.otherwise


def facts(verdict: Verdict) -> tuple[Fact, ...]:
    """All facts, in the order in which a person asks for them."""
    return (*_release(verdict), *_rules(verdict), *_run(verdict))


def clock(moment: datetime) -> str:
    """E.g. `2025-11-21 10:42:07 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def seconds(number: float) -> str:
    """E.g. `30 s` or `30.2 s`."""
    return f"{round(number, 1):g} s"


def _release(verdict: Verdict) -> Iterator[Fact]:
    release, target = verdict.release, verdict.target
    yield Fact("service", "Service", (f"{release.service}, role {release.role}",))
    yield Fact("environment", "Environment", (release.environment,))
    fit = "fit" if target.fit_for_promotion else "not fit"
    kind = f" ({target.kind})" if target.kind and target.kind != target.name else ""
    yield Fact("target", "Target", (f"{target.name}{kind}, {fit} for promotion",))
    yield Fact("target_identity", "Target's identity", _known(target.identity), "not known", literal=True)
    yield Fact("image", "Image", (release.image,), literal=True)
    yield Fact("image_digests", "Image digests", release.image_digests, "not known", literal=True)
    yield Fact("chart_sha256", "Chart (SHA-256)", _known(release.chart_sha256), "not known", literal=True)
    yield Fact("manifests_sha256", "Manifests (SHA-256)", (release.manifests_sha256,), literal=True)
    yield Fact("commit", "Commit", _known(release.commit), "none, not a checkout", literal=True)
    if release.uncommitted_changes:
        yield Fact("uncommitted_changes", "Uncommitted changes", ("the checkout had changes that no commit holds",))
    if release.set_values:
        yield Fact("set_values", "Values from the command line", release.set_values, literal=True)
    copied = tuple(f"{path}={json.dumps(value, default=str)}" for path, value in release.values.items())
    yield Fact("values", "Values that a promotion copies", copied, literal=True)


def _rules(verdict: Verdict) -> Iterator[Fact]:
    yield Fact(
        "policy", "Promotion policy, with its SHA-256", _policy(verdict.policy), "none: this verdict names no policy"
    )
    yield Fact("required_checks", "Required checks", verdict.required_checks)
    yield Fact("baseline", "Baseline", _baseline(verdict.baseline), "none: nothing that was promoted before is known")


def _run(verdict: Verdict) -> Iterator[Fact]:
    window = verdict.window
    yield Fact("window", "Watched", _window(window), "for no known time")
    if window and window.interruptions:
        yield Fact("interruptions", "Begun again because", window.interruptions)
    yield Fact("started_at", "Started", (clock(verdict.started_at),))
    yield Fact("finished_at", "Finished", (clock(verdict.finished_at),))


def _known(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _policy(policy: PolicyRecord | None) -> tuple[str, ...]:
    return (f"version {policy.version}", policy.sha256) if policy else ()


def _window(window: WindowRecord | None) -> tuple[str, ...]:
    if window is None:
        return ()
    again = f", begun again {counted(len(window.interruptions), 'time')}" if window.interruptions else ""
    return (f"{seconds(window.seconds)} without an interruption, since {clock(window.began_at)}{again}",)


def _baseline(baseline: BaselineRecord | None) -> tuple[str, ...]:
    if baseline is None:
        return ()
    units = {"latency": " ms", "memory": " MiB", "cpu": " cores"}
    medians = [f"{figure} {value:g}{units.get(figure, '')}" for figure, value in baseline.medians.items()]
    return (
        f"commit {baseline.commit or 'not known'}",
        f"verified {clock(baseline.finished_at)} on {baseline.target_identity or 'a target of no identity'}",
        f"medians: {', '.join(medians)}" if medians else "measured elsewhere, so its figures are not compared",
        f"manifests {baseline.manifests_sha256}",
    )
