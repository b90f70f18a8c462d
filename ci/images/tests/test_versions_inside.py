"""What the images of this host really hold: the version in the tag is the version that the program inside says."""

from __future__ import annotations

import re

import docker
import pytest

from cluster_images import engine
from cluster_images.building import CONTENT_LABEL, ORIGIN_LABEL
from cluster_images.provide import provide
from cluster_images.table import CLUSTER, IMAGES

pytestmark = pytest.mark.live

SAYS_ITS_VERSION = {
    "node": ["kubelet", "--version"],
    "cilium": ["/usr/bin/cilium-agent", "--version"],
    "cilium-operator": ["/usr/bin/cilium-operator-generic", "--version"],
    "prometheus": ["/bin/prometheus", "--version"],
    "prometheus-operator": ["/bin/operator", "--version"],
    "prometheus-config-reloader": ["/bin/prometheus-config-reloader", "--version"],
    "collector": ["/otelcol-contrib", "--version"],
    "metrics-server": ["/metrics-server", "--version"],
    "alertmanager": ["/bin/alertmanager", "--version"],
    "rabbitmq": ["rabbitmqctl", "version"],
    "reference-service": [
        "python3",
        "-c",
        "from importlib.metadata import version; print(version('reference-service'))",
    ],
}


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.provide()


def test_every_image_of_a_cluster_is_asked() -> None:
    assert set(SAYS_ITS_VERSION) == set(CLUSTER)


@pytest.mark.parametrize("name", CLUSTER)
def test_the_program_says_the_version_of_the_tag(client: docker.DockerClient, name: str) -> None:
    reference = provide([name], lambda _name, _what: None)[name].reference
    program, *arguments = SAYS_ITS_VERSION[name]
    said = client.containers.run(
        reference, arguments, entrypoint=[program], remove=True, stdout=True, stderr=True, network_mode="none"
    ).decode()
    version = reference.partition("@")[0].rpartition(":")[2].removeprefix("v")
    assert re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", said), said


@pytest.mark.parametrize("name", CLUSTER)
def test_what_was_built_here_says_so(client: docker.DockerClient, name: str) -> None:
    provided = provide([name], lambda _name, _what: None)[name]
    labels = client.images.get(provided.reference).labels
    built_here = provided.reference == IMAGES[name].reference and CONTENT_LABEL in labels
    assert labels.get(ORIGIN_LABEL, "").startswith("built from ") is built_here
