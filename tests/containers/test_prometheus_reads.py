"""A real Prometheus and its promtool read what the library writes, in every format, without a complaint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import prometheus_client
import pytest
import requests
import yaml
from docker.types import Mount
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import ALLOWUTF8, UNDERSCORES, escape_label_name, escape_metric_name
from prometheus_client.parser import text_string_to_metric_families

from chart_harness.host_ports import PortLease
from cluster_images.provide import provided
from service_metrics.page import Page
from service_metrics.page_server import PageServer
from service_metrics.recording.counter import Counter
from service_metrics.recording.enum import Enum
from service_metrics.recording.gauge import Gauge
from service_metrics.recording.histogram import Histogram
from service_metrics.recording.info import Info
from service_metrics.recording.summary import Summary
from service_metrics.settings import Settings
from service_metrics.workers.directory import WorkerDirectory
from service_metrics.workers.exchange import EXCHANGE

if TYPE_CHECKING:
    from chart_harness.containers.service import ServiceContainer
    from chart_harness.fixtures.containers import ContainerFactory

pytestmark = pytest.mark.live

BACKENDS = {
    "prometheus": prometheus_client,
    "otel": SimpleNamespace(Counter=Counter, Gauge=Gauge, Histogram=Histogram, Summary=Summary, Info=Info, Enum=Enum),
}
FORMATS = {  # by what Prometheus calls a protocol: the content type it gets, and what becomes of names in UTF-8
    "PrometheusText0.0.4": ("text/plain; version=0.0.4", UNDERSCORES),
    "PrometheusText1.0.0": ("text/plain; version=1.0.0", ALLOWUTF8),
    "OpenMetricsText1.0.0": ("application/openmetrics-text; version=1.0.0", ALLOWUTF8),
    "PrometheusProto": ("application/vnd.google.protobuf; proto", UNDERSCORES),  # it does not ask for more
}
WITH_EXEMPLARS = ("OpenMetricsText1.0.0", "PrometheusProto")
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def fill(backend: Any) -> CollectorRegistry:
    """One family of each type, names and label values as bad as they get, and the process collectors."""
    registry = CollectorRegistry()
    requests_total = backend.Counter("requests", 'Of "all"\nkinds \\.', ["path", "http.method"], registry=registry)
    requests_total.labels("/items/{id}", "GET").inc(3, exemplar={"trace_id": "abc"})
    requests_total.labels('"\\\n', "ü").inc(12_345_678)
    latency = backend.Histogram("latency", "L.", ["zone"], unit="seconds", buckets=[0.1, 1], registry=registry)
    for zone, seconds in (("a", 0.05), ("a", 0.3), ("b", 1e300)):
        latency.labels(zone).observe(seconds, exemplar={"trace_id": zone})
    backend.Gauge('in "progress" {now}', "G.", registry=registry).set(float("-inf"))
    backend.Summary("size_bytes", "S.", registry=registry).observe(-1.5)
    backend.Info("build", "I.", registry=registry).info({"version": "1"})
    backend.Enum("state", "E.", states=["on", "off"], registry=registry).state("off")
    for collector in (
        prometheus_client.ProcessCollector,
        prometheus_client.PlatformCollector,
        prometheus_client.GCCollector,
    ):
        collector(registry=registry)
    return registry


class Recording(Page):
    """A page that remembers the content types it has answered with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, Settings(custom_labels=(("service", "it's"),)))
        self.content_types: set[str] = set()

    def answer(self, accept: str, accept_encoding: str) -> tuple[dict[str, str], bytes]:
        headers, body = super().answer(accept, accept_encoding)
        self.content_types.add(headers["content-type"])
        return headers, body


class Cut(Page):
    """A page that ends before its last value."""

    def answer(self, accept: str, accept_encoding: str) -> tuple[dict[str, str], bytes]:  # noqa: ARG002 - the base class's
        headers, body = super().answer(accept, "")
        body = body[: body.rindex(b" ") + 1]
        return {**headers, "content-length": str(len(body))}, body


