"""Tries who can connect to a release's pods, and to whom they can, and what its NetworkPolicies say to that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import NAMESPACE, NETWORK_POLICY, POD, Objects
from chart_harness.clusters.pods import Pod
from chart_harness.frozen import thaw
from promotion_gate.evidence import Connection
from promotion_gate.targets.cluster.attempts import (
    LISTENER_PORT,
    Attempt,
    Callee,
    attempts,
    closes_egress,
    named_callees,
    named_callers,
)
from promotion_gate.targets.cluster.policies import Place, selector_text
from promotion_gate.targets.cluster.probe_pods import Wanted, probe_pods

Object = Mapping[str, Any]

PATIENCE_SECONDS = 15.0
"""For a policy to be in force: it is so some moments after the API server has it, and after a pod has started."""
_EXTRA_SECONDS = 30.0

CONNECT = """
import json, select, socket, sys, time
goals, patience = json.loads(sys.argv[1]), float(sys.argv[2])
end = time.monotonic() + patience
def tried():
    waiting, reached = {}, [False] * len(goals)
    for n, (host, port, _) in enumerate(goals):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        s.setblocking(False)
        s.connect_ex((host, port))
        waiting[s] = n
    late = time.monotonic() + 2
    while waiting and time.monotonic() < late:
        for s in select.select([], list(waiting), [], max(0, late - time.monotonic()))[1]:
            reached[waiting.pop(s)] = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            s.close()
    for s in waiting:
        s.close()
    return reached
while True:
    reached = tried()
    if reached == [wanted for _, _, wanted in goals] or time.monotonic() > end:
        break
    time.sleep(0.5)
print(json.dumps(reached))
"""
"""Tries all connections at once, again until each ends as it should or the patience is over; prints how each ended last."""


def try_connections(
    cluster: Cluster,
    namespace: str,
    objects: Sequence[Mapping[str, Any]],
    pods: Sequence[Object],
    ports: Sequence[int],
) -> tuple[Connection, ...]:
    """Real attempts, from and to pods of the release and pods that are started for it.

    Arguments:
        objects: the release's, rendered for this namespace.
        pods: its pods that run; `ports` those on which they listen.

    Raises ClusterError for what the cluster does not give: pods that cannot be started, an image without python3.
    """
    if not pods:
        raise ClusterError("no pod of the release runs")
    rendered = [thaw(item) for item in objects if item["kind"] == "NetworkPolicy"]
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    release = [place(pod) for pod in pods]
    callers = named_callers(rendered, release[0])
    listens = closes_egress(rendered, release[0])
    wanted = [
        Wanted("stranger", {}),
        *(Wanted(f"caller{n}", labels) for n, labels in enumerate(callers, start=1)),
        *([Wanted("listener", {}, LISTENER_PORT)] if listens else []),
    ]
    with Objects(cluster) as api, probe_pods(cluster, namespace, deployment["spec"]["template"], wanted) as probes:
        spaces = _Namespaces(api)
        places = [spaces.with_labels(place(pod.object)) for pod in probes]
        release = [spaces.with_labels(one) for one in release]
        callees = list(_callees(api, spaces, named_callees(rendered, release[0]), namespace))
        policies = [*rendered, *_others(api, rendered, [namespace, *(callee.namespace for callee, _ in callees)])]
        planned = attempts(
            policies,
            release,
            ports,
            stranger=places[0],
            callers=places[1 : 1 + len(callers)],
            listener=places[-1] if listens else None,
            callees=callees,
        )
        by_name = {pod.name: pod for pod in (*probes, *(Pod(cluster, item) for item in pods))}
        reached = _try(by_name, planned)
    labels = {one.name: _said_of(labels) for one, labels in zip(places[1:], callers, strict=False)}
    return tuple(
        Connection(
            labels.get(attempt.source.name, attempt.source.name),
            f"{attempt.target.name}:{attempt.port}",
            attempt.allowed,
            found,
        )
        for attempt, found in zip(planned, reached, strict=True)
    )


def _said_of(labels: Mapping[str, str]) -> str:
    return f"a pod labelled {', '.join(f'{key}={value}' for key, value in labels.items())}"


def place(pod: Object) -> Place:
    """A pod of the API as policies see it, without its namespace's labels."""
    containers = pod["spec"].get("containers") or ()
    return Place(
        name=str(pod["metadata"]["name"]),
        namespace=str(pod["metadata"]["namespace"]),
        labels=dict(pod["metadata"].get("labels") or {}),
        ip=str((pod.get("status") or {}).get("podIP", "")),
        ports={
            str(port["name"]): int(port["containerPort"])
            for container in containers
            for port in container.get("ports") or ()
            if port.get("name")
        },
    )


