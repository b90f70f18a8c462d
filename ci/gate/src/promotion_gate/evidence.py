"""What a target saw: plain immutable data, handed to the checks.

Evidence that could not be had is a `Missing` with its reason, so that no check can mistake it for "nothing wrong".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Missing:
    """Evidence that was not to be had, and why (a clause, e.g. "no pod became ready within 25 s")."""

    reason: str


@dataclass(frozen=True)
class PodState:
    """A pod as the Kubernetes API would show it, with the facts that the downward API can put into its environment."""

    name: str
    phase: str
    ready: bool
    restarts: int
    image: str
    """The image that runs, as the runtime resolved it; empty if none does."""
    reason: str = ""
    """Why it waits or ended, e.g. CrashLoopBackOff or ErrImagePull, with the detail the target has."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Field paths of the downward API and their values, e.g. `metadata.name`."""
    image_digest: str = ""
    """`sha256:…` of the image that runs, as the runtime says it; empty where the target knows none."""
    created_at: datetime | None = None


@dataclass(frozen=True)
class LogLine:
    """One line of a container's output; `time` and `status` where the line is structured and has them."""

    text: str
    time: datetime | None = None
    status: int | None = None


@dataclass(frozen=True)
class PodLog:
    """Everything a pod printed, over all its restarts."""

    pod: str
    lines: tuple[LogLine, ...]


@dataclass(frozen=True)
class Substitution:
    """An env var that the target had to change, e.g. a port of the host instead of the pod's own."""

    name: str
    declared: str
    actual: str
    why: str


@dataclass(frozen=True)
class ProcessEnvironment:
    """The environment that one process of a pod really has."""

    pod: str
    pid: int
    command: str
    variables: Mapping[str, str]
    substitutions: tuple[Substitution, ...] = ()


@dataclass(frozen=True)
class MemoryUse:
    """A pod's memory over time: (seconds since the start, bytes)."""

    pod: str
    samples: tuple[tuple[float, int], ...]
    oom_kills: int = 0
    """Processes of the pod that the kernel killed because its memory limit was reached."""

    @property
    def peak(self) -> int:
        """Highest sample, in bytes; raises ValueError without samples."""
        return max(size for _, size in self.samples)


@dataclass(frozen=True)
class CpuUse:
    """A pod's CPU time over time: (seconds since the start, CPU seconds used so far); a restart begins at zero again."""

    pod: str
    samples: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Window:
    """The time for which the release was watched without an interruption: the newest such stretch."""

    began: datetime
    ended: datetime
    interruptions: tuple[str, ...] = ()
    """Why it had to begin again, e.g. "aaa-api-0 was restarted"."""

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


@dataclass(frozen=True)
class ScrapeTarget:
    """One page of the release as the cluster's Prometheus scrapes it."""

    pod: str
    url: str
    health: str
    """`up`, `down`, or `unknown` before the first scrape."""
    last_error: str
    samples_scraped: int
    """In the last scrape that is stored."""
    samples_kept: int
    """Of those, what metric_relabel_configs left."""
    series_stored: int
    """The page's series that Prometheus holds at the time of that scrape: fewer than kept means that it rejected some."""


@dataclass(frozen=True)
class RuleState:
    """A rule of the release as the cluster's Prometheus evaluates it."""

    name: str
    kind: Literal["alerting", "recording"]
    health: str
    """`ok`, `err`, or `unknown` before the first evaluation."""
    last_error: str = ""
    state: Literal["", "inactive", "pending", "firing"] = ""
    """Of an alert."""
    says: str = ""
    """What the alert that is pending or firing says: its summary or description."""
    active_since: datetime | None = None
    """Since when the alert's condition has held; of several series, the newest. None unless it is pending or firing."""


@dataclass(frozen=True)
class Connection:
    """An attempt to connect, made in the release's namespace, and whether the chart's NetworkPolicies should let it through."""

    source: str
    destination: str
    allowed: bool
    reached: bool


INSTANCE_LABEL = "service_instance_id"
"""The label that tells the worker processes of a release apart."""


@dataclass(frozen=True)
class Sample:
    """One series' value. `name` is the sample's own, e.g. `x_bucket`."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """A metric family. A counter's name carries `_total`, as on the page."""

    name: str
    type: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class MetricsPage:
    """What a pod published: pulled from its page, or pushed by it over OTLP."""

    pod: str
    how: Literal["pull", "push"]
    source: str
    taken_at: datetime
    status: int
    """HTTP status of the page; 200 for pushed metrics."""
    families: tuple[Family, ...] = ()
    fault: str = ""
    """Why the body could not be read as metrics (cut off, not parsable); empty if it could."""
    received_at: datetime | None = None
    """When it had arrived, where that is known: what it counts happened between `taken_at` and then."""

    @property
    def where(self) -> str:
        """Names the page in a report."""
        return f"{self.source} ({self.pod})"

    @property
    def readable(self) -> bool:
        """Whether there are metrics to look at, and all of them."""
        return bool(self.families) and not self.fault

    @property
    def instances(self) -> frozenset[str]:
        """The workers that have a series on it; to Prometheus an empty label is none."""
        found = {sample.labels.get(INSTANCE_LABEL, "") for family in self.families for sample in family.samples}
        return frozenset(found - {""})

    def total(self, sample: str) -> float:
        """The sum over all series of the samples of that name."""
        return sum(s.value for family in self.families for s in family.samples if s.name == sample)


@dataclass(frozen=True)
class Traffic:
    """What the gate sent. Only requests with an answer are known to have been counted by the service."""

    sent: int
    answered: Mapping[int, int]
    """Answers by HTTP status."""
    unanswered: int = 0
    latencies: tuple[tuple[float, float], ...] = ()
    """Of each answer: seconds since the first request was sent, and the seconds it took."""
    exclusive: bool = True
    """Whether nobody else sends requests to these pods, so that what they counted is what the gate sent."""

    @property
    def answers(self) -> int:
        return sum(self.answered.values())


_NOT_SHOWN = Missing("this target does not show it")


@dataclass(frozen=True)
class Evidence:
    """All that was seen of one release, gathered once; the checks only read it."""

    pods: tuple[PodState, ...] | Missing
    logs: tuple[PodLog, ...] | Missing
    environments: tuple[ProcessEnvironment, ...] | Missing
    memory: tuple[MemoryUse, ...] | Missing
    pages: tuple[MetricsPage, ...] | Missing
    traffic: Traffic | Missing
    cpu: tuple[CpuUse, ...] | Missing = _NOT_SHOWN
    window: Window | Missing = _NOT_SHOWN
    scrape_targets: tuple[ScrapeTarget, ...] | Missing = _NOT_SHOWN
    rules: tuple[RuleState, ...] | Missing = _NOT_SHOWN
    connections: tuple[Connection, ...] | Missing = _NOT_SHOWN
    moments: Mapping[str, datetime] = field(default_factory=dict)
    """When each part was looked at, by its name."""
