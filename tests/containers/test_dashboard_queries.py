"""Every query of the dashboards and rules is answered by what the services really export, pulled and pushed.

The chart renders a service; its processes run as it says; a real Prometheus gets its numbers, has its rules, and is asked.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from docker.types import Mount

from chart_harness.fleet import service_release
from chart_harness.frozen import thaw
from chart_harness.host_ports import PortLease
from chart_harness.promtool.rule import Rules, selectors
from chart_harness.render import Release
from cluster_images.provide import provided
from promotion_gate.workload import read_workload, resolve_env
from tests.containers.declared import ROOT
from tests.containers.test_prometheus_reads import Prometheus

if TYPE_CHECKING:
    from chart_harness.fixtures.containers import ContainerFactory

pytestmark = pytest.mark.live

WORKERS = {"aaa-api": 2, "event-recorder": 1, "archive-tagger": 1}
RELEASES = [
    ("aaa-api", "staging"),
    ("aaa-api", "production"),
    ("event-recorder", "staging"),
    ("event-recorder", "production"),
    ("archive-tagger", "staging"),
    ("archive-tagger", "production"),
]
"""Both backends; staging pushes, but for the API."""
DROPPED = "service_metrics_dropped_series_total"
BUDGET = {"aaa-api": 200, "event-recorder": 1000, "archive-tagger": 1000}
"""Series of a pod; the API's is used up."""


@dataclass
class Running:
    """A service that runs and works, and the Prometheus that has its numbers and rules."""

    service: str
    release: Release
    prometheus: Prometheus

    @property
    def dashboard(self) -> dict[str, list[str]]:
        """Queries by the title of their panel."""
        [text] = self.release.one("ConfigMap")["data"].values()
        return {panel["title"]: [t["expr"] for t in panel["targets"]] for panel in json.loads(text)["panels"]}

    @property
    def queries(self) -> list[str]:
        rules = Rules(thaw(self.release.one("PrometheusRule")["spec"]["groups"]))
        return [query for panel in self.dashboard.values() for query in panel] + [rule.expr for rule in rules.all]

    def ask(self, query: str) -> list[tuple[Mapping[str, str], float]]:
        """Labels and values, without those that are no number: nothing was done in some stretch of time."""
        result = self.prometheus.ask("query", query=filled(query))["result"]
        samples = [(sample["metric"], float(sample["value"][1])) for sample in result]
        return [(labels, value) for labels, value in samples if value == value]  # noqa: PLR0124

    def panel(self, title: str, number: int = 0) -> list[tuple[Mapping[str, str], float]]:
        return self.ask(self.dashboard[title][number])

    def unanswered(self, queries: list[str]) -> set[str]:
        """What queries read and Prometheus has never had."""
        asked = {selector.prettify().strip() for query in queries for selector in selectors(filled(query))}
        return {text for text in asked if not self.ask(f"last_over_time({text}[5m])")}

    def unheard(self) -> set[str]:
        """What may be missing: only the API has labels enough to use its budget up."""
        asked = {selector.prettify().strip() for query in self.queries for selector in selectors(filled(query))}
        return set() if self.service == "aaa-api" else {text for text in asked if text.startswith(DROPPED)}


def filled(query: str) -> str:
    """As Grafana asks it; every other query has no variable."""
    return query.replace("$__rate_interval", "30s")


@pytest.fixture(scope="session")
def service_image() -> str:
    """What `service_container` runs here; the service itself is a process, so that no image is built for it."""
    return provided("prometheus")["prometheus"]


@pytest.fixture(params=RELEASES, ids="-".join)
def running(
    request: pytest.FixtureRequest, service_container: ContainerFactory, until: Callable[..., Any], tmp_path: Path
) -> Iterator[Running]:
    """A service, with work that fails now and then, until everything it exports and all rules have a value."""
    service, environment = request.param
    with ExitStack() as at_the_end:
        pages, prometheus = PortLease(), PortLease()
        at_the_end.callback(pages.release)
        at_the_end.callback(prometheus.release)
        url = f"http://127.0.0.1:{prometheus.port}"
        release = service_release(ROOT, service, environment, overrides=values(service, pages.port, url))
        started = Prometheus(
            service_container(
                "--config.file=/etc/prometheus/prometheus.yml",
                "--storage.tsdb.path=/tmp/data",
                f"--web.listen-address=127.0.0.1:{prometheus.port}",
                "--web.enable-otlp-receiver",
                wait=None,
                port=None,
                options={
                    "network_mode": "host",
                    "mounts": [
                        Mount("/etc/prometheus", configuration(release, pages.port, tmp_path), "bind", read_only=True)
                    ],
                },
            ),
            url,
        )
        until(started.is_ready, "Prometheus is ready", 30)
        at_the_end.enter_context(processes(release, tmp_path))
        if service == "aaa-api":
            at_the_end.enter_context(callers(pages.port))
        found = Running(service, release, started)
        until(
            lambda: found.unanswered(found.queries) <= found.unheard(), f"all that is asked of {service} is there", 60
        )
        yield found


