"""The series of a service as Prometheus would have them: two pods with their workers, and the work they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chart_harness.promtool.case import MINUTE
from chart_harness.promtool.rule import BOUNDS, Rules

PODS = ("app-0", "app-1")
Series = dict[str, str]


@dataclass(frozen=True)
class Phase:
    """Some time in which the same goes on.

    Attributes:
        seconds: how long, a multiple of the step.
        failing: share of the work that ends with status 500.
        slow: share of the work that takes longer than `slower_than` seconds, which is the bound of a bucket.
        rate: units of work per second.
        usual: the bound of the bucket that the rest lies in.
    """

    seconds: float
    failing: float = 0.0
    slow: float = 0.0
    slower_than: float = 1.0
    rate: float = 10.0
    usual: float = BOUNDS[0]


def labelled(name: str, labels: Mapping[str, str]) -> str:
    """A series as PromQL writes it."""
    return name + "{" + ",".join(f"{key}={_quoted(value)}" for key, value in labels.items()) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def process_labels(rules: Rules, pod: str, pid: int = 7, identity: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of every series of a process. Only what is scraped says which target and pod it comes from."""
    labels = {**(identity or rules.identity), "service_instance_id": f"{pod}-pid-{pid}"}
    return {**labels, **target_labels(pod), "pod": pod} if rules.pulled else labels


def target_labels(pod: str) -> dict[str, str]:
    return {"job": "app", "instance": f"{pod}:8080"}


def growing(increments: Sequence[tuple[int, float]]) -> str:
    """A counter that grows by so much in each of so many steps, in promtool's notation."""
    parts, value = [], 0.0
    for number, (steps, increment) in enumerate(increments):
        if number == 0:
            parts.append(f"0+{increment:.9f}x{steps}")
        elif steps:
            parts.append(f"{value + increment:.9f}+{increment:.9f}x{steps - 1}")
        value += steps * increment
    return " ".join(parts)


def work(
    rules: Rules, phases: Sequence[Phase], *, step: int = MINUTE, identity: Mapping[str, str] | None = None
) -> Series:
    """The counter and the histogram of the work, half of it in each pod; one writes bounds as pages do, one as OTLP receivers do."""
    series: Series = {}
    writes: tuple[Callable[[float], str], ...] = (str, "{:g}".format)
    for pod, write in zip(PODS, writes, strict=True):
        labels = process_labels(rules, pod, identity=identity)

        def counted(name: str, more: Mapping[str, str], shares: list[float], labels: dict[str, str] = labels) -> None:
            steps = [(round(phase.seconds / step), phase.rate * step / 2 * share) for phase, share in shares_of(shares)]
            series[labelled(name, {**labels, **more})] = growing(steps)

        def shares_of(shares: list[float]) -> list[tuple[Phase, float]]:
            return list(zip(phases, shares, strict=True))

        if rules.total:
            counted(rules.total, {"status": "200"}, [1 - phase.failing for phase in phases])
            counted(rules.total, {"status": "500"}, [phase.failing for phase in phases])
        if rules.duration:
            for bound in BOUNDS:
                counted(f"{rules.duration}_bucket", {"le": write(bound)}, [_within(bound, phase) for phase in phases])
            counted(f"{rules.duration}_bucket", {"le": "+Inf"}, [1.0] * len(phases))
            counted(f"{rules.duration}_count", {}, [1.0] * len(phases))
    return series


def _within(bound: float, phase: Phase) -> float:
    """The share of the work that takes no longer."""
    if bound > phase.slower_than:
        return 1.0
    return 1 - phase.slow if bound >= phase.usual else 0.0


def processes(rules: Rules, workers: int, values: str, *, identity: Mapping[str, str] | None = None) -> Series:
    """When each worker process of both pods was started."""
    return {
        labelled("process_start_time_seconds", process_labels(rules, pod, 7 + worker, identity)): values
        for pod in PODS
        for worker in range(workers)
    }


def targets(values: str, samples: float) -> Series:
    """What Prometheus says of its own scrapes of the pods."""
    return {
        **{labelled("up", {**target_labels(pod), "pod": pod}): values for pod in PODS},
        **{
            labelled("scrape_samples_post_metric_relabeling", {**target_labels(pod), "pod": pod}): f"{samples:g}x6000"
            for pod in PODS
        },
    }


def others(rules: Rules, seconds: float, *, step: int = MINUTE) -> Series:
    """Neighbours in the same Prometheus who do everything wrong: no rule may take them for the service."""
    series: Series = {}
    for label in rules.identity:
        identity = {**rules.identity, label: "another"}
        series |= work(rules, [Phase(seconds, failing=1, slow=1, slower_than=5.0)], step=step, identity=identity)
        labels = {**identity, "service_instance_id": "another-pid-7", "instance": f"another-{label}", "job": "app"}
        series[labelled("process_start_time_seconds", labels)] = f"0+60x{round(seconds / step)}"
        series[labelled("service_metrics_dropped_series_total", {**labels, "family": "x"})] = "5x6000"
        target = {"job": "app", "instance": f"another-{label}", "pod": "another"}
        series[labelled("up", target)] = "0x6000"
        series[labelled("scrape_samples_post_metric_relabeling", target)] = "1000000x6000"
    return series
