"""What the library's tests share: all backends, a meeting place of their own, an OTLP collector."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import ALLOWUTF8, UNDERSCORES
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

import service_metrics
from service_metrics.backend import HAS_GIL
from service_metrics.budget import prometheus, series_budget
from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.negotiation import Exposition
from service_metrics.exposition.openmetrics import OPENMETRICS
from service_metrics.exposition.text import TEXT
from service_metrics.recording import free_threaded
from service_metrics.recording.counter import Counter
from service_metrics.recording.enum import Enum
from service_metrics.recording.gauge import Gauge
from service_metrics.recording.histogram import Histogram
from service_metrics.recording.info import Info
from service_metrics.recording.reading import families
from service_metrics.recording.summary import Summary
from service_metrics.shadow import metrics as shadow
from service_metrics.shadow.findings import MISMATCHES, forget
from service_metrics.workers.exchange import EXCHANGE

KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")
BACKENDS = {
    "prometheus": SimpleNamespace(**{kind: getattr(prometheus_client, kind) for kind in KINDS}),
    "otel": SimpleNamespace(Counter=Counter, Gauge=Gauge, Histogram=Histogram, Summary=Summary, Info=Info, Enum=Enum),
    "otel without a GIL": SimpleNamespace(**{kind: getattr(free_threaded, kind) for kind in KINDS}),
    "shadow": SimpleNamespace(**{kind: getattr(shadow, kind) for kind in KINDS}),
}

if not HAS_GIL:  # the others are never used there: two threads would lose counts
    BACKENDS["otel"] = BACKENDS.pop("otel without a GIL")

WITHIN_BUDGET = BACKENDS | {"prometheus": SimpleNamespace(**{kind: getattr(prometheus, kind) for kind in KINDS})}
"""The classes of each backend where a budget is set: prometheus_client's own know none."""


@pytest.fixture(scope="session")
def backends() -> dict[str, SimpleNamespace]:
    """The metric classes of all backends, prometheus_client's first."""
    return BACKENDS


@pytest.fixture(scope="session")
def within_budget() -> dict[str, SimpleNamespace]:
    """The metric classes of all backends where a budget is set."""
    return WITHIN_BUDGET


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The metric classes of one backend; the library's own metrics use them too."""
    import service_metrics.http_metrics
    import service_metrics.work

    classes = BACKENDS[request.param]
    for module in (service_metrics.http_metrics, service_metrics.work):
        for kind in set(KINDS) & set(vars(module)):
            monkeypatch.setattr(module, kind, getattr(classes, kind))
    return classes


@pytest.fixture(params=list(WITHIN_BUDGET))
def api(request: pytest.FixtureRequest) -> SimpleNamespace:
    """The metric classes of one backend where a budget is set."""
    return WITHIN_BUDGET[request.param]


_PAGES: dict[str, tuple[Callable[..., bytes], Exposition]] = {
    "text": (prometheus_client.generate_latest, TEXT),
    "OpenMetrics": (generate_openmetrics, OPENMETRICS),
}


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the budget of the registries that get their first metric from then on."""

    def limit(series: int) -> None:
        monkeypatch.setattr(series_budget, "LIMIT", series)

    return limit


@pytest.fixture(params=["_created series", "none", "a budget that suffices"])
def conforms(
    request: pytest.FixtureRequest, backend: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[..., Any]], None]]:
    """Runs a scenario, given metric classes and a registry, on prometheus_client and on the backend; all must be equal.

    That is families, samples, and pages as prometheus_client and as we print them; shadow mode must see no mismatch.
    """
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.25)
    if request.param == "_created series":
        service_metrics.enable_created_metrics()

    def check(scenario: Callable[..., Any]) -> None:
        forget()
        reference, registry = CollectorRegistry(auto_describe=True), CollectorRegistry(auto_describe=True)
        scenario(BACKENDS["prometheus"], reference)
        if request.param == "a budget that suffices":
            monkeypatch.setattr(series_budget, "LIMIT", 10_000)
        scenario(WITHIN_BUDGET["prometheus"] if backend is BACKENDS["prometheus"] else backend, registry)
        assert list(map(_as_text, registry.collect())) == list(map(_as_text, reference.collect()))
        for page, (theirs, ours) in _PAGES.items():
            for escaping in (ALLOWUTF8, UNDERSCORES):
                expected = theirs(reference, escaping)
                assert b"# TYPE" in expected
                assert theirs(registry, escaping) == expected, f"{page} as prometheus_client prints it, {escaping}"
                printed = b"".join(ours.render(families(registry), ConstantLabels(), escaping))
                assert printed == expected, f"{page} as we print it, {escaping}"
        assert [sample for family in MISMATCHES.collect() for sample in family.samples] == []

    yield check
    service_metrics.disable_created_metrics()


def _as_text(family: prometheus_client.Metric) -> list[str]:
    """Everything about a family, comparable although NaN is not equal to itself and 1 may stand for 1.0."""
    head = f"{family.name} {family.type} {family.unit} {family.documentation}"
    samples = []
    for sample in family.samples:
        exemplar = sample.exemplar and sample.exemplar._replace(value=float(sample.exemplar.value))
        samples.append(repr(sample._replace(value=float(sample.value), exemplar=exemplar)))
    return [head, *samples]


@pytest.fixture(autouse=True)
def meeting_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory of the test's own, so that no other test's process is a sibling."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    EXCHANGE.leave()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("METRICS_", "OTEL_", "PROMETHEUS_")) or name in ("ENABLE_METRICS", "CUSTOM_LABELS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Runs a script in a process and process group of its own, returns what it printed, fails with its error output."""

    def run(script: str, *arguments: str, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), *arguments],
            start_new_session=True,
            env={**os.environ, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


class Collector:
    """An OTLP/HTTP endpoint that decodes what it gets and answers with scripted status codes, then with 200."""

    def __init__(self) -> None:
        self.requests: Queue[ExportMetricsServiceRequest] = Queue()
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.headers.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                # before the answer: who has it finds the request in the queue
                collector.requests.put(ExportMetricsServiceRequest.FromString(body))
                self.send_response(collector.statuses.pop(0) if collector.statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def drain(self) -> list[ExportMetricsServiceRequest]:
        """Everything received and not yet taken."""
        return [self.requests.get() for _ in range(self.requests.qsize())]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A running collector, with OTEL_EXPORTER_OTLP_ENDPOINT pointing at it."""
    started = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", started.endpoint)
    yield started
    started.close()


def resource_of(request: ExportMetricsServiceRequest) -> dict[str, str]:
    """The resource attributes of an export."""
    [resource_metrics] = request.resource_metrics
    return {pair.key: pair.value.string_value for pair in resource_metrics.resource.attributes}


def metrics_of(request: ExportMetricsServiceRequest) -> dict[str, Any]:
    """The metrics of an export, by name."""
    [resource_metrics] = request.resource_metrics
    [scope_metrics] = resource_metrics.scope_metrics
    found = {metric.name: metric for metric in scope_metrics.metrics}
    assert len(found) == len(scope_metrics.metrics), "a name was exported twice"
    return found


def attributes_of(point: Any) -> dict[str, str]:
    """The attributes of a data point; a value that is not a string fails."""
    assert all(pair.value.WhichOneof("value") == "string_value" for pair in point.attributes)
    return {pair.key: pair.value.string_value for pair in point.attributes}


@pytest.fixture
def otlp() -> SimpleNamespace:
    """Readers of a decoded export."""
    return SimpleNamespace(resource_of=resource_of, metrics_of=metrics_of, attributes_of=attributes_of)
