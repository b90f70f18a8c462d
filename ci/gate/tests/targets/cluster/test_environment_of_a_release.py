"""What another namespace changes for a release: the secrets that it reads are brought along, its own name is declared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.fleet import service_release, values_files
from chart_harness.frozen import thaw
from chart_harness.render import render
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Substitution
from promotion_gate.manifests import Judged, difference, renamed, without_dashboard_ids
from promotion_gate.targets.cluster.release import own_environment, substitutions
from promotion_gate.targets.cluster.secrets import copy_secrets
from promotion_gate.workload import EnvVar, Workload, resolve_env

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


@pytest.mark.parametrize(
    ("overrides", "own"),
    [
        ({}, {"metrics": {"environment": HERE}}),
        ({"workload": {"replicas": 1}}, {"metrics": {"environment": HERE}}),
        ({"metrics": {"environment": "staging-eu"}}, {}),  # no namespace's name: it could not be put back
    ],
)
def test_its_series_and_rules_are_not_those_of_the_release_in_the_environment(
    overrides: dict[str, object], own: dict[str, object], root: Path
) -> None:
    judged = Judged(root, service_release(root, "aaa-api", "staging", overrides=overrides), overrides)
    assert own_environment(judged, HERE) == own


@pytest.mark.parametrize("service", ["aaa-api", "event-recorder", "archive-tagger"])
def test_what_names_itself_otherwise_is_the_same_release_once_the_name_is_put_back(service: str, root: Path) -> None:
    chart, files = values_files(root, service, "staging")
    ours = service_release(root, service, "staging")
    judged = Judged(root, ours, {})
    theirs = render(chart, name=service, namespace=HERE, values=files, overrides=own_environment(judged, HERE))
    text = json.dumps([thaw(item) for item in theirs.objects])
    assert '"staging' not in text
    same = without_dashboard_ids(renamed(theirs.objects, HERE, "staging"))
    assert not difference(without_dashboard_ids(ours.objects), same)


def test_a_replaced_value_may_name_other_variables_and_a_secret_may_not(pull: Subject) -> None:
    env = (EnvVar("POD", field="metadata.name"), EnvVar("A", "staging/$(POD)"), EnvVar("S", secret="otlp/k"))  # noqa: S106 - a name
    replaced = {"A": f"{HERE}/$(POD)", "S": "pa$$word/$(POD)"}
    assert resolve_env(env, {"metadata.name": "demo-1"}, replaced) == {
        "POD": "demo-1",
        "A": f"{HERE}/demo-1",
        "S": "pa$$word/$(POD)",
    }
