"""What each framework's integration does with requests: the same on all of them, but for how a template is written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

pytest_plugins = ["http_services"]
pytestmark = pytest.mark.parametrize("backend", ["prometheus", "otel"], indirect=True)  # the others do not differ here


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


CASES = {  # method, path, status, which template (None: counts nowhere)
    "template": ("GET", "/items/ab", 200, "item"),
    "method": ("POST", "/items", 201, "created"),
    "mounts": ("GET", "/mounted/things/7", 200, "mounted"),
    "exception": ("GET", "/broken", 500, "/broken"),
    "streaming": ("GET", "/streamed", 200, "/streamed"),
    "404 of a handler": ("GET", "/gone", 404, "/gone"),
    "404 of the router": ("GET", "/nowhere/at/all", 404, None),
    "404 below a mount": ("GET", "/mounted/nowhere", 404, None),
    "405": ("DELETE", "/items/ab", 405, "item"),
    "HEAD": ("HEAD", "/items/ab", 200, "item"),
    "the page": ("GET", "/metrics", 200, None),
}


SIZE_UNKNOWN = {("aiohttp", "exception")}  # aiohttp writes such answers itself, after all middleware


@pytest.mark.parametrize("case", CASES)
def test_requests(service: Any, asked: Any, registry: CollectorRegistry, case: str) -> None:
    method, path, status, which = CASES[case]
    [answer] = service.send(asked(method, path))
    assert answer.status == status
    expected = {} if which is None else {(service.templates.get(which, which), method, str(status)): 1.0}
    assert samples(registry, "http_requests_total") == expected
    assert samples(registry, "http_request_duration_seconds_count") == {key[:2]: 1.0 for key in expected}
    assert samples(registry, "http_requests_in_progress") == {(): 0}
    if (service.name, case) not in SIZE_UNKNOWN:
        sizes = {key[:1]: float(len(answer.body)) for key in expected}
        assert samples(registry, "http_response_size_bytes_sum") == sizes


def test_request_size_is_the_content_length(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    service.send(asked("POST", "/items", b"x" * 100), asked("GET", "/items/a"))
    assert samples(registry, "http_request_size_bytes_sum") == {("/items",): 100.0, (service.templates["item"],): 0.0}


def test_a_request_is_in_progress_while_it_is_handled(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    seen = []
    service.during = lambda: seen.append(samples(registry, "http_requests_in_progress"))
    service.send(asked("GET", "/items/a"))
    assert seen == [{(): 1.0}]


def test_the_duration_is_measured(
    service: Any, asked: Any, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=50.0)
    for module in ("asgi", "http_recorder"):
        monkeypatch.setattr(f"service_metrics.{module}.perf_counter", lambda: clock.now)

    def two_seconds() -> None:
        clock.now += 2

    service.during = two_seconds
    service.send(asked("GET", "/items/a"))
    assert samples(registry, "http_request_duration_seconds_sum") == {(service.templates["item"], "GET"): 2.0}


def test_the_page_shows_what_was_answered_before(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    _, page, packed, refused = service.send(
        asked("GET", "/items/a"),
        asked("GET", "/metrics", headers={"accept-encoding": "identity"}),
        asked("HEAD", "/metrics", headers={"accept-encoding": "gzip"}),
        asked("POST", "/metrics"),
    )
    template = service.templates["item"].replace("\\", r"\\")
    assert f'http_requests_total{{handler="{template}",method="GET",service_instance_id="' in page.body.decode()
    assert (packed.headers["content-encoding"], packed.body) == ("gzip", b"")
    assert refused.status in (405, 403)  # 403: Django's check of forgeries comes first


def test_excluded_handlers(
    service: Any, asked: Any, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_EXCLUDED_HANDLERS", "/items/.*,/gone")
    in_progress: list[Any] = []
    service.during = lambda: in_progress.append(samples(registry, "http_requests_in_progress"))
    service.send(asked("GET", "/items/a"), asked("GET", "/gone"), asked("GET", "/mounted/things/7"))
    assert samples(registry, "http_requests_total") == {(service.templates["mounted"], "GET", "200"): 1}
    assert in_progress[0] == {(): 0}


def test_disabled_adds_nothing(
    service: Any, asked: Any, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch, meeting_place: Any
) -> None:
    monkeypatch.setenv("PROMETHEUS_METRICS_ENABLE", "false")
    answers = service.send(asked("GET", "/items/a"), asked("GET", "/metrics"))
    assert [answer.status for answer in answers] == [200, 404]
    assert list(registry.collect()) == []
    assert list(meeting_place.iterdir()) == []


def test_made_up_methods_are_one_series(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    service.send(*[asked(f"MADEUP{number}", "/items/a") for number in range(3)])
    methods = {key[1] for key in samples(registry, "http_requests_total")}
    assert methods <= {"OTHER"}  # tornado and others may not route them at all


def test_instrumented_before_it_has_routes(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    service.early = True
    plain = asked("GET", "/metrics", headers={"accept-encoding": "identity"})
    *_, page = service.send(asked("GET", "/items/a"), asked("GET", "/mounted/things/7"), plain)
    assert samples(registry, "http_requests_total") == {
        (service.templates["item"], "GET", "200"): 1,
        (service.templates["mounted"], "GET", "200"): 1,
    }
    assert b"http_requests_total{" in page.body


def test_instrumented_twice_counts_once(service: Any, asked: Any, registry: CollectorRegistry) -> None:
    service.times = 2
    service.send(asked("GET", "/items/a"))
    assert samples(registry, "http_requests_total") == {(service.templates["item"], "GET", "200"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


class TestLabels:
    def test_are_on_requests_and_durations(self, service: Any, asked: Any, registry: CollectorRegistry) -> None:
        seen: list[Any] = []

        def tenant(request: Any) -> str:
            seen.append(request)
            return f"tenant-{len(seen)}"

        service.labels = {"tenant": tenant, "region": lambda _: "north"}
        answers = service.send(asked("GET", "/items/a"), asked("GET", "/items/b"), asked("GET", "/nowhere"))
        assert [answer.status for answer in answers] == [200, 200, 404]
        item = service.templates["item"]
        assert samples(registry, "http_requests_total") == {
            (item, "GET", "200", "tenant-1", "north"): 1,
            (item, "GET", "200", "tenant-2", "north"): 1,
        }
        assert samples(registry, "http_request_duration_seconds_count") == {
            (item, "GET", "tenant-1", "north"): 1,
            (item, "GET", "tenant-2", "north"): 1,
        }
        assert samples(registry, "http_request_size_bytes_count") == {(item,): 2}
        assert samples(registry, "service_metrics_label_errors_total") == {}

    def test_that_fail_are_unknown_and_counted(
        self, service: Any, asked: Any, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.labels = {
            "raises": lambda request: request["no"]["such"]["thing"],
            "number": lambda _: 7,
            "surrogate": lambda _: "\ud800",
            "fine": lambda _: "fine",
        }
        *answers, page = service.send(asked("GET", "/items/a"), asked("GET", "/items/a"), asked("GET", "/metrics"))
        assert [answer.status for answer in answers] == [200, 200]
        assert page.status == 200
        key = (service.templates["item"], "GET", "200", "unknown", "unknown", "unknown", "fine")
        assert samples(registry, "http_requests_total") == {key: 2}
        assert samples(registry, "service_metrics_label_errors_total") == {
            ("raises",): 2, ("number",): 2, ("surrogate",): 2,
        }  # fmt: skip
        told = [record.getMessage() for record in caplog.records if record.name == "service_metrics"]
        assert len(told) == 3, "each label is told of once, not with each request"

    def test_with_an_exception_of_the_handler(self, service: Any, asked: Any, registry: CollectorRegistry) -> None:
        service.labels = {"tenant": lambda _: "one"}
        service.send(asked("GET", "/broken"))
        assert samples(registry, "http_requests_total") == {("/broken", "GET", "500", "one"): 1}

    def test_names_that_are_taken(self, service: Any, asked: Any) -> None:
        service.labels = {"handler": lambda _: "mine"}
        with pytest.raises(ValueError, match=r"^labels= has 'handler'"):
            service.send(asked("GET", "/items/a"))
