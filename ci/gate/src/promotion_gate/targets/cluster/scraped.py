"""What the cluster's Prometheus makes of a release: the pages that it scrapes, and the rules that it evaluates."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.objects import PROMETHEUS_RULE, Objects
from chart_harness.clusters.prometheus import Prometheus, Rule, Series, Target, selector
from chart_harness.clusters.waits import Waiting, WaitTimeout, eventually
from promotion_gate.evidence import RuleState, ScrapeTarget

Object = Mapping[str, Any]

EVERY_SECONDS = 1.0
PENDING_SECONDS = 60.0
"""For a pending alert to end: while a release that is no good is live, its users wait with us."""
OFTEN_SECONDS = 60.0
"""A group of rules that is evaluated more seldom is not waited for."""
_IDENTITY = ("job", "instance", "namespace", "pod")
_UP, _SCRAPED, _KEPT = "up", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling"
_SYNTHETIC = (
    _UP,
    _SCRAPED,
    _KEPT,
    "scrape_body_size_bytes",
    "scrape_duration_seconds",
    "scrape_sample_limit",
    "scrape_series_added",
    "scrape_timeout_seconds",
)
"""The series that Prometheus makes itself, of every scrape."""
_LOOK_BACK_SECONDS = 300.0
_SAME_SCRAPE_SECONDS = 0.1
"""By how much a scrape's samples may be older than its beginning is told to be: Prometheus evens their times out by milliseconds."""


def scrape_targets(
    prometheus: Prometheus, namespace: str, pods: Callable[[], Sequence[str]], patience: float
) -> tuple[ScrapeTarget, ...]:
    """The targets that are one of `pods`, after each was scraped once more; after `patience` seconds, as they are then.

    A scrape that began before this call does not count: it may have found a process that was not ready, or one that nobody had
    sent anything. A pod without a target has none here. Raises ClusterError when there is no Prometheus.
    """
    asked = time.time()
    found: list[ScrapeTarget] = []

    def all_scraped() -> None:
        names, active = list(pods()), prometheus.targets(namespace)
        own = [target for target in active if target.labels.get("pod") in names]
        found[:] = [_target(prometheus, target) for target in own]
        if missing := sorted(set(names) - {target.pod for target in found}):
            raise Waiting(f"{', '.join(missing)} is no target")
        if late := [target.url for target in own if target.last_scrape <= asked]:
            raise Waiting(f"{', '.join(late)} has not been scraped again")

    _within(patience, all_scraped, "Prometheus to scrape every pod")
    return tuple(found)


def _target(prometheus: Prometheus, target: Target) -> ScrapeTarget:
    labels = ",".join(
        (selector({name: value})[1:-1] for name, value in target.labels.items() if name in _IDENTITY),
    )

    def stored() -> tuple[float, int, int] | None:
        reported = prometheus.samples(f'{{{labels},__name__=~"{_UP}|{_SCRAPED}|{_KEPT}"}}', _LOOK_BACK_SECONDS)
        newest = newest_report(reported)
        if target.health == "up" and (newest is None or newest[0] < target.last_scrape - _SAME_SCRAPE_SECONDS):
            raise Waiting("its last scrape is not stored yet")
        return newest

    try:
        newest = eventually(stored, "a scrape to be stored", deadline=5, every=0.2)
    except WaitTimeout:
        newest = None
    scraped = kept = series = 0
    if newest is not None:
        at, scraped, kept = newest
        # of exactly that time: what an earlier scrape stored does not stand for what this one did not
        page = prometheus.samples(f'{{{labels},__name__!~"{"|".join(_SYNTHETIC)}"}}', 0.001, until=at)
        series = len(page)
    return ScrapeTarget(target.labels["pod"], target.url, target.health, target.last_error, scraped, kept, series)


def newest_report(reported: Iterable[Series]) -> tuple[float, int, int] | None:
    """The time of the newest scrape of which all is reported, its samples, and those that relabelling left; None if there is none."""
    by_name = {series.labels.get("__name__"): series.values for series in reported}
    up, scraped, kept = (by_name.get(name, {}) for name in (_UP, _SCRAPED, _KEPT))
    whole = up.keys() & scraped.keys() & kept.keys()
    if not whole:
        return None
    at = max(whole)
    return at, int(scraped[at]), int(kept[at])


