"""What another namespace changes for a release: the secrets that it reads are brought along, its own name is declared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Substitution
from promotion_gate.targets.cluster.release import substitutions
from promotion_gate.targets.cluster.secrets import copy_secrets
from promotion_gate.workload import EnvVar, Workload

HERE = "gate-demo-staging-0123abcd"


@pytest.fixture
def workload(pull: Subject) -> Workload:
    """It reads two keys of one secret, and one of a secret that is not there."""
    keys = {"A": "otlp/k", "B": "otlp/other", "C": "absent/k"}
    return replace(pull.workload, env=tuple(EnvVar(name, secret=key) for name, key in keys.items()))


def test_the_secrets_that_a_release_reads_come_along(api: FakeApi, cluster: Cluster, workload: Workload) -> None:
    theirs = {"metadata": {"name": "otlp", "uid": "1", "resourceVersion": "7"}, "type": "Opaque", "data": {"k": "dg=="}}
    api.objects[f"{NAMESPACES}/staging/secrets/otlp"] = theirs
    copy_secrets(cluster, workload, HERE)
    (copied,) = [item for path, item in api.objects.items() if path.startswith(f"{NAMESPACES}/{HERE}/")]
    assert (copied["metadata"], copied["type"], copied["data"]) == ({"name": "otlp"}, "Opaque", {"k": "dg=="})


def test_a_secret_that_the_gate_may_not_read_is_told(api: FakeApi, cluster: Cluster, workload: Workload) -> None:
    api.refuses[f"GET {NAMESPACES}/staging/secrets/absent"] = 403
    with pytest.raises(ClusterError, match="copy the secret absent of namespace staging: it answered 403"):
        copy_secrets(cluster, workload, HERE)


def test_a_release_without_secrets_asks_for_none(api: FakeApi, cluster: Cluster, pull: Subject) -> None:
    copy_secrets(cluster, pull.workload, HERE)
    assert not api.asked


def test_a_value_with_the_namespaces_name_in_it_is_declared_as_replaced(pull: Subject) -> None:
    judged = replace(pull.workload, env=(EnvVar("URL", "http://db.staging.svc"), EnvVar("A", "1")))
    installed = replace(judged, namespace=HERE, env=(EnvVar("URL", f"http://db.{HERE}.svc"), EnvVar("A", "1")))
    assert substitutions(judged, installed) == (
        Substitution(
            "URL", "http://db.staging.svc", f"http://db.{HERE}.svc", f"the release runs in {HERE}, not in staging"
        ),
    )
    assert substitutions(judged, judged) == ()
