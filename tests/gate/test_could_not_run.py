"""Bad input ends with exit 3 and one sentence, and takes the old verdict away only when a new run begins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gate.conftest import Run

CASES = [
    (("nobody-api", "staging"), "nobody-api", "aaa-api"),
    (("aaa-api", "stagign"), "stagign", "production"),
    (("aaa-api", "staging", "--set", "metrics.port=http"), "metrics.port", "whole number"),
    (("aaa-api", "staging", "--set", "metrics.prot=8080"), "metrics.prot", "metrics.port"),
    (
        ("aaa-api", "staging", "--set", "env.standard.PROMETHEUS_BACKEND=statsd"),
        "PROMETHEUS_BACKEND",
        "prometheus, otel",
    ),
    (("aaa-api", "staging", "--set", "metrics.serviceMonitor.port=metricz"), "metricz", "http"),
    (("aaa-api", "staging", "--set", "metrics.port"), "--set", "KEY=VALUE"),
]


@pytest.mark.parametrize(("arguments", "wrong", "hint"), CASES)
def test_one_sentence_says_what_was_wrong(
    arguments: tuple[str, ...], wrong: str, hint: str, verify: Callable[..., Run]
) -> None:
    run = verify(*arguments)
    assert run.exit_code == 3
    assert wrong in run.errors
    assert hint in run.errors
    assert len(run.errors.strip().splitlines()) == 1, run.errors
    assert not (run.reports / "verdict.json").exists()
