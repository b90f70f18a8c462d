"""One upgrade of a release that can be taken back: `install`, then either nothing more or `undo`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.install import Installed, install_service
from chart_harness.clusters.pods import pods
from chart_harness.clusters.waits import until_ready
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from promotion_gate.deployment.helm_release import HelmRelease, Revision, serving
from promotion_gate.deployment.journal import Entry
from promotion_gate.manifests import Judged, difference, manifests_digest
from promotion_gate.targets.target import TargetError


class UndoError(Exception):
    """The release could not be put back; the message says what state the cluster is in and what to do."""


Undone = Literal["nothing had changed", "rolled back", "uninstalled"]
"""What `undo` did."""


@dataclass(frozen=True)
class Before:
    """What was there before the upgrade; immutable."""

    serving: Revision | None
    """The revision to put back."""
    newest: int
    """The highest number of a revision; 0 without any."""
    unproved: int | None = None
    """The revision that is there instead of `serving`, since the deployment that brought it was killed; None if there is none."""


def look_before(release: HelmRelease, unfinished: Entry | None = None) -> Before:
    """What is there now, and what to put back: not what an `unfinished` deployment has brought and not proved.

    Raises TargetError while somebody's Helm is at work on it, HelmError.
    """
    history = release.history()
    newest = history[-1].number if history else 0
    good, unproved = serving(history), None
    if unfinished is not None and _is_what_it_brought(release, newest, unfinished):
        unproved = newest
        good = next((revision for revision in history if revision.number == unfinished.serving), None)
    if history and history[-1].pending:
        revision = history[-1]
        raise TargetError(
            f"Release {release.name} in namespace {release.namespace} is {revision.status} (revision {revision.number}, "
            f"{revision.updated}): wait for the Helm that is at work on it; if none is, it was killed: run {_by_hand(release, good)}."
        )
    return Before(good, newest, unproved)


def _by_hand(release: HelmRelease, good: Revision | None) -> str:
    """The command that goes back to what was good, or to nothing."""
    back = f"rollback {release.name} {good.number}" if good else f"uninstall {release.name}"
    return f"helm {back} --namespace {release.namespace}"


def _is_what_it_brought(release: HelmRelease, newest: int, unfinished: Entry) -> bool:
    """Whether the newest revision is that of the unfinished deployment; another one is somebody's decision since."""
    if newest != unfinished.newest + 1:
        return False
    return manifests_digest(release.objects(newest)) == unfinished.manifests_sha256


class Rollout:
    """Brings `judged` into the release's namespace. For one thread.

    Whatever is raised after `install` was called, `undo` puts back what was there before: it reads from Helm's history how far the
    upgrade came, so it may be called however that ended.
    """

    def __init__(
        self, release: HelmRelease, judged: Judged, ready_seconds: float, unfinished: Entry | None = None
    ) -> None:
        """Raises TargetError or HelmError, as `look_before`."""
        self._release, self._judged, self._ready_seconds = release, judged, ready_seconds
        self.before = look_before(release, unfinished)
        self.revision: int | None = None
        """The new one, once Helm has told it."""

    @property
    def entry(self) -> Entry:
        """What the journal has to hold before `install` is called."""
        serving = self.before.serving.number if self.before.serving else None
        return Entry(serving, self.before.newest, manifests_digest(self._judged.rendered.objects))

    def install(self) -> None:
        """`helm upgrade --install`, and waits until every pod is of the new revision and Ready.

        Raises RenderError or HelmError when Helm or the cluster refuses, TargetError when something else was installed than was
        judged, WorkloadFailed at once when a pod will not become ready, WaitTimeout.
        """
        rendered, release = self._judged.rendered, self._release
        installed = install_service(
            release.cluster,
            release.namespace,
            self._judged.root,
            rendered.name,
            rendered.namespace,
            overrides=self._judged.overrides,
        )
        self.revision = installed.revision
        if manifests_digest(installed.objects) != manifests_digest(rendered.objects):
            raise TargetError(
                f"What Helm installed is not what was judged: {difference(rendered.objects, installed.objects)}; see that the cluster "
                "has the APIs that the chart asks for, and that no template is random."
            )
        until_ready(installed, deadline=self._ready_seconds)

    def undo(self) -> Undone:
        """Puts back the revision that served before, and waits until it does; uninstalls a release that was not there.

        Raises UndoError if that does not succeed, or if somebody else has upgraded the release meanwhile.
        """
        try:
            return self._undo()
        except (ClusterError, HelmError, RenderError) as error:
            raise UndoError(self._what_now(str(error))) from error

    def _undo(self) -> Undone:
        release, before = self._release, self.before
        newer = [revision for revision in release.history() if revision.number > before.newest]
        if not newer:
            return "nothing had changed"
        if newer[-1].number > (self.revision or before.newest + 1):
            raise UndoError(
                f"Somebody else made revision {newer[-1].number} of {release.name} in {release.namespace} ({newer[-1].description}) after "
                "this deployment, so nothing was put back: look at helm history, and decide with them."
            )
        if before.serving is None:
            release.uninstall()
            return "uninstalled"
        number = before.serving.number
        release.roll_back(number)
        objects = release.objects(number)
        until_ready(
            Installed(release.cluster, release.namespace, release.name, number, objects), deadline=self._ready_seconds
        )
        return "rolled back"

    def _what_now(self, why: str) -> str:
        release, before = self._release, self.before
        where = f"--namespace {release.namespace}"
        return (
            f"{release.name} could not be put back: {why.rstrip('.')}. The cluster now has: {self.state()}. "
            f"Do this by hand: {_by_hand(release, before.serving)}, then kubectl get pods {where} --selector "
            f"app.kubernetes.io/instance={release.name}."
        )

    def state(self) -> str:
        """The release's newest revisions and its pods, as a clause; never raises for what cannot be seen."""
        try:
            history = self._release.history()[-3:]
        except HelmError as error:
            return f"a history that cannot be read ({' '.join(str(error).split())[:200]})"
        try:
            selector = f"app.kubernetes.io/instance={self._release.name}"
            found = [pod.object for pod in pods(self._release.cluster, self._release.namespace, selector)]
        except ClusterError as error:
            return f"{said_of(history)}; its pods cannot be seen ({' '.join(str(error).split())[:200]})"
        ready = sum(
            any(
                c["type"] == "Ready" and c["status"] == "True"
                for c in (pod.get("status") or {}).get("conditions") or ()
            )
            for pod in found
        )
        return f"{said_of(history)}; {ready} of {len(found)} pods Ready"


def said_of(history: Sequence[Revision]) -> str:
    """Revisions with their states, as a clause."""
    return ", ".join(f"revision {one.number} {one.status}" for one in history) or "no revision"
