"""A noisy figure of a release, held against that of the release promoted last: docs/decisions/021-regression.md.

It is worse only if three say so: the one-sided Mann-Whitney test, Cliff's delta, and the median's growth. Alone, the test finds
differences too small to matter when samples are many, and differences of chance when they hang together, as those of one pod do; the
median alone says nothing of the spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from promotion_gate.checks.check import Subject, conclude, no_evidence, observe, unproved
from promotion_gate.evidence import Evidence, Missing
from promotion_gate.gathering import ROUND_SECONDS
from promotion_gate.measurements import Measurements, Series, measurements
from promotion_gate.policy import Figure, Regression
from promotion_gate.verdict import Finding, Observation

START = 0.2
"""The part of each pod's series that is left out: a process that starts takes more CPU and less memory than later."""


@dataclass(frozen=True)
class Difference:
    """How much larger the samples of now are than those of before."""

    now: int
    """Samples."""
    before: int
    median: float
    median_before: float
    p: float | None
    """Of the hypothesis that they are not larger; None where both sides are constant, and there is no chance in them."""
    delta: float
    """Cliff's: the share of pairs in which now is larger, less the share in which it is smaller."""

    @property
    def growth(self) -> float:
        """Of the median, as a share of what it was; infinite from zero."""
        grown = self.median - self.median_before
        if not self.median_before:
            return math.copysign(math.inf, grown) if grown else 0.0
        return grown / self.median_before

    def is_worse(self, regression: Regression, figure: Figure) -> bool:
        """Whether test, effect and median all say so."""
        return (
            (self.p is None or self.p < regression.alpha)
            and self.delta >= regression.effect
            and self.growth > regression.tolerance[figure]
            and self.median - self.median_before > regression.floor.get(figure, 0.0)
        )


def difference(now: Sequence[float], before: Sequence[float]) -> Difference:
    """Compares two samples, neither empty, of finite numbers."""
    middle, middle_before = median(now), median(before)
    if len(set(now)) == len(set(before)) == 1:
        delta = float((middle > middle_before) - (middle < middle_before))
        return Difference(len(now), len(before), middle, middle_before, None, delta)
    from scipy.stats import mannwhitneyu  # takes half a second, which `gate --help` need not

    test = mannwhitneyu(now, before, alternative="greater")
    delta = 2 * float(test.statistic) / (len(now) * len(before)) - 1
    return Difference(len(now), len(before), middle, middle_before, float(test.pvalue), delta)


def too_little(now: Sequence[float], before: Sequence[float], regression: Regression, figure: Figure) -> str:
    """Why the samples cannot be compared, as a clause; empty if they can."""
    if figure not in regression.tolerance:
        return f"the promotion policy has no tolerance for {figure}"
    for samples, whose in ((now, "this release"), (before, "the release promoted last")):
        if len(samples) < regression.samples:
            return f"{len(samples)} samples of {whose}, and it takes {regression.samples}"
        if not all(map(math.isfinite, samples)):
            return f"a sample of {whose} is no finite number"
    # With this few no difference could be told from chance, so that there is none would be said of any release.
    if 1 / math.comb(len(now) + len(before), len(now)) >= regression.alpha:
        return f"{len(now)} and {len(before)} samples cannot show a difference at p < {regression.alpha:g}"
    return ""


def settled(samples: Series, of: Series) -> list[float]:
    """The values of those samples that lie after the beginning of a series, from which they were made."""
    if not of:
        return []
    begin, end = of[0][0], of[-1][0]
    return [value for at, value in samples if at >= begin + (end - begin) * START]


def over_rounds(series: Series) -> Series:
    """Each sample as the mean over the round of requests that ends with it.

    The gate sends in rounds with pauses: a second's CPU use says when it was looked at, and only a whole round's what the release costs.
    """
    means: list[tuple[float, float]] = []
    for last in range(1, len(series)):
        first = next((n for n in range(last, -1, -1) if series[last][0] - series[n][0] >= ROUND_SECONDS), None)
        if first is None:
            continue
        used = sum(series[n][1] * (series[n][0] - series[n - 1][0]) for n in range(first + 1, last + 1))
        means.append((series[last][0], used / (series[last][0] - series[first][0])))
    return tuple(means)


def latencies(measured: Measurements) -> list[float]:
    """Milliseconds until each answer."""
    return [took for _, took in measured.latency_ms]


def memory(measured: Measurements) -> list[float]:
    """MiB of all pods, whatever their names: a pod has another one each time."""
    return [value for series in measured.memory_mib.values() for value in settled(series, series)]


def cpu(measured: Measurements) -> list[float]:
    """Cores of all pods."""
    return [value for series in measured.cpu_cores.values() for value in settled(over_rounds(series), series)]


_SAMPLES = {"latency": latencies, "memory": memory, "cpu": cpu}
_UNITS: Mapping[Figure, str] = {"latency": "ms", "memory": "MiB", "cpu": "cores"}


def judge_growth(subject: Subject, figure: Figure, what: str, remedy: str) -> Finding:
    """The finding of a check that compares a figure; `what` names it, e.g. "memory of a pod"."""
    if isinstance(subject.baseline, Missing):
        return no_evidence("release to compare with", subject.baseline)
    if why := _missing(subject.evidence, figure):
        return no_evidence(f"{figure} samples", Missing(why))
    samples, regression = _SAMPLES[figure], subject.regression
    now, before = samples(measurements(subject.evidence, None)), samples(subject.baseline)
    if why := too_little(now, before, regression, figure):
        return conclude(
            [unproved(what, why, f"{regression.samples} samples of each")],
            good="",
            bad=f"{what} was not compared: {why}",
            remedy="Watch for longer (--window) or send more (requests_per_pod in gate.yaml); the promotion policy says how much it takes.",
        )
    found = difference(now, before)
    observation = _observation(what, found, regression, figure)
    summary = f"{what}: {_medians(found, figure)}"
    return conclude([observation], good=summary, bad=summary, remedy=remedy)


def _missing(evidence: Evidence, figure: Figure) -> str:
    part = {"latency": evidence.traffic, "memory": evidence.memory, "cpu": evidence.cpu}[figure]
    if isinstance(part, Missing):
        return part.reason
    return "" if part else "the target returned nothing"


def _observation(what: str, found: Difference, regression: Regression, figure: Figure) -> Observation:
    chance = "both constant" if found.p is None else f"p {found.p:.2g}"
    seen = (
        f"{_medians(found, figure)}; {found.now} and {found.before} samples, {chance}, Cliff's delta {found.delta:.2f}"
    )
    limit, floor = regression.tolerance[figure], regression.floor.get(figure, 0.0)
    expected = (
        f"not all of: p < {regression.alpha:g}, Cliff's delta >= {regression.effect:g}, a median larger by more than {limit:.0%} "
        f"and {floor:g} {_UNITS[figure]}"
    )
    return observe(what, seen, expected, ok=not found.is_worse(regression, figure))


def _medians(found: Difference, figure: Figure) -> str:
    unit = _UNITS[figure]
    grown = f" ({found.growth:+.0%})" if math.isfinite(found.growth) else ""
    return f"median {found.median:.3g} {unit}, {found.median_before:.3g} {unit} before{grown}"
