"""What each check of pods and processes makes of evidence that is good but for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ci.gate.tests.changes import (
    FAIL,
    GONE,
    INCONCLUSIVE,
    PASS,
    Change,
    Row,
    assert_concludes,
    both,
    declared,
    first,
    good,
    less,
    seen,
)
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Missing, PodLog
from promotion_gate.workload import EnvVar

MIB = 1024 * 1024


def twice(part: str) -> Change:
    """The first item of a part of the evidence, and again."""
    return lambda subject: seen(**{part: getattr(subject.evidence, part)[:1] * 2})(subject)


def lines(*statuses: int | None) -> Change:
    """The first pod logged lines of these statuses."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.logs, Missing)
        head, *rest = subject.evidence.logs
        template = head.lines[-1]
        logged = tuple(replace(template, text=f"status={status}", status=status) for status in statuses)
        return seen(logs=(PodLog(head.pod, logged), *rest))(subject)

    return change


def variables(**changes: str | None) -> Change:
    """The first process has other variables; None is one that is not set."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.environments, Missing)
        old = subject.evidence.environments[0].variables
        new = {name: value for name, value in {**old, **changes}.items() if value is not None}
        return first("environments", variables=new)(subject)

    return change


def from_secret(*, optional: bool) -> Change:
    """The chart has an env var that reads a secret's key; no process has it."""
    added = EnvVar("TOKEN", secret="app/token", optional=optional)  # noqa: S106 - a reference
    return lambda subject: declared(env=(*subject.workload.env, added))(subject)


UNREADY = first("pods", ready=False, reason="not ready: GET /health/ready answers 503")

