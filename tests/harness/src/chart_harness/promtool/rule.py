"""The rules of a PrometheusRule, and what they say about the service they watch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import promql_parser

IDENTITY = ("service", "environment", "unit")
"""The labels that tell a service's series from all others."""
BOUNDS = (0.05, 0.1, 0.3, 1.0, 3.0, 5.0)
"""Upper bounds of the library's buckets of durations, in seconds."""


class UnknownRuleError(Exception):
    """A rule that says something no case knows how to test; the message names it."""


@dataclass(frozen=True)
class Rule:
    """An alert or a recording rule."""

    name: str
    is_alert: bool
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    for_seconds: float

    @cached_property
    def selectors(self) -> list[promql_parser.VectorSelector]:
        """What it reads."""
        return selectors(self.expr)

    def number(self, pattern: str) -> float:
        """The number that the group of a regular expression finds in the rule. Raises UnknownRuleError."""
        found = re.search(pattern, self.expr)
        if not found:
            raise UnknownRuleError(f"{self.name} does not look like {pattern}, so nobody knows its limit: {self.expr}")
        return float(found[1])

    @property
    def slo(self) -> str:
        """The promise that it is about; empty for most alerts."""
        if "slo" in self.labels:
            return self.labels["slo"]
        return next((m.value for s in self.selectors for m in s.matchers.matchers if m.name == "slo"), "")

    @property
    def limit(self) -> float:
        """The number that it compares with at its end."""
        return self.number(r"[<>] ([0-9.e-]+)\s*$")

    @property
    def window(self) -> float:
        """Seconds that its first range looks back; 0 where there is none."""
        found = re.search(r"\[(\w+)\]", self.expr)
        return promql_parser.parse_duration(found[1]).total_seconds() if found else 0.0


@dataclass(frozen=True)
class Rules:
    """All rules of one service or unit."""

    groups: Sequence[Mapping[str, Any]]

    @cached_property
    def all(self) -> list[Rule]:
        return [read_rule(rule) for group in self.groups for rule in group["rules"]]

    @property
    def alerts(self) -> list[Rule]:
        return [rule for rule in self.all if rule.is_alert]

    @cached_property
    def identity(self) -> dict[str, str]:
        """The labels that its series have and no others."""
        labels = self.alerts[0].labels
        return {name: labels[name] for name in IDENTITY if name in labels}

    @cached_property
    def pulled(self) -> bool:
        """Whether Prometheus scrapes the service: then some rule reads what it says of its targets."""
        return any(selector.name in {"up", "scrape_samples_post_metric_relabeling"} for selector in self._selectors)

    @cached_property
    def total(self) -> str:
        """The counter of the work; empty where no rule reads it."""
        names = {s.name for s in self._selectors if any(m.name == "status" for m in s.matchers.matchers)}
        return _only(names, "counters with a status")

    @cached_property
    def duration(self) -> str:
        """The histogram of durations; empty where no rule reads it."""
        names = {str(s.name).removesuffix("_bucket") for s in self._selectors if str(s.name).endswith("_bucket")}
        return _only(names, "histograms")

    def bound(self, slo: str) -> float:
        """The bucket that a promise goes by, in seconds; 0 where it goes by the status."""
        for rule in self.all:
            if rule.slo == slo and (found := re.search(r'le=~"([^"]+)"', rule.expr)):
                pattern = found[1].replace("\\\\", "\\")
                return next(bound for bound in BOUNDS if re.fullmatch(pattern, str(bound)))
        return 0.0

    @property
    def _selectors(self) -> list[promql_parser.VectorSelector]:
        return [selector for rule in self.all for selector in rule.selectors]


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """What a query reads, in the order in which it stands there."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def _only(names: set[Any], what: str) -> str:
    if len(names) > 1:
        raise UnknownRuleError(f"The rules read several {what}, where one service has one: {', '.join(sorted(names))}.")
    return str(names.pop()) if names else ""


def _written(value: str) -> str:
    """What Prometheus makes of a label's value, which it reads as a template."""
    return value.replace('{{ "{{" }}', "{{")


def read_rule(rule: Mapping[str, Any]) -> Rule:
    """A rule as the object has it."""
    return Rule(
        name=rule.get("alert") or rule["record"],
        is_alert="alert" in rule,
        expr=rule["expr"],
        labels={name: _written(value) for name, value in rule.get("labels", {}).items()},
        annotations=rule.get("annotations", {}),
        for_seconds=promql_parser.parse_duration(rule["for"]).total_seconds() if "for" in rule else 0.0,
    )
