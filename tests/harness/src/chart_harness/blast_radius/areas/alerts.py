"""Alerts and recording rules, by name and over all PrometheusRules of a release: moved to another group, one is still there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import promql_parser

from chart_harness.blast_radius.change import Difference, Kind
from chart_harness.blast_radius.objects import Object, named
from chart_harness.blast_radius.tree import MISSING, differences, same, text

Rule = Mapping[str, Any]
Named = tuple[str, str]
"""`alert` or `record`, and the name."""


def without_rules(item: Object) -> Object:
    """The PrometheusRule without its rules, each group with what else it says."""
    groups = [{key: value for key, value in group.items() if key != "rules"} for group in _groups(item)]
    return {**item, "spec": {**(item.get("spec") or {}), "groups": groups}}


def alert_differences(before: Iterable[Object], after: Iterable[Object]) -> Iterator[Difference]:
    """Rules that were lost, are new, or say another thing. Rules of one name (for other severities, or windows) are matched by likeness."""
    one, other = _rules(before), _rules(after)
    for name in sorted({*one, *other}):
        yield from _of_one_name(name, one.get(name, []), other.get(name, []))


def _of_one_name(name: Named, before: list[tuple[str, Rule]], after: list[tuple[str, Rule]]) -> Iterator[Difference]:
    left = list(before)
    new = []
    for where, rule in after:
        twin = next((entry for entry in left if same(_meaning(entry[1]), _meaning(rule))), None)
        if twin is None:
            new.append((where, rule))
        else:
            left.remove(twin)
    for where, rule in new:
        old = next((entry for entry in left if same(_labels(entry[1]), _labels(rule))), None)
        if old is None:
            yield Difference(Kind.ALERT_ADDED, where, _what(name, rule), None, str(rule.get("expr")))
            continue
        left.remove(old)
        for path, was, is_now in differences(_meaning(old[1]), _meaning(rule)):
            shown = (None if value is MISSING else text(value) for value in (was, is_now))
            yield Difference(Kind.ALERT_CHANGED, where, f"{_what(name, rule)}: {path}", *shown)
    for where, rule in left:
        yield Difference(Kind.ALERT_LOST, where, _what(name, rule), str(rule.get("expr")), None)


def _rules(items: Iterable[Object]) -> dict[Named, list[tuple[str, Rule]]]:
    found: dict[Named, list[tuple[str, Rule]]] = {}
    for item in items:
        if item["kind"] != "PrometheusRule":
            continue
        for group in _groups(item):
            for rule in group.get("rules") or ():
                kind = "alert" if rule.get("alert") else "record"
                found.setdefault((kind, str(rule.get(kind))), []).append((named(item), rule))
    return found


def _groups(item: Object) -> list[Any]:
    return list((item.get("spec") or {}).get("groups") or ())


def _meaning(rule: Rule) -> dict[str, Any]:
    return {**rule, "expr": _query(str(rule.get("expr")))}


def _query(expression: str) -> str:
    """The query as the parser prints it, so that line breaks and spaces make no difference."""
    try:
        return str(promql_parser.parse(expression).prettify())
    except ValueError:
        return expression


def _labels(rule: Rule) -> Mapping[str, Any]:
    return rule.get("labels") or {}


def _what(name: Named, rule: Rule) -> str:
    kind, said = name
    severity = _labels(rule).get("severity")
    title = f"alert {said}" if kind == "alert" else f"recording rule {said}"
    return f"{title} ({severity})" if severity else title
