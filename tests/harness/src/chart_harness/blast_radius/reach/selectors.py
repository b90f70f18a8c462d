"""Label selectors as boxes, as words, and against the labels of one pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chart_harness.blast_radius.reach.boxes import Axis
from chart_harness.blast_radius.reach.sets import ABSENT, Values

NAMESPACE_NAME = "kubernetes.io/metadata.name"  # Kubernetes itself puts it on every namespace


def pod_label(key: str) -> Axis:
    """The axis of a label of pods."""
    return Axis(f"pod {key}", Values.but())


def key_of_pod_label(axis: Axis) -> str | None:
    """The label that an axis is about; None for one that is about something else than a label of pods."""
    return axis.name.removeprefix("pod ") if axis.name.startswith("pod ") else None


def namespace_label(key: str) -> Axis:
    """The axis of a label of namespaces; the label with the name is always there."""
    return Axis(f"namespace {key}", Values.but(ABSENT) if key == NAMESPACE_NAME else Values.but())


def conditions(selector: Mapping[str, Any] | None) -> Iterator[tuple[str, Values]]:
    """What each label named must be. None and an empty selector say nothing: they match all.

    Raises ValueError for an operator that Kubernetes does not know.
    """
    for key, value in ((selector or {}).get("matchLabels") or {}).items():
        yield key, Values.of(value)
    for expression in (selector or {}).get("matchExpressions") or ():
        values = expression.get("values") or ()
        match expression["operator"]:
            case "In":
                yield expression["key"], Values.of(*values)
            case "NotIn":
                yield expression["key"], Values.but(*values)  # matches where the label is not there, too
            case "Exists":
                yield expression["key"], Values.but(ABSENT)
            case "DoesNotExist":
                yield expression["key"], Values.of(ABSENT)
            case other:
                raise ValueError(f"A selector has the operator {other!r}: use In, NotIn, Exists or DoesNotExist.")


def canonical(selector: Mapping[str, Any] | None) -> dict[str, str]:
    """The same for two selectors that select the same labels: each key with what its conditions come to, in words."""
    met: dict[str, Values] = {}
    for key, values in conditions(selector):
        met[key] = met.get(key, Values.but()) & values
    return {key: _words(met[key]) for key in sorted(met) if met[key] != Values.but()}


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector matches these labels."""
    return all(bool(values & Values.of(labels.get(key))) for key, values in conditions(selector))


def words(selector: Mapping[str, Any] | None) -> str:
    """The selector for a person: `app=shop, tier in (a, b)`; empty when it matches all."""
    return ", ".join(f"{key}{said}" for key, said in canonical(selector).items())


def _words(values: Values) -> str:
    named = sorted(value for value in values.members if value is not ABSENT)
    absent = ABSENT in values.members
    listed = f"({', '.join(named)})"
    if not values.all_but:
        if not named:
            return " not there" if absent else " impossible"
        return (f"={named[0]}" if len(named) == 1 else f" in {listed}") + (" or not there" if absent else "")
    if not named:
        return " there"
    return f" not in {listed}" + (", but there" if absent else "")
