"""The PromQL of a release: the expressions of its rules and of its dashboards, and what an expression asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import promql_parser
from promql_parser import MatchOp

from chart_harness.render import Release

# What Grafana fills in before it asks Prometheus: a range where one is expected; other variables stand inside quotes.
_RANGES = re.compile(r"\$\{?__(rate_interval|interval|range)(_ms|_s)?\}?")
_WHOSE = re.compile(r'\b(service|environment)="[^"]*"')
_LABEL_VALUES = re.compile(r"^label_values\((?:(?P<of>.*),)?\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*\)$", re.DOTALL)


class QueryError(ValueError):
    """Text that is no PromQL, or a dashboard that is no JSON; the message is one sentence without the place."""


@dataclass(frozen=True)
class Query:
    """An expression, and where it stands."""

    where: str
    text: str


@dataclass(frozen=True)
class Asked:
    """What an expression asks for: metrics, and labels that it matches, keeps or joins by."""

    metrics: frozenset[str]
    patterns: frozenset[str]
    """Regexes of metrics' names."""
    labels: frozenset[str]

    def unknown(self, known: frozenset[str]) -> list[str]:
        """What it asks for of which nothing is among the known metrics, sorted."""
        empty = {pattern for pattern in self.patterns if not any(re.fullmatch(pattern, name) for name in known)}
        return sorted({*self.metrics - known, *empty})


def rules(release: Release) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every rule of every PrometheusRule, with the place where it stands."""
    for item in release.of_kind("PrometheusRule"):
        for group in item["spec"].get("groups", ()):
            for rule in group.get("rules", ()):
                name = rule.get("alert") or rule.get("record")
                yield f"PrometheusRule {item['metadata']['name']}, {name}", rule


def dashboards(release: Release) -> Iterator[tuple[str, Any]]:
    """Every dashboard in a ConfigMap, with the place where it stands. Raises QueryError for one that is no JSON."""
    for item in release.of_kind("ConfigMap"):
        for name, text in item.get("data", {}).items():
            if not name.endswith(".json"):
                continue
            where = f"ConfigMap {item['metadata']['name']}, {name}"
            try:
                yield where, _loaded(text)
            except ValueError as error:
                raise QueryError(f"{where} is no JSON ({error}): correct the template.") from error


@lru_cache(maxsize=8)  # each of the policies reads the same dashboard
def _loaded(text: str) -> Any:
    return json.loads(text)


def queries(release: Release) -> Iterator[Query]:
    """Every expression of the release's rules and dashboards. Raises QueryError for a dashboard that is no JSON."""
    for where, rule in rules(release):
        yield Query(where, str(rule.get("expr", "")))
    for where, dashboard in dashboards(release):
        for text in _expressions(dashboard):
            yield Query(where, text)


def asked(text: str) -> Asked:
    """What an expression, or a variable's label_values(…), asks for. Raises QueryError for text that is no PromQL.

    A selector without a name asks for all there is, so it names no metric.
    """
    # Whose series are meant makes no difference, so what one release asks for need not be read for each.
    return _asked(_WHOSE.sub(r'\1="x"', text))


@cache
def _asked(text: str) -> Asked:
    values = _LABEL_VALUES.match(text.strip())
    if values:
        of = _asked(values["of"]) if values["of"] else Asked(frozenset(), frozenset(), frozenset())
        return Asked(of.metrics, of.patterns, of.labels | {values["label"]})
    try:
        tree = promql_parser.parse(_RANGES.sub("5m", text))
    except ValueError as error:
        raise QueryError(f"{text!r} is no PromQL ({error}): correct it.") from error
    metrics: set[str] = set()
    patterns: set[str] = set()
    labels: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found = node.matchers
            matchers = [*found.matchers, *(matcher for group in found.or_matchers for matcher in group)]
            named = [m for m in matchers if m.name == "__name__"]
            metrics.update([node.name] if node.name else [m.value for m in named if m.op == MatchOp.Equal])
            patterns.update(m.value for m in named if m.op == MatchOp.Re)
            labels.update(m.name for m in matchers if m.name != "__name__")
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier:
            matching = node.modifier.matching
            labels.update(matching.labels if matching else ())
            labels.update(node.modifier.group_labels or ())
        elif isinstance(node, promql_parser.Call) and node.func.name in {"label_replace", "label_join"}:
            labels.add(node.args[1].val)
        return True

    promql_parser.walk(tree, visit)
    return Asked(frozenset(metrics), frozenset(patterns), frozenset(labels))


def _expressions(node: Any) -> Iterator[str]:
    """The PromQL of a Grafana dashboard: each panel's `expr`, and the query of each variable that asks Prometheus."""
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        if node.get("type") == "query" and "query" in node:
            query = node["query"]
            text = query.get("query", "") if isinstance(query, dict) else query
            if text:
                yield str(text)
        for value in node.values():
            yield from _expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _expressions(value)