# fmt: off
ROWS = [
    Row("pods-ready", "good", good, PASS, "2 of 2 pods Running and Ready"),
    Row("pods-ready", "one not ready", UNREADY, FAIL, "1 of 2 pods"),
    Row("pods-ready", "its reason is shown", UNREADY, FAIL, "answers 503"),
    Row("pods-ready", "its last words are shown", UNREADY, FAIL, "work 29"),
    Row("pods-ready", "and that there are none", both(UNREADY, seen(logs=GONE)), FAIL, "nothing was logged"),
    Row("pods-ready", "ready and not Running", first("pods", phase="Succeeded"), FAIL, "Succeeded, Ready"),
    Row("pods-ready", "one too few", less("pods"), FAIL, "1 of 2 pods"),
    Row("pods-ready", "one too many", declared(replicas=1), FAIL, "2 of 1 pods"),
    Row("pods-ready", "missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
    Row("pods-ready", "empty", seen(pods=()), INCONCLUSIVE, "returned nothing"),
    Row("restarts", "good", good, PASS, "0 restarts in 2 pods"),
    Row("restarts", "one", first("pods", restarts=1, reason="exit code 1"), FAIL, "1 (exit code 1)"),
    Row("restarts", "one of two pods", less("pods"), INCONCLUSIVE, "pods seen: 1"),
    Row("restarts", "one pod twice", twice("pods"), INCONCLUSIVE, "pods seen: 1"),
    Row("restarts", "empty", seen(pods=()), INCONCLUSIVE, "returned nothing"),
    Row("restarts", "missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
    Row("memory", "good", good, PASS, "peak 60 of 100 MiB, headroom 40%"),
    Row("memory", "a byte below", first("memory", samples=((0.0, 100 * MIB - 1),)), PASS, "peak 100 of 100 MiB"),
    Row("memory", "at the limit", first("memory", samples=((0.0, 100 * MIB),)), FAIL, "headroom 0%"),
    Row("memory", "a peak in between", first("memory", samples=((0.0, 9), (1.0, 150 * MIB), (2.0, 9))), FAIL, "150"),
    Row("memory", "no limit", declared(memory_limit=None), FAIL, "no memory limit"),
    Row("memory", "a limit of 0", declared(memory_limit=0), FAIL, "no memory limit"),
    Row("memory", "no limit, no samples", both(declared(memory_limit=None), seen(memory=GONE)), FAIL, "no memory limit"),
    Row("memory", "a pod without samples", first("memory", samples=()), INCONCLUSIVE, "demo-0: no samples"),
    Row("memory", "a pod of 0 bytes", first("memory", samples=((0.0, 0),)), INCONCLUSIVE, "demo-0: no samples"),
    Row("memory", "one pod measured", less("memory"), INCONCLUSIVE, "pods measured: 1"),
    Row("memory", "empty", seen(memory=()), INCONCLUSIVE, "returned nothing"),
    Row("memory", "missing", seen(memory=GONE), INCONCLUSIVE, "it rained"),
    Row("error-logs", "good", good, PASS, "0 of 60 log lines"),
    Row("error-logs", "client errors", lines(200, 404, 499), PASS, "0 of 33 log lines"),
    Row("error-logs", "a 500", lines(200, 500), FAIL, "1 of 32 log lines"),
    Row("error-logs", "and whose", lines(200, 500), FAIL, "demo-0: 1 of 2 lines with a status"),
    Row("error-logs", "the line is shown", lines(200, 503), FAIL, "status=503"),
    Row("error-logs", "no status at all", lines(None, None), INCONCLUSIVE, "no line with a status among 2"),
    Row("error-logs", "a silent pod beside a bad one", both(lines(500), less("logs")), FAIL, "1 of 1"),
    Row("error-logs", "the log of one pod", less("logs"), INCONCLUSIVE, "pods with a log: 1"),
    Row("error-logs", "empty", seen(logs=()), INCONCLUSIVE, "returned nothing"),
    Row("error-logs", "missing", seen(logs=GONE), INCONCLUSIVE, "it rained"),
    Row("image", "good", good, PASS, "every pod runs reference-service:0.1.0"),
    Row("image", "another tag", first("pods", image="reference-service:0.2.0"), FAIL, "runs reference-service:0.2.0"),
    Row("image", "another case", first("pods", image="Reference-Service:0.1.0"), FAIL, "Reference-Service"),
    Row("image", "none", first("pods", image="", reason="ErrImagePull"), INCONCLUSIVE, "ErrImagePull"),
    Row("image", "one of two pods", less("pods"), INCONCLUSIVE, "not every pod"),
    Row("image", "empty", seen(pods=()), INCONCLUSIVE, "returned nothing"),
    Row("image", "missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
    Row("environment", "good", good, PASS, "variables as rendered in 4 processes"),
    Row("environment", "of a consumer", good, PASS, "in 4 processes", "push"),
    Row("environment", "another value", variables(PROMETHEUS_BACKEND="prometheus"), FAIL, "PROMETHEUS_BACKEND"),
    Row("environment", "not set", variables(PROMETHEUS_BACKEND=None), FAIL, "pid 100 (python): not set"),
    Row("environment", "set to nothing", variables(PROMETHEUS_BACKEND=""), FAIL, "PROMETHEUS_BACKEND"),
    Row("environment", "one of ours too many", variables(METRICS_NAMESPACE="x"), FAIL, "METRICS_NAMESPACE"),
    Row("environment", "one of nobody's", variables(METRIX="x", MY_OTEL_X="y"), PASS, "as rendered"),
    Row("environment", "a field of another pod", variables(K8S_POD_NAME="demo-1"), FAIL, "K8S_POD_NAME"),
    Row("environment", "not expanded", variables(OTEL_RESOURCE_ATTRIBUTES="k8s.pod.name=$(K8S_POD_NAME)"), FAIL, "OTEL"),
    Row("environment", "the rendered port, not the lent one", variables(METRICS_PORT="8080"), FAIL, "METRICS_PORT"),
    Row("environment", "a port replaced in silence", first("environments", substitutions=()), FAIL, "METRICS_PORT"),
    Row("environment", "no secret", from_secret(optional=False), FAIL, "TOKEN in demo-0 pid 100 (python): not set"),
    Row("environment", "no optional secret", from_secret(optional=True), PASS, "as rendered"),
    Row("environment", "no process of a pod", less("environments", 2), INCONCLUSIVE, "demo-1: no process"),
    Row("environment", "one of two pods", both(less("pods"), less("environments", 2)), INCONCLUSIVE, "pods seen: 1"),
    Row("environment", "missing", seen(environments=GONE), INCONCLUSIVE, "it rained"),
    Row("environment", "empty", seen(environments=()), INCONCLUSIVE, "returned nothing"),
    Row("environment", "pods missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)
