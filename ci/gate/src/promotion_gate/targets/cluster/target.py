"""The cluster target: the release as Helm installs it, on a real kubelet, in a namespace of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.logs import logs
from chart_harness.clusters.objects import DEPLOYMENT, POD, Object, Objects
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of
from chart_harness.clusters.prometheus import SERVICE as PROMETHEUS
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from promotion_gate.evidence import MemoryUse, MetricsPage, PodLog, PodState, ProcessEnvironment, Substitution
from promotion_gate.log_lines import parse_log
from promotion_gate.scrape import scrape
from promotion_gate.targets.cluster import pushed
from promotion_gate.targets.cluster.forwards import Forwards
from promotion_gate.targets.cluster.memory_watch import MemoryWatch
from promotion_gate.targets.cluster.namespace import VerificationNamespace, delete_abandoned
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.cluster.pods import container_status, pod_state, running_container
from promotion_gate.targets.cluster.release import Judged, install, substitutions
from promotion_gate.targets.cluster.secrets import copy_secrets
from promotion_gate.targets.target import TargetError
from promotion_gate.workload import CONTAINER, Workload, read_workload


class ClusterTarget:
    """Runs the release `judged` in the cluster of a place. Logs of the pods go to `directory`."""

    def __init__(self, place: Place, judged: Judged, directory: Path) -> None:
        self.name, self.fit_for_promotion, self.note = place.name, place.fit_for_promotion, place.note
        self._place, self._judged, self._directory = place, judged, directory
        self._namespace: VerificationNamespace | None = None
        self._running: _Running | None = None
