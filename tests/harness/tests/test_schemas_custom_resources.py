"""The schema of a kind that a CustomResourceDefinition adds, as strict as the server is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.manifest import documents
from chart_harness.schemas import custom_resources
from chart_harness.schemas.builtin import kubernetes
from chart_harness.schemas.catalogue import complaints
from chart_harness.schemas.checked import Checked
from chart_harness.schemas.complaint import clauses
from chart_harness.schemas.custom_resources import DefinitionError
from cluster_images.go_modules import GoBuildError
from tests.harness.tests.conftest import write

VERSION = "1.34.0"
SPEC_SCHEMA = """
type: object
required: [size, mode, note]
properties:
  size: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: '^[0-9]+%?$'}
  mode: {type: string, enum: [fast, slow], default: fast}
  note: {type: string, nullable: true}
  colour: {type: string, enum: [red], nullable: true}
  free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: integer}}}
  closed: {type: object}
  words: {type: object, additionalProperties: {type: string}}
  names: {type: array, items: {type: string, minLength: 2}, maxItems: 2, x-kubernetes-list-type: set}
  parts:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [id]
    items: {type: object, required: [id], properties: {id: {type: integer, minimum: 1}, of: {type: string}}}
  pod: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
  either:
    type: object
    properties: {a: {type: string}, b: {type: string}}
    oneOf: [{required: [a]}, {required: [b]}]
