"""What can be wrong with a release in a cluster, as the evidence shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ci.gate.tests.faults.world import Fault, World
from promotion_gate.evidence import Connection, Missing, RuleState, Traffic

MIB = 1024 * 1024


def first(part: str, **fields: Any) -> Callable[[World], None]:
    """The first item of a part is otherwise."""

    def inject(world: World) -> None:
        head, *rest = getattr(world.subject.evidence, part)
        world.evidence(**{part: (replace(head, **fields), *rest)})

    return inject


def one_less(part: str) -> Callable[[World], None]:
    return lambda world: world.evidence(**{part: getattr(world.subject.evidence, part)[1:]})


def traffic(**fields: Any) -> Callable[[World], None]:
    def inject(world: World) -> None:
        found = world.subject.evidence.traffic
        assert isinstance(found, Traffic)
        world.evidence(traffic=replace(found, **fields))

    return inject


def window(**fields: Any) -> Callable[[World], None]:
    def inject(world: World) -> None:
        found = world.subject.evidence.window
        assert not isinstance(found, Missing)
        world.evidence(window=replace(found, **fields))

    return inject


def watched_briefly(world: World) -> None:
    found = world.subject.evidence.window
    assert not isinstance(found, Missing)
    world.evidence(window=replace(found, began=found.ended - timedelta(seconds=29)))


def more(part: str, item: object) -> Callable[[World], None]:
    return lambda world: world.evidence(**{part: (*getattr(world.subject.evidence, part), item)})


def image_of_the_first(world: World) -> None:
    first("pods", image="reference-service:0.0.9")(world)


def unlimited(world: World) -> None:
    world.subject = replace(world.subject, workload=replace(world.subject.workload, memory_limit=None))


CLUSTER = [
    Fault("cluster", "a pod is not Ready", first("pods", ready=False), "pods-ready"),
    Fault("cluster", "a pod is missing", one_less("pods"), "pods-ready"),
    Fault("cluster", "a container was restarted", first("pods", restarts=1), "restarts"),
    Fault("cluster", "a pod runs an older image", image_of_the_first, "image"),
    Fault("cluster", "the kernel killed a process", first("memory", oom_kills=1), "oom-kills"),
    Fault("cluster", "memory reached the limit", first("memory", samples=((0.0, 100 * MIB),) * 60), "memory"),
    Fault("cluster", "no memory limit", unlimited, "memory"),
    Fault("cluster", "a request failed", traffic(answered={200: 59, 503: 1}), "server-errors"),
    Fault("cluster", "a request was not answered", traffic(answered={200: 59}, unanswered=1), "server-errors"),
    Fault("cluster", "Prometheus' target is down", first("scrape_targets", health="down"), "prometheus-target"),
    Fault("cluster", "a pod is not scraped", one_less("scrape_targets"), "prometheus-target"),
    Fault("cluster", "Prometheus rejected samples", first("scrape_targets", series_stored=289), "prometheus-target"),
    Fault("cluster", "a rule cannot be evaluated", first("rules", health="err"), "alerts-quiet"),
    Fault("cluster", "an alert fires", first("rules", state="firing"), "alerts-quiet"),
    Fault("cluster", "an alert is about to fire", first("rules", state="pending"), "alerts-quiet"),
    Fault(
        "cluster",
        "a stranger reaches the pods",
        more("connections", Connection("b", "demo:8080", allowed=False, reached=True)),
        "network-reach",
    ),
    Fault(
        "cluster",
        "a peer does not",
        more("connections", Connection("p", "demo:8080", allowed=True, reached=False)),
        "network-reach",
    ),
    Fault("cluster", "watched for a second too little", watched_briefly, "restarts"),
    Fault("cluster", "too few requests", traffic(answered={200: 59}, sent=59), "memory"),
    Fault("cluster", "no rules at all", lambda world: world.evidence(rules=()), "alerts-quiet"),
    Fault("cluster", "only recording rules fail", more("rules", RuleState("r", "recording", "err")), "alerts-quiet"),
]
