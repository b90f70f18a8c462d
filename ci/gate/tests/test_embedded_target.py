"""The embedded target shows what its pods did, and says what it had to change to run them here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from promotion_gate.checks.check import Subject
from promotion_gate.targets import TargetError
from promotion_gate.targets.embedded.target import EmbeddedTarget
from promotion_gate.workload import EnvVar, Workload

PRINTS = "import signal, sys; [print(argument, flush=True) for argument in [*sys.argv[1:], 'up']]; signal.pause()"
JSON = '{"time": "2025-11-21T12:00:00Z", "status": 500, "path": "/a\u2028b\u0085c"}'


@pytest.fixture
def workload(pull: Subject) -> Workload:
    """Two replicas of a script that prints its arguments and waits."""
    return replace(
        pull.workload,
        image="promotion-gate",
        command=(sys.executable, "-I", "-S", "-X", "utf8", "-c", PRINTS),
        readiness=None,
        grace_seconds=0,
    )


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedTarget]:
    monkeypatch.setattr("promotion_gate.targets.embedded.target.SAMPLE_SECONDS", 0.01)
    made = EmbeddedTarget(tmp_path / "pods")
    yield made
    made.stop()
    made.stop()


def printed(target: EmbeddedTarget, wait: Callable[[Callable[[], bool]], None]) -> list[list[str]]:
    """What each pod printed before it said that it is up."""

    def up() -> bool:
        return all(log.lines and log.lines[-1].text == "up" for log in target.logs())

    wait(up)
    # A process may print before the thread that started it knows its pid; whose memory was seen is known.
    wait(lambda: all(use.samples for use in target.memory()))
    return [[line.text for line in log.lines[:-1]] for log in target.logs()]


def test_a_release_that_runs(
    workload: Workload, target: EmbeddedTarget, wait: Callable[[Callable[[], bool]], None]
) -> None:
    arguments = (JSON, "$(METRICS_PORT)", "$(K8S_POD_NAME)", "$(PATH)", "$$(METRICS_PORT)")
    target.start(replace(workload, command=(*workload.command, *arguments)))
    said = printed(target, wait)
    environments = {shown.pod: shown for shown in target.environments()}

    assert [pod.name for pod in target.pods()] == list(environments) == ["demo-0", "demo-1"]
    assert [log.lines[0].status for log in target.logs()] == [500, 500]
    ports = [environments[pod].variables["METRICS_PORT"] for pod in environments]
    assert len({*ports, "8080"}) == 3
    assert said == [
        [JSON, port, pod, "$(PATH)", "$(METRICS_PORT)"] for pod, port in zip(environments, ports, strict=True)
    ]
    for pod, shown in environments.items():
        assert [(s.name, s.declared) for s in shown.substitutions] == [("METRICS_PORT", "8080")]
        assert target.addresses()[pod] == f"http://127.0.0.1:{shown.variables['METRICS_PORT']}"
        assert shown.variables["OTEL_RESOURCE_ATTRIBUTES"] == f"k8s.pod.name={pod}"
        assert shown.variables["PROMETHEUS_BACKEND"] == "otel"
        assert not [name for name in shown.variables if name.startswith("PROMOTION_GATE")]
    assert {page.fault for page in target.metrics()} == {"connection refused or closed"}


def test_the_gates_own_environment_does_not_reach_the_pods(
    workload: Workload,
    target: EmbeddedTarget,
    wait: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", "of the gate")
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    target.start(replace(workload, replicas=1))
    printed(target, wait)
    (shown,) = target.environments()
    assert not {"METRICS_NAMESPACE", "PYTHONSTARTUP", "PYTEST_CURRENT_TEST"} & shown.variables.keys()


def test_a_consumer_pushes_to_the_gates_receiver(
    push: Subject, workload: Workload, target: EmbeddedTarget, wait: Callable[[Callable[[], bool]], None]
) -> None:
    target.start(replace(workload, env=push.workload.env, ports={}, replicas=1))
    printed(target, wait)
    (shown,) = target.environments()
    (substitution,) = shown.substitutions
    assert (substitution.name, substitution.declared) == ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    assert shown.variables[substitution.name] == substitution.actual != substitution.declared
    assert target.addresses() == {}
    assert target.metrics() == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"command": ()}, "the chart renders no command"),
        ({"ports": {"http": 8080, "admin": 9000}}, "read it from ADMIN_PORT=9000 in env.standard"),
        (
            {
                "env": (
                    EnvVar("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"),
                    EnvVar("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                )
            },
            "the chart renders grpc",
        ),
    ],
)
def test_what_it_cannot_run_is_told(
    changes: dict[str, object], says: str, workload: Workload, target: EmbeddedTarget
) -> None:
    with pytest.raises(TargetError, match=says):
        target.start(replace(workload, **changes))  # type: ignore[arg-type]
    target.stop()
    assert target.environments() == ()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_memory_that_was_not_measured_to_the_end_is_no_evidence(
    workload: Workload,
    target: EmbeddedTarget,
    wait: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_pid: int) -> int:
        raise KeyError("Pss_Anon")

    monkeypatch.setattr("promotion_gate.targets.embedded.processes.memory_bytes", broken)

    def refused() -> bool:
        with suppress(RuntimeError):
            return not target.memory()
        return True

    target.start(replace(workload, replicas=1))
    wait(refused)
    with pytest.raises(RuntimeError, match="the sampler ended early"):
        target.memory()


def test_what_it_cannot_prove_it_says(target: EmbeddedTarget) -> None:
    assert target.fit_for_promotion is False
    assert "only a verdict from a cluster can promote" in target.note


def test_it_is_empty_before_it_starts(target: EmbeddedTarget) -> None:
    assert (target.pods(), target.logs(), target.environments(), target.memory()) == ((), (), (), ())
    assert target.addresses() == {}