"""
KITE = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "kites.toys.example"},
    "spec": {
        "group": "toys.example",
        "names": {"kind": "Kite", "plural": "kites"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": name,
                "served": served,
                "storage": name == "v1",
                "schema": {
                    "openAPIV3Schema": {"type": "object", "properties": {"spec": yaml.safe_load(SPEC_SCHEMA)}},
                },
            }
            for name, served in (("v1", True), ("v0", False))
        ],
    },
}


def kite(api_version: str = "toys.example/v1", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": "Kite",
        "metadata": {"name": "red"},
        "spec": {"size": 1, "note": "", **spec},
    }


def said(**spec: Any) -> list[str]:
    return [text.removeprefix("Kite red: ") for text in complaints([KITE, kite(**spec)], version=VERSION)]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"size": 5},
        {"size": "5%"},
        {"note": None},
        {"mode": None},
        {"free": {"any": None}},
        {"free": {"any": [1, "a"], "known": 1}},
        {"closed": {}},
        {"words": {"a": "b"}},
        {"names": ["ab", "cd"]},
        {"parts": [{"id": 1}, {"id": 2}]},
        {"pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}, "spec": {}}},
        {"either": {"a": "x"}},
    ],
    ids=str,
)
def test_what_the_definition_allows(spec: dict[str, Any]) -> None:
    assert said(**spec) == []


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"size": 1.5}, "spec.size is 1.5, but must be a whole number or a text."),
        ({"size": "big"}, 'spec.size is "big", but must look like ^[0-9]+%?$.'),
        ({"size": None}, "spec.size is null, but must be a whole number or a text."),
        ({"words": None}, "spec.words is null, but must be a mapping."),
        ({"words": {"a": None}}, "spec.words.a is null, but must be a text."),
        ({"colour": None}, "spec.colour is null, but must be red."),
        ({"mode": "slwo"}, 'spec.mode is "slwo", but must be one of fast, slow.'),
        ({"note": 1}, "spec.note is 1, but must be a text or null."),
        ({"colour": "blue"}, 'spec.colour is "blue", but must be red.'),
        ({"free": {"known": "x"}}, 'spec.free.known is "x", but must be a whole number.'),
        ({"closed": {"any": None}}, "spec.closed.any is not a known field: none is known there."),
        ({"words": {"a": 1}}, "spec.words.a is 1, but must be a text: put it in quotes."),
        ({"names": ["ab", "c"]}, "spec.names[1] has 1 characters, and must have 2 at least."),
        ({"names": ["ab", "cd", "ef"]}, "spec.names has 3 items, and may have 2 at most."),
        ({"names": ["ab", "ab"]}, 'spec.names[1] is "ab", which stands in the list before: leave it out.'),
        ({"parts": [{"id": 0}]}, "spec.parts[0].id is 0, less than the smallest allowed, 1."),
        ({"parts": [{"of": "x"}]}, "spec.parts[0].id must be set."),
        ({"parts": [{"id": 1}, {"id": 1}]}, "spec.parts[1] is the second with id 1: only one may have it."),
        ({"parts": [{"id": 1, "off": "x"}]}, "spec.parts[0].off is not a known field: perhaps spec.parts[0].of was meant."),
        ({"pod": {"metadata": {"labels": {"a": 1}}}}, "spec.pod.metadata.labels.a is 1, but must be a text: put it in quotes."),
        ({"pod": {"status": {}}}, "spec.pod.status is not a known field: the known ones are apiVersion, kind, metadata, spec."),
        ({"either": {}}, "spec.either.a must be set."),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_definition_refuses(spec: dict[str, Any], complaint: str) -> None:
    assert said(**spec) == [complaint]


def test_the_whole_object_is_strict_too() -> None:
    odd = {**kite(), "spce": {}, "metadata": {"name": "Red", "label": {}}}
    assert complaints([KITE, odd], version=VERSION) == [
        "Kite Red: metadata.label is not a known field: perhaps metadata.labels was meant.",
        'Kite Red: metadata.name is "Red", but must be lower case letters, digits, hyphens and dots, with a letter or digit '
        "at both ends and on both sides of a dot, 253 characters at most.",
        "Kite Red: spce is not a known field: perhaps spec was meant.",
    ]


@pytest.mark.parametrize(
    ("item", "hint"),
    [
        (kite("toys.example/v0"), ""),
        (kite("toys.example/v2"), ""),
        ({**kite("example.com/v1"), "kind": "Service"}, " (but in v1)"),
        ({**kite("apps/v1"), "kind": "Deploymnt"}, " (but a kind Deployment)"),
    ],
)
def test_a_kind_that_nothing_knows(item: dict[str, Any], hint: str) -> None:
    assert complaints([KITE, item], version=VERSION) == [
        f"{item['kind']} red: Kubernetes 1.34 has no kind {item['kind']} in {item['apiVersion']}{hint}, and no "
        "CustomResourceDefinition at hand adds it: correct apiVersion and kind, or put the definition into the chart's crds "
        "folder, into charts/crds of the fleet, or where the argument crds of render() says."
    ]


@pytest.mark.parametrize("name", ["kites.yaml", "deep/er/kites.yml", "kites.json"])
def test_definitions_in_files(tmp_path: Path, name: str) -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    write(
        tmp_path,
        {name: str(KITE).replace("True", "true").replace("False", "false"), "other.yaml": yaml.safe_dump(other)},
    )
    places = {"folder": tmp_path, "file": tmp_path / name}
    for place in places.values():
        assert complaints([kite()], version=VERSION, crds=[place]) == []
        assert complaints([kite(names=["a"])], version=VERSION, crds=[place]) == [
            "Kite red: spec.names[0] has 1 characters, and must have 2 at least."
        ]


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "kites.yaml"
    file.write_text(yaml.safe_dump(KITE))
    assert complaints([kite()], version=VERSION, crds=[tmp_path]) == []
    file.write_text(yaml.safe_dump(KITE).replace("minimum: 1", "minimum: 2"))
    assert len(complaints([kite(parts=[{"id": 1}])], version=VERSION, crds=[tmp_path])) == 1


def test_a_definition_that_is_wrong_itself(tmp_path: Path) -> None:
    wrong = yaml.safe_load(yaml.safe_dump(KITE))
    del wrong["spec"]["names"]["plural"]
    (first, *rest) = complaints([wrong, kite()], version=VERSION)
    assert first == "CustomResourceDefinition kites.toys.example: spec.names.plural must be set."
    assert [text.split(",")[0] for text in rest] == ["Kite red: Kubernetes 1.34 has no kind Kite in toys.example/v1"]
    write(tmp_path, {"kites.yaml": yaml.safe_dump(wrong)})
    with pytest.raises(
        DefinitionError, match=r"A CustomResourceDefinition in .* is wrong: spec.names.plural must be set\."
    ):
        complaints([kite()], version=VERSION, crds=[tmp_path])


def test_a_nested_schema_that_is_wrong_is_found() -> None:
    wrong = yaml.safe_load(yaml.safe_dump(KITE))
    schema = wrong["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    schema["parts"]["items"]["properties"] = ["id"]
    schema["words"]["additionalProperties"] = {"typ": "string"}
    above = "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties"
    assert [text.partition(": perhaps")[0] for text in complaints([wrong], version=VERSION)] == [
        f"CustomResourceDefinition kites.toys.example: {above}.parts.items.properties is a list, but must be a mapping.",
        f"CustomResourceDefinition kites.toys.example: {above}.words.additionalProperties.typ is not a known field",
    ]


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"bad.yaml": "kind: Kite\n a: b: c"})
    with pytest.raises(DefinitionError, match=r"/bad.yaml is not valid YAML: "):
        complaints([kite()], version=VERSION, crds=[tmp_path])


def test_an_operator_that_cannot_be_had_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise GoBuildError("no network")

    monkeypatch.setattr(custom_resources, "prometheus_operator_crds", fail)
    with pytest.raises(DefinitionError, match="The Prometheus Operator's definitions cannot be had: no network"):
        custom_resources.operator_definitions()


def test_each_definition_of_the_operator_gives_a_schema() -> None:
    files = custom_resources.files(custom_resources.operator_definitions())
    definitions = [document for file in files for document in documents(file.read_text())]
    assert complaints(definitions, version=VERSION) == []
    for definition in definitions:
        spec = definition["spec"]
        api_version, kind = f"{spec['group']}/{spec['versions'][0]['name']}", spec["names"]["kind"]
        schema = custom_resources.find(definitions, api_version, kind)
        assert schema is not None
        item = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spce": {}}
        found = clauses(Checked(schema, kubernetes(VERSION).definitions), item)
        assert "spce is not a known field: perhaps spec was meant" in found
        assert set(found) <= {"spce is not a known field: perhaps spec was meant", "spec must be set"}
    assert {definition["spec"]["names"]["kind"] for definition in definitions} == {
        "Alertmanager", "AlertmanagerConfig", "PodMonitor", "Probe", "Prometheus", "PrometheusAgent", "PrometheusRule",
        "ScrapeConfig", "ServiceMonitor", "ThanosRuler",
    }  # fmt: skip