class Prometheus:
    """A running Prometheus."""

    def __init__(self, container: ServiceContainer, url: str) -> None:
        self.container = container
        self.url = url

    def get(self, path: str, **query: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url + path, params=query, timeout=10)

    def ask(self, path: str, **query: str) -> Any:
        return self.get(f"/api/v1/{path}", **query).json()["data"]

    def is_ready(self) -> bool:
        try:
            return self.get("/-/ready").ok
        except requests.ConnectionError:
            return False

    def targets(self) -> dict[str, tuple[str, str]]:
        """Health and last error by job."""
        return {t["scrapePool"]: (t["health"], t["lastError"]) for t in self.ask("targets")["activeTargets"]}

    def series(self, selector: str, *without: str) -> Series:
        """Values by name and labels, some labels left out."""
        found = {}
        for one in self.ask("query", query=selector)["result"]:
            labels = {name: value for name, value in one["metric"].items() if name not in without}
            found[labels.pop("__name__"), frozenset(labels.items())] = float(one["value"][1])
        return found

    def complaints(self) -> list[str]:
        """What its log warns of, and its counters of samples that it dropped."""
        dropped = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in dropped for sample in family.samples]
        counted = [
            f"{s.name} is {s.value}" for s in samples if s.name.startswith("prometheus_target_scrapes_") and s.value
        ]
        return counted + [line for line in self.container.logs().splitlines() if "level=INFO" not in line]

    def promtool(self, page: bytes) -> tuple[int, str]:
        """Exit code and output of `promtool check metrics`."""
        return self.container.feed(page, "/bin/promtool", "check", "metrics")


@pytest.fixture(autouse=True)
def _meeting_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of the test's own: the pages of another test that runs at the same time are no siblings of these."""
    directory = WorkerDirectory(tmp_path / "workers" / "0")
    monkeypatch.setattr(WorkerDirectory, "of_this_service", lambda: directory)
    yield
    EXCHANGE.leave()


@pytest.fixture(scope="session")
def service_image() -> str:
    """What `service_container` runs here."""
    return provided("prometheus")["prometheus"]


Start = Callable[[Mapping[str, Page]], Prometheus]


@pytest.fixture
def prometheus(service_container: ContainerFactory, until: Callable[..., Any], tmp_path: Path) -> Iterator[Start]:
    """`prometheus({"name": page})`: a Prometheus that scrapes each page in each format, as job `<name> <protocol>`."""
    with ExitStack() as at_the_end:

        def start(pages: Mapping[str, Page]) -> Prometheus:
            jobs = []
            for name, page in pages.items():
                server = PageServer(page, 0)
                at_the_end.callback(server.close)
                targets = [{"targets": [f"127.0.0.1:{server.port}"]}]
                jobs += [
                    {"job_name": f"{name} {protocol}", "scrape_protocols": [protocol], "static_configs": targets}
                    for protocol in FORMATS
                ]
            configuration = tmp_path / "prometheus.yml"
            intervals = {"scrape_interval": "1s", "scrape_timeout": "1s"}
            configuration.write_text(yaml.safe_dump({"global": intervals, "scrape_configs": jobs}), encoding="utf-8")
            lease = PortLease()
            at_the_end.callback(lease.release)
            container = service_container(
                "--config.file=/etc/prometheus.yml",
                "--storage.tsdb.path=/tmp/data",
                f"--web.listen-address=127.0.0.1:{lease.port}",
                "--web.enable-otlp-receiver",
                "--enable-feature=exemplar-storage",
                wait=None,
                port=None,
                options={  # where the pages' loopback ports are
                    "network_mode": "host",
                    "mounts": [Mount("/etc/prometheus.yml", str(configuration), type="bind", read_only=True)],
                },
            )
            started = Prometheus(container, f"http://127.0.0.1:{lease.port}")
            until(started.is_ready, "Prometheus is ready", 30)
            return started

        yield start


