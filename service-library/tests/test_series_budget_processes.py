"""METRICS_SERIES_BUDGET in whole processes: what it decides at import, forked children, process mode, pushes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BACKENDS = ("prometheus", "otel", "shadow")

FILL = """
    import logging, sys
    import service_metrics
    from service_metrics.budget.series_budget import budget_of

    logging.basicConfig(stream=sys.stdout, format="LOG %(message)s")
    COUNTER = service_metrics.Counter("visits", "Visits.", ["user"])
    HISTOGRAM = service_metrics.Histogram("seconds", "Seconds.", ["user"], buckets=[1, 2])

    def fill():
        for user in range(500):
            COUNTER.labels(user).inc()
            HISTOGRAM.labels(user).observe(1)
        budget = budget_of(service_metrics.REGISTRY)
        if budget is not None:
            budget.dropped.wait_until_told()
"""
PRINT = """
    def show():
        print(service_metrics.generate_latest().decode())
"""


def series(page: str) -> dict[str, float]:
    """The lines of a page that a process printed, beside its log lines."""
    lines = [line.rpartition(" ") for line in page.splitlines() if line and not line.startswith(("#", "LOG "))]
    return {name: float(value) for name, _, value in lines}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_page_of_a_process_is_within_before_the_first_scrape(python: Callable[..., str], backend: str) -> None:
    """With all that the collectors of prometheus_client print, and shadow's own counters."""
    script = FILL + PRINT + "    fill(); show()"
    page = python(script, PROMETHEUS_BACKEND=backend, METRICS_SERIES_BUDGET="200")
    assert 195 <= len(series(page)) <= 200
    assert "process_resident_memory_bytes" in page
    assert page.count("LOG The 200 series of METRICS_SERIES_BUDGET are used up") == 1
    assert series(page)['visits_total{user="_overflow"}'] > 300


@pytest.mark.parametrize("value", ["", "0"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_budget_there_is_no_limit(python: Callable[..., str], backend: str, value: str) -> None:
    """The control of the test above."""
    page = python(FILL + PRINT + "    fill(); show()", PROMETHEUS_BACKEND=backend, METRICS_SERIES_BUDGET=value)
    assert len(series(page)) > 500 * 6
    assert "METRICS_SERIES_BUDGET" not in page
    assert "dropped_series" not in page


@pytest.mark.parametrize(("value", "same"), [("0", True), ("500", False)])
def test_the_classes_of_prometheus_are_its_own_without_a_budget(
    python: Callable[..., str], value: str, same: bool
) -> None:
    script = """
        import prometheus_client, service_metrics
        print(service_metrics.Counter is prometheus_client.Counter)
        print(issubclass(service_metrics.Counter, prometheus_client.Counter))
        print(repr(service_metrics.Counter("c", "C.")))
    """
    expected = [str(same), "True", "prometheus_client.metrics.Counter(c)"]
    assert python(script, METRICS_SERIES_BUDGET=value).split() == expected


def test_a_bad_budget_is_told_at_import(python: Callable[..., str]) -> None:
    script = """
        try:
            import service_metrics
        except ValueError as error:
            print(error)
    """
    sentence = "METRICS_SERIES_BUDGET is 'many'; set it to a whole number of series, or to 0 for any number.\n"
    assert python(script, METRICS_SERIES_BUDGET="many") == sentence


FORK = (
    FILL
    + PRINT
    + """
    import os, threading
    if sys.argv[1] == "filled":
        fill()
    locked, forked = threading.Event(), threading.Event()

    def hold():  # as a thread that makes a child would
        with budget_of(service_metrics.REGISTRY).lock:
            locked.set()
            forked.wait()

    threading.Thread(target=hold, daemon=True).start()
    locked.wait()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        fill()
        show()
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)
    """
)


@pytest.mark.parametrize("before", ["filled", "empty"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_forked_child_keeps_to_it_and_says_so(python: Callable[..., str], backend: str, before: str) -> None:
    """Whatever its parent had, and whoever held the lock; a parent that has said it says nothing for its child."""
    page = python(FORK, before, PROMETHEUS_BACKEND=backend, METRICS_SERIES_BUDGET="150")
    assert 145 <= len(series(page)) <= 150
    assert page.count("LOG The 150 series") == (2 if before == "filled" else 1)
    assert series(page)['service_metrics_dropped_series_total{family="visits"}'] > 300


def test_in_process_mode_each_process_keeps_to_it(python: Callable[..., str], tmp_path: Path) -> None:
    script = (
        FILL
        + """
    from service_metrics.page import Page
    fill()
    print(Page().own().decode())
    """
    )
    page = series(python(script, PROMETHEUS_MULTIPROC_DIR=str(tmp_path), METRICS_SERIES_BUDGET="150"))
    assert len(page) <= 150
    assert page['service_metrics_dropped_series_total{family="visits"}'] > 300
    assert page['visits_total{user="_overflow"}'] > 300


@pytest.mark.parametrize("backend", ["otel", "shadow"])
def test_what_was_left_out_is_pushed(python: Callable[..., str], collector: Any, backend: str) -> None:
    script = (
        FILL
        + """
    publication = service_metrics.publish()
    fill()
    publication.close()
    """
    )
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "METRICS_SERIES_BUDGET": "150"}
    python(script, PROMETHEUS_BACKEND=backend, **environ)
    latest: dict[tuple[str, str], Any] = {}
    for request in collector.drain():
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.sum.data_points:
                        latest[metric.name, point.attributes[0].value.string_value if point.attributes else ""] = point
    assert latest["service_metrics_dropped_series_total", "visits"].as_double > 300
    assert latest["visits_total", "_overflow"].as_double > 300
    assert sum(point.as_double for (name, _), point in latest.items() if name == "visits_total") == 500
