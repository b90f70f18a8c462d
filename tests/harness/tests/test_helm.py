"""Finding helm and running it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from chart_harness import helm as helm_module
from chart_harness.helm import Helm, HelmError


def test_version_is_what_helm_says() -> None:
    assert Helm().version.startswith(("v3.", "v4."))


def test_without_helm_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HELM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(HelmError, match=r"^helm is not on the PATH: install Helm 4, or set HELM to its path\.$"):
        Helm()


def test_HELM_that_names_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "/nowhere/helm")
    with pytest.raises(HelmError, match="'/nowhere/helm', which is no program"):
        Helm()


def test_HELM_wins_over_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    other = shutil.which("cat")
    assert other is not None
    monkeypatch.setenv("HELM", other)
    assert Helm().binary == Path(other)


def test_what_helm_writes_to_standard_error_is_kept() -> None:
    with pytest.raises(HelmError, match="unknown command"):
        Helm().run(["no-such-command"])


def test_a_helm_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm_module, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(HelmError, match="did not end within"):
        Helm(Path("/usr/bin/tail")).run(["-f", "/dev/null"])


def test_a_binary_that_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelmError, match="could not be started from"):
        Helm(tmp_path).run(["version"])
