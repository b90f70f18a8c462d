"""Provides pinned command-line tools: `python ci/toolchain/tools.py helm kubectl kind`, linked into .venv/bin.

A tool on PATH is taken if its version fits. Else it is built from pinned Go modules, see `cluster_images.go_modules`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cluster_images import modules
from cluster_images.go_modules import GoBuildError, GoModule, build, place

BIN = Path(__file__).resolve().parents[2] / ".venv" / "bin"


@dataclass(frozen=True)
class Tool:
    """A tool: what it is built from, and the versions on PATH that serve as well."""

    name: str
    module: GoModule
    fits: tuple[tuple[int, int], tuple[int, int]]
    """Oldest minor version that fits, and the first that no longer does."""
    version_command: tuple[str, ...]


TOOLS = {
    "helm": Tool("helm", modules.HELM, ((4, 1), (5, 0)), ("version", "--template", "{{.Version}}")),
    # The oldest that the charts are made for is 3.18; a helm of that name is Helm 3 on nobody's PATH but ours.
    "helm3": Tool("helm3", modules.HELM_3, ((3, 18), (4, 0)), ("version", "--template", "{{.Version}}")),
    # One minor version either side of the clusters' 1.34.
    "kubectl": Tool("kubectl", modules.KUBERNETES, ((1, 33), (1, 36)), ("version", "--client")),
    # A node image fits the kind that it was made for, and few others.
    "kind": Tool("kind", modules.KIND, ((0, 33), (0, 34)), ("version",)),
    # Prometheus 3, whose test files may ask for ALERTS.
    "promtool": Tool("promtool", modules.PROMETHEUS, ((3, 0), (4, 0)), ("--version",)),
}


PROGRAMS = {"reachability": modules.REACHABILITY, "renderer": modules.RENDERER}
"""Our own, which nobody has on PATH: built, and found in the cache folder by who runs them."""


def installed_version(tool: Tool, binary: str) -> tuple[int, int, int] | None:
    """What the binary says of itself, or None if it says nothing that is a version."""
    try:
        done = subprocess.run([binary, *tool.version_command], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv?(\d+)\.(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def fits(tool: Tool, version: tuple[int, int, int] | None) -> bool:
    oldest, beyond = tool.fits
    return version is not None and oldest <= version[:2] < beyond


def search_path() -> str:
    """PATH without .venv/bin, where our own links are."""
    return os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if Path(p) != BIN)


def provide(tool: Tool) -> None:
    """Links a fitting binary into .venv/bin, and says where it came from. Raises GoBuildError."""
    found = shutil.which(tool.name, path=search_path())
    version = installed_version(tool, found) if found else None
    if found and fits(tool, version):
        link(tool, Path(found))
        say(tool, f"{dotted(version)} from {found}")
        return
    why = f"{found} says {dotted(version)}, which does not fit" if found else "not on PATH"
    say(tool, f"{why}; taking {tool.module.version} from its Go modules (built once, in one to three minutes)")
    began = time.monotonic()
    binary = build(tool.module, [tool.name])[tool.name]
    link(tool, binary)
    say(tool, f"{tool.module.version} at {binary} after {time.monotonic() - began:.0f} s")


def build_program(name: str) -> None:
    """Builds one of our own where it is not there yet, and only then says so: nobody asked for it by name."""
    module = PROGRAMS[name]
    if not (place(module) / name).exists():
        print(f"{name}: building it from Go modules, once, in one to three minutes", flush=True)  # noqa: T201
        build(module)


def link(tool: Tool, binary: Path) -> None:
    fresh = BIN / f".{tool.name}.{os.getpid()}"
    fresh.symlink_to(binary)
    fresh.replace(BIN / tool.name)


def dotted(version: tuple[int, int, int] | None) -> str:
    return "v" + ".".join(map(str, version)) if version else "no version"


def say(tool: Tool, text: str) -> None:
    print(f"{tool.name}: {text}", flush=True)  # noqa: T201


def main(names: list[str]) -> None:
    try:
        for name in names:
            if name in PROGRAMS:
                build_program(name)
            else:
                provide(TOOLS[name])
    except KeyError as error:
        sys.exit(f"There is no tool {error}; there are {', '.join([*TOOLS, *PROGRAMS])}.")
    except GoBuildError as error:
        sys.exit(f"{error}\nPut one that fits on PATH, then run make again.")


if __name__ == "__main__":
    main(sys.argv[1:])
