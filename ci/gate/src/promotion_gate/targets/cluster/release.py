"""Installs the release that was judged, and makes sure that it is the same one."""

from __future__ import annotations

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.install import install_service
from chart_harness.render import Release
from promotion_gate.evidence import Substitution
from promotion_gate.manifests import Judged, difference, manifests_digest, renamed, without_dashboard_ids
from promotion_gate.targets.target import TargetError
from promotion_gate.workload import Workload


def install(judged: Judged, cluster: Cluster, namespace: str) -> Release:
    """`helm upgrade --install` with the chart and values that were judged, in another namespace; does not wait for pods.

    What Helm rendered for the cluster must be what the verdict's digest names, once the namespace's name is put back: a
    cluster with other APIs than were assumed, or a template that is different each time, would make the verdict one about
    something else. Raises TargetError for that, RenderError or HelmError when Helm or the cluster refuses.
    """
    rendered = judged.rendered
    installed = install_service(
        cluster, namespace, judged.root, rendered.name, rendered.namespace, overrides=judged.overrides
    )
    judged_objects = without_dashboard_ids(rendered.objects)
    same = without_dashboard_ids(renamed(installed.objects, namespace, rendered.namespace))
    if manifests_digest(same) != manifests_digest(judged_objects):
        raise TargetError(
            f"What Helm installs in the cluster is not what was judged: {difference(judged_objects, same)}; "
            "see that the cluster has the APIs that the chart asks for, and that no template is random."
        )
    return Release(rendered.name, namespace, rendered.chart, installed.objects)


def substitutions(judged: Workload, installed: Workload) -> tuple[Substitution, ...]:
    """The literal env vars in which the name of the namespace stands, which is not the environment's here."""
    why = f"the release runs in {installed.namespace}, not in {judged.namespace}"
    return tuple(
        Substitution(ours.name, ours.value, theirs.value, why)
        for ours, theirs in zip(judged.env, installed.env, strict=True)
        if ours.value != theirs.value
    )
