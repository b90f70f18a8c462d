"""TLS, users and tokens that would not let Prometheus in."""

from __future__ import annotations

from typing import Any

from tests.charts.blocks import metrics, monitor
from tests.charts.sentences import Sentence

SECRET = {"name": "scrape", "key": "value"}
HALF = "needs both name and key, of the Secret and of the value in it: set what is missing, or leave it out."


def refused(rest: str, **values: Any) -> Sentence:
    """Values of the monitor, and what follows `metrics.serviceMonitor` in the sentence."""
    return "aaa-api", monitor(**values), f"metrics.serviceMonitor{rest}"


HALVES = [
    refused(f".{block}.{name} {HALF}", scheme="https", **{block: {name: half}})
    for block, name in [
        ("tlsConfig", "ca"),
        ("tlsConfig", "cert"),
        ("tlsConfig", "keySecret"),
        ("basicAuth", "username"),
        ("basicAuth", "password"),
        ("authorization", "credentials"),
    ]
    for half in [{"name": "scrape"}, {"key": "value"}, {}]
]
SENTENCES: list[Sentence] = [
    *HALVES,
    refused(
        ".tlsConfig is set, but metrics.serviceMonitor.scheme is http, which has no TLS: "
        "set the scheme to https, or leave tlsConfig out.",
        tlsConfig={"insecureSkipVerify": True},
    ),
    *[
        refused(
            ".tlsConfig needs both cert and keySecret, as a certificate is of no use without its key: "
            "set the one that is missing, or neither.",
            scheme="https",
            tlsConfig={only: SECRET},
        )
        for only in ("cert", "keySecret")
    ],
    *[
        refused(
            ".basicAuth needs both username and password: set the one that is missing, or neither.",
            basicAuth={only: SECRET},
        )
        for only in ("username", "password")
    ],
    refused(
        " has both basicAuth and authorization, but a request has one Authorization header: leave one of them out.",
        basicAuth={"username": SECRET, "password": SECRET},
        authorization={"credentials": SECRET},
    ),
    refused(
        ".authorization has no credentials: name the Secret and the key where the token is.",
        authorization={"type": "Bearer"},
    ),
    refused(
        ".authorization.type is Basic, which Prometheus does not take here: use metrics.serviceMonitor.basicAuth.",
        authorization={"type": "Basic", "credentials": SECRET},
    ),
]
LOST = (
    "is set, but the cluster does not know monitoring.coreos.com/v1 {}, and prometheus.io annotations cannot say it: "
    "install the Prometheus operator's CRDs, leave it out, or set metrics.serviceMonitor.create to never."
)
WITHOUT_CRDS: list[Sentence] = [
    *[
        (
            "aaa-api",
            monitor(scheme="https", **{key: value}),
            f"metrics.serviceMonitor.{key} {LOST.format('ServiceMonitor')}",
        )
        for key, value in {
            "tlsConfig": {"serverName": "aaa-api"},
            "basicAuth": {"username": SECRET, "password": SECRET},
            "authorization": {"credentials": SECRET},
            "endpoints": {"business": {"path": "/business"}},
        }.items()
    ],
    (
        "aaa-api",
        metrics(serviceMonitor={"authorization": {"credentials": SECRET}}, podMonitor={"enabled": True}),
        f"metrics.serviceMonitor.authorization {LOST.format('PodMonitor')}",
    ),
]
