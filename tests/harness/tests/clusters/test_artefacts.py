"""What is saved when a cluster does not even answer; tests/cluster/test_artefacts.py has one that does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chart_harness.clusters import artefacts
from chart_harness.clusters.cluster import Cluster

from .conftest import Api, at, listing, pod


def test_what_cannot_be_had_says_why_and_hides_nothing(kubectl: Callable[[str], None], tmp_path: Path) -> None:
    kubectl("echo connection refused >&2; exit 1")
    artefacts.save(at("http://127.0.0.1:1", tmp_path), "test", tmp_path / "saved")
    saved = {path.name: path.read_text() for path in (tmp_path / "saved").iterdir()}
    assert set(saved) == {"objects.yaml", "events.txt", "pods.txt"}
    assert "This could not be had: kubectl api-resources" in saved["objects.yaml"]
    assert "connection refused" in saved["events.txt"]
    assert "The pods could not be listed: Cluster fake does not answer" in saved["pods.txt"]


def test_one_container_without_a_log_does_not_cost_the_others(
    kubectl: Callable[[str], None], cluster: Cluster, api: Api, tmp_path: Path
) -> None:
    kubectl(
        'case "$*" in *--container\\ broken*) exit 1;; *--previous*) echo before;; *logs*) echo now;; *) exit 1;; esac'
    )
    statuses = [{"name": "broken", "restartCount": 0}, {"name": "app", "restartCount": 2}]
    api.lists["pods"] = [listing({**pod("api-0", containerStatuses=statuses), "spec": {"containers": []}})]
    artefacts.save(cluster, "test", tmp_path / "saved")
    saved = {path.name: path.read_text() for path in (tmp_path / "saved" / "pods" / "api-0").iterdir()}
    assert set(saved) == {"broken.log", "app.log", "app.previous.log", "metrics.txt"}
    assert saved["broken.log"].startswith("This could not be had:")
    assert (saved["app.log"], saved["app.previous.log"]) == ("now\n", "before\n")
    assert "no port named metrics or http" in saved["metrics.txt"]
