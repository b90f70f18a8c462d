"""Which way an image comes: it is there, a registry has it, or it is built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from cluster_images import building, engine
from cluster_images.provide import ImageError, Provided, provide, provided
from cluster_images.table import IMAGES, Image


@dataclass
class FakeImage:
    id: str
    labels: dict[str, str]
    engine: FakeEngine

    def tag(self, repository: str, tag: str) -> None:
        self.engine.images_by_reference[f"{repository}:{tag}"] = self


@dataclass
class FakeEngine:
    """As much of an engine as this needs: images by reference, and registries that have some or do not answer."""

    registry: set[str] = field(default_factory=set)
    silent: bool = False
    images_by_reference: dict[str, FakeImage] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)

    @property
    def images(self) -> FakeEngine:
        return self

    def get(self, reference: str) -> FakeImage:
        if reference not in self.images_by_reference:
            raise ImageNotFound(reference)
        return self.images_by_reference[reference]

    def get_registry_data(self, reference: str) -> None:
        self.asked.append(reference)
        if self.silent:
            raise APIError("500 Server Error: dial tcp: lookup failed")
        if reference not in self.registry:
            raise APIError("404 not found", response=_Response(404))

    def pull(self, reference: str) -> FakeImage:
        if reference not in self.registry:
            raise APIError(f"manifest for {reference} not found")
        self.pulled.append(reference)
        return self.put(reference)

    def put(self, reference: str, **labels: str) -> FakeImage:
        image = FakeImage(f"id of {reference}", labels, self)
        self.images_by_reference[reference] = image
        return image


class _Response:
    reason = url = ""

    def __init__(self, status: int) -> None:
        self.status_code = status

    def json(self) -> dict[str, str]:
        return {"message": "not found"}


ProvideAll = Callable[..., dict[str, Provided]]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    """A host whose engine is the fake one, and whose builds only leave a labelled image."""
    fake = FakeEngine()
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path))
    monkeypatch.delenv("IMAGE_MIRROR", raising=False)
    monkeypatch.setattr(engine, "provide", lambda: fake)

    def build(client: Any, image: Image, say: Any, base: str = "", base_python: tuple[int, int] = (0, 0)) -> None:
        base_id = client.images.get(base).id if base else ""
        labels = {building.CONTENT_LABEL: building.content(image, base_id), "python": ".".join(map(str, base_python))}
        client.put(image.reference, **labels)

    monkeypatch.setattr(building, "build", build)
    return fake


def ways(names: Iterable[str], source: Any = "auto") -> dict[str, str]:
    return {name: image.way for name, image in provide(names, lambda _name, _what: None, source).items()}


def test_where_a_registry_answers_images_are_pulled(host: FakeEngine) -> None:
    host.registry = {IMAGES["prometheus"].pulled, IMAGES["collector"].pulled}
    assert ways(["prometheus", "collector"]) == {"prometheus": "pulled", "collector": "pulled"}
    assert ways(["prometheus", "collector"]) == {"prometheus": "present", "collector": "present"}
    assert sorted(host.pulled) == sorted(host.registry), "each once"


def test_where_none_answers_images_are_built_once(host: FakeEngine) -> None:
    host.silent = True
    first = provide(["prometheus"], lambda _name, _what: None)["prometheus"]
    assert (first.way, first.reference) == ("built", IMAGES["prometheus"].reference)
    assert first.why == "quay.io does not answer"
    assert ways(["prometheus"]) == {"prometheus": "present"}


def test_a_registry_is_asked_once_and_each_on_its_own(host: FakeEngine) -> None:
    host.silent = True
    ways(["prometheus", "prometheus-operator", "cilium", "collector"])
    assert sorted(reference.partition("/")[0] for reference in host.asked) == ["docker.io", "quay.io"]


def test_an_image_that_the_registry_lacks_is_built_with_the_reason(host: FakeEngine) -> None:
    result = provide(["prometheus"], lambda _name, _what: None)["prometheus"]
    assert result.way == "built"
    assert f"manifest for {IMAGES['prometheus'].pulled} not found" in result.why


def test_a_build_of_other_content_is_built_again(host: FakeEngine) -> None:
    host.silent = True
    host.put(IMAGES["prometheus"].reference, **{building.CONTENT_LABEL: "of an older checkout"})
    assert ways(["prometheus"]) == {"prometheus": "built"}


def test_our_own_build_is_not_taken_for_a_pulled_image(host: FakeEngine) -> None:
    """Most builds carry the registry's name, so that one manifest serves both."""
    host.registry = {IMAGES["prometheus"].pulled}
    host.put(IMAGES["prometheus"].pulled, **{building.CONTENT_LABEL: "of an older checkout"})
    assert ways(["prometheus"]) == {"prometheus": "pulled"}


