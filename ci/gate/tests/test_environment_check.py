"""The environment check: which variables only the chart may set, and which values no report repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promotion_gate.checks import environment
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Missing, ProcessEnvironment, Substitution
from promotion_gate.verdict import Finding, Outcome
from promotion_gate.workload import EnvVar


def with_variable(subject: Subject, name: str, value: str) -> Subject:
    """The first process has a variable that the chart does not render."""
    first, *rest = processes(subject)
    spoiled = replace(first, variables={**first.variables, name: value})
    return replace(subject, evidence=replace(subject.evidence, environments=(spoiled, *rest)))


def processes(subject: Subject) -> tuple[ProcessEnvironment, ...]:
    assert not isinstance(subject.evidence.environments, Missing)
    return subject.evidence.environments


def assess(subject: Subject) -> Finding:
    return environment.CHECK.run(subject).finding


@pytest.mark.parametrize(
    "name",
    [
        "PROMETHEUS_METRICS_ENABLE",
        "PROMETHEUS_MULTIPROC_DIR",
        "METRICS_PUSH_INTERVAL",
        "METRICS_SERIES_BUDGET",
        "OTEL_SDK_DISABLED",
        "_OTEL_DEFER_SETUP",
        "ENABLE_METRICS",
    ],
)
def test_only_the_chart_may_set_it(name: str, pull: Subject) -> None:
    finding = assess(with_variable(pull, name, "x"))
    assert finding.outcome is Outcome.FAIL
    assert finding.summary == f"not as rendered: {name}"


@pytest.mark.parametrize(
    "name", ["HOME", "PATH", "DD_TRACE_ENABLED", "ENABLE_METRICS_X", "MY_METRICS_PORT", "prometheus_x"]
)
def test_others_may_be_set_by_anybody(name: str, pull: Subject) -> None:
    assert assess(with_variable(pull, name, "x")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=hunter2"),
        ("METRICS_TOKEN", "hunter2"),
        ("OTEL_API_KEY", "hunter2"),
        ("METRICS_GATEWAY", "http://user:hunter2@gateway"),
    ],
)
def test_a_secret_is_not_repeated(name: str, value: str, pull: Subject) -> None:
    finding = assess(with_variable(pull, name, value))
    assert finding.outcome is Outcome.FAIL
    assert "not shown" in finding.model_dump_json()
    assert "hunter2" not in finding.model_dump_json()


def test_a_rendered_secret_that_differs_is_not_repeated(pull: Subject) -> None:
    rendered = (*pull.workload.env, EnvVar("AMQP_URL", "amqp://user:hunter2@broker"))
    finding = assess(replace(pull, workload=replace(pull.workload, env=rendered)))
    assert finding.outcome is Outcome.FAIL
    assert "hunter2" not in finding.model_dump_json()


def test_what_the_target_replaced_is_told_but_for_secrets(pull: Subject) -> None:
    said = assess(pull).observations[0].observed
    assert "the target replaced METRICS_PORT=21000 for 8080, replicas share this host's ports" in said
    secret = Substitution("GATEWAY", "http://user:hunter2@gateway", "http://user:hunter2@127.0.0.1", "none is here")
    shown = tuple(replace(one, substitutions=(*one.substitutions, secret)) for one in processes(pull))
    finding = assess(replace(pull, evidence=replace(pull.evidence, environments=shown)))
    assert finding.outcome is Outcome.PASS
    assert "GATEWAY=(a secret, not shown)" in finding.observations[0].observed
    assert "hunter2" not in finding.model_dump_json()


PASSWORD = EnvVar("BROKER_PASS", secret="broker/pass")  # noqa: S106 - a reference
URL = EnvVar("BROKER_URL", "amqp://u:$(BROKER_PASS)@broker")
DSN = EnvVar("DSN", "host=db pw=$(BROKER_PASS)")


def with_secret(subject: Subject, *env: EnvVar, **variables: str) -> Subject:
    """Rendered variables more, and what each process has of them."""
    workload = replace(subject.workload, env=(*subject.workload.env, *env))
    have = tuple(replace(one, variables={**one.variables, **variables}) for one in processes(subject))
    return replace(subject, workload=workload, evidence=replace(subject.evidence, environments=have))


def test_what_refers_to_a_secret_has_the_value_that_the_process_has(pull: Subject) -> None:
    env = {"BROKER_PASS": "hunter2", "BROKER_URL": "amqp://u:hunter2@broker", "DSN": "host=db pw=hunter2"}
    finding = assess(with_secret(pull, PASSWORD, URL, DSN, **env))
    assert finding.outcome is Outcome.PASS, finding
    unchanged = assess(pull).observations[0].observed.split()[0]
    assert finding.observations[0].observed.split()[0] == str(
        int(unchanged) + 2
    )  # the secret's own value is not compared


@pytest.mark.parametrize(
    ("env", "wrong"),
    [
        ({"BROKER_PASS": "hunter2", "DSN": "host=db pw=$(BROKER_PASS)"}, "DSN"),
        ({"BROKER_PASS": "hunter2", "DSN": "host=db pw=hunter3"}, "DSN"),
        ({"BROKER_PASS": "hunter2"}, "DSN"),
        ({"DSN": "host=db pw=$(BROKER_PASS)"}, "BROKER_PASS"),
    ],
)
def test_a_reference_that_was_not_expanded_right_is_told_without_the_secret(
    env: dict[str, str], wrong: str, pull: Subject
) -> None:
    finding = assess(with_secret(pull, PASSWORD, DSN, **env))
    assert finding.outcome is Outcome.FAIL
    assert finding.summary == f"not as rendered: {wrong}"
    assert "hunter2" not in finding.model_dump_json()


def test_a_literal_that_comes_after_a_secret_of_the_same_name_is_compared(pull: Subject) -> None:
    literal = EnvVar("BROKER_PASS", "from the chart")
    assert assess(with_secret(pull, PASSWORD, literal, **{"BROKER_PASS": "other"})).outcome is Outcome.FAIL
