"""Packages the library charts and pushes them to an OCI registry: `python charts/publish.py oci://registry.example/charts`.

A version is published once. One that the registry has already, with other content, is refused before anything is pushed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from chart_harness.helm import Helm, HelmError

CHARTS = Path(__file__).resolve().parent
LIBRARIES = ("metrics", "workload")
_WRITTEN = 1_600_000_000
"""The time that every file of a package has, so that the same content is the same package, byte for byte."""


class PublishError(RuntimeError):
    """A chart cannot be packaged or published; the message is one sentence."""


@dataclass(frozen=True)
class Package:
    """A packaged chart."""

    name: str
    version: str
    archive: Path

    def content(self) -> dict[str, bytes]:
        """Its files, by their path below the chart's folder."""
        return content(self.archive)


def content(archive: Path) -> dict[str, bytes]:
    """The files in a chart's package, by their path below the chart's folder."""
    with tarfile.open(archive) as packed:
        members = [(member.name, packed.extractfile(member)) for member in packed if member.isfile()]
        return {name.partition("/")[2]: stream.read() for name, stream in members if stream is not None}


def package(chart: Path, into: Path, helm: Helm) -> Package:
    """Package the chart in a folder. Raises PublishError when its CHANGELOG.md has nothing of its version."""
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    name, version = str(metadata["name"]), str(metadata["version"])
    if f"\n## {version}" not in (chart / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise PublishError(f"{chart / 'CHANGELOG.md'} has no heading for {version}: say what an upgrade to it does.")
    with tempfile.TemporaryDirectory() as scratch:
        copied = Path(scratch) / name
        shutil.copytree(chart, copied)
        for path in (copied, *copied.rglob("*")):
            os.utime(path, (_WRITTEN, _WRITTEN))
        helm.run(["package", str(copied), "--destination", str(into)])
    return Package(name, version, into / f"{name}-{version}.tgz")


def published(package: Package, registry: str, helm: Helm, options: Sequence[str] = ()) -> bool:
    """Whether the registry has this version, with this content.

    Raises PublishError when it has it with another one, or does not answer.
    """
    with tempfile.TemporaryDirectory() as scratch:
        pull = ["pull", f"{registry}/{package.name}", "--version", package.version, "--destination", scratch]
        try:
            helm.run([*pull, *options])
        except HelmError as error:
            if str(error).rstrip().endswith(f"/{package.name}:{package.version}: not found"):
                return False
            raise PublishError(f"{registry} cannot be asked for {package.name} {package.version}: {error}") from error
        (found,) = Path(scratch).glob("*.tgz")
        theirs, ours = content(found), package.content()
    differing = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
    if differing:
        raise PublishError(
            f"{registry}/{package.name} has version {package.version} already, with another {differing[0]}: "
            f"raise the version in charts/{package.name}/Chart.yaml."
        )
    return True


def publish(
    registry: str, options: Sequence[str] = (), *, charts: Path = CHARTS, helm: Helm | None = None
) -> list[str]:
    """Package and push both libraries; what was done, a sentence for each.

    Arguments:
        registry: as in oci://registry.example/charts.
        options: for `helm pull` and `helm push`, such as --plain-http.

    Raises PublishError before anything is pushed, HelmError when the registry refuses a push.
    """
    helm = helm or Helm()
    registry = registry.rstrip("/")
    if not registry.startswith("oci://"):
        raise PublishError(f"The registry is {registry!r}: write it as in oci://registry.example/charts.")
    with tempfile.TemporaryDirectory() as scratch:
        packages = [package(charts / library, Path(scratch), helm) for library in LIBRARIES]
        there = [published(each, registry, helm, options) for each in packages]
        said = []
        for each, done in zip(packages, there, strict=True):
            if not done:
                helm.run(["push", str(each.archive), registry, *options])
            said.append(f"{registry}/{each.name} {each.version}: {'there already' if done else 'pushed'}")
    return said


def main(arguments: list[str] | None = None) -> int:
    """Push to a registry, or with --package only write the packages; 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(description="Package the library charts and push them to an OCI registry.")
    parser.add_argument("registry", nargs="?", help="as in oci://registry.example/charts")
    parser.add_argument("--package", type=Path, metavar="FOLDER", help="write the packages there, push nothing")
    parser.add_argument("--plain-http", action="store_true", help="the registry speaks no TLS")
    given = parser.parse_args(arguments)
    try:
        if given.package:
            given.package.mkdir(parents=True, exist_ok=True)
            said = [str(package(CHARTS / library, given.package, Helm()).archive) for library in LIBRARIES]
        elif given.registry:
            said = publish(given.registry, ["--plain-http"] if given.plain_http else [])
        else:
            parser.error("say where to: oci://registry.example/charts, or --package FOLDER")
    except (PublishError, HelmError) as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write("".join(f"{sentence}\n" for sentence in said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
