"""`gate doctor` on real releases: of one thing that is broken it says which, first; of one that is well it says nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.complaints import pod_complaint
from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import pods
from chart_harness.clusters.port_forward import PortForward
from chart_harness.clusters.probes import pods_of
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually, until_ready
from chart_harness.layers import over
from promotion_gate.commands.set_option import nested
from tests.cluster.scraping import until_scraped

pytestmark = [pytest.mark.live, pytest.mark.cluster]

ROOT = Path(__file__).resolve().parents[2]
GATE = Path(sys.executable).with_name("gate")
API, RUNNER = "aaa-api", "archive-tagger"
SMALL = ("workload.replicas=1", "workload.resources.requests.cpu=20m")
SETS = {
    API: (*SMALL, "metrics.serviceMonitor.interval=1s", "metrics.serviceMonitor.scrapeTimeout=1s"),
    RUNNER: (*SMALL, "metrics.otlp.pushInterval=1s"),
}
"""What the tests install with, on top of staging's files; the doctor is told."""
SOON = 60.0

Doctor = Callable[..., "Told"]


class Told:
    """What `gate doctor --json` said."""

    def __init__(self, exit_code: int, document: Mapping[str, Any]) -> None:
        self.exit_code, self.document = exit_code, document

    @property
    def found(self) -> list[str]:
        """The ids of what was found, the first cause first."""
        return [result["id"] for result in self.document["results"] if result["found"]]

    @property
    def unseen(self) -> dict[str, str]:
        """What could not be told, and why."""
        return {r["id"]: r["cannot_tell"] for r in self.document["results"] if "cannot_tell" in r}

    @property
    def first(self) -> dict[str, Any]:
        """What was found first: id, seen, expected, do."""
        return next((result for result in self.document["results"] if result["found"]), {})

    def seen(self) -> str:
        return "\n".join(self.first.get("seen", ()))


