"""`service_metrics.testing`, used as a service's tests use it, on every backend."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

USED = """
    import asyncio
    import time

    import pytest
    from prometheus_client import REGISTRY as THEIRS
    from service_metrics import REGISTRY, Counter, Gauge, Histogram, Summary, enable_created_metrics
    from service_metrics.testing import delta

    pytest_plugins = ["service_metrics.testing"]
    enable_created_metrics()
    ORDERS = Counter("orders", "O.", ["kind"])
    SECONDS = Histogram("order_seconds", "S.", buckets=[1, 2.5, 5])
    ORDERS.labels("a").inc(5)

    def test_delta_counts_what_the_block_adds():
        ORDERS.labels("a").inc()
        with delta("orders_total", {"kind": "a"}, by=2), delta("orders_total", {"kind": "new"}, by=1):
            ORDERS.labels("a").inc(2)
            ORDERS.labels("new").inc()
        with delta("orders_total", {"kind": "a"}, by=pytest.approx(0.3)), delta("orders_total", {"kind": "a"}, by=0.3):
            ORDERS.labels("a").inc(0.1)
            ORDERS.labels("a").inc(0.2)

    def test_delta_is_read_after_the_block_or_without_one():
        since = delta("orders_total", {"kind": "a"})
        with delta("orders_total", {"kind": "a"}) as change:
            ORDERS.labels("a").inc()
        ORDERS.labels("a").inc()
        assert (since.value, change.value) == (2, 1)

    def test_delta_looks_into_another_registry_and_into_one_metric(metrics_registry):
        gauge = Gauge("temperature", "T.", registry=metrics_registry)
        with delta("temperature", by=-3, registry=metrics_registry), delta("temperature", by=-3, registry=gauge):
            gauge.dec(3)

    def test_an_exception_of_the_block_is_not_hidden():
        with pytest.raises(KeyError), delta("orders_total", {"kind": "a"}, by=1):
            raise KeyError

    def test_registry_is_clean_1(metrics_registry):
        Counter("again", "A.", registry=metrics_registry)
        assert [family.name for family in metrics_registry.collect()] == ["again"]

    def test_registry_is_clean_2(metrics_registry):
        Counter("again", "A.", registry=metrics_registry)
        assert metrics_registry is not REGISTRY

    def test_timers_go_by_the_clock(metrics_clock):
        @SECONDS.time()
        def work():
            metrics_clock.advance(2)

        async def work_async():
            with SECONDS.time():
                await asyncio.sleep(0)
                metrics_clock.advance(3)

        with delta("order_seconds_sum", by=5), delta("order_seconds_bucket", {"le": "2.5"}, by=1):
            work()
            asyncio.run(work_async())
        with SECONDS.time() as timer:
            metrics_clock.advance(0.5)
        assert timer.duration == pytest.approx(0.5)

    def test_units_of_work_go_by_the_clock(metrics_clock):
        from service_metrics.tasks import track_run

        with delta("task_run_duration_seconds_sum", {"task": "nightly"}, by=60):
            with track_run("nightly"):
                metrics_clock.advance(60)

    def test_created_and_exemplars_go_by_the_clock(metrics_clock, metrics_registry):
        start = metrics_clock.now
        counter = Counter("c", "C.", registry=metrics_registry)
        metrics_clock.advance(7.25)
        counter.inc(exemplar={"trace_id": "1"})
        Summary("s", "S.", registry=metrics_registry)
        samples = {s.name: s for family in metrics_registry.collect() for s in family.samples}
        assert samples["c_total"].exemplar.timestamp == start + 7.25
        assert (samples["c_created"].value, samples["s_created"].value) == (start, start + 7.25)
        with pytest.raises(ValueError, match="cannot go back"):
            metrics_clock.advance(-1)

    def test_time_goes_on_without_the_clock():
        assert time.time() != time.time() or time.time.__module__ != "service_metrics.testing"

    def make_application():
        return Counter("made_again", "M."), REGISTRY.unregister(ORDERS)

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_registrations_are_undone(isolated_registry, attempt):
        assert isolated_registry is REGISTRY is THEIRS
        counter, _ = make_application()
        with delta("made_again_total", by=1):
            counter.inc()
        REGISTRY.register(ORDERS)
        REGISTRY.unregister(ORDERS)
        temporary = Counter("temporary", "T.")
        REGISTRY.unregister(temporary)

    def test_registrations_were_undone():
        names = {family.name for family in REGISTRY.collect()}
        assert "orders" in names
        assert not names & {"made_again", "temporary"}

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_http_metrics_are_made_for_each_test(isolated_registry, attempt):
        from service_metrics.http_metrics import http_metrics
        from service_metrics.settings import Settings

        for _ in range(2):
            record = http_metrics(Settings(), REGISTRY).record("/", "GET", "200")
        with delta("http_requests_total", {"handler": "/", "method": "GET", "status": "200"}, by=1):
            record(1.0, 0.0, 0.0)

    def test_what_a_module_registers_at_its_import_stays_1(isolated_registry):
        import service_metrics.messaging

        assert "amqp_messages_in_progress" in {family.name for family in REGISTRY.collect()}

    def test_what_a_module_registers_at_its_import_stays_2():
        test_what_a_module_registers_at_its_import_stays_1(REGISTRY)
