"""The live target: the release where its users are, looked at and not touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chart_harness.clusters.cluster import Cluster, ClusterError
from promotion_gate.deployment.helm_release import HelmRelease
from promotion_gate.manifests import Judged, difference, manifests_digest
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.cluster.release_target import ReleaseTarget
from promotion_gate.targets.cluster.running import RunningRelease, Surroundings
from promotion_gate.targets.target import PlaceKind, TargetError
from promotion_gate.workload import Workload


class LiveTarget(ReleaseTarget):
    """Looks at the release `judged` in its environment's namespace. Its verdict is of what runs there, so it never promotes.

    It installs nothing and deletes nothing but the pods that it tries connections with. Restarts count from each pod's start: after a
    rollout there must be none.
    """

    kind: PlaceKind = "live"

    def __init__(self, place: Place, judged: Judged, directory: Path, *, must_match: bool = True) -> None:
        """`must_match`: whether what runs has to be what was rendered from the checkout; without, it is looked at whatever it is."""
        environment = judged.rendered.namespace
        note = f"Ran in {environment}'s own namespace, among its users' requests: what is proved is that this release works there now."
        super().__init__(
            replace(place, name=f"live:{place.name}", fit_for_promotion=False, note=note), judged, directory
        )
        self._must_match = must_match

    def _identify(self, cluster: Cluster) -> str:
        # figures of a release with users are not comparable with those of one without
        return f"{super()._identify(cluster)}/{self._judged.rendered.namespace}"

    def _begin(self, cluster: Cluster, workload: Workload) -> RunningRelease:
        rendered = self._judged.rendered
        if self._must_match:
            self._same(HelmRelease(cluster, rendered.namespace, rendered.name))
        place = self._place
        around = Surroundings(cluster, rendered.namespace, place.prometheus, place.patience, shared=True)
        return RunningRelease(around, workload, rendered.objects, self._directory)

    def _same(self, release: HelmRelease) -> None:
        judged, running = self._judged.rendered.objects, release.objects()
        if not running:
            raise ClusterError(
                f"There is no release {release.name} in namespace {release.namespace}: install it with gate deploy."
            )
        if manifests_digest(judged) != manifests_digest(running):
            raise TargetError(
                f"What runs in namespace {release.namespace} is not what this checkout says: {difference(judged, running)}; "
                "check out the commit that was deployed, or deploy this one."
            )
