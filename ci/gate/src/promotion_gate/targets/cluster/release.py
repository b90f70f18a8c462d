"""Installs the release that was judged, and makes sure that it is the same one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.install import install_service
from chart_harness.layers import over
from chart_harness.render import Release
from promotion_gate.evidence import Substitution
from promotion_gate.manifests import Judged, difference, manifests_digest, renamed, without_dashboard_ids
from promotion_gate.sources import at, layered_values
from promotion_gate.targets.target import TargetError
from promotion_gate.workload import Workload


def install(judged: Judged, cluster: Cluster, namespace: str) -> Release:
    """`helm upgrade --install` with the chart and values that were judged, in another namespace; does not wait for pods.

    What Helm rendered for the cluster must be what the verdict's digest names, once the namespace's name is put back: a
    cluster with other APIs than were assumed, or a template that is different each time, would make the verdict one about
    something else. Its series and rules say that namespace for their environment, see `own_environment`.
    Raises TargetError for that, RenderError or HelmError when Helm or the cluster refuses.
    """
    rendered = judged.rendered
    overrides = over(judged.overrides, own_environment(judged, namespace))
    installed = install_service(cluster, namespace, judged.root, rendered.name, rendered.namespace, overrides=overrides)
    judged_objects = without_dashboard_ids(rendered.objects)
    same = without_dashboard_ids(renamed(installed.objects, namespace, rendered.namespace))
    if manifests_digest(same) != manifests_digest(judged_objects):
        raise TargetError(
            f"What Helm installs in the cluster is not what was judged: {difference(judged_objects, same)}; "
            "see that the cluster has the APIs that the chart asks for, and that no template is random."
        )
    return Release(rendered.name, namespace, rendered.chart, installed.objects)


def own_environment(judged: Judged, namespace: str) -> Mapping[str, Any]:
    """Values by which the release's series and rules name `namespace` where they would name the environment.

    Rules go by service and environment: under the environment's own name they would judge the series of the release that runs there
    too, and a fault of that one would hold up the release that mends it. Nothing where the values name something else.
    """
    rendered = judged.rendered
    values = over(layered_values(judged.root, rendered.name, rendered.namespace), judged.overrides)
    says = at(values, "metrics.environment", default=None)
    return {"metrics": {"environment": namespace}} if says == rendered.namespace else {}


def substitutions(judged: Workload, installed: Workload) -> tuple[Substitution, ...]:
    """The literal env vars in which the name of the namespace stands, where the environment's would."""
    why = f"the release runs in {installed.namespace}, not in {judged.namespace}"
    return tuple(
        Substitution(ours.name, ours.value, theirs.value, why)
        for ours, theirs in zip(judged.env, installed.env, strict=True)
        if ours.value != theirs.value
    )
