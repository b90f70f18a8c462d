"""The cluster's Prometheus: the series it has and the targets it scrapes, asked through the API server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import Objects
from chart_harness.samples import Sample

SERVICE = "monitoring/prometheus:9090"
"""Where it is if nobody says otherwise: namespace/service:port."""

_SERVICE = re.compile(r"([a-z0-9-]+)/([a-z0-9-]+):([a-z0-9-]+)")


@dataclass(frozen=True)
class Target:
    """Something that Prometheus scrapes."""

    labels: Mapping[str, str]
    health: str
    """`up`, `down`, or `unknown` before the first scrape."""
    last_error: str
    last_scrape: float
    """When the last scrape began, in seconds since the epoch; before the first, a time long ago."""
    url: str = ""


@dataclass(frozen=True)
class Series:
    """A series with samples of some stretch of time; immutable."""

    labels: Mapping[str, str]
    """`__name__` among them."""
    values: Mapping[float, float]
    """Value by time, in seconds since the epoch; of a native histogram there are none."""


@dataclass(frozen=True)
class Rule:
    """A recording rule or an alert that Prometheus evaluates."""

    name: str
    health: str
    """`ok`, `err`, or `unknown` before the first evaluation."""
    last_error: str
    kind: str = ""
    """`alerting` or `recording`."""
    state: str = ""
    """Of an alert: inactive, pending or firing."""
    says: str = ""
    """The summary or description of the first alert that is pending or firing."""
    active_since: float = 0
    """Since when the condition of the newest of these alerts has held, in seconds since the epoch; 0 without any."""
    file: str = ""
    """The operator names it after namespace, name and uid of the PrometheusRule."""
    expression: str = ""
    interval: float = 0
    """Seconds between two evaluations of its group."""
    evaluated: float = 0
    """When its last evaluation began, in seconds since the epoch; before the first, a time long ago."""


class Prometheus:
    """The Prometheus behind a Service of the cluster, named as namespace/service:port. For one thread; a context manager.

    Raises ClusterError for a name that is not of that form.
    """

    def __init__(self, cluster: Cluster, service: str = SERVICE) -> None:
        self._proxy = proxy(service)
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
            Target(item["labels"], item["health"], item["lastError"], _seconds(item["lastScrape"]), item["scrapeUrl"])
            for item in active
            if item["labels"].get("namespace") == namespace
        ]

    def rules(self, namespace: str) -> list[Rule]:
        """The rules that it has from a namespace's PrometheusRules. Raises ClusterError when Prometheus does not answer."""
        return [
            _rule(rule, group)
            for group in self._ask("rules", {})["groups"]
            if f"/{namespace}-" in group["file"]  # the operator names the file after namespace, name and uid
            for rule in group["rules"]
        ]

    def samples(self, selector: str, seconds: float, until: float | None = None) -> list[Series]:
        """The samples of the selected series that are stored for the `seconds` up to `until` (in seconds since the epoch; now).

        Those of a time, and nothing older that would stand for them. Raises ClusterError when Prometheus does not answer.
        """
        parameters = {"query": f"{selector}[{round(seconds * 1000)}ms]"}
        if until is not None:
            parameters["time"] = f"{until:.3f}"
        found = self._ask("query", parameters)["result"]
        return [Series(item["metric"], {float(t): float(v) for t, v in item.get("values", ())}) for item in found]

    def _ask(self, what: str, parameters: Mapping[str, str]) -> Any:
        return self._objects.raw(f"{self._proxy}/api/v1/{what}", parameters)["data"]


def proxy(service: str) -> str:
    """The path on which the API server passes requests on to a Service, named as namespace/service:port. Raises ClusterError."""
    found = _SERVICE.fullmatch(service)
    if found is None:
        raise ClusterError(
            f"{service!r} does not say where Prometheus is: write namespace/service:port, e.g. {SERVICE}."
        )
    return f"/api/v1/namespaces/{found[1]}/services/{found[2]}:{found[3]}/proxy"


def selector(labels: Mapping[str, str]) -> str:
    """`{name="value",…}` in PromQL, with what is special in a string escaped; "" for no labels."""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}" if labels else ""


def _rule(rule: Mapping[str, Any], group: Mapping[str, Any]) -> Rule:
    alerts = sorted(rule.get("alerts") or (), key=lambda alert: str(alert.get("state")) != "firing")
    notes = alerts[0].get("annotations") or {} if alerts else {}
    return Rule(
        name=rule["name"],
        health=rule["health"],
        last_error=rule.get("lastError", ""),
        kind=rule["type"],
        state=rule.get("state", ""),
        says=str(notes.get("summary") or notes.get("description") or ""),
        active_since=max((_seconds(alert["activeAt"]) for alert in alerts), default=0),
        file=group["file"],
        expression=rule.get("query", ""),
        interval=float(group.get("interval", 0)),
        evaluated=_seconds(rule["lastEvaluation"]) if "lastEvaluation" in rule else 0,
    )


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _sample(metric: Mapping[str, str], value: str) -> Sample:
    labels = {name: text for name, text in metric.items() if name != "__name__"}
    return Sample(metric.get("__name__", ""), labels, float(value))
