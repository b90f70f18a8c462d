"""PROMETHEUS_BACKEND decides at import, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SAME_ON_ALL = """
    import prometheus_client, service_metrics
    from service_metrics import Counter, Gauge, Histogram, Summary, Info, Enum, REGISTRY, generate_latest

    Counter("requests_total", "Requests.", ["method"]).labels(method="GET").inc(3)
    Gauge("size", "Size.").set(2)
    Histogram("seconds", "Seconds.").observe(0.2)
    Summary("bytes", "Bytes.").observe(9)
    Info("build", "Build.").info({"version": "1"})
    Enum("state", "State.", states=["a", "b"]).state("b")
    # the values of these change by themselves
    volatile = ("process_", "python_gc_")
    page = generate_latest(REGISTRY).decode()
    print("\\n".join(line.partition(" ")[0] if line.startswith(volatile) else line for line in page.splitlines()))
"""


def test_all_backends_publish_the_same_page(python: Callable[..., str]) -> None:
    pages = {backend: python(SAME_ON_ALL, PROMETHEUS_BACKEND=backend) for backend in ("prometheus", "otel", "shadow")}
    assert pages["otel"] == pages["prometheus"]
    page, _, findings = pages["shadow"].partition("# HELP service_metrics_shadow_mismatches_total ")
    assert page == pages["prometheus"]
    assert "\nservice_metrics_shadow_comparisons_total 6.0\n" in findings
    assert "mismatches_total{" not in findings
    for family in ("process_resident_memory_bytes", "python_gc_collections_total", "python_info", "build_info"):
        assert f"# TYPE {family} " in pages["otel"]
    assert "_created" not in pages["otel"]


@pytest.mark.parametrize(
    ("backend", "module"),
    [
        ("prometheus", "prometheus_client.metrics"),
        ("otel", "service_metrics.recording.instrument"),
        ("shadow", "service_metrics.shadow.metrics"),
    ],
)
def test_the_classes_are_those_of_the_backend(python: Callable[..., str], backend: str, module: str) -> None:
    script = "import service_metrics; print(service_metrics.Counter.__mro__[1].__module__)"
    assert python(script, PROMETHEUS_BACKEND=backend).strip() == module


@pytest.mark.parametrize("backend", ["prometheus", "otel", "shadow"])
def test_importing_starts_nothing(python: Callable[..., str], backend: str) -> None:
    script = """
        import os, sys, threading
        import service_metrics, service_metrics.asgi, service_metrics.messaging, service_metrics.tasks
        print(threading.active_count(), os.listdir(os.environ["TMPDIR"]), "opentelemetry.sdk.metrics" in sys.modules)
    """
    assert python(script, PROMETHEUS_BACKEND=backend).strip() == "1 [] False"


@pytest.mark.parametrize("backend", ["otel", "shadow"])
@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter"])
def test_a_missing_extra_is_one_sentence(backend: str, missing: str, python: Callable[..., str]) -> None:
    script = """
        import sys
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if f"{name}.".startswith(sys.argv[1] + "."):
                    raise ModuleNotFoundError(name=name)
        sys.meta_path.insert(0, Missing())
        try:
            import service_metrics
        except ValueError as error:
            print(f"{type(error).__name__}: {error}")
    """
    assert python(script, missing, PROMETHEUS_BACKEND=backend) == (
        f"SettingsError: PROMETHEUS_BACKEND is {backend!r} but the OpenTelemetry SDK is not installed; "
        "install 'service-metrics[otel]' or unset PROMETHEUS_BACKEND.\n"
    )
    assert python(script, missing, PROMETHEUS_BACKEND="prometheus") == ""
