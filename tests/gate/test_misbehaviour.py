"""Each switch of the reference service turns exactly one check to FAIL, whatever the role."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference_service.misbehave import REGRESSIONS, Switch
from tests.gate.conftest import Run

pytestmark = pytest.mark.live

CAUGHT_BY = {
    Switch.ERRORS: "error-logs",
    Switch.LEAK: "memory",
    Switch.CRASH: "restarts",
    Switch.HANG: "pods-ready",
    Switch.FORGET_METRIC: "metrics-contract",
    Switch.UNSET_BACKEND: "environment",
    Switch.BAD_LABEL: "forbidden-labels",
}
SERVICES = ("aaa-api", "event-recorder", "archive-tagger")
OF_METRICS = {"metrics-contract", "worker-series", "forbidden-labels", "series-budget"}
MAY_LACK_EVIDENCE = {
    Switch.CRASH: {"worker-series"},
    Switch.HANG: {"error-logs", "server-errors", "memory", *OF_METRICS},
    Switch.UNSET_BACKEND: OF_METRICS,
}
"""Checks that a switch may leave without evidence: a restart empties the counters, a hung pod has no metrics to show, and a
consumer without its backend pushes none. Memory is measured then too, of no work at all, which proves little."""
SEEN_BY_TWO = {
    (Switch.ERRORS, "aaa-api"): {"server-errors"},
    (Switch.UNSET_BACKEND, "event-recorder"): {"library-logs"},
    (Switch.UNSET_BACKEND, "archive-tagger"): {"library-logs"},
}
"""The gate's own requests fail too; a library that is to push and has no backend for it says that its metrics go nowhere."""


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("switch", list(CAUGHT_BY))
def test_a_switch_fails_exactly_the_check_that_looks_for_it(
    switch: Switch, service: str, verify: Callable[..., Run]
) -> None:
    arguments = ["--set", f"env.standard.REFERENCE_MISBEHAVE={switch}", "--ready-timeout", "15"]
    if service != "aaa-api":
        arguments += ["--set", "metrics.otlp.pushInterval=2s"]
    run = verify(service, "staging", *arguments)
    assert run.checks("FAIL") == {CAUGHT_BY[switch]} | SEEN_BY_TWO.get((switch, service), set()), (
        run.output + run.errors
    )
    assert run.checks("INCONCLUSIVE") <= MAY_LACK_EVIDENCE.get(switch, set()), run.output
    assert run.exit_code == 1


def test_every_switch_is_in_the_table() -> None:
    """The regressions break nothing: tests/gate/faults compares them with a release before."""
    assert set(CAUGHT_BY) | REGRESSIONS == set(Switch)


def test_an_image_that_is_not_the_one_named_fails(verify: Callable[..., Run]) -> None:
    run = verify("archive-tagger", "production", "--set", "workload.image.tag=9.9.9")
    assert run.checks("FAIL") == {"image"}, run.output
    assert "reference-service:9.9.9" in run.output


def test_an_image_that_is_not_there_fails(verify: Callable[..., Run]) -> None:
    run = verify(
        "archive-tagger", "production", "--set", "workload.image.repository=never-built", "--ready-timeout", "1"
    )
    assert run.checks("FAIL") == {"pods-ready"}, run.output
    assert "ErrImagePull" in run.output
