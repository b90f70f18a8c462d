"""Messages and task runs: counted by outcome, timed, gauged while they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.settings import Settings
from service_metrics.work import WorkMetrics


@pytest.fixture
def registry(backend: SimpleNamespace) -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> WorkMetrics:
    return WorkMetrics("amqp_message", "amqp_messages", "queue", settings=Settings(), registry=registry)


def test_outcomes_durations_and_progress(
    metrics: WorkMetrics, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=10.0)
    monkeypatch.setattr("service_metrics.work.perf_counter", lambda: clock.now)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    with metrics.track("orders"):
        assert value("amqp_messages_in_progress", queue="orders") == 1
        clock.now += 0.2

    def fail() -> None:
        with metrics.track("orders"):
            clock.now += 2
            raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        fail()
    assert value("amqp_messages_total", queue="orders", status="200") == 1
    assert value("amqp_messages_total", queue="orders", status="500") == 1
    assert value("amqp_messages_in_progress", queue="orders") == 0
    assert value("amqp_message_duration_seconds_sum", queue="orders") == pytest.approx(2.2)
    assert value("amqp_message_duration_seconds_bucket", queue="orders", le="0.3") == 1
    bounds = [s.labels["le"] for f in registry.collect() for s in f.samples if s.name.endswith("_bucket")]
    assert bounds == ["0.05", "0.1", "0.3", "1.0", "3.0", "5.0", "+Inf"]


def test_around_await_in_many_tasks(metrics: WorkMetrics, registry: CollectorRegistry) -> None:
    async def main() -> None:
        release = asyncio.Event()

        async def handle() -> None:
            with metrics.track("orders"):
                await release.wait()

        tasks = [asyncio.create_task(handle()) for _ in range(5)]
        await asyncio.sleep(0)  # let all start
        assert registry.get_sample_value("amqp_messages_in_progress", {"queue": "orders"}) == 5
        tasks[0].cancel()
        release.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    assert registry.get_sample_value("amqp_messages_in_progress", {"queue": "orders"}) == 0
    assert registry.get_sample_value("amqp_messages_total", {"queue": "orders", "status": "200"}) == 4
    assert registry.get_sample_value("amqp_messages_total", {"queue": "orders", "status": "500"}) == 1


def test_disabled_records_and_registers_nothing(registry: CollectorRegistry) -> None:
    metrics = WorkMetrics("task_run", "task_runs", "task", settings=Settings(enabled=False), registry=registry)
    with metrics.track("t"):
        pass
    with pytest.raises(KeyError), metrics.track("t"):
        raise KeyError
    assert list(registry.collect()) == []


@pytest.mark.parametrize("backend_name", ["prometheus", "otel"])
def test_the_documented_functions(backend_name: str, python: Callable[..., str]) -> None:
    script = """
        from service_metrics import REGISTRY, messaging, tasks
        with messaging.track_message("orders"):
            pass
        try:
            with tasks.track_run("nightly"):
                raise OSError
        except OSError:
            pass
        get = REGISTRY.get_sample_value
        print(get("shop_amqp_messages_total", {"queue": "orders", "status": "200"}),
              get("shop_amqp_message_duration_seconds_count", {"queue": "orders"}),
              get("shop_amqp_messages_in_progress", {"queue": "orders"}),
              get("shop_task_runs_total", {"task": "nightly", "status": "500"}),
              get("shop_task_run_duration_seconds_count", {"task": "nightly"}),
              get("shop_task_runs_in_progress", {"task": "nightly"}))
    """
    out = python(script, PROMETHEUS_BACKEND=backend_name, METRICS_NAMESPACE="shop")
    assert out.split() == ["1.0", "1.0", "0.0", "1.0", "1.0", "0.0"]


def test_bad_environment_is_told_at_import(python: Callable[..., str]) -> None:
    script = """
        import service_metrics
        try:
            import service_metrics.messaging
        except service_metrics.SettingsError as error:
            print(error)
    """
    assert python(script, METRICS_NAMESPACE="9").startswith("METRICS_NAMESPACE is '9';")
