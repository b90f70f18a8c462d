"""Binaries from pinned Go modules: what decides a build, and that a build is what its table says."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path

import pytest

from cluster_images import go_modules
from cluster_images.go_modules import GoBuildError, GoModule, build
from cluster_images.modules import ETCD, PAUSE


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoModule:
    """A module of its own that compiles in a second, with a cache of its own."""
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "greet"
    folder.mkdir()
    (folder / "go.mod").write_text("module images/greet\n\ngo 1.26\n")
    (folder / "main.go").write_text('package main\n\nvar name = "nobody"\n\nfunc main() { println(name) }\n')
    return GoModule("greet", "images/greet", "(devel)", {"hello": "."}, folder=folder)


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {"main.name": "you"}},
        {"tags": "some"},
        {"version": "v2"},
        {"programs": {"other": "."}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_content_changes_with_all_that_decides_a_build(module: GoModule, change: dict[str, object]) -> None:
    assert dataclasses.replace(module, **change).content != module.content  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_the_content_changes_with_every_source(module: GoModule, name: str) -> None:
    before = module.content
    path = module.source / name
    path.write_text((path.read_text() if path.exists() else "") + "\n// changed\n")
    assert module.content != before


def test_the_content_does_not_change_with_other_files(module: GoModule) -> None:
    before = module.content
    (module.source / "README.md").write_text("read")
    assert module.content == before


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("github.com/x/vault", "vault"),
        (".", "etcd"),
    ],
)
def test_go_names_a_binary_after_its_package(package: str, name: str) -> None:
    assert go_modules._default_name(ETCD, package) == name


def test_a_program_is_built_once(module: GoModule) -> None:
    first = build(module)["hello"]
    written = first.stat().st_mtime_ns
    threads = [threading.Thread(target=build, args=(module,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build(module)["hello"].stat().st_mtime_ns == written
    assert [path.name for path in first.parent.iterdir()] == ["hello"]


def test_a_binary_without_the_version_of_the_table_is_refused(module: GoModule) -> None:
    wrong = dataclasses.replace(module, version="v1.2.3")
    with pytest.raises(GoBuildError, match=r"does not hold images/greet v1\.2\.3"):
        build(wrong)


def test_what_the_compiler_says_is_passed_on(module: GoModule) -> None:
    (module.source / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    with pytest.raises(GoBuildError, match=r"(?s)`go build` of greet failed:.*undefined: missing"):
        build(module)
    (module.source / "main.go").write_text("package main\n\nfunc main() {}\n")
    assert build(module)["hello"].exists(), "what a failed build left behind is in nobody's way"


@pytest.mark.live  # downloads a module
def test_a_changed_module_is_refused_by_its_hash(module: GoModule) -> None:
    """go.sum is the pin: a source that is not the one it names does not compile."""
    shutil.copyfile(ETCD.source / "go.mod", module.source / "go.mod")
    text = (ETCD.source / "go.sum").read_text()
    lines = [line for line in text.splitlines() if line.startswith("go.etcd.io/etcd/server/v3 v3.6.5 h1:")]
    assert lines, "the pin that this test spoils is there"
    (module.source / "go.sum").write_text(text.replace(lines[0], lines[0][:-5] + "AAAA="))
    (module.source / "main.go").unlink()
    spoilt = dataclasses.replace(module, programs={"etcd": "go.etcd.io/etcd/server/v3"})
    with pytest.raises(GoBuildError, match=r"checksum mismatch|SECURITY ERROR"):
        build(spoilt)


def test_a_host_without_go_and_without_an_index_is_told(
    module: GoModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr("sys.executable", str(empty / "python"))
    (empty / "uv").write_text("#!/bin/sh\nexit 1\n")
    (empty / "uv").chmod(0o755)
    with pytest.raises(GoBuildError, match=r"no Go compiler on PATH.*install Go"):
        build(module)


def test_pause_is_our_own_source() -> None:
    assert (PAUSE.source / "main.go").is_file()
