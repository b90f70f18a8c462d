"""The page as an HTTP answer: format, compression, headers; and prometheus_client's process mode."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.identity import instance_id
from service_metrics.pacing import paced, whole
from service_metrics.page import Page
from service_metrics.settings import Settings, SettingsError

PROTO = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"


@pytest.fixture
def page(backend: SimpleNamespace) -> Page:
    registry = CollectorRegistry()
    requests = backend.Counter("my.requests", "R.", ["path"], registry=registry)
    for number in range(1000):
        requests.labels(f"/items/{number}").inc()
    return Page(registry, Settings(custom_labels=(("team", "a"),)))


@pytest.mark.parametrize(
    ("accept", "content_type", "begins"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", b"# HELP my_requests_total R.\n"),
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            b'# HELP "my.requests_total" R.\n',
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            b'# HELP "my.requests" R.\n',
        ),
        (
            PROTO,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
            b"",
        ),
    ],
)
def test_the_answer_is_in_the_format_that_is_asked_for(
    page: Page, accept: str, content_type: str, begins: bytes
) -> None:
    headers, body = page.answer(accept, "")
    assert headers == {
        "content-type": content_type,
        "vary": "accept, accept-encoding",
        "content-length": str(len(body)),
    }
    assert body.startswith(begins)
    assert body == page.own(accept)
    assert body.count(instance_id().encode()) == 1000

    headers, packed = page.answer(accept, "gzip, deflate")
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(packed)))
    assert gzip.decompress(packed) == body
    assert len(packed) < len(body) / 4


def test_paced_slices_are_the_same_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("service_metrics.pacing.time.sleep", pauses.append)
    assert whole(paced([b"a", b"", b"bc"])) == b"abc"
    assert len(pauses) == 3
    assert min(pauses) > 0  # sleep(0) would not let another thread run


def test_the_page_is_rendered_in_slices_with_pauses(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("service_metrics.pacing.time.sleep", pauses.append)
    monkeypatch.setattr("service_metrics.exposition.lines.SLICE_LINES", 100)
    lines = page.own().count(b"\n")
    assert lines >= 1000
    assert lines / len(pauses) < 100


PROCESS_MODE = """
    import os
    from service_metrics import Counter, Gauge
    from service_metrics.page import Page

    requests = Counter("requests", "R.")
    Gauge("workers", "W.", multiprocess_mode="livesum").set(1)
    requests.inc(1)
    ready, tell = os.pipe()
    pid = os.fork()
    if not pid:
        requests.inc(2)
        os.write(tell, b"x")
        os._exit(0)
    os.read(ready, 1)
    page = Page()
    page.join_workers()
    print(page.answer("application/openmetrics-text", "")[1].decode())
    os.waitpid(pid, 0)
"""


def test_in_process_mode_the_files_are_the_page(
    python: Callable[..., str], tmp_path: Path, meeting_place: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    page = python(PROCESS_MODE, PROMETHEUS_MULTIPROC_DIR=str(files), CUSTOM_LABELS="team=a")
    assert 'requests_total{team="a"} 3.0\n' in page  # of both processes
    assert page.endswith("# EOF\n\n")
    assert "service_instance_id" not in page
    assert not list(meeting_place.rglob("*.sock"))


def test_other_backends_need_no_process_mode(python: Callable[..., str], tmp_path: Path) -> None:
    environ = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PROMETHEUS_BACKEND": "otel"}
    page = python(PROCESS_MODE, **environ)
    assert page.count("requests_total{service_instance_id=") >= 1


def test_a_directory_that_is_not_there_is_named_at_start_up(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(SettingsError, match=rf"^PROMETHEUS_MULTIPROC_DIR is '{missing}', which is no directory; .*\.$"):
        Settings.from_env({"PROMETHEUS_MULTIPROC_DIR": str(missing)})
