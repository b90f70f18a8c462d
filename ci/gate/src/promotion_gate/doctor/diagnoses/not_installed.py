"""There is no such release in the namespace, or its Deployment is gone."""

from __future__ import annotations

from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing


def diagnose(view: View) -> Answer:
    """Helm knows the release, and the Deployment that it made is there."""
    deploy = f"Deploy it: gate deploy {view.service} {view.environment}. Or say where it runs: --namespace, --target."
    if view.installed is None:
        return Diagnosis(
            (f"Helm has no release {view.service} in namespace {view.namespace}.",),
            f"the release {view.service} in namespace {view.namespace}",
            deploy,
        )
    if isinstance(view.deployment, Missing):
        return CannotTell(view.deployment.reason)
    if view.deployment is None:
        return Diagnosis(
            (f"There is no Deployment {view.declared.name} in namespace {view.namespace}.",),
            "the Deployment that the chart renders",
            f"Somebody deleted it. {deploy}",
        )
    return CannotTell(view.installed.reason) if isinstance(view.installed, Missing) else None


EXAMINATION = Examination("not-installed", "The release is not installed", diagnose)