def test_what_a_node_brings_along_is_built_before_it(host: FakeEngine) -> None:
    host.silent = True
    ways(["node"])
    for name in IMAGES["node"].inside:
        assert IMAGES[name].reference in host.images_by_reference


@pytest.mark.parametrize(("silent", "version"), [(True, "3.11"), (False, "3.12")])
def test_the_service_is_built_on_the_base_that_there_is(host: FakeEngine, silent: bool, version: str) -> None:
    host.silent = silent
    host.registry = {IMAGES["python"].pulled}
    assert ways(["reference-service"]) == {"reference-service": "built"}
    assert host.get(IMAGES["reference-service"].reference).labels["python"] == version


def test_the_service_is_built_again_on_another_base(host: FakeEngine) -> None:
    host.registry = {IMAGES["python"].pulled}
    ways(["reference-service"])
    host.get(IMAGES["python"].pulled).id = "a newer one"
    assert ways(["reference-service"]) == {"reference-service": "built"}


def test_registry_only_does_not_build(host: FakeEngine) -> None:
    host.silent = True
    with pytest.raises(ImageError, match=r"could not be pulled: quay.io does not answer"):
        ways(["prometheus"], "registry")


def test_build_only_asks_no_registry(host: FakeEngine) -> None:
    host.registry = {IMAGES["prometheus"].pulled}
    assert ways(["prometheus"], "build") == {"prometheus": "built"}
    assert (host.asked, host.pulled) == ([], [])


def test_a_mirror_is_asked_and_the_image_gets_its_own_name(host: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_MIRROR", "mirror.example.com/cache/")
    host.registry = {"mirror.example.com/cache/prometheus/prometheus:v3.14.0"}
    assert provided("prometheus") == {"prometheus": "quay.io/prometheus/prometheus:v3.14.0"}
    assert host.pulled == ["mirror.example.com/cache/prometheus/prometheus:v3.14.0"]
    assert ways(["prometheus"]) == {"prometheus": "present"}


def test_an_image_that_is_pinned_by_its_digest_gets_a_name_that_can_be_run(host: FakeEngine) -> None:
    node = IMAGES["node"]
    assert "@sha256:" in node.pulled
    host.registry = {node.pulled}
    assert provided("node") == {"node": "docker.io/kindest/node:v1.34.11"}
    assert host.pulled == [node.pulled]
    assert ways(["node"]) == {"node": "present"}


def test_a_failure_is_told_and_nothing_else_is_started(host: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    host.silent = True
    monkeypatch.setattr(building, "build", _refuse)
    with pytest.raises(building.ImageBuildError, match="no space left"):
        ways(["prometheus"])


def _refuse(*_: object) -> None:
    raise building.ImageBuildError("no space left")


def test_threads_that_want_the_same_image_build_it_once(host: FakeEngine) -> None:
    host.silent = True
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(ways(["prometheus"])["prometheus"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["built", "present", "present", "present"]


def test_progress_names_the_image_and_what_happens(host: FakeEngine) -> None:
    host.registry = {IMAGES["prometheus"].pulled}
    lines: list[tuple[str, str]] = []
    provide(["prometheus"], lambda name, what: lines.append((name, what)))
    assert lines == [("prometheus", f"pulling {IMAGES['prometheus'].pulled}"), ("prometheus", "pulled in 0 s")]