def rules(
    prometheus: Prometheus, api: Objects, namespace: str, objects: Iterable[Object], patience: float
) -> tuple[RuleState, ...]:
    """The rules of the release's PrometheusRules, after each was evaluated once more; after `patience` seconds, as they are then.

    An evaluation from before this call may have seen the pods as they started: an alert that is pending gets PENDING_SECONDS to end.
    `objects` are the release's. One that Prometheus has not loaded is of unknown health. One that it evaluates so seldom that nobody
    can wait for it is evaluated here, by a query. Raises ClusterError when there is no Prometheus.
    """
    declared = [item for item in objects if item["kind"] == PROMETHEUS_RULE.name]
    if not declared:
        return ()
    asked = time.time()
    found: list[Rule] = []
    pending_until = math.inf

    def all_evaluated() -> None:
        stored = [api.get(PROMETHEUS_RULE, str(item["metadata"]["name"]), namespace) for item in declared]
        uids = [str(item["metadata"]["uid"]) for item in stored if item is not None]
        found[:] = [rule for rule in prometheus.rules(namespace) if any(uid in rule.file for uid in uids)]
        if absent := not_loaded(declared, found):
            raise Waiting(f"Prometheus has not loaded {', '.join(state.name for state in absent[:3])}")
        often = [rule for rule in found if rule.interval <= OFTEN_SECONDS]
        if late := [rule.name for rule in often if rule.health == "unknown" or rule.evaluated <= asked]:
            raise Waiting(f"{', '.join(late[:3])} was not evaluated again")
        nonlocal pending_until
        pending_until = min(pending_until, time.time() + PENDING_SECONDS)
        pending = [rule.name for rule in often if rule.state == "pending"]
        if pending and time.time() < pending_until:
            raise Waiting(f"{', '.join(pending[:3])} is pending")

    _within(patience, all_evaluated, "Prometheus to evaluate every rule")
    return (*(_state(prometheus, rule) for rule in found), *not_loaded(declared, found))


def not_loaded(declared: Iterable[Object], found: Iterable[Rule]) -> list[RuleState]:
    """The rules of these objects that are not among those that Prometheus has; several may have one name."""
    wanted: Counter[tuple[str, str]] = Counter()
    for item in declared:
        for group in item["spec"].get("groups") or ():
            for rule in group.get("rules") or ():
                wanted["alerting" if "alert" in rule else "recording", rule.get("alert") or rule["record"]] += 1
    missing = wanted - Counter((rule.kind, rule.name) for rule in found)
    return [
        RuleState(name, _kind(kind), "unknown", "Prometheus has not loaded it") for kind, name in missing.elements()
    ]


def _state(prometheus: Prometheus, rule: Rule) -> RuleState:
    if rule.health == "unknown" and rule.interval > OFTEN_SECONDS:
        return _evaluated(prometheus, rule)
    state = cast('Literal["inactive", "pending", "firing"]', rule.state) if rule.kind == "alerting" else ""
    since = datetime.fromtimestamp(rule.active_since, UTC) if rule.active_since else None
    return RuleState(rule.name, _kind(rule.kind), rule.health, rule.last_error, state, rule.says, since)


def _evaluated(prometheus: Prometheus, rule: Rule) -> RuleState:
    """What the rule's expression gives now; for how long an alert's has held is not known, so it is pending at most."""
    try:
        found = prometheus.query(rule.expression)
    except ClusterError as error:
        return RuleState(rule.name, _kind(rule.kind), "err", str(error))
    if rule.kind != "alerting":
        return RuleState(rule.name, "recording", "ok")
    return RuleState(rule.name, "alerting", "ok", "", "pending" if found else "inactive")


def _kind(said: str) -> Literal["alerting", "recording"]:
    return "alerting" if said == "alerting" else "recording"


def _within(patience: float, condition: Callable[[], None], what: str) -> None:
    """Waits for the condition, and goes on without it: what is seen then is evidence too."""
    try:
        eventually(condition, what, deadline=patience, every=EVERY_SECONDS)
    except WaitTimeout:
        return
