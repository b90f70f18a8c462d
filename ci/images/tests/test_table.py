"""The table of images: complete, pinned, and true to what a build holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cluster_images import modules
from cluster_images.building import RECIPES, recipe
from cluster_images.go_modules import GoModule
from cluster_images.table import CLUSTER, IMAGES, Image

ROOT = Path(__file__).resolve().parents[3]
GO_MODULES = [value for value in vars(modules).values() if isinstance(value, GoModule)]


@pytest.mark.parametrize("image", IMAGES.values(), ids=lambda image: image.name)
def test_every_image_has_a_recipe_and_a_tag(image: Image) -> None:
    assert (recipe(image) / "Dockerfile").is_file()
    assert re.fullmatch(r"[\w./-]+:[\w.-]+", image.reference), "a tag says the version"
    assert not image.pulled or re.match(r"[\w-]+(\.[\w-]+)+/", image.pulled), "a pulled image names its registry"


def test_no_recipe_is_left_over() -> None:
    assert {path.name for path in RECIPES.iterdir()} == {recipe(image).name for image in IMAGES.values()}


def test_references_are_unique() -> None:
    references = [image.reference for image in IMAGES.values()]
    assert len(references) == len(set(references))


@pytest.mark.parametrize("module", GO_MODULES, ids=lambda module: module.name)
def test_a_go_module_pins_the_version_that_the_table_says(module: GoModule) -> None:
    """The build checks the binary; this fails before anything is compiled."""
    text = (module.source / "go.mod").read_text()
    if module.version == "(devel)":
        assert text.startswith(f"module {module.requires}\n")
        return
    assert re.search(rf"^(require )?\s*{re.escape(module.requires)} {re.escape(module.version)}$", text, re.MULTILINE)
    assert f"{module.requires} {module.version} h1:" in (module.source / "go.sum").read_text()


def pinned_versions(image: Image) -> set[str]:
    """What is inside, as the pins say it, in the form of a tag."""
    if image.name == "reference-service":
        return {tomllib.loads((ROOT / "tests/reference_service/pyproject.toml").read_text())["project"]["version"]}
    versions = {module.version for module, _ in image.programs.values()} | set(image.debian_version.values())
    # Prometheus is v0.314.0 as a Go module and 3.14.0 as a release.
    return {re.sub(r"^0\.3(\d\d)\.", r"3.\1.", version.removeprefix("v")) for version in versions}


@pytest.mark.parametrize("image", [i for i in IMAGES.values() if i.name != "pause"], ids=lambda image: image.name)
def test_the_tag_says_the_version_that_is_pinned(image: Image) -> None:
    tag = image.reference.rpartition(":")[2].removeprefix("v")
    assert any(tag == version or tag.startswith(f"{version}-") for version in pinned_versions(image)), image


def test_a_cluster_gets_all_that_is_not_brought_along_by_another_image() -> None:
    brought = {name for image in IMAGES.values() for name in (*image.inside, image.base)}
    assert set(CLUSTER) == set(IMAGES) - brought
    assert {"node", "cilium", "prometheus", "collector", "reference-service"} <= set(CLUSTER)
