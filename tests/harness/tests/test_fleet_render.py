"""`render_fleet`: what is kept, what makes it render anew, and what happens when a worker ends early."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from chart_harness import fleet_render_run, fleet_render_store
from chart_harness.fleet import FleetError
from chart_harness.fleet_render import FleetRender, pairs, render_fleet
from chart_harness.fleet_render_plan import Planned, plan
from chart_harness.fleet_render_run import FleetRenderError
from cluster_images import go_modules
from cluster_images.cache import cache_folder
from cluster_images.modules import RENDERER
from tests.harness.tests.conftest import APPLICATION, LIBRARY, write

SERVICES = ("one", "two")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two services for two environments on one library, and a cache that holds the renderer and nothing that was rendered."""
    renderer = go_modules.build(RENDERER)["renderer"]
    crds = cache_folder() / "crds"
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "cache", {"fleet/old": ""})
    (tmp_path / "cache" / "bin").symlink_to(renderer.parents[1])
    (tmp_path / "cache" / "crds").symlink_to(crds)
    root = tmp_path / "root"
    write(root / "charts" / "greeting", LIBRARY)
    for service in SERVICES:
        folder = write(root / "charts" / "services" / service, APPLICATION)
        chart = (folder / "Chart.yaml").read_text().replace("file://../", "file://../../").replace("speaker", service)
        files = {"Chart.yaml": chart, "environments/a/values.yaml": "", "environments/b/values.yaml": ""}
        write(folder, files)
    return root


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The releases that were rendered anew, sorted, of the last call of `words`."""
    names: list[str] = []
    work = fleet_render_run._work

    def recorded(missing: list[Planned], *rest: object) -> None:
        names.extend(sorted(f"{item.service}/{item.environment}" for item in missing))
        work(missing, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fleet_render_run, "_work", recorded)
    return names


def words(rendered: FleetRender) -> list[str]:
    return [str(release.one("ConfigMap")["data"]["text"]) for release in rendered.releases.values()]


ALL = ["one/a", "one/b", "two/a", "two/b"]


def test_what_is_kept_is_not_rendered_again(fleet: Path, anew: list[str]) -> None:
    assert words(render_fleet(fleet)) == ["hello"] * 4
    assert anew == ALL
    anew.clear()
    again = render_fleet(fleet)
    assert words(again) == ["hello"] * 4
    assert all(text.startswith("---\n# Source: ") for text in again.texts.values())
    assert anew == []


@pytest.mark.parametrize(
    ("edited", "content", "expected", "changed"),
    [
        ("greeting/values.yaml", "word: new\n", ALL, 4),
        ("greeting/templates/_greet.tpl", '{{- define "greeting.text" -}}new{{- end -}}', ALL, 4),
        ("services/one/values.yaml", "greeting: {word: new}", ["one/a", "one/b"], 2),
        # A template may read any file of its chart, so the other environment is rendered too.
        ("services/two/environments/b/values.yaml", "greeting: {word: new}", ["two/a", "two/b"], 1),
        ("services/two/templates/new.yaml", "{{/* nothing */}}", ["two/a", "two/b"], 0),
        ("services/one/crds/new.yaml", "{}", ["one/a", "one/b"], 0),
        ("crds/new.yaml", "{}", ALL, 0),
    ],
)
def test_what_an_edit_renders_anew(
    fleet: Path, anew: list[str], edited: str, content: str, expected: list[str], changed: int
) -> None:
    render_fleet(fleet)
    anew.clear()
    write(fleet / "charts", {edited: content})
    found = words(render_fleet(fleet))
    assert anew == expected
    assert found.count("new") == changed


def test_another_version_of_kubernetes_is_another_render(fleet: Path, anew: list[str]) -> None:
    told = [
        render_fleet(fleet, kube_version=version).releases["one", "a"].one("ConfigMap")
        for version in ("1.34.0", "1.30.0")
    ]
    assert [item["data"]["kube"] for item in told] == ["v1.34.0", "v1.30.0"]
    assert len(anew) == 8


def test_only_what_is_asked_for(fleet: Path, anew: list[str]) -> None:
    assert list(render_fleet(fleet, releases=[("two", "b")]).releases) == [("two", "b")]
    assert anew == ["two/b"]
    assert pairs(fleet) == [("one", "a"), ("one", "b"), ("two", "a"), ("two", "b")]
    with pytest.raises(FleetError, match="no environment 'c'"):
        render_fleet(fleet, releases=[("two", "c")])
    with pytest.raises(KeyError):
        render_fleet(fleet, releases=[("two", "b")]).releases["two", "a"]


def test_errors_are_kept_too(fleet: Path, anew: list[str]) -> None:
    write(fleet / "charts/services/one", {"values.yaml": "loud: true"})
    for _ in range(2):
        rendered = render_fleet(fleet)
        assert rendered.errors == {("one", name): "loud is true: speak quietly." for name in ("a", "b")}
        assert list(rendered.texts) == [("two", "a"), ("two", "b")]
    assert anew == ALL


def test_a_kept_error_is_told_only_where_its_files_are(fleet: Path, anew: list[str], tmp_path: Path) -> None:
    write(fleet / "charts/services/one", {"environments/a/values.yaml": "loud: ["})
    copy = shutil.copytree(fleet, tmp_path / "copy")
    for root in (fleet, copy, fleet, copy):
        [error] = render_fleet(root).errors.values()
        assert str(root / "charts/services/one/environments/a/values.yaml") in error
    assert anew == [*ALL, "one/a"]


def test_what_was_kept_and_cannot_be_read_is_rendered_again(fleet: Path, anew: list[str]) -> None:
    render_fleet(fleet)
    anew.clear()
    key = plan(fleet, [("one", "a")], "1.34.0")["one", "a"].key
    (fleet_render_store.folder() / key).write_bytes(b"half")
    assert words(render_fleet(fleet)) == ["hello"] * 4
    assert anew == ["one/a"]


def test_progress_is_told(fleet: Path) -> None:
    told: list[tuple[int, int]] = []
    render_fleet(fleet, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("script", ["exit 3", "cat > /dev/null", "kill -9 $$"])
def test_a_renderer_that_ends_early_is_one_sentence(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """Whatever it says of itself: releases that it left out are no success."""
    binary = tmp_path / "renderer"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    monkeypatch.setattr(go_modules, "build", lambda _: {"renderer": binary})
    with pytest.raises(FleetRenderError, match=r"^Rendering the fleet ended early: .* and left 4 releases\.$"):
        render_fleet(fleet)


def test_old_results_go_and_new_ones_stay(fleet: Path) -> None:
    old = fleet_render_store.folder() / "old"
    then = time.time() - fleet_render_store.KEEP_SECONDS - 60
    os.utime(old, (then, then))
    fleet_render_store.write("new", [1])
    fleet_render_store.prune()
    assert not old.exists()
    assert fleet_render_store.read("new") == [1]
    assert fleet_render_store.read("old") is None
