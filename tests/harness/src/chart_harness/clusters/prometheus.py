"""The cluster's Prometheus: the series it has and the targets it scrapes, asked through the API server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import Objects
from chart_harness.samples import Sample

SERVICE = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"


@dataclass(frozen=True)
class Target:
    """Something that Prometheus scrapes."""

    labels: Mapping[str, str]
    health: str
    """`up`, `down`, or `unknown` before the first scrape."""
    last_error: str
    last_scrape: float
    """When the last scrape began, in seconds since the epoch; before the first, a time long ago."""


@dataclass(frozen=True)
class Rule:
    """A recording rule or an alert that Prometheus evaluates."""

    name: str
    health: str
    """`ok`, `err`, or `unknown` before the first evaluation."""
    last_error: str


class Prometheus:
    """Prometheus in namespace `monitoring`. For one thread; a context manager."""

    def __init__(self, cluster: Cluster) -> None:
        self._objects = Objects(cluster)

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self._objects.close()

    def series(self, name: str, **labels: str) -> list[Sample]:
        """The present value of each series of this name with these labels. Raises ClusterError when Prometheus does not answer."""
        return self.query(name + selector(labels))

    def query(self, expression: str) -> list[Sample]:
        """The instant vector that a PromQL expression gives now. Raises ClusterError, with Prometheus' words for a wrong one."""
        data = self._ask("query", {"query": expression})
        if data["resultType"] != "vector":
            raise ClusterError(f"{expression} gives a {data['resultType']}, not a vector of series: ask for series.")
        return [_sample(item["metric"], item["value"][1]) for item in data["result"]]

    def targets(self, namespace: str) -> list[Target]:
        """The targets in a namespace that Prometheus scrapes now. Raises ClusterError when Prometheus does not answer."""
        active = self._ask("targets", {"state": "active"})["activeTargets"]
        return [
            Target(item["labels"], item["health"], item["lastError"], _seconds(item["lastScrape"]))
            for item in active
            if item["labels"].get("namespace") == namespace
        ]

    def rules(self, namespace: str) -> list[Rule]:
        """The rules that it has from a namespace's PrometheusRules. Raises ClusterError when Prometheus does not answer."""
        return [
            Rule(rule["name"], rule["health"], rule.get("lastError", ""))
            for group in self._ask("rules", {})["groups"]
            if f"/{namespace}-" in group["file"]  # the operator names the file after namespace, name and uid
            for rule in group["rules"]
        ]

    def _ask(self, what: str, parameters: Mapping[str, str]) -> Any:
        return self._objects.raw(f"{SERVICE}/api/v1/{what}", parameters)["data"]


def selector(labels: Mapping[str, str]) -> str:
    """`{name="value",…}` in PromQL, with what is special in a string escaped; "" for no labels."""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}" if labels else ""


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _sample(metric: Mapping[str, str], value: str) -> Sample:
    labels = {name: text for name, text in metric.items() if name != "__name__"}
    return Sample(metric.get("__name__", ""), labels, float(value))
