"""Evidence that is missing, cut, or not all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ci.gate.tests.faults.cluster_faults import one_less
from ci.gate.tests.faults.world import Fault, World
from promotion_gate import checks
from promotion_gate.evidence import Missing

NEEDED = {
    "pods": "pods-ready",
    "logs": "error-logs",
    "environments": "environment",
    "memory": "memory",
    "pages": "metrics-contract",
    "traffic": "server-errors",
    "window": "restarts",
    "scrape_targets": "prometheus-target",
    "rules": "alerts-quiet",
    "connections": "network-reach",
}
"""A part of the evidence, and a check that proves nothing without it."""


def gone(part: str) -> Callable[[World], None]:
    return lambda world: world.evidence(**{part: Missing("it rained")})


def page_cut(world: World) -> None:
    pages = world.subject.evidence.pages
    assert not isinstance(pages, Missing)
    world.evidence(pages=(replace(pages[0], families=(), fault="the page is cut off"), *pages[1:]))


def family_gone(world: World) -> None:
    pages = world.subject.evidence.pages
    assert not isinstance(pages, Missing)
    world.evidence(pages=tuple(replace(page, families=page.families[1:]) for page in pages))


def left_out(check: str) -> Callable[[World], None]:
    def inject(world: World) -> None:
        world.run = tuple(one for one in checks.ALL if one.id != check)

    return inject


def of_one_pod(world: World) -> None:
    pages = world.subject.evidence.pages
    assert not isinstance(pages, Missing)
    world.evidence(pages=tuple(page for page in pages if page.pod == pages[0].pod))


def skipped(world: World) -> None:
    world.run = ()


EVIDENCE = [
    *(Fault("evidence", f"no {part}", gone(part), check) for part, check in NEEDED.items()),
    Fault("evidence", "a page that is cut", page_cut, "worker-series"),
    Fault("evidence", "a page without one family", family_gone, "metrics-contract"),
    Fault(
        "evidence",
        "the pages of one pod only",
        of_one_pod,
        "worker-series",
    ),
    Fault("evidence", "the log of one pod only", one_less("logs"), "error-logs"),
    Fault("evidence", "a check that did not run", left_out("forbidden-labels"), "forbidden-labels"),
    Fault("evidence", "no check ran", skipped, "pods-ready"),
]