@pytest.fixture
def doctor(namespace: Namespace, pytestconfig: pytest.Config) -> Doctor:
    """Runs `gate doctor SERVICE staging` on the release in the test's namespace."""

    def run(service: str, *more: str) -> Told:
        command = [
            str(GATE),
            "doctor",
            service,
            "staging",
            "--root",
            str(ROOT),
            "--json",
            "--namespace",
            namespace.name,
        ]
        command += ["--target", str(pytestconfig.getoption("cluster"))]
        command += [argument for pair in (*SETS[service], *more) for argument in ("--set", pair)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        return Told(done.returncode, json.loads(done.stdout))

    return run


def install(namespace: Namespace, service: str, *more: str, wait: bool = True, **overrides: Any) -> Installed:
    return namespace.install(service, "staging", overrides=over(nested((*SETS[service], *more)), overrides), wait=wait)


def ask(namespace: Namespace, release: Installed, times: int = 6) -> None:
    """Sends requests to each pod of the API, through the API server."""
    for pod in pods_of(release):
        with PortForward(namespace.cluster, namespace.name, pod.name, 8080) as forward:
            for _ in range(times):
                requests.get(f"{forward.url}/items/7", timeout=10).raise_for_status()
                requests.post(f"{forward.url}/items", json={"name": "seven"}, timeout=10).raise_for_status()


def working(namespace: Namespace, prometheus: Prometheus) -> Installed:
    """An API that is well: scraped, and asked."""
    release = install(namespace, API)
    ask(namespace, release)
    until_scraped(prometheus, release)
    return release


def patch(namespace: Namespace, kind: str, name: str, *operations: tuple[str, str, Any]) -> None:
    """Changes an object by JSON patch: (op, path, value)."""
    body = [{"op": op, "path": path, "value": value} for op, path, value in operations]
    namespace.kubectl("patch", kind, name, "--type=json", f"--patch={json.dumps(body)}")


def until_complaint(namespace: Namespace, reasons: set[str]) -> None:
    """Waits until the kubelet complains of a pod for one of these reasons."""

    def complained() -> None:
        found = [pod_complaint(pod.object) for pod in pods(namespace.cluster, namespace.name)]
        if not any(complaint and complaint.reason in reasons for complaint in found):
            raise Waiting(f"the pods say {[str(complaint) for complaint in found]}")

    eventually(complained, f"a pod to say {' or '.join(sorted(reasons))}", deadline=SOON)


def until_first(run: Callable[[], Told], cause: str, seen: str = "") -> Told:
    """Asks the doctor until the cause is the first, with this among what was seen: what nobody has noticed yet cannot be told yet."""

    def told() -> Told:
        answer = run()
        if answer.first.get("id") != cause or seen not in answer.seen():
            raise Waiting(f"the doctor found {answer.found} ({answer.seen()}), and could not tell {answer.unseen}")
        return answer

    return eventually(told, f"the doctor to say {cause}", deadline=SOON)


# The controls: a doctor that always finds something, or never, fails here.


def test_an_api_that_is_well(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    working(namespace, prometheus)
    told = doctor(API)
    assert (told.exit_code, told.found, told.unseen) == (0, [], {})


def test_a_runner_that_is_well(namespace: Namespace, doctor: Doctor) -> None:
    install(namespace, RUNNER)

    def well() -> None:
        told = doctor(RUNNER)
        assert told.found == []
        if told.exit_code:
            raise Waiting(f"it cannot tell {told.unseen}")

    eventually(well, "the first pushes to be stored", deadline=SOON)


def test_a_release_that_is_not_there(doctor: Doctor) -> None:
    told = doctor(API)
    assert (told.exit_code, told.first["id"]) == (1, "not-installed")
    assert "Helm has no release aaa-api" in told.seen()


def test_a_deployment_that_was_deleted(namespace: Namespace, doctor: Doctor) -> None:
    install(namespace, RUNNER)
    namespace.kubectl("delete", "deployment", RUNNER)
    assert "no Deployment archive-tagger" in doctor(RUNNER).seen()


def test_an_image_that_nobody_has(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    """The pods of the revision before still serve; the one that cannot start is the first cause."""
    working(namespace, prometheus)
    namespace.kubectl("set", "image", "deployment/aaa-api", "app=127.0.0.1:1/nobody-serves-this:1")
    until_complaint(namespace, {"ErrImagePull", "ImagePullBackOff"})
    told = doctor(API)
    assert told.first["id"] == "image-pull"
    assert "127.0.0.1:1/nobody-serves-this:1" in told.seen()
    assert "old-image" in told.found  # what follows from it


def test_a_module_that_the_image_lacks(namespace: Namespace, doctor: Doctor) -> None:
    overrides = {"workload": {"command": ["python3", "-c", "import a_module_that_is_not_there"]}}
    install(namespace, RUNNER, wait=False, **overrides)
    until_complaint(namespace, {"CrashLoopBackOff"})
    told = doctor(RUNNER)
    assert told.first["id"] == "missing-package"
    assert "a_module_that_is_not_there" in told.first["do"]


def test_the_extra_that_the_image_lacks(namespace: Namespace, doctor: Doctor) -> None:
    """The library's own sentence, of an interpreter in which OpenTelemetry cannot be imported."""
    program = "import sys; sys.modules['opentelemetry'] = None; import service_metrics"
    install(namespace, RUNNER, wait=False, workload={"command": ["python3", "-c", program]})
    until_complaint(namespace, {"CrashLoopBackOff"})
    told = doctor(RUNNER)
    assert told.first["id"] == "missing-package"
    assert "the OpenTelemetry SDK is not installed" in told.seen()
    assert "service-metrics[otel]" in told.first["do"]


def test_a_setting_that_the_service_refuses(namespace: Namespace, doctor: Doctor) -> None:
    install(namespace, RUNNER, "env.standard.REFERENCE_TASK_INTERVAL=soon", wait=False)
    until_complaint(namespace, {"CrashLoopBackOff"})
    told = doctor(RUNNER)
    assert told.first["id"] == "crash-loop"
    assert "REFERENCE_TASK_INTERVAL is 'soon'" in told.seen()


def test_a_limit_that_is_too_small(namespace: Namespace, doctor: Doctor) -> None:
    greedy = {
        "workload": {"resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}}},
        "env": {"standard": {"REFERENCE_MISBEHAVE": "leak", "REFERENCE_LEAK_BYTES": str(8 * 1024**3)}},
    }
    install(namespace, RUNNER, wait=False, **greedy)
    until_complaint(namespace, {"OOMKilled"})
    told = doctor(RUNNER)
    assert told.first["id"] == "out-of-memory"
    assert "64Mi" in told.seen()


def test_metrics_that_were_switched_off(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    release = working(namespace, prometheus)
    namespace.kubectl("set", "env", "deployment/aaa-api", "PROMETHEUS_METRICS_ENABLE=false")
    until_ready(release)
    told = doctor(API)
    assert told.first["id"] == "metrics-off"
    assert "PROMETHEUS_METRICS_ENABLE=false" in told.seen()
    assert "Somebody changed the Deployment after Helm had" in told.first["do"]


def test_another_backend_by_hand(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    release = working(namespace, prometheus)
    namespace.kubectl("set", "env", "deployment/aaa-api", "PROMETHEUS_BACKEND=prometheus")
    until_ready(release)
    told = doctor(API)
    assert told.first["id"] == "wrong-backend"
    assert "PROMETHEUS_BACKEND='prometheus'; the chart says 'otel', and the Deployment is the first" in told.seen()


def test_another_backend_by_values(namespace: Namespace, doctor: Doctor) -> None:
    """The checkout says otel by now; what runs was made from the values before."""
    install(namespace, API, "env.standard.PROMETHEUS_BACKEND=prometheus")
    told = doctor(API)
    assert told.first["id"] == "wrong-backend"
    assert "the release that Helm installed is the first" in told.seen()
    assert "gate deploy aaa-api staging" in told.first["do"]
    assert told.found[-1] == "release-differs"


def test_a_port_that_was_renamed(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    working(namespace, prometheus)
    patch(namespace, "service", API, ("replace", "/spec/ports/0/name", "web"))
    told = doctor(API)
    assert told.first["id"] == "port-name"
    assert (
        "ServiceMonitor aaa-api scrapes port 'http'; Service aaa-api has no port of that name, but web." in told.seen()
    )


def test_a_monitor_that_finds_no_service(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    working(namespace, prometheus)
    patch(namespace, "servicemonitor", API, ("replace", "/spec/selector/matchLabels", {"app": "another"}))
    told = doctor(API)
    assert told.first["id"] == "monitor-not-selected"
    assert "ServiceMonitor aaa-api selects app=another." in told.seen()


@pytest.mark.xdist_group("prometheus_selector")
def test_a_prometheus_that_does_not_select(
    namespace: Namespace, doctor: Doctor, prometheus: Prometheus, cluster: Cluster
) -> None:
    working(namespace, prometheus)
    with blind_to(cluster, namespace.name):
        told = doctor(API)
    assert told.first["id"] == "monitor-not-selected"
    assert f"and {namespace.name} is none of them" in told.seen()


@contextmanager
def blind_to(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Prometheus looks into every namespace but this one."""
    expression = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}

    def select(selector: Mapping[str, Any]) -> None:
        body = [{"op": "replace", "path": "/spec/serviceMonitorNamespaceSelector", "value": selector}]
        cluster.kubectl(
            "patch", "prometheus", "main", "--namespace=monitoring", "--type=json", f"--patch={json.dumps(body)}"
        )

    select({"matchExpressions": [expression]})
    try:
        yield
    finally:
        select({})


def test_a_policy_that_lets_nobody_in(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    release = working(namespace, prometheus)
    patch(namespace, "networkpolicy", API, ("replace", "/spec/ingress", []))
    until_scraped(prometheus, release, "down")
    told = doctor(API)
    assert told.first["id"] == "network-policy"
    assert "prometheus-main-0" in told.seen()
    assert "target-down" in told.found


def test_a_policy_that_lets_nobody_out(namespace: Namespace, doctor: Doctor) -> None:
    install(namespace, RUNNER)
    patch(namespace, "networkpolicy", RUNNER, ("replace", "/spec/egress", []))
    told = until_first(lambda: doctor(RUNNER), "network-policy")
    assert "TCP 4318" in told.seen()


def test_an_endpoint_by_hand(namespace: Namespace, doctor: Doctor) -> None:
    release = install(namespace, RUNNER)
    namespace.kubectl(
        "set", "env", f"deployment/{RUNNER}", "OTEL_EXPORTER_OTLP_ENDPOINT=http://elsewhere.monitoring.svc:4318"
    )
    until_ready(release)
    assert doctor(RUNNER).first["id"] == "wrong-endpoint"


def test_a_collector_that_is_not_there(namespace: Namespace, doctor: Doctor) -> None:
    endpoint = "metrics.otlp.endpoint=http://collector.nowhere.svc.cluster.local:4318"
    install(namespace, RUNNER, endpoint)
    told = doctor(RUNNER, endpoint)
    assert told.first["id"] == "wrong-endpoint"
    assert "There is no Service collector in namespace nowhere." in told.seen()


def test_a_collector_that_does_not_answer(namespace: Namespace, doctor: Doctor) -> None:
    endpoint = "metrics.otlp.endpoint=http://127.0.0.1:4318"
    install(namespace, RUNNER, endpoint)
    # the library says so too, once its exporter has given up
    told = until_first(lambda: doctor(RUNNER, endpoint), "collector-unreachable", "fails (")
    assert "cannot connect to http://127.0.0.1:4318: [Errno 111] Connection refused" in told.seen()


def test_more_samples_than_are_let_in(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    release = working(namespace, prometheus)
    patch(namespace, "servicemonitor", API, ("replace", "/spec/sampleLimit", 5))
    until_scraped(prometheus, release, "down")
    told = doctor(API)
    assert told.first["id"] == "series-rejected"
    assert "sample limit exceeded" in told.seen()


def test_an_api_that_nobody_has_asked(namespace: Namespace, doctor: Doctor, prometheus: Prometheus) -> None:
    release = install(namespace, API)
    until_scraped(prometheus, release)
    told = doctor(API)
    assert (told.exit_code, told.found) == (1, ["not-fired"])
    assert "http_requests_total is zero or absent on every page" in told.seen()

    ask(namespace, release)  # the control: it was the requests that lacked
    assert doctor(API).found == []


def test_a_release_that_is_older_than_the_checkout(
    namespace: Namespace, doctor: Doctor, prometheus: Prometheus
) -> None:
    working(namespace, prometheus)
    told = doctor(API, "metrics.budget.series=900")
    assert (told.exit_code, told.found) == (1, ["release-differs"])
    assert "metrics.budget.series is 1500 there and 900 here." in told.seen()
