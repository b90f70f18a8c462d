"""Bad usage and bad values end the command with status 2 and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import RunCommand


@pytest.mark.parametrize(
    ("argument", "environment", "named"),
    [
        ("http_api", {}, "http-api"),
        ("", {}, "http-api"),
        ("http-api", {"REFERENCE_MISBEHAVE": "errors,explode"}, "'explode'"),
        ("http-api", {"METRICS_PORT": "http"}, "METRICS_PORT"),
        ("http-api", {"METRICS_PORT": ""}, "METRICS_PORT"),
        ("http-api", {"WEB_CONCURRENCY": "many"}, "WEB_CONCURRENCY"),
        ("http-api", {"PROMETHEUS_BACKEND": "statsd"}, "PROMETHEUS_BACKEND"),
        ("amqp-consumer", {"PROMETHEUS_BACKEND": "statsd"}, "PROMETHEUS_BACKEND"),
        ("task-runner", {"PROMETHEUS_BACKEND": "statsd"}, "PROMETHEUS_BACKEND"),
        ("amqp-consumer", {"AMQP_URL": "http://broker"}, "AMQP_URL"),
        ("amqp-consumer", {"REFERENCE_LEAK_BYTES": "420Mi"}, "REFERENCE_LEAK_BYTES"),
        ("task-runner", {"REFERENCE_TASK_INTERVAL": "often"}, "REFERENCE_TASK_INTERVAL"),
    ],
)
def test_a_bad_word_gives_status_2_and_one_sentence(
    run_command: RunCommand, argument: str, environment: dict[str, str], named: str
) -> None:
    status, output = run_command(argument, **environment)
    assert status == 2
    assert named in output
    assert output.startswith("reference-service: ")
    assert output.endswith(".\n")
    assert output.count("\n") == 1
