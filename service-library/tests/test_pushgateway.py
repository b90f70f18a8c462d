"""Pushing to a Pushgateway: what is sent, what is deleted at the end, and who is warned."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from service_metrics import (
    CollectorRegistry,
    Counter,
    delete_from_gateway,
    make_asgi_app,
    make_wsgi_app,
    push_to_gateway,
    pushadd_to_gateway,
    pushgateway,
)
from service_metrics.page import Page


class Gateway:
    """A Pushgateway that keeps the requests it gets."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                gateway.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
                gateway.requests.append((self.command, self.path))
                self.send_response(202)
                self.end_headers()

            do_PUT = do_POST = do_DELETE = _take

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    started = Gateway()
    yield started
    started.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("rows", "R.", registry=registry).inc(3)
    return registry


def test_the_groups_metrics_are_replaced_added_to_and_deleted(gateway: Gateway, registry: CollectorRegistry) -> None:
    push_to_gateway(gateway.address, "nightly", registry, {"instance": "a/b"})
    pushadd_to_gateway(gateway.address, "nightly", registry)
    delete_from_gateway(gateway.address, "nightly")

    assert gateway.requests == [
        ("PUT", "/metrics/job/nightly/instance@base64/YS9i"),
        ("POST", "/metrics/job/nightly"),
        ("DELETE", "/metrics/job/nightly"),
    ]
    assert gateway.bodies[0] == b"# HELP rows_total R.\n# TYPE rows_total counter\nrows_total 3.0\n"


JOB = """
    import os, sys
    from service_metrics import REGISTRY, push_to_gateway, pushadd_to_gateway
    gateway = sys.argv[1]
    key = {"instance": "one"}
"""


def test_the_group_is_deleted_once_at_the_end_of_the_process_that_pushed_it(
    gateway: Gateway, python: Callable[..., str]
) -> None:
    script = """
    push_to_gateway(gateway, "nightly", REGISTRY, key, delete_on_finish=True)
    child = os.fork()
    if child == 0:
        sys.exit()  # runs what is registered at exit, unlike os._exit
    os.waitpid(child, 0)
    pushadd_to_gateway(gateway, "nightly", REGISTRY, key, delete_on_finish=True)
    push_to_gateway(gateway, "stays", REGISTRY)
    """
    for backend in ("prometheus", "otel"):
        gateway.requests.clear()
        python(JOB + script, gateway.address, PROMETHEUS_BACKEND=backend)
        assert gateway.requests == [
            ("PUT", "/metrics/job/nightly/instance/one"),
            ("POST", "/metrics/job/nightly/instance/one"),
            ("PUT", "/metrics/job/stays"),
            ("DELETE", "/metrics/job/nightly/instance/one"),
        ]


def test_the_group_of_a_job_that_fails_is_deleted_too(gateway: Gateway) -> None:
    script = """
    push_to_gateway(gateway, "nightly", REGISTRY, delete_on_finish=True)
    raise SystemExit(3)
    """
    job = [sys.executable, "-c", textwrap.dedent(JOB + script), gateway.address]
    assert subprocess.run(job, check=False).returncode == 3
    assert gateway.requests[-1] == ("DELETE", "/metrics/job/nightly")


def test_a_gateway_that_is_gone_at_the_end_is_one_log_line_and_no_error(gateway: Gateway) -> None:
    script = """
    push_to_gateway(gateway, "nightly", REGISTRY, delete_on_finish=True)
    print("pushed", flush=True)
    sys.stdin.read()
    """
    job = [sys.executable, "-c", textwrap.dedent(JOB + script), gateway.address]
    with subprocess.Popen(
        job, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "pushed\n"
        gateway.close()
        _, errors = process.communicate("")
    assert process.returncode == 0
    [line] = errors.splitlines()
    assert line.startswith(f"The group of job 'nightly' stays on the Pushgateway {gateway.address}: ")


@pytest.fixture(autouse=True)
def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known about this process yet."""
    monkeypatch.setattr(pushgateway, "_serves_page", Event())
    monkeypatch.setattr(pushgateway, "_warned", Event())


def test_a_batch_job_is_not_warned(gateway: Gateway, registry: CollectorRegistry) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        push_to_gateway(gateway.address, "nightly", registry)


@pytest.mark.parametrize("serve", [make_wsgi_app, make_asgi_app, lambda: Page().join_workers()])
@pytest.mark.parametrize("push", [push_to_gateway, pushadd_to_gateway])
def test_a_service_is_warned_once(
    gateway: Gateway, registry: CollectorRegistry, serve: Callable[[], Any], push: Callable[..., None]
) -> None:
    serve()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        push(gateway.address, "service", registry)
        push(gateway.address, "service", registry)
    [warning] = caught
    assert warning.category is RuntimeWarning
    assert "keeps the last values for ever" in str(warning.message)
    assert warning.filename == __file__
    assert len(gateway.requests) == 2
