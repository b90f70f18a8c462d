"""Which cluster the doctor looks at: one that is there already. It boots none, and asks for no leave to create things."""

from __future__ import annotations

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.context import file_of
from chart_harness.clusters.kind import own_name
from chart_harness.clusters.session import folder
from promotion_gate.targets.choice import CONTEXT, KIND
from promotion_gate.targets.target import TargetError

ANSWER_SECONDS = 20.0


def cluster(target: str) -> Cluster:
    """The cluster of `kind` or `context:NAME`, which answers. Raises TargetError or ClusterError that say what to do."""
    if target == KIND:
        name = own_name()
        kubeconfig = folder(name) / "kubeconfig"
        if not kubeconfig.exists():
            raise TargetError(
                f"There is no kind cluster {name} on this host: boot it with make cluster, or name a context."
            )
        found = Cluster(name, kubeconfig, f"kind-{name}")
    elif target.startswith(CONTEXT) and target != CONTEXT:
        context = target.removeprefix(CONTEXT)
        found = Cluster(target, file_of(context), context)
    else:
        raise TargetError(
            f"There is no cluster {target!r} to look at: choose {KIND}, or {CONTEXT}NAME with a context of your kubeconfig."
        )
    found.kubectl("get", "--raw", "/readyz", timeout=ANSWER_SECONDS)
    return found
