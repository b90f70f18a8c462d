"""Builds `.venv` from the lock file: `python3 ci/toolchain/environment.py`. Standard library only, as nothing is installed yet.

Every package is checked against its hash in requirements.lock; our own packages are installed editable.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
OLDEST = (3, 11)
MEMBERS = ("service-library", "tests/harness", "tests/reference_service", "ci/gate", "ci/images")


def main() -> None:
    if sys.version_info < OLDEST:
        here = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"Python {here} ({sys.executable}) is too old for the tools: install Python 3.11 or newer, or say make PYTHON=python3.12."
        )
    began = time.monotonic()
    say("creating .venv")
    if importlib.util.find_spec("ensurepip") is None:
        install_venv_support()
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"Cannot create {VENV}: {error}. Make the folder writable and free disk space, then run make again.")
    python = VENV / "bin" / "python"
    say("installing uv, then everything in requirements.lock")
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        ROOT / "ci/toolchain/uv.lock",
    )
    uv = VENV / "bin" / "uv"
    run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", ROOT / "requirements.lock")
    editable = [word for member in MEMBERS for word in ("--editable", str(ROOT / member))]
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--no-build-isolation", *editable)
    (VENV / "complete").touch()
    say(f"ready in {time.monotonic() - began:.0f} s")


def install_venv_support() -> None:
    """Debian keeps what a virtual environment needs in a package of its own."""
    package = f"python3.{sys.version_info.minor}-venv"
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            f"{sys.executable} cannot create virtual environments: install {package} (Debian: sudo apt-get install {package})."
        )
    say(f"installing {package}")
    run("apt-get", "update", "-qq")
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)


def say(text: str) -> None:
    print(f"environment: {text}", flush=True)  # noqa: T201


def run(*command: str | Path) -> None:
    """Runs a step; ends with its own message and one sentence if it fails."""
    if subprocess.run(command, check=False).returncode:
        sys.exit(
            f"The step above failed: {' '.join(map(str, command))}. Check that the package index answers, then run make again."
        )


if __name__ == "__main__":
    main()
