"""The metrics page of each role, on both backends: exactly what is declared, and only while metrics are on."""

from __future__ import annotations

import http.client
import re
import time
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from promotion_gate.exposition import parse_page
from tests.containers.conftest import SERVICES, Started
from tests.containers.declared import declaration, differences

if TYPE_CHECKING:
    from chart_harness.containers.service import ServiceContainer
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live

BACKENDS = ("prometheus", "otel")
WITHIN_SECONDS = 15


def work(container: ServiceContainer, service: str) -> None:
    """What makes every family of an HTTP API appear; the other roles work by themselves."""
    if service == "aaa-api":
        assert container.get("/items/7").status_code == 200


def page_differences(started: Started, service: str) -> list[str]:
    page = started.container.get("/metrics")
    assert page.status_code == 200
    return differences(parse_page(page.text), *declaration(service, started.workload))


def values(text: str, sample: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of every series of that name."""
    return [(dict(s.labels), s.value) for family in parse_page(text) for s in family.samples if s.name == sample]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("service", SERVICES)
def test_the_page_holds_exactly_what_is_declared(
    start: StartService, until: Callable[..., Any], service: str, backend: str
) -> None:
    started = start(service, env={"PROMETHEUS_BACKEND": backend})
    first_request = time.monotonic()
    work(started.container, service)
    seen: list[list[str]] = []

    def as_declared() -> bool:
        seen.append(page_differences(started, service))
        return not seen[-1]

    if service == "aaa-api":
        assert as_declared(), seen  # who has the answer finds it on the page
        assert time.monotonic() - first_request < WITHIN_SECONDS
    else:
        until(as_declared, "the page is as declared", WITHIN_SECONDS)


@pytest.mark.parametrize(
    ("service", "switch", "expected"),
    [
        ("aaa-api", "forget-metric", ["items_served_total is there 0 times"]),
        ("event-recorder", "forget-metric", ["amqp_message_duration_seconds is there 0 times"]),
        ("archive-tagger", "bad-label", ["runs_by_user_total is not declared"]),
    ],
)
def test_a_service_that_misbehaves_differs(
    start: StartService, until: Callable[..., Any], service: str, switch: str, expected: list[str]
) -> None:
    """The control: one family less or more is seen, and nothing else."""
    started = start(service, env={"REFERENCE_MISBEHAVE": switch})
    work(started.container, service)
    until(lambda: page_differences(started, service) == expected, f"the page differs by {expected}")


@pytest.mark.parametrize("backend", BACKENDS)
def test_handlers_that_are_excluded_or_have_no_template_are_not_counted(start: StartService, backend: str) -> None:
    container = start("aaa-api", env={"PROMETHEUS_BACKEND": backend}).container
    for path, status in (("/items/7", 200), ("/nowhere/7", 404), ("/health/live", 200), ("/metrics", 200)):
        assert container.get(path).status_code == status
    assert handlers(container) == {"/items/{item_id}"}


def test_what_is_not_excluded_is_counted(start: StartService) -> None:
    """The control: it is the exclusion that keeps the probes out."""
    container = start("aaa-api", env={"METRICS_EXCLUDED_HANDLERS": "/items/.*"}).container
    for path in ("/items/7", "/health/live"):
        assert container.get(path).status_code == 200
    assert handlers(container) == {"/health/live", "/health/ready"}


def handlers(container: ServiceContainer) -> set[str]:
    text = container.get("/metrics").text
    found = [labels["handler"] for labels, _ in values(text, "http_requests_total")]
    assert {labels["handler"] for labels, _ in values(text, "http_request_duration_seconds_count")} == set(found)
    return set(found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gzip_is_smaller_and_says_the_same(start: StartService, backend: str) -> None:
    # one worker: a second one may join between the two scrapes
    container = start("aaa-api", env={"PROMETHEUS_BACKEND": backend, "WEB_CONCURRENCY": "1"}).container
    assert container.get("/items/7").status_code == 200
    encoding, packed = raw_page(container, "gzip")
    plain_encoding, plain = raw_page(container, "identity")
    assert (encoding, plain_encoding) == ("gzip", None)
    assert len(packed) < len(plain) / 4
    assert series(zlib.decompress(packed, wbits=31)) == series(plain)
    assert b"http_requests_total{" in plain


def raw_page(container: ServiceContainer, accepted: str) -> tuple[str | None, bytes]:
    """The page's Content-Encoding and its bytes as they came, which `requests` would unpack."""
    address = urlsplit(container.url())
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": accepted, "Connection": "close"})
        response = connection.getresponse()
        return response.getheader("Content-Encoding"), response.read()
    finally:
        connection.close()


def series(page: bytes) -> list[str]:
    """The page without values: CPU time goes on between two scrapes."""
    return [re.sub(r" [^ ]+$", "", line) for line in page.decode().splitlines()]


@pytest.mark.parametrize(("value", "status"), [("false", 404), ("true", 200)])
def test_the_alias_enable_metrics_turns_the_page_off(start: StartService, value: str, status: int) -> None:
    container = start("aaa-api", env={"ENABLE_METRICS": value}, without="PROMETHEUS_METRICS_ENABLE").container
    assert container.get("/items/7").status_code == 200
    page = container.get("/metrics")
    assert page.status_code == status
    assert bool(sample_lines(page.text.splitlines())) is (status == 200)


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_enabled_false_in_the_values_leaves_no_page(start: StartService, service: str) -> None:
    container = start(service, overrides={"metrics": {"enabled": False}}).container
    if service == "aaa-api":
        assert container.get("/items/7").status_code == 200
        assert container.get("/metrics").status_code == 404
    else:  # nothing listens: the engine's own proxy closes the connection
        with pytest.raises(requests.ConnectionError):
            container.get("/metrics")


def sample_lines(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if re.match(r"[a-z_]+(\{.*\})? [0-9.e+-]+$", line)]
