"""What every target can do. Checks never see a target: they see the evidence that it gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

from promotion_gate.evidence import (
    Connection,
    CpuUse,
    MemoryUse,
    MetricsPage,
    PodLog,
    PodState,
    ProcessEnvironment,
    RuleState,
    ScrapeTarget,
)
from promotion_gate.workload import Workload


class TargetError(Exception):
    """The target cannot run the release at all; the message is one sentence that says what to do."""


PlaceKind = Literal["embedded", "cluster", "live"]
"""What kind of place a target is; the policy has an inventory of checks for each: `live` is a release where its users are."""


class Target(Protocol):
    """A place that runs a release. Methods are called from one thread."""

    name: str
    kind: PlaceKind
    identity: str
    """Tells this place from every other of the same name, e.g. by a uid of the cluster; empty where there is nothing to tell."""
    fit_for_promotion: bool
    note: str
    """What this target cannot prove, in one sentence; empty if it proves what production will see."""

    def start(self, workload: Workload) -> None:
        """Starts every replica, without waiting for them. Raises TargetError."""

    def pods(self) -> tuple[PodState, ...]:
        """The replicas as they are now."""

    def addresses(self) -> Mapping[str, str]:
        """Base URL by pod, for pods that listen on their metrics port; empty for those that push."""

    def logs(self) -> tuple[PodLog, ...]:
        """Everything printed so far, over all restarts."""

    def environments(self) -> tuple[ProcessEnvironment, ...]:
        """The environment of every live process."""

    def memory(self) -> tuple[MemoryUse, ...]:
        """All memory samples so far."""

    def cpu(self) -> tuple[CpuUse, ...]:
        """All CPU samples so far."""

    def metrics(self) -> tuple[MetricsPage, ...]:
        """One scrape of every pod's page, or what every worker pushed last."""

    def stop(self) -> None:
        """Stops everything that `start` started, whatever its state; safe to call twice and before `start`."""


@runtime_checkable
class ShowsCluster(Protocol):
    """A target with a Prometheus and NetworkPolicies around the release."""

    def scrape_targets(self) -> tuple[ScrapeTarget, ...]:
        """The release's pages as Prometheus scrapes them; waits until each was scraped once. Raises if there is no Prometheus."""

    def rules(self) -> tuple[RuleState, ...]:
        """The release's rules as Prometheus evaluates them, once each was."""

    def connections(self) -> tuple[Connection, ...]:
        """Attempts to connect that the NetworkPolicies should let through, and attempts that they should not."""
