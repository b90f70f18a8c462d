"""Every render is held against the schemas: of the fleet, of any chart, and each only once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chart_harness import render as render_module
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.fleet import environments, service_release
from chart_harness.render import RenderError, render
from chart_harness.schemas import catalogue
from chart_harness.schemas.builtin import kubernetes, minors
from chart_harness.schemas.complaint import clauses
from tests.harness.tests.conftest import write

ROOT = Path(__file__).resolve().parents[3]
FLEET = [  # one of each role: tests/charts/test_fleet_render.py looks at all
    (service, environment)
    for service in ("aaa-api", "archive-tagger", "event-recorder")
    for environment in environments(ROOT, service)
]
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kites.toys.example}
spec:
  group: toys.example
  names: {kind: Kite, plural: kites}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer}}}}
"""
KITE = "apiVersion: toys.example/v1\nkind: Kite\nmetadata: {name: red}\nspec: {size: SIZE}\n"
WRONG_SIZE = 'Kite red: spec.size is "x", but must be a whole number.'


def kites(chart: Path, size: str = "1") -> Path:
    """The chart with a kite among its templates."""
    write(chart, {"templates/kite.yaml": KITE.replace("SIZE", size)})
    return chart


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of all objects that a schema was applied to, from now on."""
    kinds: list[str] = []

    def recorded(schema: Any, item: Any) -> list[str]:
        kinds.append(item["kind"])
        return clauses(schema, item)

    monkeypatch.setattr(catalogue, "clauses", recorded)
    monkeypatch.setattr(render_module, "_cache", {})
    return kinds


def test_the_fleet_is_valid_and_was_looked_at(release: ReleaseFactory, validated: list[str]) -> None:
    rendered = [item["kind"] for service, environment in FLEET for item in release(service, environment).objects]
    assert len(FLEET) >= 6
    assert validated == rendered
    ours = {"ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceAccount"}
    assert set(validated) == {*ours, "PrometheusRule", "ServiceMonitor"}


@pytest.mark.parametrize("minor", minors())
def test_the_fleet_is_valid_on_every_version_that_is_at_hand(minor: str) -> None:
    chart = ROOT / "charts" / "services" / "aaa-api"
    files = [chart / "values.yaml", chart / "environments" / "production" / "values.yaml"]
    rendered = render(chart, name="aaa-api", values=files, kube_version=f"{minor}.0")
    assert {item["kind"] for item in rendered.objects} >= {"Deployment", "ServiceMonitor"}


def test_a_release_is_validated_once(speaker: Path, cache: Path, validated: list[str]) -> None:
    for _ in range(3):
        render(speaker, name="a")
    assert validated == ["ConfigMap"]


def test_what_is_refused_is_kept_and_raised_anew(speaker: Path, cache: Path, validated: list[str]) -> None:
    write(
        speaker,
        {"templates/map2.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: 1, b: y, c: 'y'}\n"},
    )
    caught = []
    for _ in range(2):
        with pytest.raises(RenderError) as error:
            render(speaker, name="a")
        caught.append(error.value)
    assert caught[0] is not caught[1]
    assert [str(error) for error in caught] == [
        "ConfigMap b: data.a is 1, but must be a text: put it in quotes.\n"
        "ConfigMap b: data.b is true, but must be a text: put it in quotes."
    ] * 2
    assert caught[0].sentence == str(caught[0]).replace("\n", " ")
    assert validated == ["ConfigMap", "ConfigMap"]


def test_the_version_decides(speaker: Path, cache: Path) -> None:
    write(
        speaker,
        {
            "templates/budget.yaml": "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: x}\nspec: {}\n"
        },
    )
    with pytest.raises(
        RenderError, match=r"PodSecurityPolicy x: Kubernetes 1.34 has no kind PodSecurityPolicy in policy/v1beta1"
    ):
        render(speaker, name="a")
    write(
        speaker,
        {"templates/budget.yaml": "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: x}\nspec: {}\n"},
    )
    assert render(speaker, name="a").one("DeviceClass")
    with pytest.raises(
        RenderError, match=r"Kubernetes 1.33 has no kind DeviceClass in resource.k8s.io/v1 \(but in resource"
    ):
        render(speaker, name="a", kube_version="1.33.2")


def test_a_version_without_schemas_is_named_with_those_there_are(speaker: Path, cache: Path) -> None:
    with pytest.raises(RenderError) as caught:
        render(speaker, name="a", kube_version="1.99.0")
    assert caught.value.sentence == f"There are no schemas for Kubernetes 1.99.0: choose one of {', '.join(minors())}."
    assert minors()[0] == "1.25"
    assert "1.34" in minors()


def test_a_version_is_read_in_any_form() -> None:
    assert {kubernetes(version).minor for version in ("1.34", "1.34.0", "v1.34.4", "v1.34.4+build")} == {"1.34"}


def test_a_kind_that_nothing_knows_fails_the_render(speaker: Path, cache: Path) -> None:
    with pytest.raises(
        RenderError, match=r"Kite red: Kubernetes 1.34 has no kind Kite in toys.example/v1, and no Custom"
    ):
        render(kites(speaker), name="a")


@pytest.mark.parametrize(
    "where", ["crds/kite.yaml", "charts/greeting/crds/deep/kite.yaml", "templates/definition.yaml", "given"]
)
def test_where_a_definition_may_come_from(speaker: Path, cache: Path, tmp_path: Path, where: str) -> None:
    crds = None
    if where == "given":
        crds = write(tmp_path / "given", {"kite.yaml": CRD})
    elif where.startswith("charts"):
        write(speaker.parent / "greeting", {where.removeprefix("charts/greeting/"): CRD})
    else:
        write(speaker, {where: CRD})
    assert render(kites(speaker), name="a", crds=crds).one("Kite")
    with pytest.raises(RenderError) as caught:
        render(kites(speaker, '"x"'), name="a", crds=crds)
    assert str(caught.value) == WRONG_SIZE


def test_edited_definitions_are_read_again(speaker: Path, cache: Path, tmp_path: Path) -> None:
    crds = write(tmp_path / "given", {"kite.yaml": CRD})
    assert render(kites(speaker), name="a", crds=crds).one("Kite")
    write(crds, {"kite.yaml": CRD.replace("integer", "string ")})
    with pytest.raises(RenderError, match=r"Kite red: spec.size is 1, but must be a text"):
        render(speaker, name="a", crds=crds)


def test_definitions_that_are_not_there_are_named(speaker: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"There are no CustomResourceDefinitions at .*/none: correct the path"):
        render(speaker, name="a", crds=tmp_path / "none")


def test_a_fleet_has_definitions_of_its_own(speaker: Path, cache: Path, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    kites(write(fleet / "charts" / "services" / "toy", {
        "Chart.yaml": "apiVersion: v2\nname: toy\nversion: 0.1.0\n",
        "values.yaml": "",
        "environments/staging/values.yaml": "",
    }))  # fmt: skip
    with pytest.raises(RenderError, match="has no kind Kite"):
        service_release(fleet, "toy", "staging")
    write(fleet / "charts" / "crds", {"kite.yaml": CRD})
    assert service_release(fleet, "toy", "staging").one("Kite")
