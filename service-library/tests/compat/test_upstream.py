"""prometheus_client's own tests, run with service_metrics in its place, on every backend.

The tests of the version we depend on are in its source distribution, save those in tests/openmetrics: 0.21.1 is the last
that has them. Nothing of them is committed.

A test that fails with prometheus_client itself in this environment counts for nothing. Every other one passes, or is in
differences.toml with a reason; a test there that passes must be taken out, so the list can only grow on purpose.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
DIFFERENCES: list[dict[str, Any]] = tomllib.loads((HERE / "differences.toml").read_text())["difference"]

pytestmark = [pytest.mark.live, pytest.mark.timeout(180), pytest.mark.xdist_group("compat")]

DISTRIBUTIONS = {
    "0.26.0": "04a91bcf94e2cf74a44a1a874d651a2e853ed354b6e822f3b7487751465d5c2b",
    "0.21.1": "252505a722ac04b0456be05c05f75f45d760c2911ffc45f2a06bcaed9f3ae3fb",
}
"""Version to SHA-256."""


def source_distribution(version: str) -> Path:
    """Return the archive of a version, from the cache folder or, once, from the package index pip is set up for.

    Raises:
        RuntimeError: it cannot be had, or is another.
    """
    cache = os.environ.get("SERVICE_METRICS_CACHE") or "~/.cache/service-metrics-platform"
    folder = Path(cache).expanduser() / "prometheus_client"
    archive = folder / f"prometheus_client-{version}.tar.gz"
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        requirement = folder / f"{version}.txt"
        requirement.write_text(f"prometheus-client=={version} --hash=sha256:{DISTRIBUTIONS[version]}\n")
        pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["pip"]
        options = [
            "--quiet",
            "--no-deps",
            "--no-binary=prometheus-client",
            "--require-hashes",
            f"--requirement={requirement}",
        ]
        command = [*pip, "--disable-pip-version-check", "download", *options, f"--dest={folder}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"The source distribution of prometheus_client {version} cannot be had, so its tests cannot run; "
                f"let pip reach a package index, or put the archive into {folder}. pip says: {done.stderr.strip()}"
            )
    if hashlib.sha256(archive.read_bytes()).hexdigest() != DISTRIBUTIONS[version]:
        raise RuntimeError(f"{archive} is not what prometheus_client published (its SHA-256 differs); delete it.")
    return archive


def unpack_tests(destination: Path, *, package: str, backend: str | None) -> None:
    """Write all tests below `destination`, with `package` in place of prometheus_client.

    Where a test compares the name of a class it is replaced too, unless the backend's classes are prometheus_client's.
    """
    kept = rb"(?!\.metrics\.[A-Z])" if backend == "prometheus" else b""
    for version, wanted in (("0.26.0", "tests/"), ("0.21.1", "tests/openmetrics/")):
        prefix = f"prometheus_client-{version}/"
        with tarfile.open(source_distribution(version)) as archive:
            for member in archive:
                name = member.name.removeprefix(prefix)
                if not member.isfile() or not name.startswith(wanted) or name.endswith("__init__.py"):
                    continue
                content = archive.extractfile(member)
                assert content is not None
                target = destination / name.replace("tests/openmetrics/test_", "tests/test_openmetrics_")
                target.parent.mkdir(parents=True, exist_ok=True)
                source = content.read()
                if name.endswith(".py"):
                    source = re.sub(rb"\bprometheus_client\b" + kept, package.encode(), source)
                target.write_bytes(source)


def outcomes(folder: Path, backend: str | None, not_run: Sequence[str] = ()) -> dict[str, str]:
    """Run the tests and return what became of each, by `file::class::test`.

    Args:
        folder: An empty folder.
        backend: None runs them with prometheus_client itself.
        not_run: Files and tests that are left out.
    """
    unpack_tests(folder, package="prometheus_client" if backend is None else "service_metrics", backend=backend)
    shutil.copy(HERE / "upstream_conftest.py", folder / "tests" / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\n")
    left_out = [f"--deselect=tests/{name}" for name in not_run]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini", *left_out, "tests"]
    environ = {**os.environ, "OUTCOMES": str(folder / "outcomes.json"), "PROMETHEUS_BACKEND": backend or "prometheus"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    (folder / "log").write_text(done.stdout)
    return dict(json.loads((folder / "outcomes.json").read_text()))


@pytest.fixture(scope="module")
def with_prometheus_client(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What becomes of the tests with prometheus_client itself, here."""
    return outcomes(tmp_path_factory.mktemp("prometheus_client"), None)


@pytest.mark.parametrize("backend", ["prometheus", "otel", "shadow"])
def test_passes_or_is_a_documented_difference(
    backend: str, with_prometheus_client: Mapping[str, str], tmp_path: Path
) -> None:
    differences = [difference for difference in DIFFERENCES if backend in difference["backends"]]
    not_run = [name for difference in differences for name in difference.get("not_run", [])]
    documented = {test for difference in differences for test in difference.get("tests", [])}
    found = outcomes(tmp_path, backend, not_run)

    expected = {test for test, outcome in with_prometheus_client.items() if outcome == "passed"}
    expected -= {test for test in expected if test.startswith(tuple(not_run))}
    assert len(expected) > 300, "most tests fail with prometheus_client itself"
    failed = {test for test in expected if found.get(test) != "passed"}
    log = (tmp_path / "log").read_text()
    assert not failed - documented, f"{sorted(failed - documented)} failed and are not in differences.toml:\n{log}"
    assert not documented - failed, f"{sorted(documented - failed)} passed: take them out of differences.toml."


def test_every_difference_has_a_reason() -> None:
    for difference in DIFFERENCES:
        assert difference["reason"].endswith("."), difference
        assert difference.get("tests") or difference.get("not_run"), difference
