"""Where a value stops being the chart's: on its way from the checkout over Helm, the Deployment and the pod into the process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from promotion_gate.doctor.view import Pod, View, literal
from promotion_gate.evidence import Missing


class Stage(StrEnum):
    """The first place that has another value than the one before it."""

    CHECKOUT = "the chart"
    RELEASE = "the release that Helm installed"
    DEPLOYMENT = "the Deployment"
    POD = "the pod"
    PROCESS = "the process"


@dataclass(frozen=True)
class Deviation:
    """A process that has another value than the chart gives it. None stands for "not set"."""

    pod: str
    process: str
    name: str
    declared: str | None
    found: str | None
    since: Stage

    @property
    def sentence(self) -> str:
        return (
            f"{self.process} of {self.pod} has {self.name}={_said(self.found)}; "
            f"the chart says {_said(self.declared)}, and {self.since} is the first that does not"
        )


def deviations(view: View, names: Iterable[str]) -> Iterator[Deviation]:
    """Every running process whose value of one of these env vars is not the chart's."""
    for pod in view.running:
        for process in () if isinstance(pod.environments, Missing) else pod.environments:
            for name in names:
                declared = next((var.value for var in reversed(view.declared.env) if var.name == name), None)
                found = process.variables.get(name)
                if (declared or "") != (found or "") and "$(" not in (declared or ""):
                    where = f"process {process.pid} ({process.command})"
                    yield Deviation(pod.name, where, name, declared, found, since(view, pod, name, declared))


def since(view: View, pod: Pod, name: str, declared: str | None) -> Stage:
    """The first place after the checkout that does not have the chart's value."""
    release, deployment = view.installed_deployment(), view.deployment
    if release is not None and literal(release, name) != declared:
        return Stage.RELEASE
    if not isinstance(deployment, Missing) and deployment is not None and literal(deployment, name) != declared:
        return Stage.DEPLOYMENT
    return Stage.POD if literal(pod.object, name) != declared else Stage.PROCESS


def remedy(view: View, stage: Stage) -> str:
    """How to put a value right that is wrong since there."""
    deployment = f"deployment/{view.declared.name} --namespace {view.namespace}"
    return {
        Stage.CHECKOUT: f"Change it in charts/services/{view.service}/environments/{view.environment}/values.yaml.",
        Stage.RELEASE: f"The release was made from other values: deploy the checkout, gate deploy {view.service} {view.environment}.",
        Stage.DEPLOYMENT: (
            f"Somebody changed the Deployment after Helm had: see kubectl rollout history {deployment}, "
            f"then deploy the checkout again, gate deploy {view.service} {view.environment}."
        ),
        Stage.POD: f"The pod is of an earlier revision: see why the rollout does not end, kubectl rollout status {deployment}.",
        Stage.PROCESS: (
            "The container is given the right value and the process has another: look for what changes it in between, "
            "an entrypoint script, a wrapper, or the service's own code."
        ),
    }[stage]


def _said(value: str | None) -> str:
    return "not set" if value is None else repr(value)
