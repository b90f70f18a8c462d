"""A cluster that is there already: used only if it is named, and says itself that tests may create things in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from chart_harness.clusters.cluster import Cluster, ClusterError

ALLOW_LABEL = "chart-harness/allow-tests"


class ContextProvider:
    """Finds the cluster of a kubeconfig's context. The current context is never taken just because it is the current one.

    Arguments:
        context: the context's name, in $KUBECONFIG or ~/.kube/config.
    """

    def __init__(self, context: str) -> None:
        self._context = context

    @property
    def name(self) -> str:
        """The lock and the state of its sessions are called so."""
        return "context-" + "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in self._context)

    def find(self) -> Cluster:
        """The cluster. Raises ClusterError when there is no such context, or when its `default` namespace lacks the label."""
        if not self._context:
            raise ClusterError(
                "context: names no context: write context:NAME, with a name of kubectl config get-contexts."
            )
        cluster = Cluster(self.name, file_of(self._context), self._context)
        label = cluster.kubectl(
            "get",
            "namespace",
            "default",
            "--output",
            f"jsonpath={{.metadata.labels['{ALLOW_LABEL.replace('.', chr(92) + '.')}']}}",
        )
        if label != "true":
            raise ClusterError(
                f"The cluster of context {self._context} does not allow tests: if they may create and delete namespaces in it, "
                f"run kubectl --context {self._context} label namespace default {ALLOW_LABEL}=true."
            )
        return cluster

    def start(self) -> Cluster:
        """As `find`: there is nothing to make."""
        return self.find()

    def stop(self) -> None:
        """Leaves the cluster alone."""

    def tidy(self, cluster: Cluster) -> None:
        """Leaves it as it is: sessions on other machines may use it."""


def file_of(context: str) -> Path:
    """The kubeconfig file that has the context, with its cluster and its user. Raises ClusterError."""
    known: list[str] = []
    for path in _files():
        configuration = _read(path)
        entries = {str(entry["name"]): entry.get("context") or {} for entry in configuration.get("contexts") or ()}
        if context in entries:
            for part in ("cluster", "user"):
                named = entries[context].get(part)
                if named not in {entry["name"] for entry in configuration.get(f"{part}s") or ()}:
                    raise ClusterError(
                        f"Context {context} of {path} names the {part} {named!r}, which that file does not have: "
                        "put the context, its cluster and its user into one file."
                    )
            return path
        known += entries
    where = os.pathsep.join(map(str, _files()))
    raise ClusterError(
        f"There is no context {context!r} in {where}: choose one of {', '.join(sorted(known)) or 'none, it has no contexts'}."
    )


def _files() -> list[Path]:
    named = os.environ.get("KUBECONFIG", "")
    return [Path(path) for path in named.split(os.pathsep) if path] or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise ClusterError(f"The kubeconfig {path} cannot be read: {' '.join(str(error).split())}.") from error
    return content if isinstance(content, dict) else {}
