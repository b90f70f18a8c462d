"""Both sides of a family, compared series by series: values, label sets, buckets, exemplars."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from prometheus_client import Metric
from prometheus_client.samples import Sample
from prometheus_client.values import ValueClass

from service_metrics.shadow.findings import COMPARISONS, report
from service_metrics.shadow.pair import Key, attempt

_HAS_EXEMPLARS = not ValueClass._multiprocess  # prometheus_client's process mode has none
_SLICE = 1000  # samples
_LOOKS = 5
_PAUSE = 1e-4  # seconds
_ROUNDING = 1e-9  # of a sum of fractions, which depends on the order that threads add them in


class _Seen(NamedTuple):
    value: float
    exemplar: tuple[dict[str, str], float] | None


_Child = Mapping[Key, _Seen]


def compare(metric: Any, families: Iterable[Metric]) -> None:
    """Compare what prometheus_client has just collected of a metric with what ours holds; report what differs.

    What differs is looked at again, a few times, until no operation is under way in it; what is never found at rest is
    left to the next scrape. Never raises.
    """
    if metric._pair.ours is None:
        return
    _, error = attempt(_compare, metric, families)
    if error is not None:
        report(metric._name, "comparison", f"the comparison of {metric._name}", "not compared", repr(error))


def _compare(metric: Any, families: Iterable[Metric]) -> None:
    children = metric._children()
    for child in children.values():
        if child._pair is not None and child._pair.inherited:
            child._take_base()
    counterpart = metric._pair.ours.collect()
    COMPARISONS.inc()
    if all(map(_equal, families, counterpart)):
        return
    theirs, ours = _by_child(metric, families), _by_child(metric, counterpart)
    suspects = {
        values
        for values in theirs.keys() | ours.keys()
        if _differing(theirs.get(values, {}), ours.get(values, {}), _base(children.get(values)))
    }
    for look in range(_LOOKS):
        if not suspects:
            break
        if look:
            time.sleep(_PAUSE)
        suspects = _look_again(metric, suspects)


def _equal(theirs: Metric, ours: Metric) -> bool:
    """Whether the samples are the same and in the same order, as they mostly are: much faster than by series."""
    ours_samples = ours.samples
    if len(theirs.samples) != len(ours_samples):
        return False
    for start in range(0, len(ours_samples), _SLICE):
        if start:
            time.sleep(_PAUSE)  # an event loop may be waiting
        if theirs.samples[start : start + _SLICE] != ours_samples[start : start + _SLICE]:
            return False
    return True


def _look_again(metric: Any, suspects: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Report the suspects that differ at rest, and return those that are not at rest."""
    with metric._pair.lock:  # no child is made or removed between the two readings
        children = metric._children()
        before = {values: _operations(children.get(values)) for values in suspects}
        theirs = {values: _seen(children[values]._samples_again()) for values in suspects if values in children}
        ours = _by_child(metric, metric._pair.ours.collect())
        after = {values: _operations(children.get(values)) for values in suspects}
    moving = {values for values in suspects if before[values] != after[values] or len(set(before[values])) > 1}
    for values in suspects - moving:
        seen, counterpart = theirs.get(values, {}), ours.get(values, {})
        keys = _differing(seen, counterpart, _base(children.get(values)))
        if keys:
            _report(metric, values, keys, seen, counterpart)
    return moving


def _operations(child: Any) -> tuple[int, int]:
    return (0, 0) if child is None else (child._pair.begun, child._pair.ended)


def _base(child: Any) -> Mapping[Key, tuple[float, object]]:
    return {} if child is None or child._pair is None else child._pair.base


def base_of(child: Any) -> dict[Key, tuple[float, object]]:
    """Return by how much prometheus_client is ahead of ours in one child, and the exemplars that only it has."""
    theirs = _seen(child._samples_again())
    [ours] = _by_child(child, child._pair.ours.collect()).values()
    return {
        key: (seen.value - ours[key].value, seen.exemplar)
        for key, seen in theirs.items()
        if key in ours and seen != ours[key]
    }


def _by_child(metric: Any, families: Iterable[Metric]) -> dict[tuple[str, ...], dict[Key, _Seen]]:
    names = metric._labelnames
    children: dict[tuple[str, ...], dict[Key, _Seen]] = {}
    for family in families:
        for sample in family.samples:
            rest = {name: value for name, value in sample.labels.items() if name not in names}
            own = sample._replace(name=sample.name[len(family.name) :], labels=rest)
            children.setdefault(tuple([sample.labels[name] for name in names]), {}).update(_seen([own]))
    return children


def _seen(samples: Iterable[Sample]) -> dict[Key, _Seen]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): _Seen(
            sample.value, sample.exemplar and (sample.exemplar.labels, sample.exemplar.value)
        )
        for sample in samples
        if sample.name != "_created"  # the two are made one after the other
    }


def _differing(theirs: _Child, ours: _Child, base: Mapping[Key, tuple[float, object]]) -> Sequence[Key]:
    return [
        key
        for key in {**theirs, **ours}
        if key not in theirs or key not in ours or not _agree(theirs[key], ours[key], *base.get(key, (0.0, None)))
    ]


def _agree(theirs: _Seen, ours: _Seen, ahead: float, old_exemplar: object) -> bool:
    inherited = ours.exemplar is None and theirs.exemplar == old_exemplar
    if theirs.exemplar != ours.exemplar and not inherited and _HAS_EXEMPLARS:
        return False
    expected = theirs.value - ahead if ahead else theirs.value
    if expected == ours.value or (math.isnan(expected) and (math.isnan(ours.value) or not math.isfinite(ahead))):
        return True
    numbers = (theirs.value, ours.value, ahead)
    if not all(map(math.isfinite, numbers)) or all(float(number).is_integer() for number in numbers):
        return False
    return abs(expected - ours.value) <= _ROUNDING * max(map(abs, numbers))


def _report(metric: Any, values: tuple[str, ...], keys: Sequence[Key], theirs: _Child, ours: _Child) -> None:
    key = suffix, rest = keys[0]
    labels = {**dict(zip(metric._labelnames, values, strict=True)), **dict(rest)}
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    subject = f"{metric._name}{suffix}{{{inside}}}" + (f" (and {len(keys) - 1} more of the series)" if keys[1:] else "")
    report(metric._name, values, subject, _text(theirs.get(key)), _text(ours.get(key)))


def _text(seen: _Seen | None) -> str:
    if seen is None:
        return "missing"
    return f"{seen.value}" if seen.exemplar is None else f"{seen.value} with exemplar {seen.exemplar[0]}"
