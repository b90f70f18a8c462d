"""The image of the reference service: what it says about itself is what is inside."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from chart_harness.containers.waiting import succeeds
from chart_harness.fleet import service_release
from cluster_images import engine
from cluster_images.building import CONTENT_LABEL, ORIGIN_LABEL
from promotion_gate.workload import read_workload
from tests.containers.conftest import SERVICES
from tests.containers.declared import ROOT

if TYPE_CHECKING:
    from docker.models.images import Image

    from chart_harness.fixtures.containers import ContainerFactory

pytestmark = pytest.mark.live

INSTALLED = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
OURS = {"reference-service", "service-metrics"}


@pytest.fixture
def image(service_image: str) -> Image:
    return engine.connect().images.get(service_image)


@pytest.fixture
def installed(service_container: ContainerFactory) -> dict[str, str]:
    """Versions by name of all that is installed in the image."""
    container = service_container("task-runner", wait=succeeds("reference-service", "healthy"))
    code, output = container.run("python", "-c", INSTALLED)
    assert code == 0, output
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in json.loads(output).items()}


def test_its_labels_say_where_it_comes_from(image: Image) -> None:
    assert image.labels[CONTENT_LABEL]
    assert "requirements.lock" in image.labels[ORIGIN_LABEL]
    assert image.labels["org.opencontainers.image.title"] == "reference-service"


def test_the_version_in_its_tag_is_the_version_inside(
    service_image: str, image: Image, installed: dict[str, str]
) -> None:
    assert service_image.rpartition(":")[2] == installed["reference-service"]
    assert image.labels["org.opencontainers.image.version"] == installed["reference-service"]


def test_it_holds_what_the_lock_pins_and_nothing_to_install_more_with(installed: dict[str, str]) -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    third_party = {name: version for name, version in installed.items() if name not in OURS}
    assert third_party.keys() > {"fastapi", "gunicorn", "aio-pika", "opentelemetry-sdk"}
    assert third_party == {name: pins.get(name) for name in third_party}
    assert not third_party.keys() & {"pip", "setuptools", "pytest", "ruff"}


@pytest.mark.parametrize("service", SERVICES)
def test_its_entrypoint_is_the_command_of_the_charts(image: Image, service: str) -> None:
    workload = read_workload(service_release(ROOT, service, "production"))
    assert (*image.attrs["Config"]["Entrypoint"], workload.role) == workload.command
    assert not image.attrs["Config"]["Cmd"]


def test_its_user_is_a_number_that_is_not_root(image: Image) -> None:
    # a kubelet under runAsNonRoot refuses a user that is only a name
    assert image.attrs["Config"]["User"] == "10001:10001"
