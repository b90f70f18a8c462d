"""What is saved of a namespace before it goes: objects, events, logs and metrics pages, so that a failure can be understood."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import requests

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.logs import logs
from chart_harness.clusters.pods import Pod, pods
from chart_harness.clusters.port_forward import PortForward
from chart_harness.clusters.probes import ANSWER_SECONDS, METRICS_PORT_NAMES

# Of a Secret only its name is anybody's business.
_UNTOLD = frozenset({"secrets", "events", "events.events.k8s.io"})


def save(cluster: Cluster, namespace: str, folder: Path) -> None:
    """Write into `folder`: objects.yaml, events.txt, and for each container of each pod its log, the log of its run before, and
    the pod's metrics page.

    Never raises for something that cannot be had: the file that should hold it says why instead, because a failure under
    investigation must not be hidden by another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "objects.yaml", lambda: _objects(cluster, namespace))
    _write(
        folder / "events.txt",
        lambda: cluster.kubectl(
            "get", "events", "--namespace", namespace, "--sort-by=.metadata.creationTimestamp", "--output=wide"
        ),
    )
    try:
        found = pods(cluster, namespace)
    except ClusterError as error:
        (folder / "pods.txt").write_text(f"The pods could not be listed: {error}\n", encoding="utf-8")
        return
    for pod in found:
        _save_pod(pod, folder / "pods" / pod.name)


def _save_pod(pod: Pod, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for status in pod.statuses:
        container = str(status["name"])
        _write(folder / f"{container}.log", partial(logs, pod.cluster, pod.namespace, pod.name, container=container))
        if status["restartCount"]:
            earlier = partial(logs, pod.cluster, pod.namespace, pod.name, container=container, previous=True)
            _write(folder / f"{container}.previous.log", earlier)
    _write(folder / "metrics.txt", lambda: _metrics(pod))


def _objects(cluster: Cluster, namespace: str) -> str:
    listed = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    kinds = [kind for kind in listed if kind not in _UNTOLD and not kind.endswith(".metrics.k8s.io")]
    objects = cluster.kubectl("get", ",".join(kinds), "--namespace", namespace, "--output=yaml", "--ignore-not-found")
    names = cluster.kubectl("get", "secrets", "--namespace", namespace, "--output=name", "--ignore-not-found")
    return objects + "".join(f"# {name} (its content is not saved)\n" for name in names.split())


def _metrics(pod: Pod) -> str:
    with PortForward(pod.cluster, pod.namespace, pod.name, pod.port(*METRICS_PORT_NAMES)) as forward:
        answer = requests.get(f"{forward.url}/metrics", timeout=ANSWER_SECONDS)
    return answer.text if answer.ok else f"# {answer.status_code} {answer.reason}\n{answer.text}"


def _write(path: Path, content: Callable[[], str]) -> None:
    try:
        text = content()
    except (ClusterError, requests.RequestException) as error:
        text = f"This could not be had: {error}\n"
    path.write_text(text, encoding="utf-8")
