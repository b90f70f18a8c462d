"""What a failing test leaves behind: a whole inner run, whose test fails on purpose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.namespaces import RUN_LABEL
from chart_harness.clusters.objects import NAMESPACE, Objects

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("artefacts")]

INNER = """
from chart_harness.clusters.probes import restarts

OVERRIDES = {
    "workload": {"replicas": 1, "resources": {"requests": {"cpu": "20m"}}},
    "env": {"standard": {"REFERENCE_MISBEHAVE": "crash"}},
}

def test_fails_on_purpose(namespace):
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"t": "do-not-tell"}})
    assert restarts(namespace.install("aaa-api", "staging", overrides=OVERRIDES)) == 0

def test_passes(namespace):
    assert namespace.kubectl("get", "pods", "--output=name") == ""
"""


def test_a_failing_test_leaves_everything_that_explains_it(
    tmp_path: Path, cluster: Cluster, fleet_root: Path, pytestconfig: pytest.Config
) -> None:
    # not pytester: it changes HOME, and with it the place where this session's cluster is known
    (tmp_path / "test_inner.py").write_text(INNER)
    where = [
        "--rootdir",
        str(tmp_path),
        "--cluster",
        pytestconfig.getoption("cluster"),
        "--fleet-root",
        str(fleet_root),
    ]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *where]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed, 1 passed" in run.stdout, run.stdout + run.stderr

    (folder,) = (tmp_path / "build" / "failures").iterdir()  # one: a test that passes leaves nothing
    assert f"Objects, events, logs and metrics are in {folder}" in run.stdout
    (saved,) = folder.iterdir()
    (pod,) = (saved / "pods").iterdir()
    objects = (saved / "objects.yaml").read_text()
    assert {"kind: Deployment", "kind: NetworkPolicy", "kind: ServiceMonitor", f"name: {pod.name}"} <= {
        line.strip().removeprefix("- ") for line in objects.splitlines()
    }
    assert "secret/token (its content is not saved)" in objects
    assert "Started container" in (saved / "events.txt").read_text()
    assert "REFERENCE_MISBEHAVE=crash" in (pod / "app.previous.log").read_text()
    assert "Application startup complete" in (pod / "app.log").read_text()
    assert "http_requests_in_progress{" in (pod / "metrics.txt").read_text()
    content = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "do-not-tell" not in content
    assert "ZG8tbm90LXRlbGw" not in content  # nor in base64

    with Objects(cluster) as present:
        namespace = present.get(NAMESPACE, saved.name)
    assert namespace is None or namespace["metadata"].get("deletionTimestamp")
    assert namespace is None or RUN_LABEL in namespace["metadata"]["labels"]
