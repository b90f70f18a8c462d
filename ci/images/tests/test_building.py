"""What decides whether an image is built again."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from cluster_images import building, wheels
from cluster_images.building import content, origin
from cluster_images.table import IMAGES


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the recipes that a test may change."""
    folder = tmp_path / "recipes"
    shutil.copytree(building.RECIPES, folder)
    monkeypatch.setattr(building, "RECIPES", folder)
    return folder


def test_the_same_table_and_recipes_give_the_same_content(recipes: Path) -> None:
    assert content(IMAGES["node"]) == content(IMAGES["node"])


@pytest.mark.parametrize("path", ["node/Dockerfile", "node/files/etc/containerd/config.toml", "program/Dockerfile"])
def test_a_node_changes_with_its_files_and_with_what_is_inside(recipes: Path, path: str) -> None:
    before = content(IMAGES["node"]), content(IMAGES["prometheus"])
    (recipes / path).write_text((recipes / path).read_text() + "# changed\n")
    assert content(IMAGES["node"]) != before[0]
    assert content(IMAGES["prometheus"]) == before[1]


def test_a_node_changes_with_the_mode_of_a_file(recipes: Path) -> None:
    before = content(IMAGES["node"])
    (recipes / "node/files/usr/local/bin/entrypoint").chmod(0o644)
    assert content(IMAGES["node"]) != before


def test_an_image_changes_with_its_packages_programs_and_base(monkeypatch: pytest.MonkeyPatch) -> None:
    cilium, service = IMAGES["cilium"], IMAGES["reference-service"]
    assert content(dataclasses.replace(cilium, debian=(*cilium.debian, "vim"))) != content(cilium)
    programs = {"bin": (cilium.programs["bin"][0], ("cilium-agent",))}
    assert content(dataclasses.replace(cilium, programs=programs)) != content(cilium)
    assert content(service, "one base") != content(service, "another")
    before = content(service)
    monkeypatch.setattr(wheels, "content", lambda: "other wheels")
    assert content(service) != before


def test_a_build_says_what_it_is_made_of() -> None:
    assert origin(IMAGES["prometheus"]) == "built from Go module github.com/prometheus/prometheus v0.314.0"
    assert origin(IMAGES["rabbitmq"]) == "built from Debian bookworm packages rabbitmq-server"
    assert "this checkout" in origin(IMAGES["reference-service"])
