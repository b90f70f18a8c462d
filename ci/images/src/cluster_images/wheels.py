"""The wheels that the reference service's image installs, all of them, so that its build needs no network.

Third-party wheels are downloaded under the hashes of the workspace's requirements.lock, and the image installs them under the same
hashes again. Our own two packages are built from the checkout; the same sources give the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

from cluster_images.errors import ImagesError

ROOT = Path(__file__).resolve().parents[4]
LOCK = ROOT / "requirements.lock"
PACKAGES = (ROOT / "service-library", ROOT / "tests/reference_service")

_GLIBC = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014", "linux")
"""What Debian bookworm and every python:3.x-slim can run, newest first."""


class WheelError(ImagesError):
    """The wheels cannot be had; the message says which step failed and ends with what the tool said."""


def wheelhouse(python: tuple[int, int], destination: Path) -> None:
    """Fills the folder `destination`: third-party/ with its requirements.lock, and own/.

    `python` is the version of the interpreter in the base image, e.g. (3, 11). Needs the package index.
    Raises WheelError when a wheel cannot be downloaded, has another hash than the lock says, or cannot be built.
    """
    third_party = destination / "third-party"
    third_party.mkdir(parents=True)
    lock = third_party / "requirements.lock"
    lock.write_text(locked(LOCK.read_text(), _needed(python)))
    download(lock, python, third_party)
    for package in PACKAGES:
        build(package, destination / "own")


def content() -> str:
    """A hash of the files that decide which wheels these are; the Python version is the base image's, so it is not in it."""
    files = [Path(__file__), LOCK, *(package / "pyproject.toml" for package in PACKAGES)]
    for package in PACKAGES:
        files += sorted(p for p in (package / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    digest = hashlib.sha256(platform.machine().encode())
    for path in files:
        held = path.read_bytes()
        digest.update(f"\n{path.relative_to(ROOT)} {len(held)}\n".encode() + held)
    return digest.hexdigest()


def locked(lock: str, names: frozenset[str]) -> str:
    """The entries for `names` of `lock`, a requirements file with hashes. Raises WheelError if it lacks one."""
    entries: dict[str, list[str]] = {}
    entry: list[str] = []
    for line in lock.splitlines():
        if not line.startswith((" ", "#")):
            entry = entries.setdefault(line.partition("==")[0], [])
        entry.append(line)
    if missing := sorted(names - entries.keys()):
        raise WheelError(
            f"requirements.lock lacks {', '.join(missing)}, which the reference service needs: run make lock."
        )
    return "".join(f"{line}\n" for name in sorted(names) for line in entries[name])


def download(lock: Path, python: tuple[int, int], destination: Path) -> None:
    """Downloads into `destination` the wheels that `lock` pins; each must have one of the hashes there.

    Raises WheelError, also where there is no wheel for that Python on Linux on this machine.
    """
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    platforms = [word for glibc in _GLIBC for word in ("--platform", f"{glibc}_{machine}")]
    _run(
        f"downloading the wheels of {lock}",
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "--require-hashes", "--python-version", _text(python), *platforms),
        *("--dest", str(destination), "--requirement", str(lock)),
    )


def build(package: Path, destination: Path) -> None:
    """Builds the wheel of a package of ours into `destination`, with the build backend that is installed here. Raises WheelError."""
    _run(
        f"building the wheel of {package}",
        *("uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable),
        *("--no-create-gitignore", "--out-dir", str(destination), str(package)),
    )


def _needed(python: tuple[int, int]) -> frozenset[str]:
    """The names of all third-party packages that the reference service needs on that Python, on Linux."""
    pins = _run(
        "finding what the reference service needs",
        *("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-platform", "linux"),
        *("--python-version", _text(python), "--constraint", str(LOCK)),
        *("--extra", "otel", "--no-emit-package", "service-metrics"),
        *(str(package / "pyproject.toml") for package in PACKAGES),
    )
    return frozenset(line.partition("==")[0] for line in pins.splitlines())


def _text(python: tuple[int, int]) -> str:
    return ".".join(map(str, python))


def _run(step: str, *command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WheelError(f"{step.capitalize()} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
