"""The target that the command line names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion_gate.manifests import Judged
from promotion_gate.targets.embedded.target import EmbeddedTarget
from promotion_gate.targets.target import Target, TargetError

EMBEDDED, KIND, CONTEXT, LIVE = "embedded", "kind", "context:", "live:"

if TYPE_CHECKING:
    from promotion_gate.targets.cluster.place import Place


def choose(name: str, judged: Judged, directory: Path) -> Target:
    """The target of this name; files of its pods go to `directory`. Raises TargetError for a name of none.

    `embedded`, `kind` and `context:NAME` run the release; `live:kind` and `live:context:NAME` look at the one that is in the
    namespace of its environment there.
    """
    if name == EMBEDDED:
        return EmbeddedTarget(directory)
    # the client of Kubernetes' API costs a second and a hundred megabytes, which a run without a cluster need not pay
    from promotion_gate.targets.cluster.live import LiveTarget
    from promotion_gate.targets.cluster.place import context, kind
    from promotion_gate.targets.cluster.target import ClusterTarget

    environment = judged.rendered.namespace
    if name.startswith(LIVE):
        return LiveTarget(place_in_use(name.removeprefix(LIVE), name), judged, directory)
    if name == KIND:
        return ClusterTarget(kind(environment), judged, directory)
    if name.startswith(CONTEXT) and name != CONTEXT:
        return ClusterTarget(context(name.removeprefix(CONTEXT), environment), judged, directory)
    raise TargetError(_NONE.format(said=name))


def place_in_use(name: str, said: str = "") -> Place:
    """The cluster `kind` or `context:NAME`, for releases in the namespaces of their environments.

    Raises TargetError for another name, told as it was `said`.
    """
    from promotion_gate.targets.cluster.place import in_use, kind

    if name == KIND:
        return kind("")
    if name.startswith(CONTEXT) and name != CONTEXT:
        return in_use(name.removeprefix(CONTEXT))
    raise TargetError(_NONE.format(said=said or name))


_NONE = (
    f"There is no target {{said!r}}: choose {EMBEDDED}, {KIND}, or {CONTEXT}NAME with a context of your kubeconfig, or one of the last two "
    f"with {LIVE} before it."
)
