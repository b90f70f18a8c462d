"""`service_metrics.multiprocess` on our cells: all workers on one page, and no files."""

from __future__ import annotations

from collections.abc import Callable

import prometheus_client.multiprocess
import pytest

WORKERS = """
    import os, signal
    from service_metrics import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess

    requests = Counter("requests", "R.", ["path"])
    temperature = Gauge("temperature", "T.", multiprocess_mode="livesum")
    registry = CollectorRegistry()
    wait, end = os.pipe()  # closed when this process ends, whatever becomes of it
    children = []
    for worker in range(2):
        ready, tell_ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(end)
            requests.labels("/a b").inc(worker + 1)
            temperature.set(20)
            multiprocess.MultiProcessCollector(registry)
            os.write(tell_ready, b".")
            os.read(wait, 1)
            os._exit(0)
        children.append(pid)
        assert os.read(ready, 1) == b"."
    requests.labels("/a b").inc(10)
    multiprocess.MultiProcessCollector(registry)

    def shown():
        return {
            sample.labels["service_instance_id"].partition("-pid-")[2]: sample.value
            for family in registry.collect() for sample in family.samples if sample.name == "requests_total"
        }

    assert shown() == {str(os.getpid()): 10.0, str(children[0]): 1.0, str(children[1]): 2.0}, shown()
    [family] = [family for family in registry.collect() if family.name == "requests"]
    assert (family.type, family.documentation) == ("counter", "R.")
    assert {sample.labels["path"] for sample in family.samples} == {"/a b"}
    assert generate_latest(registry).count(b"# TYPE temperature gauge") == 1

    os.kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)
    multiprocess.mark_process_dead(children[0])
    assert shown() == {str(os.getpid()): 10.0, str(children[1]): 2.0}, shown()
    print("done")
"""


@pytest.mark.parametrize("backend", ["otel", "shadow"])
def test_collects_every_live_worker_and_says_whose_a_series_is(python: Callable[..., str], backend: str) -> None:
    assert python(WORKERS, PROMETHEUS_BACKEND=backend) == "done\n"


def test_a_process_is_visible_from_the_import_where_the_directory_is_set(python: Callable[..., str]) -> None:
    script = """
        from service_metrics import multiprocess
        from service_metrics.workers.exchange import EXCHANGE
        print(EXCHANGE.joined)
    """
    assert python(script, PROMETHEUS_BACKEND="otel", PROMETHEUS_MULTIPROC_DIR="/nowhere") == "True\n"
    assert python(script, PROMETHEUS_BACKEND="otel") == "False\n"


def test_refuses_the_registry_that_it_collects(python: Callable[..., str]) -> None:
    script = """
        from service_metrics import REGISTRY, multiprocess
        try:
            multiprocess.MultiProcessCollector(REGISTRY)
        except ValueError as error:
            print(error)
    """
    assert "a CollectorRegistry() of its own" in python(script, PROMETHEUS_BACKEND="otel")


def test_is_prometheus_clients_own_on_its_backend() -> None:
    from service_metrics import multiprocess

    for name in multiprocess.__all__:
        assert getattr(multiprocess, name) is getattr(prometheus_client.multiprocess, name)
