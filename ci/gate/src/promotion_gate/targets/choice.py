"""The target that the command line names."""

from __future__ import annotations

from pathlib import Path

from promotion_gate.manifests import Judged
from promotion_gate.targets.embedded.target import EmbeddedTarget
from promotion_gate.targets.target import Target, TargetError

EMBEDDED, KIND, CONTEXT = "embedded", "kind", "context:"


def choose(name: str, judged: Judged, directory: Path) -> Target:
    """The target `embedded`, `kind` or `context:NAME`; files of its pods go to `directory`. Raises TargetError for another name."""
    environment = judged.rendered.namespace
    if name == EMBEDDED:
        return EmbeddedTarget(directory)
    # the client of Kubernetes' API costs a second and a hundred megabytes, which a run without a cluster need not pay
    from promotion_gate.targets.cluster.place import context, kind
    from promotion_gate.targets.cluster.target import ClusterTarget

    if name == KIND:
        return ClusterTarget(kind(environment), judged, directory)
    if name.startswith(CONTEXT) and name != CONTEXT:
        return ClusterTarget(context(name.removeprefix(CONTEXT), environment), judged, directory)
    raise TargetError(
        f"There is no target {name!r}: choose {EMBEDDED}, {KIND}, or {CONTEXT}NAME with a context of your kubeconfig."
    )
