"""Workers find each other over their sockets, whatever state the others are in."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from service_metrics.identity import instance_id
from service_metrics.page import Page
from service_metrics.settings import Settings
from service_metrics.workers import exchange as exchange_module
from service_metrics.workers.directory import WorkerDirectory, WorkerDirectoryError, address_of
from service_metrics.workers.exchange import EXCHANGE
from service_metrics.workers.gather import gather

ASK = b"text/plain\n"

WORKER = """
    import os, sys
    from service_metrics import Counter
    from service_metrics.page import Page
    Counter("requests", "R.").inc(int(sys.argv[1]))
    Page().join_workers()
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def start_worker() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a sibling: a process of our own process group, which ends when its input does."""
    started: list[subprocess.Popen[str]] = []

    def start(count: int, backend: str = "otel", script: str = WORKER) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(count)],
            env={**os.environ, "PROMETHEUS_BACKEND": backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def page() -> Page:
    registry = CollectorRegistry()
    Counter("requests", "R.", registry=registry).inc(10)
    return Page(registry, Settings(custom_labels=(("team", "a"),)))


def requests_by_worker(page: bytes) -> dict[str, float]:
    lines = [line for line in page.decode().splitlines() if line.startswith("requests_total{")]
    return {line.partition('service_instance_id="')[2].partition('"')[0]: float(line.split()[-1]) for line in lines}


def test_one_request_returns_all_workers(page: Page, start_worker: Callable[..., subprocess.Popen[str]]) -> None:
    workers = {start_worker(1, "otel"): 1.0, start_worker(2, "prometheus"): 2.0}
    found = page.all_workers()
    host = socket.gethostname()
    expected = {f"{host}-pid-{process.pid}": count for process, count in workers.items()}
    assert requests_by_worker(found) == {instance_id(): 10.0, **expected}
    assert found.count(b"# TYPE requests_total counter\n") == 1
    # process collectors of the siblings are there before they have served anything
    assert found.count(b"process_resident_memory_bytes{") == len(workers)


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain;version=1.0.0;escaping=allow-utf-8",
        "application/openmetrics-text;version=1.0.0;escaping=dots",
        "application/vnd.google.protobuf;encoding=delimited",
    ],
)
def test_workers_answer_in_the_format_that_is_asked_for(
    page: Page, start_worker: Callable[..., subprocess.Popen[str]], accept: str
) -> None:
    sibling = f"{socket.gethostname()}-pid-{start_worker(1).pid}".encode()
    headers, found = page.answer(accept, "")
    own = page.own(accept)
    assert sibling in found
    assert sibling not in own
    assert found.count(instance_id().encode()) == own.count(instance_id().encode())
    assert found.count(b"# EOF\n") == own.count(b"# EOF\n") == int("openmetrics" in headers["content-type"])
    assert (b"# TYPE" in found) is ("protobuf" not in headers["content-type"])


def test_an_asker_that_says_nothing_holds_nobody_up(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "_ANSWER_SECONDS", 0.01)
    page.join_workers()
    path = WorkerDirectory.of_this_service().socket_of(os.getpid())
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as endless, address_of(path) as address:
        silent.connect(address)
        endless.connect(address)
        endless.sendall(b"x" * 2000)
        assert gather({1: path}, ASK, seconds=5)[1] == []


def test_dead_workers_vanish(
    page: Page, start_worker: Callable[..., subprocess.Popen[str]], meeting_place: Path
) -> None:
    killed, ended = start_worker(1), start_worker(2)
    killed.kill()
    killed.wait()
    ended.communicate("")
    socket_files = {path.name for path in meeting_place.rglob("*.sock")}
    assert socket_files == {f"{killed.pid}.sock"}  # the one that ended normally has cleaned up
    assert requests_by_worker(page.all_workers()) == {instance_id(): 10.0}
    assert {path.name for path in meeting_place.rglob("*.sock")} == {f"{os.getpid()}.sock"}


def test_a_dead_worker_is_not_kept_alive_by_its_forked_child(
    page: Page, start_worker: Callable[..., subprocess.Popen[str]], caplog: pytest.LogCaptureFixture
) -> None:
    forking = WORKER.replace('print("ready"', 'pid = os.fork()\n    if pid == 0: print("ready"')
    parent = start_worker(1, script=forking)
    parent.kill()
    parent.wait()
    own_socket = WorkerDirectory.of_this_service().socket_of(parent.pid)
    assert own_socket.exists()
    page.all_workers()
    assert not own_socket.exists()
    assert "lacks the workers" not in caplog.text


def test_the_last_to_leave_removes_the_directory(page: Page, meeting_place: Path) -> None:
    page.join_workers()
    joined = [EXCHANGE.joined]
    assert len(list(meeting_place.rglob("*.sock"))) == 1
    EXCHANGE.leave()
    assert [*joined, EXCHANGE.joined] == [True, False]
    assert WorkerDirectory.of_this_service().path.parent.is_dir()
    assert not WorkerDirectory.of_this_service().path.exists()
    page.join_workers()
    assert len(list(meeting_place.rglob("*.sock"))) == 1


def test_the_directory_is_private(page: Page, meeting_place: Path) -> None:
    page.join_workers()
    directory = WorkerDirectory.of_this_service().path
    assert directory == meeting_place / f"service-metrics-{os.getuid()}" / str(os.getpgrp())
    assert [path.stat().st_mode & 0o777 for path in (directory.parent, directory)] == [0o700, 0o700]


@pytest.mark.parametrize("trouble", ["open to others", "a link", "a file"])
def test_a_directory_that_is_not_ours_is_refused(
    trouble: str, page: Page, meeting_place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parent = WorkerDirectory.of_this_service().path.parent
    if trouble == "open to others":
        parent.mkdir()
        parent.chmod(0o777)
    elif trouble == "a link":
        (meeting_place / "elsewhere").mkdir(mode=0o700)
        parent.symlink_to(meeting_place / "elsewhere")
    else:
        parent.write_text("")
    with pytest.raises(WorkerDirectoryError, match=r"^.* is not a directory that user \d+ alone can use; .*\.$"):
        WorkerDirectory.of_this_service().create()
    with caplog.at_level(logging.WARNING, "service_metrics"):
        assert requests_by_worker(page.all_workers()) == {instance_id(): 10.0}
        page.all_workers()
    assert [record.getMessage()[:54] for record in caplog.records] == [
        "Each worker's metrics page shows that worker only: " + str(parent)[:3]
    ]


def test_a_very_long_temporary_directory_works(
    page: Page,
    start_worker: Callable[..., subprocess.Popen[str]],
    meeting_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = meeting_place / ("d" * 120)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setattr("tempfile.tempdir", str(long))
    start_worker(3)
    assert sorted(requests_by_worker(page.all_workers()).values()) == [3.0, 10.0]


def test_a_long_path_without_proc_says_so(meeting_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service_metrics.workers.directory._DESCRIPTORS", meeting_place / "missing")
    with (
        pytest.raises(WorkerDirectoryError, match=r"longer than the 107 bytes .* set TMPDIR to a shorter path\.$"),
        address_of(meeting_place / ("d" * 108)),
    ):
        pass


def test_a_socket_left_by_an_earlier_process_of_the_same_id(page: Page) -> None:
    directory = WorkerDirectory.of_this_service()
    directory.create()
    with socket.socket(socket.AF_UNIX) as left, address_of(directory.socket_of(os.getpid())) as address:
        left.bind(address)
    page.join_workers()
    pages, silent = gather({os.getpid(): directory.socket_of(os.getpid())}, ASK, seconds=5)
    assert [requests_by_worker(found) for found in pages] == [{instance_id(): 10.0}]
    assert silent == []


class FakeWorker:
    """A socket in the workers' directory that answers with given bytes, or not at all."""

    def __init__(self, pid: int) -> None:
        directory = WorkerDirectory.of_this_service()
        directory.create()
        self.path = directory.socket_of(pid)
        self.socket = socket.socket(socket.AF_UNIX)
        with address_of(self.path) as address:
            self.socket.bind(address)
        self.socket.listen(1)


