"""Two releases that nothing is wrong with, one scraped and one that pushes, made of what their charts render: a test spoils one thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chart_harness.clusters.prometheus import Target
from chart_harness.frozen import thaw
from promotion_gate.contract import contract_for
from promotion_gate.doctor.looking import Patient, patient
from promotion_gate.doctor.view import Around, Dial, Installed, Pod, View
from promotion_gate.evidence import (
    INSTANCE_LABEL,
    Family,
    LogLine,
    MetricsPage,
    Missing,
    ProcessEnvironment,
    Sample,
)
from promotion_gate.plan import load_plan
from promotion_gate.sources import layered_values
from promotion_gate.workload import resolve_env

ROOT = Path(__file__).resolve().parents[4]
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
NAMESPACE = "shop"
PULLED, PUSHES = "aaa-api", "archive-tagger"
DIGEST = "sha256:" + "a" * 64
_REVISION = "deployment.kubernetes.io/revision"

T = TypeVar("T")
Spoil = Callable[[View], View]


@cache
def _patient(service: str) -> Patient:
    return patient(ROOT, service, "staging", NAMESPACE, {})


def labels_of(name: str) -> dict[str, str]:
    """Kubernetes' own label of a namespace."""
    return {"kubernetes.io/metadata.name": name}


def made(item: Mapping[str, Any]) -> dict[str, Any]:
    """A rendered object as plain data that a test may change."""
    plain: dict[str, Any] = thaw(item)
    return plain


def healthy(service: str) -> View:
    """A release of the fleet in the namespace `shop`, as it is when all is well."""
    whom = _patient(service)
    objects = tuple(made(item) for item in whom.release.objects)
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    deployment["metadata"] |= {"uid": "d", "generation": 1, "annotations": {_REVISION: "1"}}
    replicas = deployment["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas)
    deployment["status"] = {"observedGeneration": 1, **counts}
    contract = contract_for(whom.workload, load_plan(ROOT / "charts" / "services" / service / "gate.yaml"))
    families = tuple(
        Family(name, spec.type, (Sample(name, {INSTANCE_LABEL: "w-pid-1"}, 3.0),))
        for name, spec in contract.families.items()
    )
    how = "push" if whom.workload.pushes else "pull"
    pods = tuple(_pod(whom, f"{service}-{n}", families, how) for n in range(replicas))
    pushes = whom.workload.pushes
    return View(
        taken_at=NOW,
        service=service,
        environment="staging",
        namespace=NAMESPACE,
        declared=whom.workload,
        rendered=tuple(whom.release.objects),
        values=layered_values(ROOT, service, "staging"),
        contract=contract,
        installed=Installed(1, "deployed", tuple(whom.release.objects), layered_values(ROOT, service, "staging")),
        deployment=deployment,
        replica_sets=({"kind": "ReplicaSet", "metadata": {"name": f"{service}-1"}, "spec": {"replicas": replicas}},),
        pods=pods,
        services=tuple(item for item in objects if item["kind"] == "Service"),
        monitors=tuple(item for item in objects if item["kind"] == "ServiceMonitor"),
        policies=tuple(item for item in objects if item["kind"] == "NetworkPolicy"),
        prometheuses=(_prometheus(),),
        prometheus=_around("monitoring", "prometheus", {"web": 9090}),
        namespace_labels=labels_of(NAMESPACE),
        targets=() if pushes else tuple(Target({"pod": pod.name}, "up", "", NOW.timestamp()) for pod in pods),
        pushed=tuple(_page(pod.name, families, "push") for pod in pods) if pushes else (),
        collector=_around("monitoring", "opentelemetry-collector", {"otlp-http": 4318}) if pushes else None,
        dials=tuple(Dial(pod.name, "http://collector:4318", reached=True) for pod in pods) if pushes else (),
    )


def _prometheus() -> dict[str, Any]:
    keys = (
        "serviceMonitorSelector",
        "serviceMonitorNamespaceSelector",
        "podMonitorSelector",
        "podMonitorNamespaceSelector",
    )
    return {"metadata": {"name": "main", "namespace": "monitoring"}, "spec": {key: {} for key in keys}}


def _around(namespace: str, name: str, ports: Mapping[str, int]) -> Around:
    labels = {"app.kubernetes.io/name": name}
    service = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": labels, "ports": [{"name": n, "port": p, "targetPort": n} for n, p in ports.items()]},
    }
    container = {"name": name, "ports": [{"name": n, "containerPort": p} for n, p in ports.items()]}
    pod = {
        "metadata": {"name": f"{name}-0", "namespace": namespace, "labels": labels},
        "spec": {"containers": [container]},
        "status": {"podIP": "10.0.0.9"},
    }
    return Around(namespace, labels_of(namespace), service, (pod,))


def _pod(whom: Patient, name: str, families: tuple[Family, ...], how: str) -> Pod:
    template = made(whom.release.one("Deployment"))["spec"]["template"]
    facts = {"metadata.name": name, "metadata.namespace": NAMESPACE, "metadata.uid": "u", "spec.nodeName": "node"}
    item = {
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": name, "namespace": NAMESPACE, "uid": name},
        "spec": template["spec"],
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": True,
                    "restartCount": 0,
                    "image": whom.workload.image,
                    "imageID": DIGEST,
                    "containerID": f"containerd://{name}",
                    "state": {"running": {"startedAt": (NOW - timedelta(hours=1)).isoformat()}},
                }
            ],
        },
    }
    variables = resolve_env(whom.workload.env, facts)
    return Pod(
        object=item,
        current=True,
        log=(LogLine('{"message": "request", "status": 200}', NOW, 200),),
        previous_log=Missing(f"{name} was not restarted"),
        environments=tuple(ProcessEnvironment(name, pid, "reference-service", variables) for pid in (1, 7)),
        page=_page(name, families, how) if how == "pull" else Missing("the release pushes and has no page"),
    )


def _page(pod: str, families: tuple[Family, ...], how: Any) -> MetricsPage:
    return MetricsPage(pod, how, f"page of {pod}", NOW, 200, families, received_at=NOW)


def changed(one: T, **parts: Any) -> T:
    """A view, a pod or a part of one, changed; the type checker does not follow names that a test makes."""
    return replace(one, **parts)  # type: ignore[type-var]


def pods(view: View, change: Callable[[Pod], Pod]) -> View:
    """The view with each of its pods changed."""
    assert not isinstance(view.pods, Missing)
    return replace(view, pods=tuple(change(pod) for pod in view.pods))


@pytest.fixture(params=[PULLED, PUSHES])
def view(request: pytest.FixtureRequest) -> View:
    """Each of the two healthy releases."""
    return healthy(request.param)
