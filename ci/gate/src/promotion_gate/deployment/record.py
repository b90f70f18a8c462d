"""What is kept of a deployment, whatever came of it: its own record, Helm's history, and what a release that failed left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.logs import logs
from chart_harness.clusters.pods import Pod, pods
from chart_harness.helm import HelmError
from promotion_gate.deployment.helm_release import HelmRelease, Revision
from promotion_gate.reporters.atomic_write import atomic_write

RECORD_NAME = "deployment.json"
FAILED_FOLDER = "failed"

Ending = Literal[
    "deployed", "kept, though not proved", "rolled back", "uninstalled", "nothing had changed", "not put back"
]


class Deployment(BaseModel):
    """The record of one `gate deploy`."""

    model_config = ConfigDict(frozen=True)
    service: str
    environment: str
    target: str
    ending: Ending
    why: str
    revision_before: int | None
    revision: int | None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    permitted_by: str = ""
    """The signed verdict, and what the policy made of it; empty where none is asked for."""
    outcome: str = ""
    """Of the verification; empty if it did not come to that."""
    history: tuple[str, ...] = ()


def write_record(deployment: Deployment, reports: Path) -> Path:
    """Raises ReportError."""
    path = reports / RECORD_NAME
    atomic_write(path, deployment.model_dump_json(indent=2) + "\n")
    return path


def history_lines(history: tuple[Revision, ...]) -> tuple[str, ...]:
    """A line a revision, as a person reads it."""
    return tuple(f"{one.number} {one.status} {one.chart} {one.updated} {one.description}" for one in history)


def keep_failed(release: HelmRelease, reports: Path, why: str) -> Path:
    """Writes what is known of the release before it goes: why it must, its history, and what its pods say: states, events, and the logs
    of each container's last two runs.

    Never raises for what cannot be had: the file that should hold it says why.
    """
    folder = reports / FAILED_FOLDER
    selector = f"app.kubernetes.io/instance={release.name}"
    where = ("--namespace", release.namespace)
    cluster = release.cluster
    _write(folder / "pods.txt", lambda: cluster.kubectl("get", "pods", *where, "--selector", selector, "--output=wide"))
    _write(
        folder / "events.txt",
        lambda: cluster.kubectl("get", "events", *where, "--sort-by=.metadata.creationTimestamp", "--output=wide"),
    )
    atomic_write(folder / "why.txt", f"{why}\n")
    _write(folder / "history.txt", lambda: "".join(f"{line}\n" for line in history_lines(release.history())))
    _write(folder / "described.txt", lambda: cluster.kubectl("describe", "pods", *where, "--selector", selector))
    try:
        found = pods(cluster, release.namespace, selector)
    except ClusterError as error:
        atomic_write(folder / "pods.txt", f"The pods could not be listed: {error}\n")
        return folder
    for pod in found:
        _keep_logs(pod, folder)
    return folder


def _keep_logs(pod: Pod, folder: Path) -> None:
    for status in pod.statuses:
        container = str(status["name"])
        for previous in (True, False) if status.get("restartCount") else (False,):
            name = f"{container}{'.previous' if previous else ''}.log"

            def log(container: str = container, *, previous: bool = previous) -> str:
                return logs(pod.cluster, pod.namespace, pod.name, container=container, previous=previous)

            _write(folder / pod.name / name, log)


def _write(path: Path, content: Callable[[], str]) -> None:
    try:
        text = content()
    except (ClusterError, HelmError) as error:
        text = f"This could not be had: {error}\n"
    atomic_write(path, text)
