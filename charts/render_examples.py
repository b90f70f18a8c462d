"""Renders every example of the metrics chart into its rendered.yaml: `python charts/render_examples.py [--check]`.

The table of examples in examples/README.md is written too: it says what the Chart.yaml of each does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from chart_harness.assembly import assemble
from chart_harness.errors import RenderError
from chart_harness.helm import Helm, HelmError
from chart_harness.render import PROMETHEUS_OPERATOR_CRDS

EXAMPLES = Path(__file__).resolve().parent / "metrics" / "examples"
KUBE_VERSION = "1.34.0"
MARKER = "<!-- From here on derived from each Chart.yaml by `make examples`. -->\n"
_OPERATOR = "example/operator"
"""Annotation of a Chart.yaml: `absent` where the cluster does not know the Prometheus operator's kinds."""


class ExampleError(RuntimeError):
    """An example does not render; the message says which, and why."""


def cases(examples: Path = EXAMPLES) -> list[Path]:
    """The folders of all examples, in the order of their names."""
    return sorted(path.parent for path in examples.glob("*/Chart.yaml"))


def metadata(case: Path) -> dict[str, Any]:
    """What the example's Chart.yaml says."""
    return dict(yaml.safe_load((case / "Chart.yaml").read_text(encoding="utf-8")))


def api_versions(case: Path) -> tuple[str, ...]:
    """What the example's cluster knows beside Kubernetes' own kinds."""
    absent = metadata(case).get("annotations", {}).get(_OPERATOR) == "absent"
    return () if absent else PROMETHEUS_OPERATOR_CRDS


def rendered(case: Path, helm: Helm) -> str:
    """What `helm template` writes for the example. Raises ExampleError."""
    try:
        folder = assemble(case)
        arguments = ["template", "shop", str(folder), "--namespace", "shop", "--kube-version", KUBE_VERSION]
        return helm.run([*arguments, *(word for api in api_versions(case) for word in ("--api-versions", api))])
    except (RenderError, HelmError) as error:
        raise ExampleError(f"Example {case.name} does not render: {error}") from error


def table(examples: Path, page: str) -> str:
    """The page of the examples with its table as the examples are. Raises ExampleError when it has no place for one."""
    head, marker, _ = page.partition(MARKER)
    if not marker:
        raise ExampleError(f"{examples / 'README.md'} has no line {MARKER.strip()}: put it where the table belongs.")
    rows = [
        f"| {metadata(case)['description']} | [values]({case.name}/values.yaml) | [rendered]({case.name}/rendered.yaml) |\n"
        for case in cases(examples)
    ]
    return f"{head}{marker}\n| what | written | what comes of it |\n|---|---|---|\n{''.join(rows)}"


def derive(examples: Path = EXAMPLES, helm: Helm | None = None) -> dict[Path, str]:
    """The path and the text of every file that is derived. Raises ExampleError, HelmError where there is no Helm."""
    helm = helm or Helm()
    page = examples / "README.md"
    texts = {case / "rendered.yaml": rendered(case, helm) for case in cases(examples)}
    return {page: table(examples, page.read_text(encoding="utf-8")), **texts}


def main(arguments: list[str] | None = None) -> int:
    """Write what is out of date, or with --check only say so; 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(description="Render the examples of the metrics chart.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when an example is out of date")
    check: bool = parser.parse_args(arguments).check
    try:
        derived = derive(EXAMPLES)
    except (ExampleError, HelmError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = [path for path, text in derived.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not check:
            path.write_text(derived[path], encoding="utf-8")
        done = "out of date, run `make examples`" if check else "written"
        sys.stdout.write(f"{path.relative_to(EXAMPLES.parent)}: {done}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
