"""A throw-away clone with a throw-away remote: a small copy of this repository, in which the pipelines' scripts run as in a job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("aaa-api", "aaa-gateway", "archive-tagger")
"""Of the fleet: one that is scraped with its caller, and one that pushes."""
_PARTS = (
    "Makefile",
    ".gitignore",
    "pyproject.toml",
    "requirements.lock",
    "values-schema.json",
    "charts/crds",
    "charts/metrics",
    "charts/workload",
    "ci/gate/pyproject.toml",
    "ci/images/pyproject.toml",
    "ci/keys",
    "ci/pipelines",
    "ci/promotion-policy.yaml",
    "ci/toolchain",
    "service-library/pyproject.toml",
    "tests/harness/pyproject.toml",
    "tests/reference_service/pyproject.toml",
    *(f"charts/services/{service}" for service in SERVICES),
)
_GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")
_SECONDS = 240


@dataclass(frozen=True)
class Done:
    """How a script ended."""

    code: int
    output: str


@dataclass(frozen=True)
class Clone:
    """The clone. `remote` is a bare repository that takes push options and writes them down."""

    root: Path
    remote: Path

    def git(self, *arguments: str) -> str:
        return _run([*_GIT, *arguments], self.root).strip()

    def remote_git(self, *arguments: str) -> str:
        return _run([*_GIT, *arguments], self.remote).strip()

    def commit(self, message: str, files: Mapping[str, str] | None = None, *, push: bool = False) -> str:
        """Writes the files, commits all that there is, and returns the commit."""
        for name, content in (files or {}).items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(content, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        if push:
            self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def edit(self, name: str, old: str, new: str) -> Mapping[str, str]:
        """A file with a part replaced, which must be there, for `commit`."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        return {name: text.replace(old, new)}

    def script(self, name: str, **variables: str) -> Done:
        """Runs a job's script as a job does: with nothing of this host's environment but what finds programs, and these variables."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "SERVICE_METRICS_CACHE") if key in os.environ}
        done = subprocess.run(
            [str(self.root / "ci/pipelines/scripts" / name)],
            cwd=self.root.parent,
            env={**kept, "GIT_CONFIG_GLOBAL": os.devnull, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def branches(self) -> set[str]:
        """Those of the remote."""
        return set(self.remote_git("for-each-ref", "--format=%(refname:short)", "refs/heads").split())


@pytest.fixture(scope="session")
def _original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy that every test's clone is made from, committed on `main`."""
    root = tmp_path_factory.mktemp("pipelines") / "original"
    names = _run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *_PARTS], ROOT).splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "The fleet")):
        _run([*_GIT, *arguments], root)
    return root


@pytest.fixture
def clone(_original: Path, tmp_path: Path) -> Clone:
    """A clone of this test's own, on `main`, and its remote."""
    remote, root = tmp_path / "remote.git", tmp_path / "clone"
    _run([*_GIT, "clone", "--quiet", "--bare", str(_original), str(remote)], tmp_path)
    _run([*_GIT, "config", "receive.advertisePushOptions", "true"], remote)
    hook = remote / "hooks" / "post-receive"
    hook.write_text(
        "#!/bin/sh\nfor n in $(seq 0 $((GIT_PUSH_OPTION_COUNT - 1))); do eval echo \\$GIT_PUSH_OPTION_$n; done >> push-options\n"
    )
    hook.chmod(0o755)
    _run([*_GIT, "clone", "--quiet", f"file://{remote}", str(root)], tmp_path)
    _borrow_environment(root / ".venv")
    return Clone(root, remote)


def _borrow_environment(target: Path) -> None:
    """This environment's programs, by links: installing them again takes minutes. What a job writes beside them stays in the clone."""
    own = Path(sys.prefix)
    (target / "bin").mkdir(parents=True)
    for program in (own / "bin").iterdir():
        (target / "bin" / program.name).symlink_to(program)
    (target / "lib").symlink_to(own / "lib")
    shutil.copy2(own / "pyvenv.cfg", target / "pyvenv.cfg")
    (target / "complete").touch()  # newer than all that it is made from


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
