"""Good evidence of three releases: one pulled, one that pushes, one that compares its backends.

Every check that the promotion policy asks of such a release passes on it, so a test spoils just one thing.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest

from chart_harness.render import Release
from promotion_gate.checks.check import Subject
from promotion_gate.contract import Contract, contract_for
from promotion_gate.evidence import (
    INSTANCE_LABEL,
    Connection,
    CpuUse,
    Evidence,
    Family,
    LogLine,
    MemoryUse,
    MetricsPage,
    Missing,
    PodLog,
    PodState,
    ProcessEnvironment,
    RuleState,
    Sample,
    ScrapeTarget,
    Substitution,
    Traffic,
    Window,
)
from promotion_gate.manifests import Judged
from promotion_gate.measurements import measurements
from promotion_gate.plan import MetricSpec, Plan
from promotion_gate.policy import POLICY_FILE, Policy, Requirement, load_policy
from promotion_gate.verdict import PolicyRecord
from promotion_gate.workload import EnvVar, Probe, Workload, resolve_env

TAKEN = datetime(2025, 11, 21, 10, 42, 7, tzinfo=UTC)
IMAGE = "reference-service:0.1.0"
MIB = 1024 * 1024
JUDGED = Judged(Path(), Release("demo", "staging", Path("demo"), ()), {})
"""Nothing was rendered: the evidence is made here."""
REAL_POLICY, _ = load_policy(Path(__file__).resolve().parents[3] / POLICY_FILE)
EVERYTHING = Policy(
    version="test",
    inventory={
        "cluster": {check: Requirement(when=needs.when) for check, needs in REAL_POLICY.inventory["cluster"].items()}
    },
)
"""A policy that requires every check that applies to a release, of however little evidence."""
EVERYTHING_RECORD = PolicyRecord(version="test", sha256="c" * 64)
WATCHED = 60
CREATED = TAKEN - timedelta(minutes=5)
"""Seconds for which memory and CPU were sampled, once a second."""
PLAN = Plan(metrics={"items_total": MetricSpec(type="counter", labels=frozenset({"kind"}))})


def _workload(role: str, env: Mapping[str, str]) -> Workload:
    literals = {
        "CUSTOM_LABELS": "service=demo,environment=staging",
        "PROMETHEUS_BACKEND": "otel",
        "METRICS_SERIES_BUDGET": "200",
        **env,
    }
    return Workload(
        name="demo",
        namespace="staging",
        role=role,
        replicas=2,
        labels={"app.kubernetes.io/name": "demo"},
        image=IMAGE,
        command=("reference-service", role),
        env=(
            EnvVar("K8S_POD_NAME", field="metadata.name"),
            *(EnvVar(name, value=value) for name, value in literals.items()),
            EnvVar("OTEL_RESOURCE_ATTRIBUTES", value="k8s.pod.name=$(K8S_POD_NAME)"),
        ),
        ports={"http": 8080},
        memory_limit=100 * MIB,
        readiness=Probe(path="/health/ready", port=8080),
        liveness=None,
        startup=None,
        grace_seconds=30,
    )


def _series(family: str, spec: MetricSpec, labels: Mapping[str, str], work: float, how: str) -> Iterator[Sample]:
    if spec.type in {"counter", "gauge"}:
        yield Sample(family, labels, work)
        return
    if spec.type == "histogram" or how == "push":
        for bound in (*(str(bound) for bound in spec.buckets), "+Inf"):
            yield Sample(f"{family}_bucket", {**labels, "le": bound}, work)
    yield Sample(f"{family}_count", labels, work)
    yield Sample(f"{family}_sum", labels, work)


def _families(contract: Contract, how: Literal["pull", "push"], work: Mapping[str, float]) -> Iterator[Family]:
    """Every family of the contract, with one series for each instance of `work`, which says how much it did."""
    for name, spec in contract.families.items():
        kind = "histogram" if how == "push" and spec.type == "summary" else spec.type
        labels = dict.fromkeys(spec.labels | contract.constant_labels, "x")
        samples = (
            sample
            for instance, value in work.items()
            for sample in _series(name, spec, {**labels, INSTANCE_LABEL: instance}, value, how)
        )
        yield Family(name, kind, tuple(samples))


def _subject(
    workload: Workload,
    pages: Sequence[MetricsPage],
    contract: Contract,
    substitution: Substitution,
    traffic: Traffic | Missing,
    lines: int,
) -> Subject:
    names = [f"demo-{ordinal}" for ordinal in range(workload.replicas)]
    replaced = {substitution.name: substitution.actual}
    evidence = Evidence(
        pods=tuple(
            PodState(
                name,
                "Running",
                ready=True,
                restarts=0,
                image=IMAGE,
                facts={"metadata.name": name},
                image_digest=f"sha256:{'d' * 64}",
                created_at=CREATED,
            )
            for name in names
        ),
        logs=tuple(
            PodLog(
                name,
                (
                    LogLine("started", TAKEN - timedelta(minutes=2)),
                    *(LogLine(f"work {n}", TAKEN - timedelta(minutes=1), 200) for n in range(lines)),
                ),
            )
            for name in names
        ),
        environments=tuple(
            ProcessEnvironment(
                name,
                pid,
                "python",
                {"PATH": "/bin", **resolve_env(workload.env, {"metadata.name": name}, replaced)},
                (substitution,),
            )
            for ordinal, name in enumerate(names)
            for pid in (100 * (ordinal + 1), 100 * (ordinal + 1) + 1)
        ),
        memory=tuple(
            MemoryUse(name, tuple((float(second), (50 + second * 7 % 11) * MIB) for second in range(WATCHED)))
            for name in names
        ),
        pages=tuple(pages),
        traffic=traffic,
        cpu=tuple(CpuUse(name, tuple((float(n), 0.1 * n + 0.01 * (n % 3)) for n in range(WATCHED))) for name in names),
        window=Window(TAKEN - timedelta(seconds=WATCHED), TAKEN),
        scrape_targets=Missing("nothing is pulled")
        if workload.pushes
        else tuple(ScrapeTarget(name, f"http://{name}/metrics", "up", "", 300, 290, 290) for name in names),
        rules=(
            RuleState("ServiceSlow", "alerting", "ok", state="inactive"),
            RuleState("ServiceMetricsMissing", "alerting", "ok", state="inactive"),
            RuleState("service:requests:rate5m", "recording", "ok"),
        ),
        connections=(
            Connection("prometheus", "demo:8080", allowed=True, reached=True),
            Connection("a stranger", "demo:8080", allowed=False, reached=False),
        ),
    )
    evidence = replace(
        evidence, moments={part.name: TAKEN for part in fields(Evidence) if part.name not in {"moments"}}
    )
    return Subject(workload, contract, evidence, measurements(evidence, workload.memory_limit))


def _http_api(backend: str, more: Callable[[str], tuple[Family, ...]] = lambda _: ()) -> Subject:
    """Two pods of two workers, each page scraped twice, 30 requests answered by each pod; `more` is on a pod's page besides."""
    workload = _workload(
        "http-api",
        {
            "PROMETHEUS_BACKEND": backend,
            "METRICS_PORT": "8080",
            "METRICS_PATH": "/metrics",
            "WEB_CONCURRENCY": "2",
        },
    )
    contract = contract_for(workload, PLAN)
    pages = [
        MetricsPage(
            pod,
            "pull",
            f"http://{pod}/metrics",
            TAKEN + timedelta(seconds=nth),
            200,
            (*_families(contract, "pull", {f"{pod}-pid-1": 20, f"{pod}-pid-2": 10}), *more(pod)),
        )
        for nth in range(2)
        for pod in ("demo-0", "demo-1")
    ]
    port = Substitution("METRICS_PORT", "8080", "21000", "replicas share this host's ports")
    took = tuple((n / 10, 0.010 + 0.001 * (n % 7)) for n in range(60))
    traffic = Traffic(sent=60, answered={200: 60}, latencies=took)
    return _subject(workload, pages, contract, port, traffic, lines=30)


