"""The custom resource definitions of the Prometheus Operator, from its pinned Go module."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cluster_images.cache import cache_folder
from cluster_images.go_modules import sources
from cluster_images.modules import PROMETHEUS_OPERATOR


def prometheus_operator_crds() -> Path:
    """A folder with one YAML file for each kind, kept in the cache folder. Raises GoBuildError when it cannot be had."""
    target = cache_folder() / "crds" / f"prometheus-operator-{PROMETHEUS_OPERATOR.version}"
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
