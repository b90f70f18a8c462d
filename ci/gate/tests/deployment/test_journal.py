"""What a deployment notes in the cluster stays there until it comes to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from ci.gate.tests.targets.cluster.conftest import FakeApi
from promotion_gate.deployment.journal import Entry, Journal

PATH = "/api/v1/namespaces/staging/configmaps/gate-deploy-demo"
FIRST, LATER = Entry(None, 0, "a" * 64), Entry(12, 13, "b" * 64)


@pytest.fixture
def journal(cluster: Cluster) -> Journal:
    return Journal(cluster, "staging", "demo")


def test_an_entry_is_read_as_it_was_noted_until_it_is_ended(journal: Journal, api: FakeApi) -> None:
    assert journal.read() is None
    for entry in (FIRST, LATER):  # the second takes the place of the first
        journal.begin(entry)
        assert journal.read() == entry
    assert api.objects[PATH]["metadata"]["labels"] == {"promotion-gate/journal": "true"}
    journal.end()
    assert journal.read() is None
    journal.end()
    assert not api.objects


@pytest.mark.parametrize(
    "data", [None, {}, {"serving": "1", "newest": "2"}, {"serving": "x", "newest": "2", "manifests": "a"}]
)
def test_what_nobody_can_read_is_no_entry(data: Any, journal: Journal, api: FakeApi) -> None:
    api.objects[PATH] = {"metadata": {"name": "gate-deploy-demo"}, "data": data}
    assert journal.read() is None


@pytest.mark.parametrize(
    ("refused", "call", "says"),
    [
        (f"GET {PATH}", lambda journal: journal.read(), "read the ConfigMap gate-deploy-demo"),
        ("POST /api/v1/namespaces/staging/configmaps", lambda journal: journal.begin(FIRST), "write the ConfigMap"),
        (f"DELETE {PATH}", lambda journal: journal.end(), "delete the ConfigMap"),
    ],
)
def test_what_the_cluster_refuses_is_said(
    refused: str, call: Callable[[Journal], object], says: str, journal: Journal, api: FakeApi
) -> None:
    api.refuses[refused] = 403
    with pytest.raises(ClusterError, match=f"did not let the gate {says}.*: it answered 403"):
        call(journal)
