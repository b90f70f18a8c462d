"""Clients of a cluster's API: a new one for each thread, whole from the first."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from kubernetes.config import kube_config

from chart_harness.clusters.cluster import Cluster

THREADS = 8
CERTIFICATE = "certificate " * 100


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A cluster that nobody has made a client of; the kubeconfig holds the certificate, as kind's does."""
    data = base64.b64encode(CERTIFICATE.encode()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": data}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return Cluster("x", path, "x")


def test_threads_that_make_their_first_at_once_have_the_whole_certificate(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_config, "_temp_files", _Slow())
    together = threading.Barrier(THREADS)

    def read() -> str:
        together.wait(20)
        return Path(str(cluster.client().configuration.ssl_ca_cert)).read_text()

    with ThreadPoolExecutor(THREADS) as pool:
        found = [each.result() for each in [pool.submit(read) for _ in range(THREADS)]]
    assert found == [CERTIFICATE] * THREADS


class _Slow(dict[str, str]):
    """The library's memory of its files, on a host that is busy just when a name is remembered and nothing is written yet."""

    def __setitem__(self, key: str, name: str) -> None:
        super().__setitem__(key, name)
        threading.Event().wait(0.2)
