"""Units of a service, and what belongs to them."""

from __future__ import annotations

from typing import Any

from tests.charts.blocks import metrics, workload
from tests.charts.sentences import Sentence


def units(*, env: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """aaa-api as the one unit web, with variables of that unit."""
    return {**metrics(units={"web": {}}, **more), "env": {"units": {"web": env or {}}}}


SENTENCES: list[Sentence] = [
    (
        "aaa-api",
        workload(units={"web": {}}),
        "workload.units.web belongs to no unit: metrics.units names none, so add it there, or remove it here.",
    ),
    (
        "aaa-api",
        {**metrics(units={"web": {}, "api": {}}), **workload(units={"wbe": {"replicas": 1}})},
        "workload.units.wbe belongs to no unit: metrics.units names api, web, so add it there, or remove it here.",
    ),
    (
        "aaa-api",
        {**metrics(units={"web": {}, "api": None}), "env": {"units": {"api": {"A": "b"}}}},
        "env.units.api belongs to no unit: metrics.units names web, so add it there, or remove it here.",
    ),
    (
        "aaa-api",
        units(env={"PROMETHEUS_BACKEND": "prometheus"}),
        "env.units.web.PROMETHEUS_BACKEND would give one service two backends: set env.standard.PROMETHEUS_BACKEND, "
        "for all its units.",
    ),
    (
        "aaa-api",
        units(env={"WEB_CONCURRENCY": 2}),
        "env.units.web.WEB_CONCURRENCY is set by the metrics chart itself: remove it and use metrics.workers.",
    ),
    (
        "aaa-api",
        units(env={"A-B": "c"}),
        "env.units.web.A-B is no name for an environment variable: use letters, digits and underscores, and no digit first.",
    ),
    (
        "aaa-api",
        units(customLabels={"unit": "x"}),
        "metrics.customLabels.unit is the label that tells the units of metrics.units apart: choose another name.",
    ),
    (
        "aaa-api",
        metrics(units={"Web": {}}),
        "metrics.units.Web is not a known value: its name must look like ^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$.",
    ),
    (
        "aaa-api",
        metrics(units={"web": {"prot": 8080}}),
        "metrics.units.web.prot is not a known value: perhaps metrics.units.web.port was meant.",
    ),
    (
        "archive-tagger",
        {**metrics(units={"web": {}}), **workload(probes={"command": []})},
        "workload.units.web.probes.command is empty, and role task-runner has no port to probe: "
        "set the command that exits with 0 when the process is healthy.",
    ),
    (
        "aaa-api",
        {**metrics(units={"web": {}}), **workload(resources={"limits": {"memory": ""}})},
        'workload.resources.limits.memory is "", but must look like ^[1-9][0-9]*(Ki|Mi|Gi)$ (Memory, as in 368Mi).',
    ),
]

ELSEWHERE = [
    # test_units.py: a chart that asks for the variables of all its units at once, a long name of a release
    'metrics.units names web, and a container belongs to one of them: in place of `include "metrics.v1.env" .` write '
    '`include "metrics.v1.inUnit" (list . "web" "metrics.v1.env")`, and the same for the other templates.',
    "metrics.units.a-unit-of-20-letters makes names such as {}, which has 74 characters, and 63 are allowed: "
    "use a shorter name for the unit or the release.",
]
