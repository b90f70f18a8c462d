"""What is seen of a release in its namespace, and that what cannot be seen is never taken for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.processes import Process
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from ci.gate.tests.targets.cluster.test_pods import pod
from ci.gate.tests.targets.cluster.test_pushed import info, series
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Substitution
from promotion_gate.targets.cluster import forwards, running
from promotion_gate.targets.cluster.running import RunningRelease, Surroundings

HERE = "gate-demo"
REPLACED = Substitution("A", "1", "2", "why")
LABELS = {"app.kubernetes.io/name": "demo", "app.kubernetes.io/instance": "demo"}
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "demo", "namespace": HERE},
    "spec": {"selector": {"matchLabels": LABELS}},
}
WAITING = {"restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}


@pytest.fixture
def release(cluster: Cluster, pull: Subject, tmp_path: Path) -> Iterator[RunningRelease]:
    found = RunningRelease(Surroundings(cluster, HERE), pull.workload, (DEPLOYMENT,), tmp_path, (REPLACED,))
    yield found
    found.close()
    found.close()


@pytest.fixture
def running_pod(api: FakeApi) -> Callable[..., None]:
    """Puts a pod into the namespace."""

    def put(name: str = "demo-1", container: dict[str, Any] | None = None, **metadata: Any) -> None:
        api.objects[f"{NAMESPACES}/{HERE}/pods/{name}"] = pod(container, name=name, **{"labels": LABELS, **metadata})

    return put


def test_pods_that_nobody_may_make_are_told(release: RunningRelease, api: FakeApi) -> None:
    assert release.pods() == ()
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "violates PodSecurity",
    }
    owner = {"metadata": {"name": "demo-abc", "labels": LABELS}, "status": {"conditions": [condition]}}
    api.objects[f"/apis/apps/v1/namespaces/{HERE}/replicasets/demo-abc"] = owner
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        release.pods()


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({}, "now\n"),
        ({"restartCount": 2}, "before\nnow\n"),
        (WAITING, "before\n"),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, ""),
    ],
)
def test_the_log_is_that_of_the_last_two_runs(
    container: dict[str, Any],
    text: str,
    release: RunningRelease,
    running_pod: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def logs(_cluster: Cluster, namespace: str, name: str, *, container: str, previous: bool = False) -> str:
        assert (namespace, name, container) == (HERE, "demo-1", "app")
        return "before\n" if previous else "now\n"

    monkeypatch.setattr(running, "logs", logs)
    running_pod(container=container)
    (log,) = release.logs()
    assert [line.text for line in log.lines] == text.split()
    assert (tmp_path / "demo-1" / "log").read_text() == text


def test_the_environment_of_every_process_that_runs(
    release: RunningRelease, running_pod: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = [Process(1, 0, ("/usr/bin/python3", "-m", "x"), {"A": "2"})]
    monkeypatch.setattr(running, "environment_of", lambda _pod: processes)
    running_pod("demo-1")
    running_pod("demo-2", WAITING)
    (found,) = release.environments()
    assert (found.pod, found.pid, found.command, found.variables) == ("demo-1", 1, "python3", {"A": "2"})
    assert found.substitutions == (REPLACED,)
    processes.append(Process(7, 1, ("hidden",), {}))
    with pytest.raises(ClusterError, match="the environment of process 7 of demo-1 cannot be read"):
        release.environments()


@dataclass
class Forward:
    """A port-forward to a server of this host; without one it does not open."""

    server: str
    ended: bool = False
    closed: bool = False

    @property
    def url(self) -> str:
        if self.ended:
            raise ClusterError("The port-forward has ended: lost connection to pod")
        return self.server

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[Forward]]:
    """The servers that port-forwards lead to, one after the other, and the port-forwards that were opened."""
    servers: list[str] = []
    found: list[Forward] = []

    def open_(_cluster: Cluster, _namespace: str, name: str, port: int) -> Forward:
        assert port == 8080
        if not servers:
            raise ClusterError(f"The port-forward to port 8080 of pod {name} did not open")
        found.append(Forward(servers.pop(0)))
        return found[-1]

    monkeypatch.setattr(forwards, "PortForward", open_)
    return servers, found


def answer(request: BaseHTTPRequestHandler) -> None:
    body = b"x_total 1\n"
    request.send_response(200 if request.path == "/metrics" else 404)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def test_a_port_forward_stays_open_and_is_opened_again_when_it_has_ended(
    release: RunningRelease,
    running_pod: Callable[..., None],
    opened: tuple[list[str], list[Forward]],
    serve: Callable[..., str],
) -> None:
    servers, found = opened
    servers += [serve(answer)] * 2
    running_pod("demo-1")
    running_pod("demo-2", WAITING)  # nothing listens there
    assert release.addresses() == {"demo-1": found[0].server}
    assert [page.status for page in release.metrics()] == [200]
    assert len(found) == 1
    found[0].ended = True
    assert [(page.pod, page.status) for page in release.metrics()] == [("demo-1", 200)]
    assert [forward.closed for forward in found] == [True, False]
    release.close()
    assert all(forward.closed for forward in found)


def test_a_port_forward_that_breaks_under_a_scrape_says_nothing_of_the_pod(
    release: RunningRelease,
    running_pod: Callable[..., None],
    opened: tuple[list[str], list[Forward]],
    serve: Callable[..., str],
) -> None:
    servers, found = opened

    def cut(_request: BaseHTTPRequestHandler) -> None:
        found[0].ended = True  # and no answer

    servers += [serve(cut), serve(answer)]
    running_pod()
    assert [page.status for page in release.metrics()] == [200]
    assert len(found) == 2


def test_a_pod_that_cannot_be_reached_has_a_page_that_says_so(
    release: RunningRelease, running_pod: Callable[..., None], opened: tuple[list[str], list[Forward]]
) -> None:
    running_pod()
    (page,) = release.metrics()
    assert (page.pod, page.status, page.families) == ("demo-1", 0, ())
    assert "of pod demo-1 did not open" in page.fault


def test_a_release_without_a_port_has_no_addresses(
    cluster: Cluster, push: Subject, running_pod: Callable[..., None], tmp_path: Path
) -> None:
    running_pod()
    found = RunningRelease(Surroundings(cluster, HERE), replace(push.workload, ports={}), (DEPLOYMENT,), tmp_path)
    assert found.addresses() == {}
    found.close()


def test_pods_of_others_in_the_namespace_are_not_the_releases(
    release: RunningRelease, running_pod: Callable[..., None]
) -> None:
    running_pod("demo-1")
    running_pod("gate-stranger", labels={"app.kubernetes.io/name": "gate-stranger"})
    assert [state.name for state in release.pods()] == ["demo-1"]


@pytest.mark.parametrize(("shared", "names"), [(False, ["demo-1", "demo-2"]), (True, ["demo-1"])])
def test_where_a_release_was_before_its_last_pods_are_left_to_end(
    shared: bool, names: list[str], cluster: Cluster, pull: Subject, running_pod: Callable[..., None], tmp_path: Path
) -> None:
    running_pod("demo-1")
    running_pod("demo-2", deletionTimestamp="2026-11-21T12:00:00Z")
    around = Surroundings(cluster, HERE, shared=shared)
    found = RunningRelease(around, pull.workload, (DEPLOYMENT,), tmp_path)
    assert [state.name for state in found.pods()] == names
    found.close()


PROMETHEUS = "/api/v1/namespaces/{}/services/{}/proxy/api/v1/query"


def test_what_was_pushed_is_asked_of_the_clusters_prometheus(
    cluster: Cluster, push: Subject, api: FakeApi, tmp_path: Path
) -> None:
    path = PROMETHEUS.format("monitoring", "prometheus:9090")
    api.objects[path] = {"data": {"result": [series("x_total", [(100.0, 1)]), info()]}}
    found = RunningRelease(Surroundings(cluster, HERE), push.workload, (DEPLOYMENT,), tmp_path)
    assert [page.how for page in found.metrics()] == ["push"]
    assert api.asked[-1] == f"GET {path}"
    api.refuses[f"GET {path}"] = 503
    with pytest.raises(ClusterError, match="503"):
        found.metrics()
    found.close()


def test_what_earlier_pods_pushed_is_not_this_releases(
    cluster: Cluster, push: Subject, api: FakeApi, running_pod: Callable[..., None], tmp_path: Path
) -> None:
    path = PROMETHEUS.format("observability", "main:web")
    api.objects[path] = {"data": {"result": [series("x_total", [(100.0, 1)]), info()]}}
    around = Surroundings(cluster, HERE, prometheus="observability/main:web", shared=True)
    found = RunningRelease(around, push.workload, (DEPLOYMENT,), tmp_path)
    running_pod("another")
    assert found.metrics() == ()
    running_pod(info()["metric"]["k8s_pod_name"])
    assert [page.pod for page in found.metrics()] == [info()["metric"]["k8s_pod_name"]]
    found.close()


@pytest.mark.parametrize("where", ["", "prometheus", "monitoring/prometheus", "a/b:c/d", "a/../b:1"])
def test_a_prometheus_that_is_nowhere_is_told(where: str, cluster: Cluster, push: Subject, tmp_path: Path) -> None:
    around = Surroundings(cluster, HERE, prometheus=where)
    found = RunningRelease(around, push.workload, (DEPLOYMENT,), tmp_path)
    with pytest.raises(ClusterError, match="does not say where Prometheus is: write namespace/service:port"):
        found.metrics()
    found.close()
