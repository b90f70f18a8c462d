"""The fleet's services and environments, and what is said about unknown ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart_harness.fleet import FleetError, environments, service_release, services
from chart_harness.helm import HelmError

CHART = "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: {{ .Release.Namespace }}}\ndata: {v: {{ .Values.v }}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shop = tmp_path / "charts" / "services" / "shop"
    for environment in ("staging", "production"):
        (shop / "environments" / environment).mkdir(parents=True)
        (shop / "environments" / environment / "values.yaml").write_text(f"v: {environment}\n")
    (shop / "environments" / "empty").mkdir()
    (shop / "templates").mkdir()
    (shop / "templates" / "map.yaml").write_text(TEMPLATE)
    (shop / "Chart.yaml").write_text(CHART)
    (shop / "values.yaml").write_text("v: none\n")
    (shop.parent / "no-chart").mkdir()
    return tmp_path


def test_only_folders_with_a_chart_are_services(root: Path) -> None:
    assert services(root) == ["shop"]


def test_only_folders_with_values_are_environments(root: Path) -> None:
    assert environments(root, "shop") == ["production", "staging"]


def test_an_unknown_service_is_told_the_known_ones(root: Path) -> None:
    with pytest.raises(FleetError, match=r"^There is no service 'shpo': choose one of shop\.$"):
        environments(root, "shpo")


def test_an_unknown_environment_is_told_the_known_ones(root: Path) -> None:
    with pytest.raises(
        FleetError, match=r"^Service shop has no environment 'prod': choose one of production, staging\.$"
    ):
        service_release(root, "shop", "prod")


@pytest.mark.parametrize("environment", ["../staging", "", "empty"])
def test_an_environment_is_a_name_not_a_path(root: Path, environment: str) -> None:
    with pytest.raises(FleetError):
        service_release(root, "shop", environment)


def test_an_empty_fleet_says_so(tmp_path: Path) -> None:
    assert services(tmp_path) == []
    with pytest.raises(FleetError, match="the fleet is empty"):
        environments(tmp_path, "shop")


def test_names_and_layers(root: Path, cache: Path) -> None:
    release = service_release(root, "shop", "staging")
    assert (release.name, release.namespace) == ("shop", "staging")
    found = release.one("ConfigMap")
    assert (found["metadata"]["namespace"], found["data"]["v"]) == ("staging", "staging")
    assert service_release(root, "shop", "staging", overrides={"v": "over"}).one("ConfigMap")["data"]["v"] == "over"


def test_without_helm_it_says_so(root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "/nowhere/helm")
    with pytest.raises(HelmError, match="/nowhere/helm"):
        service_release(root, "shop", "staging")