def steady(series: Series) -> Series:
    """Without what changes from scrape to scrape."""
    return {key: value for key, value in series.items() if not key[0].startswith(("process_", "python_"))}


def expected(page: Recording, registry: CollectorRegistry, escaping: str) -> Series:
    """What Prometheus must have of a registry."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            name = sample.name if escaping == ALLOWUTF8 else escape_metric_name(sample.name, escaping)
            labels = {
                "service": "it's",
                "service_instance_id": f"{os.uname().nodename}-pid-{os.getpid()}",
                **sample.labels,
            }
            if escaping != ALLOWUTF8:
                labels = {escape_label_name(label, escaping): value for label, value in labels.items()}
            found[name, frozenset(labels.items())] = sample.value
    return found


def test_every_format_of_both_backends(prometheus: Start, until: Callable[..., Any]) -> None:
    registries = {name: fill(backend) for name, backend in BACKENDS.items()}
    pages = {name: Recording(registry) for name, registry in registries.items()}
    started = prometheus(pages)
    healthy = {f"{name} {protocol}": ("up", "") for name in pages for protocol in FORMATS}
    until(lambda: started.targets() == healthy, f"all targets are up: {started.targets()}")
    for name, page in pages.items():
        for protocol, (content_type, escaping) in FORMATS.items():
            assert [one for one in page.content_types if one.startswith(content_type)] != []
            job = f"{name} {protocol}"
            stored = started.series(f'{{job="{job}",service_instance_id!=""}}', "job", "instance")
            assert steady(stored) == steady(expected(page, registries[name], escaping))
            assert len(stored) > len(steady(stored))
            exemplars = started.ask("query_exemplars", query=f'{{job="{job}"}}', start="0", end="4e9")
            traces = {one["labels"]["trace_id"] for series in exemplars for one in series["exemplars"]}
            assert traces == ({"abc", "a", "b"} if protocol in WITH_EXEMPLARS else set())
        assert started.promtool(page.own()) == (0, "")
    assert started.complaints() == []


def test_a_page_that_is_cut_is_refused(prometheus: Start, until: Callable[..., Any]) -> None:
    """The control: what both of them refuse is seen."""
    page = Cut(fill(BACKENDS["otel"]), Settings())
    started = prometheus({"cut": page})
    until(lambda: {health for health, _ in started.targets().values()} == {"down"}, "all targets are down")
    assert all(error for _, error in started.targets().values())
    code, output = started.promtool(page.answer("", "")[1])
    assert code != 0
    assert "parsing error" in output


PUSHER = """
import service_metrics
service_metrics.Counter("requests", "R.", ["path"]).labels("/").inc(3)
service_metrics.Histogram("latency", "L.", unit="seconds", buckets=[0.1, 1]).observe(0.3)
service_metrics.Gauge("in_progress", "G.").set(2)
with service_metrics.publish() as publication:
    print(publication.delivery)
"""


def test_the_otlp_receiver(prometheus: Start, until: Callable[..., Any]) -> None:
    started = prometheus({})
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "METRICS_"))},
        "PROMETHEUS_BACKEND": "otel",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{started.url}/api/v1/otlp",
        "OTEL_SERVICE_NAME": "pusher",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PUSHER], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("push\n", "")
    until(lambda: started.series('{job="pusher"}'), "what is pushed is there")
    stored = started.series('{job="pusher"}', "job", "instance")
    assert stored["requests_total", frozenset({("path", "/")})] == 3
    assert stored["in_progress", frozenset()] == 2
    assert stored["latency_seconds_count", frozenset()] == 1
    buckets = {
        dict(labels)["le"]: value for (name, labels), value in stored.items() if name == "latency_seconds_bucket"
    }
    assert buckets == {"0.1": 0, "1": 1, "+Inf": 1}  # the receiver writes 1 where a page has 1.0
    assert started.complaints() == []
