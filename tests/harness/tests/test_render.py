"""`render`: values in, read-only objects out, each input rendered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart_harness.helm import Helm
from chart_harness.render import Release, RenderError, render


def text_of(release: Release) -> str:
    return str(release.one("ConfigMap")["data"]["text"])


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Helm, Path]:
    """A helm that writes a line to a file for each template it renders."""
    log = tmp_path / "calls"
    log.touch()
    script = tmp_path / "helm"
    script.write_text(f'#!/bin/sh\n[ "$1" = template ] && echo "$2" >> {log}\nexec {Helm().binary.resolve()} "$@"\n')
    script.chmod(0o755)
    return Helm(script), log


def test_values_are_layered_library_chart_files_overrides(speaker: Path, cache: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("greeting: {word: first}")
    second.write_text("greeting: {word: second}")
    assert text_of(render(speaker, name="a")) == "hello"
    assert text_of(render(speaker, name="a", values=[first])) == "first"
    assert text_of(render(speaker, name="a", values=[first, second])) == "second"
    assert text_of(render(speaker, name="a", values=[second, first])) == "first"
    assert text_of(render(speaker, name="a", values=[first], overrides={"greeting": {"word": "over"}})) == "over"


def test_none_removes_a_default(speaker: Path, cache: Path) -> None:
    assert text_of(render(speaker, name="a", overrides={"greeting": {"word": None}})) == ""


def test_what_the_chart_is_told_about_the_cluster(speaker: Path, cache: Path) -> None:
    told = render(speaker, name="a").one("ConfigMap")["data"]
    assert (told["kube"], told["crd"]) == ("v1.34.0", "true")
    other = render(speaker, name="a", kube_version="1.31.0", api_versions=()).one("ConfigMap")["data"]
    assert (other["kube"], other["crd"]) == ("v1.31.0", "false")


def test_each_input_is_rendered_once(speaker: Path, cache: Path, counted: tuple[Helm, Path]) -> None:
    helm, log = counted
    for _ in range(3):
        render(speaker, name="a", helm=helm)
        render(speaker, name="b", helm=helm)
    assert log.read_text().split() == ["a", "b"]


def test_edits_are_rendered_again(speaker: Path, cache: Path, counted: tuple[Helm, Path], tmp_path: Path) -> None:
    helm, log = counted
    values = tmp_path / "v.yaml"
    for word in ("one", "two"):
        values.write_text(f"greeting: {{word: {word}}}")
        assert text_of(render(speaker, name="a", values=[values], helm=helm)) == word
    (speaker.parent / "greeting" / "templates" / "_greet.tpl").write_text(
        '{{- define "greeting.text" -}}new{{- end -}}'
    )
    assert text_of(render(speaker, name="a", values=[values], helm=helm)) == "new"
    assert len(log.read_text().split()) == 3


def test_failures_are_kept_and_raised_anew(speaker: Path, cache: Path, counted: tuple[Helm, Path]) -> None:
    helm, log = counted
    caught = []
    for _ in range(2):
        with pytest.raises(RenderError) as error:
            render(speaker, name="a", overrides={"loud": True}, helm=helm)
        caught.append(error.value)
    assert caught[0] is not caught[1]
    assert caught[0].sentence == caught[1].sentence == "loud is true: speak quietly."
    assert "execution error at (speaker/templates/map.yaml" in str(caught[1])
    assert log.read_text().split() == ["a"]


def test_objects_are_read_only(speaker: Path, cache: Path) -> None:
    release = render(speaker, name="a")
    with pytest.raises(TypeError):
        release.one("ConfigMap")["data"]["text"] = "changed"
    with pytest.raises(AttributeError):
        release.name = "b"  # type: ignore[misc]  # that is the point


def test_one_says_what_there_is_instead(speaker: Path, cache: Path) -> None:
    release = render(speaker, name="a")
    assert release.of_kind("Pod") == ()
    with pytest.raises(
        RenderError, match="Release a renders 0 objects of kind Pod, not one: its objects are ConfigMap"
    ):
        release.one("Pod")


def test_a_values_file_that_is_missing_is_named(speaker: Path, cache: Path) -> None:
    with pytest.raises(RenderError, match=r"The values file /no/file.yaml does not exist"):
        render(speaker, name="a", values=[Path("/no/file.yaml")])


def test_a_values_file_that_is_no_yaml_is_named(speaker: Path, cache: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: {b: 1\n c")
    with pytest.raises(RenderError) as caught:
        render(speaker, name="a", values=[bad])
    assert caught.value.sentence.startswith(f"The values file {bad} is not valid YAML: line 2: ")


def test_a_template_that_renders_no_object_is_an_error(speaker: Path, cache: Path) -> None:
    (speaker / "templates" / "other.yaml").write_text("kind: Nothing\n")
    with pytest.raises(RenderError, match=r"has no apiVersion, kind and metadata.name"):
        render(speaker, name="a")