@pytest.fixture(scope="session")
def pull() -> Subject:
    """An http-api on the backend otel."""
    return _http_api("otel")


def _comparisons(pod: str) -> tuple[Family, ...]:
    """What the library publishes of its comparisons: of mismatches there is no series until there is one."""
    name = "service_metrics_shadow_comparisons_total"
    samples = (Sample(name, {INSTANCE_LABEL: f"{pod}-pid-{worker}"}, 40) for worker in (1, 2))
    return (
        Family(name, "counter", tuple(samples)),
        Family("service_metrics_shadow_mismatches_total", "counter", ()),
    )


@pytest.fixture(scope="session")
def shadow() -> Subject:
    """The same http-api on both backends, compared."""
    return _http_api("shadow", _comparisons)


@pytest.fixture(scope="session")
def push() -> Subject:
    """An amqp-consumer: two pods of one worker, each of which pushed once, after 30 messages logged by each pod."""
    endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
    workload = _workload("amqp-consumer", {endpoint: "http://collector:4318"})
    contract = contract_for(workload, PLAN)
    pages = [
        MetricsPage(
            pod, "push", f"OTLP from {pod}-pid-1", TAKEN, 200, tuple(_families(contract, "push", {f"{pod}-pid-1": 30}))
        )
        for pod in ("demo-0", "demo-1")
    ]
    receiver = Substitution(endpoint, "http://collector:4318", "http://127.0.0.1:4318", "the gate's receiver")
    return _subject(workload, pages, contract, receiver, Missing("its work comes from a queue"), lines=30)


@pytest.fixture(scope="session")
def subjects(pull: Subject, push: Subject, shadow: Subject) -> Mapping[str, Subject]:
    """All three, by name."""
    return {"pull": pull, "push": push, "shadow": shadow}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout, with its charts."""
    return Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def real_page() -> bytes:
    """What a pod of aaa-api in staging answered on /metrics after 120 requests to its two workers."""
    return (Path(__file__).parent / "pages" / "aaa-api.prom").read_bytes()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], str]]:
    """Starts an HTTP server on loopback whose every request is answered by the given function; returns its base URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            do_POST = do_DELETE = do_PATCH = do_PUT = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: bound, so that nobody else gets it, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def wait() -> Callable[[Callable[[], bool]], None]:
    """Waits until a condition is true; fails if that takes more than 20 s."""

    def until(condition: Callable[[], bool]) -> None:
        deadline, never = time.monotonic() + 20, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true"
            never.wait(0.01)

    return until
