"""Ports, and how Prometheus scrapes them. What lets Prometheus in is in scrape_access.py."""

from __future__ import annotations

from typing import Any

from tests.charts.blocks import metrics, monitor, workload
from tests.charts.sentences import Sentence

POD_MONITOR = {"podMonitor": {"enabled": True}}
QUIET = {"alerts": {"enabled": False}, "dashboard": {"enabled": False}}  # they select by what honorLabels false renames
LOST = "so every scrape would be lost: raise it"


def limit(name: str, value: int, rest: str, **more: Any) -> Sentence:
    """A limit that is too low, and what follows it in the sentence."""
    key = f"metrics.serviceMonitor.limits.{name}"
    return "aaa-api", {**monitor(limits={name: value}), **more}, f"{key} is {value}, but {rest}"


PORTS: list[Sentence] = [
    (
        "aaa-api",
        monitor(port="metrics"),
        'metrics.serviceMonitor.port is "metrics", but the service\'s ports are named http: use one of these, or leave it out.',
    ),
    (
        "aaa-api",
        {**monitor(port="web"), **workload(extraPorts={"grpc": 9000})},
        'metrics.serviceMonitor.port is "web", but the service\'s ports are named grpc, http: use one of these, or leave it out.',
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"port": "web"}, **POD_MONITOR),
        'metrics.serviceMonitor.port is "web", but the service\'s ports are named http: use one of these, or leave it out.',
    ),
    (
        "aaa-api",
        monitor(endpoints={"proxy": {"port": "envoy"}}),
        'metrics.serviceMonitor.endpoints.proxy.port is "envoy", but the service\'s ports are named http: '
        "use one of these, or leave it out.",
    ),
    (
        "aaa-api",
        workload(extraPorts={"http": 9000}),
        "workload.extraPorts.http has the name of the port that metrics.port declares: "
        "give it another name, or change metrics.portName.",
    ),
    (
        "aaa-api",
        workload(extraPorts={"grpc": 8080}),
        "workload.extraPorts.grpc is 8080, the number of the port `http`: one number is one port, so declare it once.",
    ),
]
PAGES: list[Sentence] = [
    (
        "aaa-api",
        monitor(scrapeTimeout="2m"),
        "metrics.serviceMonitor.scrapeTimeout is 2m, longer than metrics.serviceMonitor.interval (30s): "
        "the operator refuses that, so make it shorter.",
    ),
    (
        "aaa-api",
        monitor(endpoints={"business": {"path": "/business", "interval": "5s"}}),
        "metrics.serviceMonitor.endpoints.business.scrapeTimeout is 10s, longer than "
        "metrics.serviceMonitor.endpoints.business.interval (5s): the operator refuses that, so make it shorter.",
    ),
    (
        "aaa-api",
        monitor(endpoints={"again": {"interval": "1m"}}),
        "metrics.serviceMonitor.endpoints.again is the page /metrics on the port http, which metrics.serviceMonitor scrapes "
        "already: give it a port or a path of its own.",
    ),
    (
        "aaa-api",
        monitor(endpoints={"again": {}}),
        "metrics.serviceMonitor.endpoints.again is the page /metrics on the port http, which metrics.serviceMonitor scrapes "
        "already: give it a port or a path of its own.",
    ),
    (
        "aaa-api",
        monitor(endpoints={"a": {"path": "/x"}, "b": {"path": "/x"}}),
        "metrics.serviceMonitor.endpoints.b is the page /x on the port http, which metrics.serviceMonitor.endpoints.a scrapes "
        "already: give it a port or a path of its own.",
    ),
    (
        "aaa-api",
        monitor(labels={"app.kubernetes.io/name": "x"}),
        "metrics.serviceMonitor.labels has app.kubernetes.io/name, which the chart sets itself: leave it out.",
    ),
    (
        "aaa-api",
        monitor(labels={"helm.sh/chart": "x"}),
        "metrics.serviceMonitor.labels has helm.sh/chart, which the chart sets itself: leave it out.",
    ),
    (
        "aaa-api",
        monitor(jobLabel="the job"),
        'metrics.serviceMonitor.jobLabel is "the job", which no label is called: '
        "write the name of a label of the Service, as in app.kubernetes.io/name.",
    ),
]
LIMITS: list[Sentence] = [
    (
        "aaa-api",
        metrics(budget={"labels": 14}),
        "metrics.budget.labels is 14, but series of this service have 15 labels, Prometheus' own among them, "
        f"{LOST}, or set 0 for no limit.",
    ),
    (
        "aaa-api",
        metrics(budget={"labels": 16}, customLabels={"team": "x"}, serviceMonitor={"honorLabels": False}, **QUIET),
        "metrics.budget.labels is 16, but series of this service have 17 labels, Prometheus' own among them, "
        f"{LOST}, or set 0 for no limit.",
    ),
    limit("labelNameLengthLimit", 18, f"a label of this service has a name of 19 characters, {LOST}."),
    limit("labelValueLengthLimit", 39, f"names of metrics and service_instance_id have up to 40 characters, {LOST}."),
    limit(
        "labelValueLengthLimit",
        60,
        f"names of metrics and service_instance_id have up to 61 characters, {LOST}.",
        metrics={
            "namespace": "a" * 20,
            "subsystem": "web",
            "serviceMonitor": {"limits": {"labelValueLengthLimit": 60}},
        },
    ),
    limit("targetLimit", 2, "3 pods run during a rollout, and above the limit none is scraped: raise it."),
]
SENTENCES = PORTS + PAGES + LIMITS


def no_kind(kind: str) -> str:
    """What is said when the cluster must know a kind and does not."""
    return (
        f'metrics.serviceMonitor.create is "always", but the cluster does not know monitoring.coreos.com/v1 {kind}: '
        "install the Prometheus operator's CRDs, give `helm template` "
        f"`--api-versions monitoring.coreos.com/v1/{kind}`, or set it to auto."
    )


WITHOUT_CRDS: list[Sentence] = [
    ("aaa-api", monitor(create="always"), no_kind("ServiceMonitor")),
    ("aaa-api", metrics(serviceMonitor={"create": "always"}, **POD_MONITOR), no_kind("PodMonitor")),
]
