"""A cluster that is there already is used only if it is named, and says itself that it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.clusters.choice import chosen
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.context import ContextProvider
from chart_harness.clusters.kind import KindProvider


def kubeconfig(path: Path, *contexts: str, cluster: str = "there", user: str = "me") -> Path:
    content: dict[str, Any] = {
        "contexts": [{"name": name, "context": {"cluster": cluster, "user": user}} for name in contexts],
        "clusters": [{"name": "there", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {}}],
        "current-context": contexts[0] if contexts else "",
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that answers with what this file holds, and writes down how it was called."""
    answer = tmp_path / "label"
    answer.write_text("true")
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\ncat {answer}\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    return answer


@pytest.mark.usefixtures("label")
def test_a_labelled_cluster_is_found_in_the_file_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = kubeconfig(tmp_path / "a", "one"), kubeconfig(tmp_path / "b", "two")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}")
    provider = ContextProvider("two")
    assert provider.find() == provider.start() == Cluster("context-two", second, "two")
    assert f"--kubeconfig {second} --context two get namespace default" in (tmp_path / "called").read_text()


@pytest.mark.parametrize("value", ["", "false", "True "])
def test_a_cluster_without_the_label_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: Path, value: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "a", "prod")))
    label.write_text(value)
    with pytest.raises(ClusterError) as error:
        ContextProvider("prod").find()
    assert str(error.value) == (
        "The cluster of context prod does not allow tests: if they may create and delete namespaces in it, "
        "run kubectl --context prod label namespace default chart-harness/allow-tests=true."
    )


def test_an_unknown_context_lists_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kubeconfig(tmp_path / "a", "two", "one")
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(ClusterError) as error:
        ContextProvider("three").find()
    assert str(error.value) == f"There is no context 'three' in {path}: choose one of one, two."


def test_no_kubeconfig_is_no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ClusterError, match=r"There is no context 'x' in .*/\.kube/config: choose one of none"):
        ContextProvider("x").find()


@pytest.mark.parametrize(("part", "named"), [("cluster", {"cluster": "gone"}), ("user", {"user": "gone"})])
def test_a_context_in_pieces_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, named: dict[str, str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "a", "one", **named)))
    with pytest.raises(
        ClusterError, match=rf"Context one of .* names the {part} 'gone', which that file does not have"
    ):
        ContextProvider("one").find()


def test_a_kubeconfig_that_is_no_yaml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("contexts: [")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "a"))
    with pytest.raises(ClusterError, match=rf"The kubeconfig {tmp_path}/a cannot be read: "):
        ContextProvider("one").find()


def test_a_command_line_chooses_kind_or_a_named_context() -> None:
    assert isinstance(chosen("kind"), KindProvider)
    assert chosen("context:arn:aws:eks/prod").name == "context-arn-aws-eks-prod"


@pytest.mark.parametrize("text", ["", "context", "minikube", "Kind"])
def test_another_choice_is_one_sentence(text: str) -> None:
    with pytest.raises(
        ClusterError, match=r"There is no cluster '.*': write kind, or context:NAME with a name of kubectl"
    ):
        chosen(text)


def test_a_context_needs_a_name() -> None:
    with pytest.raises(ClusterError, match="context: names no context"):
        chosen("context:").find()
