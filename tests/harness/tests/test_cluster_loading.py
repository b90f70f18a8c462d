"""An image is written into an archive once, and what cannot be loaded is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.loading import LocalImage, archive, import_archive, loading, local_image

FIRST, SECOND = LocalImage("a/b:1", "sha256:11"), LocalImage("a/b:1", "sha256:22")


class Engine:
    """Saves images, counts how often, and can break off."""

    def __init__(self) -> None:
        self.saved = 0
        self.breaks = False
        self.images = SimpleNamespace(get=self._get)

    def _get(self, reference: str) -> Any:
        if reference != "a/b:1":
            raise ImageNotFound(reference)
        return SimpleNamespace(id="sha256:11", save=self._save)

    def _save(self, *, named: str, **_: int) -> Iterator[bytes]:
        assert named == "a/b:1"
        self.saved += 1
        yield b"first"
        if self.breaks:
            raise APIError("the engine stops")
        yield b"second"


@pytest.fixture
def engine(cache: Path) -> Any:
    return Engine()


def test_an_unchanged_image_is_written_once(engine: Any) -> None:
    path = archive(engine, FIRST)
    assert path.read_bytes() == b"firstsecond"
    assert archive(engine, FIRST) == path
    assert engine.saved == 1


def test_a_changed_image_replaces_its_older_archive_and_no_other(engine: Any) -> None:
    first, other = archive(engine, FIRST), archive(engine, FIRST).with_name("a-b-1-more@11.tar")
    other.touch()
    second = archive(engine, SECOND)
    assert second.exists()
    assert other.exists()
    assert not first.exists()


def test_half_an_archive_is_none(engine: Any) -> None:
    engine.breaks = True
    with pytest.raises(ClusterError, match=r"Image a/b:1 could not be written to .*: the engine stops"):
        archive(engine, FIRST)
    engine.breaks = False
    assert archive(engine, FIRST).read_bytes() == b"firstsecond"


def test_an_image_that_the_engine_has_not_is_named(engine: Any) -> None:
    assert local_image(engine, "a/b:1") == FIRST
    with pytest.raises(ClusterError) as error:
        local_image(engine, "c:1")
    assert str(error.value) == "The engine has no image c:1: run make images, or docker pull c:1."


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker that writes down what it is given, and fails if there is a file `fail`."""
    program = tmp_path / "docker"
    program.write_text(
        f"#!/bin/sh\n[ ! -e {tmp_path}/fail ] || {{ cat {tmp_path}/fail >&2; exit 1; }}\n"
        f'echo "$1 $3 $(cat)" >> {tmp_path}/calls\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_an_image_is_loaded_once_however_often_it_is_asked_for(engine: Any, docker: Path) -> None:
    with loading(engine, "node") as loads:
        loads.begin([FIRST])
        loads.begin([FIRST])
        loads.wait_for(FIRST)
    assert (docker / "calls").read_text() == "exec node firstsecond\n"


def test_whoever_waits_for_an_image_sends_it(engine: Any, docker: Path) -> None:
    with loading(engine, "node") as loads:
        loads.wait_for(FIRST)
    assert (docker / "calls").read_text() == "exec node firstsecond\n"


def test_a_node_that_fails_is_quoted(engine: Any, docker: Path) -> None:
    (docker / "fail").write_text("No such container: node")
    with pytest.raises(ClusterError, match=r"^Node node did not import .*\.tar: No such container: node\.$"):
        import_archive("node", archive(engine, FIRST))
    with loading(engine, "node") as loads, pytest.raises(ClusterError, match="No such container"):
        loads.wait_for(FIRST)
