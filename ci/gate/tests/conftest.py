"""Good evidence of two releases, one pulled and one that pushes: every check passes on both, so a test spoils just one thing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest

from chart_harness.render import Release
from promotion_gate import checks
from promotion_gate.checks.check import Subject
from promotion_gate.contract import Contract, contract_for
from promotion_gate.evidence import (
    INSTANCE_LABEL,
    Evidence,
    Family,
    LogLine,
    MemoryUse,
    MetricsPage,
    Missing,
    PodLog,
    PodState,
    ProcessEnvironment,
    Sample,
    Substitution,
    Traffic,
)
from promotion_gate.manifests import Judged
from promotion_gate.plan import MetricSpec, Plan
from promotion_gate.policy import Policy, Requirement
from promotion_gate.verdict import PolicyRecord
from promotion_gate.workload import EnvVar, Probe, Workload, resolve_env

TAKEN = datetime(2025, 11, 21, 10, 42, 7, tzinfo=UTC)
IMAGE = "reference-service:0.1.0"
MIB = 1024 * 1024
JUDGED = Judged(Path(), Release("demo", "staging", Path("demo"), ()), {})
"""Nothing was rendered: the evidence is made here."""
EVERYTHING = Policy(version="test", inventory={"cluster": {check.id: Requirement() for check in checks.ALL}})
"""A policy that requires every check, of however little evidence."""
EVERYTHING_RECORD = PolicyRecord(version="test", sha256="c" * 64)
PLAN = Plan(metrics={"items_total": MetricSpec(type="counter", labels=frozenset({"kind"}))})


def _workload(role: str, env: Mapping[str, str]) -> Workload:
    literals = {"CUSTOM_LABELS": "service=demo,environment=staging", "PROMETHEUS_BACKEND": "otel", **env}
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
        memory=tuple(MemoryUse(name, ((0.0, 40 * MIB), (1.0, 60 * MIB), (2.0, 50 * MIB))) for name in names),
        pages=tuple(pages),
        traffic=traffic,
    )
    return Subject(workload, contract, evidence)


@pytest.fixture(scope="session")
def pull() -> Subject:
    """An http-api: two pods of two workers, each page scraped twice, 30 requests answered by each pod."""
    workload = _workload("http-api", {"METRICS_PORT": "8080", "METRICS_PATH": "/metrics", "WEB_CONCURRENCY": "2"})
    contract = contract_for(workload, PLAN)
    pages = [
        MetricsPage(
            pod,
            "pull",
            f"http://{pod}/metrics",
            TAKEN + timedelta(seconds=nth),
            200,
            tuple(_families(contract, "pull", {f"{pod}-pid-1": 20, f"{pod}-pid-2": 10})),
        )
        for nth in range(2)
        for pod in ("demo-0", "demo-1")
    ]
    port = Substitution("METRICS_PORT", "8080", "21000", "replicas share this host's ports")
    return _subject(workload, pages, contract, port, Traffic(sent=60, answered={200: 60}), lines=30)


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

            do_POST = do_DELETE = do_GET

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