"""

FAILING = """
    from service_metrics import Counter, Histogram
    from service_metrics.testing import delta

    ORDERS = Counter("orders", "O.", ["kind"])
    MAILS = Counter("mails", "M.")
    SECONDS = Histogram("order_seconds", "S.", ["kind"])
    ORDERS.labels("b")
    SECONDS.labels("a").observe(1)

    def test_other_labels():
        with delta("orders_total", {"kind": "a"}, by=1):
            ORDERS.labels("b").inc()
            MAILS.inc(2)

    def test_suffix_forgotten():
        with delta("orders", {"kind": "b"}, by=1):
            pass

    def test_misspelt():
        with delta("oder_seconds_count", {"kind": "a"}, by=1):
            pass

    def test_wrong_amount():
        with delta("mails_total", by=1):
            MAILS.inc(3)

    def test_nothing_like_it():
        with delta("zebras_total", by=1):
            pass
"""


@pytest.fixture(params=["prometheus", "otel", "shadow"])
def _backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_BACKEND", request.param)


@pytest.mark.usefixtures("_backend")
def test_serves_the_tests_of_a_service(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=17)


@pytest.mark.usefixtures("_backend")
def test_says_what_changed_instead(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILING)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=5)

    def said(test: str) -> list[str]:
        lines = result.outlines[result.outlines.index(next(x for x in result.outlines if f"_ {test} _" in x)) :]
        first = next(index for index, line in enumerate(lines) if line.startswith("E  "))
        length = next(index for index, line in enumerate(lines[first:]) if not line.startswith("E  "))
        return [line.removeprefix("E").strip() for line in lines[first : first + length]]

    assert said("test_other_labels") == [
        'AssertionError: orders_total{kind="a"} changed by 0, not by 1.',
        "What changed instead:",
        'orders_total{kind="b"} by 1',
        "mails_total by 2",
        'There is no series orders_total{kind="a"}.',
    ]
    assert said("test_suffix_forgotten") == [
        'AssertionError: orders{kind="b"} changed by 0, not by 1.',
        "No other series changed.",
        'There is no series orders{kind="b"}; near it:',
        'orders_total{kind="b"}',
    ]
    assert 'order_seconds_count{kind="a"}' in said("test_misspelt")
    assert said("test_wrong_amount") == [
        "AssertionError: mails_total changed by 3, not by 1.",
        "No other series changed.",
    ]
    assert said("test_nothing_like_it")[-1] == "There is no series zebras_total."