def values(service: str, port: int, prometheus: str) -> dict[str, Any]:
    return {
        "metrics": {
            "port": port,
            "workers": WORKERS[service],
            "slo": {"availability": 50, "latency": {"p99": "1s"}},
            "budget": {"series": BUDGET[service]},
            "otlp": {"endpoint": f"{prometheus}/api/v1/otlp", "pushInterval": "1s"},
        }
    }


def configuration(release: Release, port: int, folder: Path) -> str:
    """Prometheus' files: as the operator would write them, but for the seconds. Returns their folder."""
    groups = thaw(release.one("PrometheusRule")["spec"]["groups"])
    for group in groups:
        group["interval"] = "1s"
    target = {"namespace": release.namespace, "service": release.name, "pod": socket.gethostname(), "endpoint": "http"}
    job = {
        "job_name": release.name,
        "honor_labels": True,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": target}],
    }
    content = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["/etc/prometheus/rules.yml"],
        "scrape_configs": [job] if release.of_kind("ServiceMonitor") else [],
        "otlp": {"promote_resource_attributes": ["service.instance.id"]},
    }
    folder = folder / "prometheus"
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    folder.chmod(0o755)
    return str(folder)


@contextmanager
def processes(release: Release, folder: Path) -> Iterator[None]:
    """The service's processes as its chart has them, in a session of their own, until the block ends."""
    workload = read_workload(release)
    facts = {"metadata.name": "pod", "metadata.namespace": "x", "metadata.uid": "0", "spec.nodeName": "node"}
    mine = ("OTEL_", "METRICS_", "PROMETHEUS_")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(mine)},
        **resolve_env(workload.env, facts),
        "REFERENCE_MISBEHAVE": "errors,bad-label",
        "AMQP_URL": "",  # the consumer then feeds itself
        "TMPDIR": str(folder),
        "NO_PROXY": "127.0.0.1",
    }
    command = [str(Path(sys.executable).with_name(workload.command[0])), *workload.command[1:]]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def callers(port: int) -> Iterator[None]:
    """Give an API something to do all the time; the other roles work by themselves."""
    stop = Event()

    def call() -> None:
        for number in itertools.count():
            with suppress(requests.RequestException), requests.Session() as session:  # a new one finds another worker
                session.trust_env = False
                session.get(f"http://127.0.0.1:{port}/items/{'7' * (number % 60 + 1)}", timeout=5)
            if stop.wait(0.02):
                return

    thread = Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_every_query_is_answered(running: Running, until: Callable[..., Any]) -> None:
    def healthy() -> bool:
        groups = running.prometheus.ask("rules")["groups"]
        states = [(rule["health"], rule.get("lastError", "")) for group in groups for rule in group["rules"]]
        assert not [error for _, error in states if error]
        return {state for state, _ in states} == {"ok"}

    until(healthy, "every rule has been evaluated without an error", 30)
    for title, queries in running.dashboard.items():
        for query in queries:
            assert until(lambda query=query: running.ask(query), f"{title} shows something: {query}"), query

    # What comes back is what is so.
    workers = WORKERS[running.service]
    pod = socket.gethostname()
    assert [(labels["pod"], value) for labels, value in running.panel("Worker processes")] == [(pod, workers)]
    assert [value for _, value in running.panel("Restarts")] == [0]
    assert len(running.panel("In progress, by worker")) == workers
    until(lambda: 15 <= running.panel("Failures")[0][1] <= 25, "every fifth unit of work fails")
    [(labels, memory)] = running.panel("Memory against limit")
    assert labels["pod"] == pod
    assert workers * 20e6 < memory < workers * 400e6
    [(labels, series)] = running.panel("Series")
    assert 20 < series <= BUDGET[running.service]
    statuses = {labels["status"] for labels, _ in running.ask(next(iter(running.dashboard.values()))[0])}
    assert statuses == {"200", "500"}
    bounds = {float(labels["le"]) for labels, _ in running.panel("Durations")}
    assert bounds == {0.05, 0.1, 0.3, 1.0, 3.0, 5.0, float("inf")}

    def left(slo: str) -> float:
        return {labels["slo"]: value for labels, value in running.panel("Budget for failures left")}[slo]

    until(lambda: abs(left("availability") - (1 - 0.2 / 0.5)) < 0.15, "a fifth fails where half may", 45)
    assert left("latency-p99") == pytest.approx(1)


@pytest.mark.parametrize("running", [("archive-tagger", "production")], indirect=True)
def test_a_name_that_nobody_exports_is_found(running: Running) -> None:
    """The control: one letter too many in a name, a label or a value."""
    right = 'sum(rate(task_runs_total{service="archive-tagger",environment="production",status="200"}[5m]))'
    assert running.unanswered([right]) == set()
    for wrong in (
        right.replace("_total", "_totals"),
        right.replace("service=", "services="),
        right.replace("production", "staging"),
        right.replace('"200"', '"2000"'),
    ):
        assert len(running.unanswered([right, wrong])) == 1
