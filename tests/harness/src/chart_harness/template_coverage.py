"""`python -m chart_harness.template_coverage`: which branches of the libraries' templates the renders of tests/charts take.

The suite runs with ci/toolchain/renderer as its helm, which writes down where each if, else, with, range and define goes. What a
range does without items, and an if or with without else, is a branch too. Arguments go to pytest, by default `tests/charts`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chart_harness.helm import Helm
from cluster_images.go_modules import build
from cluster_images.modules import RENDERER

LIBRARIES = ("charts/metrics", "charts/workload")
_NEVER = {
    "define": "template {what} is never included",
    "if": "`if {what}` is never true",
    "else": "`if {what}` is never false",
    "with": "`with {what}` is never set",
    "without": "`with {what}` is never empty",
    "range": "`range {what}` never has an item",
    "empty": "`range {what}` is never empty",
}


@dataclass(frozen=True)
class Branch:
    """A way that a template can go; `name` is another one once the file has changed."""

    name: str
    file: str
    line: int
    kind: str
    what: str

    @property
    def missed(self) -> str:
        """What to say of it when no render took it."""
        return f"{self.file}:{self.line} {_NEVER[self.kind].format(what=self.what)}"


def renderer() -> Path:
    """The program that renders and counts. Raises GoBuildError."""
    return build(RENDERER)["renderer"]


def branches(libraries: Iterable[Path]) -> list[Branch]:
    """Every branch of these charts' templates, by file and line."""
    folders = json.dumps([str(path) for path in libraries])
    done = subprocess.run([renderer(), "branches"], input=folders, capture_output=True, text=True, check=True)
    found = [Branch(**json.loads(line)) for line in done.stdout.splitlines()]
    return sorted(found, key=lambda branch: (branch.file, branch.line))


def counting(folder: Path) -> dict[str, str]:
    """The variables that make renders write the branches they take into `folder`: of `helm template` and of render_fleet."""
    real = os.environ.get("HELM_REAL") or str(Helm().binary)  # the tests of this tool run under it as well
    return {"HELM": str(renderer()), "HELM_REAL": real, "TEMPLATE_COVERAGE": str(folder)}


def taken(folder: Path) -> frozenset[str]:
    """The names of the branches that renders took."""
    return frozenset(line for path in folder.glob("taken-*") for line in path.read_text(encoding="utf-8").splitlines())


def report(known: Sequence[Branch], took: frozenset[str]) -> list[str]:
    """A line for each missed branch, a line for each file, and one for each chart. Pure."""
    missed = [branch.missed for branch in known if branch.name not in took]
    return [
        *missed,
        *_figures(known, took, lambda branch: branch.file),
        *_figures(known, took, lambda branch: branch.file.split("/")[0]),
    ]


def _figures(known: Sequence[Branch], took: frozenset[str], group: Callable[[Branch], str]) -> list[str]:
    counts: dict[str, list[bool]] = {}
    for branch in known:
        counts.setdefault(group(branch), []).append(branch.name in took)
    return [
        f"{name:50}{sum(hits):5} of {len(hits):4} branches {_percent(hits):6.1f} %" for name, hits in counts.items()
    ]


def _percent(hits: Sequence[bool]) -> float:
    return 100 * sum(hits) / len(hits)


def main(arguments: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment: Mapping[str, str] = {**os.environ, **counting(folder)}
        command = [sys.executable, "-m", "pytest", "-q", "-m", "not live", *(arguments or ["tests/charts"])]
        code = subprocess.run(command, env=environment, check=False).returncode
        lines = report(branches([Path(place) for place in LIBRARIES]), taken(folder))
    print("\n".join(lines))  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
