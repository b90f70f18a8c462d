"""Every variable: what it accepts, and one sentence for what it does not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_metrics.settings import Settings, SettingsError


def test_defaults() -> None:
    settings = Settings.from_env({})
    assert settings == Settings()
    assert (settings.enabled, settings.backend, settings.path, settings.push_interval) == (
        True,
        "prometheus",
        "/metrics",
        15.0,
    )
    assert (settings.port, settings.otlp_endpoint, settings.excluded_handlers) == (None, None, None)


def test_empty_variables_count_as_not_set() -> None:
    names = ("PROMETHEUS_METRICS_ENABLE", "PROMETHEUS_BACKEND", "METRICS_PORT", "METRICS_PATH", "METRICS_PUSH_INTERVAL")
    assert Settings.from_env(dict.fromkeys(names, "")) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("PROMETHEUS_METRICS_ENABLE", "false", "enabled", False),
        ("PROMETHEUS_METRICS_ENABLE", "True", "enabled", True),
        ("ENABLE_METRICS", "0", "enabled", False),
        ("PROMETHEUS_BACKEND", "otel", "backend", "otel"),
        ("PROMETHEUS_BACKEND", "shadow", "backend", "shadow"),
        ("METRICS_NAMESPACE", "shop", "namespace", "shop"),
        ("METRICS_SUBSYSTEM", "cart_2", "subsystem", "cart_2"),
        ("CUSTOM_LABELS", " team = a=b , service=x,", "custom_labels", (("service", "x"), ("team", "a=b"))),
        ("METRICS_PORT", "9090", "port", 9090),
        ("METRICS_PATH", "/internal/metrics", "path", "/internal/metrics"),
        ("METRICS_PUSH_INTERVAL", "20", "push_interval", 20.0),
        ("METRICS_PUSH_INTERVAL", "0.5s", "push_interval", 0.5),
        ("METRICS_SCRAPE_CACHE", "true", "scrape_cache", True),
        ("METRICS_SERIES_BUDGET", "1500", "series_budget", 1500),
        ("METRICS_SERIES_BUDGET", "0", "series_budget", None),
        ("OTEL_METRICS_EXPORTER", "console", "exporter", "console"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "otlp_endpoint", "http://c:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "otlp_protocol", "grpc"),
    ],
)
def test_accepted(name: str, value: str, attribute: str, expected: Any) -> None:
    assert getattr(Settings.from_env({name: value}), attribute) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROMETHEUS_METRICS_ENABLE", "yes please"),
        ("ENABLE_METRICS", "2"),
        ("PROMETHEUS_BACKEND", "statsd"),
        ("PROMETHEUS_BACKEND", "OTEL"),
        ("METRICS_NAMESPACE", "9shop"),
        ("METRICS_SUBSYSTEM", "my-cart"),
        ("METRICS_EXCLUDED_HANDLERS", "/metrics,/items/("),
        ("CUSTOM_LABELS", "team"),
        ("CUSTOM_LABELS", "team="),
        ("CUSTOM_LABELS", "=a"),
        ("CUSTOM_LABELS", "te-am=a"),
        ("CUSTOM_LABELS", "__team=a"),
        ("CUSTOM_LABELS", "team=a,team=b"),
        ("CUSTOM_LABELS", "service_instance_id=a"),
        ("CUSTOM_LABELS", "le=a"),
        ("METRICS_PORT", "http"),
        ("METRICS_PORT", "0"),
        ("METRICS_PORT", "65536"),
        ("METRICS_PORT", "-1"),
        ("METRICS_PORT", "\uff19"),
        ("METRICS_PATH", "metrics"),
        ("METRICS_PATH", "/a b"),
        ("METRICS_PATH", "/{path}"),
        ("METRICS_PUSH_INTERVAL", "0"),
        ("METRICS_PUSH_INTERVAL", "-5"),
        ("METRICS_PUSH_INTERVAL", "1m"),
        ("METRICS_PUSH_INTERVAL", "nan"),
        ("METRICS_SCRAPE_CACHE", "always"),
        ("METRICS_SERIES_BUDGET", "-1"),
        ("METRICS_SERIES_BUDGET", "1.5"),
        ("METRICS_SERIES_BUDGET", "\uff19"),
        ("OTEL_METRICS_EXPORTER", "otlp,console"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[c"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
    ],
)
def test_rejected_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_first_name_wins_over_its_alias() -> None:
    assert not Settings.from_env({"PROMETHEUS_METRICS_ENABLE": "false", "ENABLE_METRICS": "true"}).enabled


def test_excluded_handlers_match_whole_templates() -> None:
    excluded = Settings.from_env({"METRICS_EXCLUDED_HANDLERS": "/metrics, /health/.* ,a|b"}).excluded_handlers
    assert excluded is not None
    matching = ["/metrics", "/health/live", "a", "b"]
    other = ["/metrics/more", "/health", "/v1/metrics", "ab", "/metrics,"]
    assert [text for text in matching + other if excluded.fullmatch(text)] == matching


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PROMETHEUS_BACKEND": "otel", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"PROMETHEUS_BACKEND": "shadow", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"PROMETHEUS_BACKEND": "otel"}, False),
        ({"PROMETHEUS_BACKEND": "otel", "OTEL_METRICS_EXPORTER": "otlp"}, False),
        ({"PROMETHEUS_BACKEND": "otel", "OTEL_METRICS_EXPORTER": "console"}, True),
        ({"PROMETHEUS_BACKEND": "prometheus", "OTEL_METRICS_EXPORTER": "console"}, False),
        (
            {"PROMETHEUS_BACKEND": "otel", "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"},
            False,
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
    ],
)
def test_push_needs_a_backend_of_ours_and_somewhere_to_push(environ: dict[str, str], expected: bool) -> None:
    assert Settings.from_env(environ).pushes is expected


@given(value=st.text())
def test_any_text_is_read_or_rejected_as_a_setting(value: str) -> None:
    for name in (
        "CUSTOM_LABELS",
        "METRICS_PORT",
        "METRICS_PUSH_INTERVAL",
        "METRICS_PATH",
        "METRICS_EXCLUDED_HANDLERS",
        "OTEL_METRICS_EXPORTER",
    ):
        with suppress(SettingsError):
            Settings.from_env({name: value})
