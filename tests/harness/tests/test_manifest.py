"""Reading a stream of rendered documents."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chart_harness.errors import RenderError
from chart_harness.frozen import thaw
from chart_harness.manifest import parse

name = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
scalar = st.booleans() | st.integers() | st.text("abc yn:#-'\"\n1.", max_size=12)


def config_map(name: str, namespace: str = "default", data: object = None) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@given(st.dictionaries(name, st.dictionaries(name, scalar), max_size=5))
def test_reads_back_what_was_written(objects: dict[str, object]) -> None:
    documents = [config_map(key, data=data) for key, data in objects.items()]
    assert [thaw(item) for item in parse(yaml.safe_dump_all(documents, default_style='"'))] == documents


def test_empty_documents_are_left_out() -> None:
    text = "---\n# Source: a.yaml\n---\n" + yaml.safe_dump(config_map("one")) + "---\n"
    assert [item["metadata"]["name"] for item in parse(text)] == ["one"]


@pytest.mark.parametrize("text", ["", "---\n", "# only a comment\n"])
def test_nothing_rendered_is_no_object(text: str) -> None:
    assert parse(text) == ()


def test_the_same_object_twice_is_an_error() -> None:
    text = yaml.safe_dump_all([config_map("one"), config_map("one")])
    with pytest.raises(RenderError, match="renders ConfigMap one in namespace default twice"):
        parse(text)


def test_the_same_name_in_two_namespaces_is_none() -> None:
    assert len(parse(yaml.safe_dump_all([config_map("one", "a"), config_map("one", "b")]))) == 2


def test_two_versions_of_one_kind_are_the_same_object() -> None:
    first = {**config_map("one"), "apiVersion": "example.org/v1"}
    second = {**config_map("one"), "apiVersion": "example.org/v2"}
    with pytest.raises(RenderError, match="twice"):
        parse(yaml.safe_dump_all([first, second]))


@pytest.mark.parametrize(
    "text",
    [
        "just text",
        "- a list",
        "kind: Pod\nmetadata: {name: x}",
        "apiVersion: v1\nmetadata: {name: x}",
        "apiVersion: v1\nkind: Pod",
        "apiVersion: v1\nkind: Pod\nmetadata: {}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: 1}",
    ],
)
def test_a_document_that_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(RenderError, match=r"Document 1 of the manifest has no apiVersion, kind and metadata.name"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1", "not valid YAML"),
        ("a: 1\na: 2", "the key 'a' is there twice"),
        ("a: !!python/name:os.system ''", "YAML"),
    ],
)
def test_text_that_is_no_yaml_is_an_error_in_one_line(text: str, says: str) -> None:
    with pytest.raises(RenderError, match=says) as caught:
        parse(text)
    assert "\n" not in caught.value.sentence
