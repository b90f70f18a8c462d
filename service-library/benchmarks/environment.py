"""The virtual environments the benchmarks run in: build/bench, and build/bench-compiled where `make wheel` left a wheel.

They hold what requirements.lock pins, the other libraries among it, so the checkout's own environment stays free of them.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]
BUILD = LIBRARY.parent / "build"
LOCK = LIBRARY / "benchmarks" / "requirements.lock"


def provide() -> dict[str, Path]:
    """Return the interpreters: `plain`, and `compiled` where there is a wheel for this version of Python.

    Builds an environment where it is missing, or older than the lock file or the wheel; seconds once uv has its cache.

    Raises:
        SystemExit: uv could not install something; it has said why.
    """
    interpreters = {
        "plain": _environment(
            BUILD / "bench", ["--no-build-isolation", "--editable", str(LIBRARY)], LIBRARY / "pyproject.toml"
        )
    }
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    wheels = sorted((BUILD / "wheels").glob(f"*-{tag}-*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    if wheels:
        built = wheels[-1].stat().st_mtime
        if any(source.stat().st_mtime > built for source in (LIBRARY / "src").rglob("*.py")):
            print("benchmarks: the wheel is older than the sources; `make wheel` builds it anew", file=sys.stderr)
        interpreters["compiled"] = _environment(BUILD / "bench-compiled", [str(wheels[-1])], wheels[-1])
    return interpreters


def _environment(folder: Path, project: list[str], built_from: Path) -> Path:
    python = folder / "bin" / "python"
    marker = folder / "built-from"
    wanted = hashlib.sha256(LOCK.read_bytes() + built_from.read_bytes() + sys.version.encode()).hexdigest()
    if marker.exists() and marker.read_text() == wanted:
        return python
    print(f"benchmarks: building {folder}", file=sys.stderr, flush=True)
    uv = str(Path(sys.executable).with_name("uv"))
    install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    for step in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [*install, "--require-hashes", "--requirement", str(LOCK)],
        [*install, "--no-deps", *project],
    ):
        if subprocess.run(step, check=False).returncode:
            sys.exit(
                f"Cannot build {folder}: the step above failed. Check that the package index answers, then run make bench again."
            )
    marker.write_text(wanted)
    return python
