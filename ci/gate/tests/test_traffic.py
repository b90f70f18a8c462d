"""Traffic is sent as planned to every pod, and only what was answered counts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from promotion_gate.evidence import Traffic
from promotion_gate.plan import Plan, Request
from promotion_gate.traffic import send_traffic

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]
GET, POST = Request(path="/a"), Request(method="POST", path="/b?c=d", body={"name": "é"})


class Service:
    """Answers with a status by path, and remembers what it was asked."""

    def __init__(self, statuses: dict[str, int] | None = None) -> None:
        self.statuses = statuses or {}
        self.asked: Counter[tuple[str, str, bytes]] = Counter()
        self.connections: set[int] = set()
        self.headers: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        with self._lock:
            self.asked[request.command, request.path, body] += 1
            self.connections.add(request.client_address[1])
            self.headers = dict(request.headers)
        status = self.statuses.get(request.path, 200)
        if not status:
            return  # closes the connection without an answer
        request.send_response(status)
        if status == 302:
            request.send_header("Location", "/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()


def counts(traffic: Traffic) -> Traffic:
    """Without the times, which are different each time."""
    return replace(traffic, latencies=())


def quiet(_done: int, _total: int) -> None:
    """No progress."""


def plan(*requests: Request, per_pod: int, concurrency: int = 4) -> Plan:
    return Plan(requests=requests, requests_per_pod=per_pod, concurrency=concurrency)


def test_every_pod_gets_its_requests_in_turn(serve: Serve) -> None:
    services = {"demo-0": Service(), "demo-1": Service()}
    addresses = {pod: serve(service) for pod, service in services.items()}
    assert counts(send_traffic(plan(GET, POST, per_pod=5), addresses, quiet)) == Traffic(10, {200: 10}, 0)
    for service in services.values():
        assert service.asked == {("GET", "/a", b""): 3, ("POST", "/b?c=d", b'{"name": "\\u00e9"}'): 2}
        assert service.headers["Connection"] == "close"
    assert services["demo-1"].headers.get("Content-Type") in {None, "application/json"}


def test_each_request_has_a_connection_of_its_own(serve: Serve) -> None:
    service = Service()
    send_traffic(plan(GET, per_pod=6, concurrency=1), {"demo-0": serve(service)}, quiet)
    assert len(service.connections) == 6


def test_answers_count_by_status(serve: Serve) -> None:
    service = Service({"/missing": 404, "/broken": 500})
    requests = (GET, Request(path="/missing"), Request(path="/broken"))
    traffic = send_traffic(plan(*requests, per_pod=7), {"demo-0": serve(service)}, quiet)
    assert counts(traffic) == Traffic(7, {200: 3, 404: 2, 500: 2}, 0)
    assert traffic.answers == 7


def test_a_redirect_is_an_answer_and_not_followed(serve: Serve) -> None:
    service = Service({"/a": 302})
    assert counts(send_traffic(plan(GET, per_pod=2), {"demo-0": serve(service)}, quiet)) == Traffic(2, {302: 2}, 0)
    assert service.asked == {("GET", "/a", b""): 2}


def test_what_is_not_answered_counts_apart(serve: Serve, closed_port: int) -> None:
    addresses = {"demo-0": serve(Service({"/gone": 0})), "demo-1": f"http://127.0.0.1:{closed_port}"}
    traffic = send_traffic(plan(GET, Request(path="/gone"), per_pod=4), addresses, quiet)
    assert counts(traffic) == Traffic(8, {200: 2}, 6)
    assert traffic.answers == 2


def test_progress_counts_up_to_the_whole_in_the_calling_thread(serve: Serve) -> None:
    steps: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        steps.append((done, total))
        threads.add(threading.get_ident())

    send_traffic(plan(GET, per_pod=3), {"demo-0": serve(Service()), "demo-1": serve(Service())}, progress)
    assert steps == [(done, 6) for done in range(1, 7)]
    assert threads == {threading.get_ident()}


def test_no_pods_and_no_requests_are_no_traffic(serve: Serve) -> None:
    assert counts(send_traffic(plan(GET, per_pod=3), {}, quiet)) == Traffic(0, {}, 0)
    assert counts(send_traffic(plan(per_pod=3), {"demo-0": serve(Service())}, quiet)) == Traffic(0, {}, 0)


def test_an_interrupt_leaves_the_rest_unsent(serve: Serve) -> None:
    service, interrupted = Service(), threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        if service.asked:
            interrupted.wait()
        service(request)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_traffic(plan(GET, per_pod=50, concurrency=1), {"demo-0": serve(answer)}, interrupt)
    interrupted.set()
    for thread in threading.enumerate():
        if thread.name.startswith("gate-traffic"):
            thread.join(10)
    assert service.asked.total() <= 2  # the one that was answered, and the one on its way


def test_the_proxy_of_the_gates_environment_is_not_asked(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert send_traffic(plan(GET, per_pod=1), {"demo-0": serve(Service())}, quiet).answered == {200: 1}


def test_a_round_may_be_spread_over_time_and_goes_to_all_pods_alike(serve: Callable[..., str]) -> None:
    asked: list[str] = []

    def service(pod: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def answer(request: BaseHTTPRequestHandler) -> None:
            asked.append(pod)
            request.send_response(200)
            request.send_header("Content-Length", "0")
            request.end_headers()

        return answer

    addresses = {pod: serve(service(pod)) for pod in ("a", "b")}
    traffic = send_traffic(plan(GET, per_pod=5, concurrency=1), addresses, quiet, since=7, spread=0.2)
    assert asked == ["a", "b"] * 5
    moments = [at for at, _ in traffic.latencies]
    assert all(at >= 7 + number * 0.02 for number, at in enumerate(moments)), moments
