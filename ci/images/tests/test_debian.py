"""Debian packages as an image's root file system."""

from __future__ import annotations

import io
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_images import debian
from cluster_images.debian import DebianError, content, installed_versions, parse_status, root_file_system, upstream

STATUS = """Package: rabbitmq-server
Status: install ok installed
Version: 3.10.8-1.1+deb12u1
Description: AMQP server
 Version: 9 is only a word of the description

Package: libc6
Version: 2.36-9+deb12u14
"""


def write_root(tar: Path, status: str = STATUS, name: str = "./var/lib/dpkg/status") -> Path:
    tar.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tar, "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(status.encode())
        archive.addfile(entry, io.BytesIO(status.encode()))
    return tar


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.10.8-1.1+deb12u1", "3.10.8"),
        ("0.25.0-1+b4", "0.25.0"),
        ("1:16.0.6-15~deb12u1", "16.0.6"),
        ("20.10.24+dfsg1-1+deb12u1", "20.10.24"),
        ("3.11.2", "3.11.2"),
        ("", ""),
    ],
)
def test_the_upstream_version_is_debians_without_its_marks(version: str, expected: str) -> None:
    assert upstream(version) == expected


@given(
    epoch=st.sampled_from(["", "1:", "12:"]),
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}", fullmatch=True),
    revision=st.sampled_from(["", "-1", "-1.1", "-1+b4", "-3~deb12u2"]),
)
def test_any_version_comes_out_as_upstream_wrote_it(epoch: str, version: str, revision: str) -> None:
    assert upstream(epoch + version + revision) == version


def test_dpkgs_status_is_read_by_paragraph() -> None:
    assert parse_status(STATUS) == {"rabbitmq-server": "3.10.8-1.1+deb12u1", "libc6": "2.36-9+deb12u14"}


@pytest.mark.parametrize("name", ["./var/lib/dpkg/status", "var/lib/dpkg/status"])
def test_versions_come_out_of_the_archive(tmp_path: Path, name: str) -> None:
    assert installed_versions(write_root(tmp_path / "root.tar", name=name))["libc6"] == "2.36-9+deb12u14"


def test_the_order_of_packages_does_not_matter_and_the_packages_do() -> None:
    assert content("bookworm", ["a", "b"]) == content("bookworm", ["b", "a"])
    assert len({content("bookworm", ["a", "b"]), content("bookworm", ["a"]), content("trixie", ["a", "b"])}) == 3


@pytest.mark.parametrize("wanted", ["3.10.8", "3.10"])
def test_a_root_that_was_made_before_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path))
    tar = write_root(tmp_path / "debian" / f"bookworm-{content('bookworm', ['rabbitmq-server'])}.tar")
    assert root_file_system("bookworm", ["rabbitmq-server"], {"rabbitmq-server": wanted}) == tar


@pytest.mark.parametrize(
    ("package", "wanted", "says"),
    [
        ("rabbitmq-server", "3.10.9", "has rabbitmq-server 3.10.8, and the table of images says 3.10.9"),
        ("rabbitmq-server", "3.1", "has rabbitmq-server 3.10.8, and the table of images says 3.1"),
        ("absent", "1.0", "has absent no longer"),
    ],
)
def test_another_version_than_the_tag_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, wanted: str, says: str
) -> None:
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path))
    write_root(tmp_path / "debian" / f"bookworm-{content('bookworm', ['rabbitmq-server'])}.tar")
    with pytest.raises(DebianError, match=says):
        root_file_system("bookworm", ["rabbitmq-server"], {package: wanted})


def test_a_failed_bootstrap_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "mmdebstrap"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho half > "$last"\necho "E: no mirror" >&2\nexit 7\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DebianError, match=r"(?s)mmdebstrap failed for python3:.*E: no mirror"):
        debian.root_file_system("bookworm", ["python3"], {})
    assert list((tmp_path / "cache" / "debian").iterdir()) == []


def test_mmdebstrap_is_installed_once_for_all_who_need_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """apt serves one at a time: of images that are built side by side, one installs and the others wait."""
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    installed: list[object] = []

    def install(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        installed.append(command[-1])
        (tmp_path / "mmdebstrap").write_text("#!/bin/sh\n")
        (tmp_path / "mmdebstrap").chmod(0o755)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", install)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(debian._install_mmdebstrap) for _ in range(4)]:
            done.result()
    assert installed == ["mmdebstrap"]
