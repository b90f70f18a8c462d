"""Which cluster a command line asks for."""

from __future__ import annotations

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.context import ContextProvider
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.provider import ClusterProvider, Progress, to_standard_error


def chosen(text: str, progress: Progress = to_standard_error) -> ClusterProvider:
    """The provider for `kind` or `context:NAME`. Raises ClusterError for anything else."""
    if text == "kind":
        return KindProvider(progress=progress)
    kind, separator, context = text.partition(":")
    if kind == "context" and separator:
        return ContextProvider(context)
    raise ClusterError(
        f"There is no cluster {text!r}: write kind, or context:NAME with a name of kubectl config get-contexts."
    )
