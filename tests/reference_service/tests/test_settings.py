"""Every bad value gives one sentence with the variable's name, and no value gives a traceback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_service.settings import (
    ConfigurationError,
    amqp_url,
    leak_bytes,
    service_port,
    task_interval,
    worker_count,
)

READERS = {
    "METRICS_PORT": service_port,
    "WEB_CONCURRENCY": worker_count,
    "REFERENCE_LEAK_BYTES": leak_bytes,
    "REFERENCE_TASK_INTERVAL": task_interval,
    "AMQP_URL": amqp_url,
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("METRICS_PORT", "8080", 8080),
        ("METRICS_PORT", " 65535 ", 65535),
        ("WEB_CONCURRENCY", "2", 2),
        ("WEB_CONCURRENCY", "", 1),
        ("REFERENCE_LEAK_BYTES", "1000", 1000),
        ("REFERENCE_LEAK_BYTES", "", 420 * 1024 * 1024),
        ("REFERENCE_TASK_INTERVAL", "0.5", 0.5),
        ("REFERENCE_TASK_INTERVAL", "", 0.2),
        ("AMQP_URL", "amqp://user:password@broker:5672/vhost", "amqp://user:password@broker:5672/vhost"),
        ("AMQP_URL", "amqps://broker", "amqps://broker"),
        ("AMQP_URL", "", None),
    ],
)
def test_a_good_value_is_read(name: str, text: str, value: object) -> None:
    assert READERS[name]({name: text}) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("METRICS_PORT", ""),
        ("METRICS_PORT", "0"),
        ("METRICS_PORT", "65536"),
        ("METRICS_PORT", "http"),
        ("METRICS_PORT", "+80"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "two"),
        ("REFERENCE_LEAK_BYTES", "420Mi"),
        ("REFERENCE_TASK_INTERVAL", "0"),
        ("REFERENCE_TASK_INTERVAL", "nan"),
        ("REFERENCE_TASK_INTERVAL", "inf"),
        ("AMQP_URL", "redis://broker"),
        ("AMQP_URL", "amqp://"),
        ("AMQP_URL", "amqp://broker:port"),
    ],
)
def test_a_bad_value_gives_one_sentence(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        READERS[name]({name: text})
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        amqp_url({"AMQP_URL": "ampq://user:secret@broker"})
    assert "secret" not in str(caught.value)


@given(st.sampled_from(sorted(READERS)), st.text())
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    try:
        READERS[name]({name: text})
    except ConfigurationError as error:
        assert name in str(error)  # noqa: PT017 - acceptance is just as good