class _Namespaces:
    """The labels of namespaces, asked for once."""

    def __init__(self, api: Objects) -> None:
        self._api = api
        self._known: dict[str, Mapping[str, str]] = {}

    def with_labels(self, one: Place) -> Place:
        if one.namespace not in self._known:
            found = self._api.get(NAMESPACE, one.namespace)
            self._known[one.namespace] = dict((found or {"metadata": {}})["metadata"].get("labels") or {})
        return Place(one.name, one.namespace, one.labels, one.ip, self._known[one.namespace], one.ports)


def _callees(api: Objects, spaces: _Namespaces, named: Sequence[Callee], namespace: str) -> Iterator[tuple[Place, int]]:
    """For each rule a pod that it names and that listens on a port of it, if there is one."""
    for callee in named:
        if callee.namespace_selector is None:
            names = [namespace]
        else:
            found = api.all(NAMESPACE, selector=selector_text(callee.namespace_selector))
            names = [str(item["metadata"]["name"]) for item in found]
        pods = (pod for name in names for pod in api.all(POD, name, selector_text(callee.pod_selector)))
        listening = ((pod, port) for pod in pods if _answers(pod) for port in _open(pod, callee.ports))
        for pod, port in listening:
            yield spaces.with_labels(place(pod)), port
            break


def _answers(pod: Object) -> bool:
    """Whether a pod is Ready, and one that policies know by its labels: not one with its node's address."""
    ready = any(
        c["type"] == "Ready" and c["status"] == "True" for c in (pod.get("status") or {}).get("conditions") or ()
    )
    return ready and not pod["spec"].get("hostNetwork") and not pod["metadata"].get("deletionTimestamp")


def _open(pod: Object, wanted: Sequence[int]) -> list[int]:
    """The TCP ports that a pod declares, of these if there are any."""
    declared = [
        int(port["containerPort"])
        for container in pod["spec"].get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("protocol", "TCP") == "TCP"
    ]
    return [port for port in declared if not wanted or port in wanted]


def _others(api: Objects, rendered: Sequence[Object], namespaces: Sequence[str]) -> list[Object]:
    """The policies of these namespaces that are not the release's: they too say who reaches whom."""
    own = {(policy["metadata"]["namespace"], policy["metadata"]["name"]) for policy in rendered}
    found = [policy for namespace in dict.fromkeys(namespaces) for policy in api.all(NETWORK_POLICY, namespace)]
    return [one for one in found if (one["metadata"]["namespace"], one["metadata"]["name"]) not in own]


def _try(pods: Mapping[str, Pod], planned: Sequence[Attempt]) -> list[bool]:
    """How each attempt ended; those of one source are made by one command in it."""
    sources = list(dict.fromkeys(attempt.source.name for attempt in planned))
    with ThreadPoolExecutor(max(1, len(sources)), thread_name_prefix="connect") as pool:
        answers = {
            name: pool.submit(connect, pods[name], [one for one in planned if one.source.name == name])
            for name in sources
        }
        ended = {name: iter(answer.result()) for name, answer in answers.items()}
    return [next(ended[attempt.source.name]) for attempt in planned]


def connect(source: Pod, planned: Sequence[Attempt]) -> list[bool]:
    """Makes the attempts from inside a pod. Raises ClusterError if it has no python3, or cannot be reached."""
    goals = json.dumps([[one.target.ip, one.port, one.allowed] for one in planned])
    command = ("python3", "-I", "-S", "-c", CONNECT, goals, str(PATIENCE_SECONDS))
    said = source.run(*command, timeout=PATIENCE_SECONDS + _EXTRA_SECONDS)
    found: list[bool] = json.loads(said)
    return found
