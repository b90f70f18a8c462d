"""What every target can do. Checks never see a target: they see the evidence that it gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from promotion_gate.evidence import MemoryUse, MetricsPage, PodLog, PodState, ProcessEnvironment
from promotion_gate.workload import Workload


class TargetError(Exception):
    """The target cannot run the release at all; the message is one sentence that says what to do."""


class Target(Protocol):
    """A place that runs a release. Methods are called from one thread."""

    name: str
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

    def metrics(self) -> tuple[MetricsPage, ...]:
        """One scrape of every pod's page, or what every worker pushed last."""

    def stop(self) -> None:
        """Stops everything that `start` started, whatever its state; safe to call twice and before `start`."""
