"""The reference service's wheels: the lock's hashes are enforced, and the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from cluster_images.wheels import LOCK, PACKAGES, WheelError, build, content, download, locked

ENTRIES = """\
alpha==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
beta==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:{b}
beta==1.0 ; sys_platform != 'linux' \\
    --hash=sha256:{a}
""".format(a="a" * 64, b="b" * 64)


def test_an_entry_keeps_its_version_marker_and_hashes() -> None:
    alpha, beta = ENTRIES.split("beta", 1)
    assert locked(ENTRIES, frozenset({"alpha"})) == alpha
    assert locked(ENTRIES, frozenset({"beta"})) == f"beta{beta}"
    assert locked(ENTRIES, frozenset({"beta", "alpha"})) == ENTRIES


def test_a_package_that_the_lock_lacks_is_named() -> None:
    with pytest.raises(WheelError, match=r"lacks gamma, which .*: run make lock\."):
        locked(ENTRIES, frozenset({"alpha", "gamma"}))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one wheel of a package index without a network."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = folder / "alpha-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("alpha-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n")
        archive.writestr("alpha-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("alpha-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return wheel


def download_alpha(folder: Path, pin: str) -> list[str]:
    lock = folder / "requirements.lock"
    lock.write_text(pin)
    download(lock, (3, 11), folder / "wheels")
    return [path.name for path in (folder / "wheels").iterdir()]


def test_a_wheel_with_the_hash_of_the_lock_is_taken(index: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(index.read_bytes()).hexdigest()
    assert download_alpha(tmp_path, f"alpha==1.0 --hash=sha256:{digest}\n") == [index.name]


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        (f"alpha==1.0 --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"),
        ("alpha==1.0", "Hashes are required"),
        ("alpha", "Hashes are required|must have their versions pinned"),
    ],
)
def test_a_wheel_without_that_hash_is_refused(index: Path, tmp_path: Path, pin: str, why: str) -> None:
    with pytest.raises(WheelError, match=why):
        download_alpha(tmp_path, pin + "\n")


def test_our_wheels_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        for package in PACKAGES:
            build(package, tmp_path / folder)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()} for folder in ("first", "second")
    )
    assert {re.match("[a-z_]+", name)[0] for name in first} == {"service_metrics", "reference_service"}  # type: ignore[index]
    assert first == second


def test_the_content_changes_with_any_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = content()
    assert content() == before
    for changed in (LOCK, PACKAGES[0] / "src/service_metrics/page.py", PACKAGES[1] / "pyproject.toml"):
        read = Path.read_bytes
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", lambda path, c=changed, r=read: r(path) + (b"#" if path == c else b""))
            assert content() != before