@pytest.fixture
def fake_worker() -> Iterator[FakeWorker]:
    worker = FakeWorker(1)
    yield worker
    worker.socket.close()


def test_a_worker_that_hangs_is_left_out_and_named(
    page: Page, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(exchange_module, "_ANSWER_SECONDS", 0.01)
    assert requests_by_worker(page.all_workers()) == {instance_id(): 10.0}
    assert "lacks the workers [1]" in caplog.text
    assert fake_worker.path.exists()  # it may only be slow


@pytest.mark.parametrize("answer", [b"", b"\0" * 7, (5).to_bytes(8, "big") + b"four", (3).to_bytes(8, "big") + b"four"])
def test_a_cut_answer_is_left_out(answer: bytes, fake_worker: FakeWorker) -> None:
    from threading import Thread

    def reply() -> None:
        connection, _ = fake_worker.socket.accept()
        with connection:
            connection.sendall(answer)

    thread = Thread(target=reply)
    thread.start()
    assert gather({1: fake_worker.path}, ASK, seconds=5) == ([], [1])
    thread.join()


def test_a_collector_that_raises_hides_its_worker_only(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    def broken(content_type: str) -> bytes:
        raise RuntimeError("no")

    path = WorkerDirectory.of_this_service().socket_of(os.getpid())
    EXCHANGE.join(broken)
    for _ in range(2):
        assert gather({1: path}, ASK, seconds=5) == ([], [1])
    EXCHANGE.join(page.own)  # answers again: the thread lives on
    assert gather({1: path}, ASK, seconds=5)[1] == []
    assert caplog.text.count("a collector raised") == 1
