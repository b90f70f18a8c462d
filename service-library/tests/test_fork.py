"""Forked children, with a real os.fork in a process of its own: from zero, under their own name, without deadlock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

PRELUDE = """
    import json, os, sys, threading, time
    from service_metrics import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Summary, Info, Enum

    def in_child(work):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writer, json.dumps(work()).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            text = answer.read()
        assert os.waitpid(pid, 0)[1] == 0
        return json.loads(text)

    def values(registry=REGISTRY):
        return {s.name + "".join(s.labels.values()): s.value for f in registry.collect() for s in f.samples
                if not s.name.startswith(("process_", "python_"))}
"""


def test_a_child_starts_from_zero_and_keeps_what_is_bound(python: Callable[..., str]) -> None:
    script = (
        PRELUDE
        + """
    counter = Counter("c", "C.", ["a"]); bound = counter.labels("x"); bound.inc(5)
    plain = Counter("p", "P."); plain.inc(5)
    gauge = Gauge("g", "G."); gauge.inc(5)
    asked = Gauge("asked", "A."); asked.set_function(lambda: 7)
    histogram = Histogram("h", "H.", buckets=[1]); histogram.observe(0.5)
    summary = Summary("s", "S."); summary.observe(5)
    info = Info("i", "I."); info.info({"version": "1"})
    enum = Enum("e", "E.", states=["a", "b"]); enum.state("b")
    elsewhere = CollectorRegistry(); Counter("other", "O.", registry=elsewhere).inc(5)

    def work():
        at_first = {**values(), **values(elsewhere)}
        bound.inc(); histogram.observe(2); summary.observe(1)
        return at_first, values()

    at_first, later = in_child(work)
    print(json.dumps([at_first, later, values()]))
    """
    )
    at_first, later, parent = json.loads(python(script, PROMETHEUS_BACKEND="otel"))
    kept = {"i_info1": 1.0, "eb": 1, "ea": 0, "asked": 7.0}
    zeroed = {"c_totalx", "p_total", "g", "h_bucket1.0", "h_bucket+Inf", "h_count", "h_sum", "s_count", "s_sum"}
    assert at_first == {**kept, **dict.fromkeys(zeroed, 0.0), "other_total": 0.0}
    expected = {"c_totalx": 1, "h_bucket+Inf": 1, "h_count": 1, "h_sum": 2, "s_count": 1, "s_sum": 1}
    assert {name: value for name, value in later.items() if value and name not in kept} == expected
    assert (parent["c_totalx"], parent["g"], parent["h_sum"], parent["s_sum"]) == (5, 5, 0.5, 5)


def test_locks_held_by_other_threads_do_not_block_the_child(python: Callable[..., str]) -> None:
    script = (
        PRELUDE
        + """
    counter = Counter("c", "C.", ["a"])
    held, release = threading.Event(), threading.Event()
    from service_metrics.workers.exchange import EXCHANGE

    def hold():
        with counter._family.lock, REGISTRY._lock, EXCHANGE._lock:
            held.set()
            release.wait()

    thread = threading.Thread(target=hold); thread.start(); held.wait()

    def work():
        counter.labels("new").inc()
        Counter("more", "M.").inc()
        EXCHANGE.join(lambda: b"")
        return values()

    found = in_child(work)
    release.set(); thread.join()
    print(json.dumps(found))
    """
    )
    found = json.loads(python(script, PROMETHEUS_BACKEND="otel"))
    assert (found["c_totalnew"], found["more_total"]) == (1, 1)


PAGES_OF_FORKED_WORKERS = (
    PRELUDE
    + """
    from service_metrics.page import Page
    from service_metrics.workers.exchange import EXCHANGE
    counter = Counter("c", "C.")
    page = Page()
    if sys.argv[1] == "joined":
        page.join_workers()

    workers, ready, go = [], [], []
    for number in (1, 2):
        ready_reader, ready_writer = os.pipe(); go_reader, go_writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                counter.inc(number)
                page.join_workers()
                os.write(ready_writer, b"1"); os.read(go_reader, 1)
                if number == 2:
                    print(page.all_workers().decode(), flush=True)
                    os.write(ready_writer, b"1"); os.read(go_reader, 1)
            finally:
                EXCHANGE.leave()
                os._exit(0)
        workers.append(pid); ready.append(ready_reader); go.append(go_writer)
    [os.read(reader, 1) for reader in ready]
    os.write(go[1], b"1"); os.read(ready[1], 1)
    [os.write(writer, b"1") for writer in go]
    [os.waitpid(pid, 0) for pid in workers]
    if sys.argv[1] == "joined":
        EXCHANGE.leave()
    left = [str(found) for found in __import__("pathlib").Path(os.environ["TMPDIR"]).rglob("*.sock")]
    print("MASTER", os.getpid(), "WORKERS", *workers, "LEFT", left)
"""
)


def counts(output: str) -> tuple[dict[int, float], int, list[int], str]:
    page, _, end = output.partition("MASTER")
    master, _, rest = end.partition("WORKERS")
    workers, _, left = rest.partition("LEFT")
    found: dict[int, float] = {}
    for line in page.splitlines():
        if line.startswith("c_total{"):
            series, value = line.rsplit(" ", 1)
            found[int(series.rpartition("-pid-")[2].rstrip('"}'))] = float(value)
    return found, int(master), [int(worker) for worker in workers.split()], left.strip()


def test_preloaded_workers_are_on_the_page_and_their_master_is_not(python: Callable[..., str]) -> None:
    for backend in ("prometheus", "otel"):
        found, _, workers, left = counts(python(PAGES_OF_FORKED_WORKERS, "preloaded", PROMETHEUS_BACKEND=backend))
        assert found == {workers[0]: 1.0, workers[1]: 2.0}
        assert left == "[]"


def test_children_of_a_joined_process_join_by_themselves(python: Callable[..., str]) -> None:
    found, master, workers, left = counts(python(PAGES_OF_FORKED_WORKERS, "joined", PROMETHEUS_BACKEND="otel"))
    assert found == {master: 0.0, workers[0]: 1.0, workers[1]: 2.0}
    assert left == "[]"


def test_a_child_joins_without_being_asked(python: Callable[..., str], tmp_path: Path) -> None:
    """The child only waits until the parent has seen it: nothing in it calls the library."""
    script = (
        PRELUDE
        + """
    from service_metrics.page import Page
    page = Page()
    page.join_workers()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(reader, 1)
        os._exit(0)
    needle = f"-pid-{pid}".encode()
    while needle not in page.all_workers():  # ends by the time-out of the test if the child never joins
        pass
    os.write(writer, b"1")
    os.waitpid(pid, 0)
    print(needle in page.all_workers())  # it died without leaving
    """
    )
    assert python(script, PROMETHEUS_BACKEND="otel").strip() == "False"
    assert list(tmp_path.rglob("*.sock")) == []
