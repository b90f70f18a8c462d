"""The custom resource definitions of the Prometheus Operator, from its pinned Go module: `python -m cluster_images.crds`.

A render needs them for the schemas of its ServiceMonitors, a cluster to install them. The make targets fetch them first, so that a
host that cannot have them says so at once.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from cluster_images.cache import cache_folder
from cluster_images.go_modules import GoBuildError, sources
from cluster_images.modules import PROMETHEUS_OPERATOR


def prometheus_operator_crds() -> Path:
    """A folder with one YAML file for each kind, kept in the cache folder. Raises GoBuildError when it cannot be had."""
    target = _target()
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
            folder = Path(scratch) / "crds"
            shutil.copytree(sources(PROMETHEUS_OPERATOR) / "example" / "prometheus-operator-crd", folder)
            try:
                folder.rename(target)
            except OSError:
                if not target.is_dir():  # another process came first, with the same content
                    raise
    return target


def _target() -> Path:
    return cache_folder() / "crds" / f"prometheus-operator-{PROMETHEUS_OPERATOR.version}"


def main() -> None:
    target = _target()
    if target.is_dir():
        return
    try:
        prometheus_operator_crds()
    except GoBuildError as error:
        sys.exit(f"{error}\nThe custom resource definitions of the Prometheus Operator come from its Go module.")
    print(f"crds: of the Prometheus Operator {PROMETHEUS_OPERATOR.version}, in {target}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
