"""Putting a chart and its dependencies together, once for each content, by many processes at once."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from pathlib import Path

import pytest

from chart_harness.assembly import assemble
from chart_harness.errors import RenderError
from tests.harness.tests.conftest import write


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_holds_the_chart_and_its_library(speaker: Path, cache: Path) -> None:
    folder = assemble(speaker)
    assert folder.is_relative_to(cache)
    assert folder.name == "speaker"
    assert set(contents(folder)) == {
        "Chart.yaml",
        "values.yaml",
        "templates/map.yaml",
        "charts/greeting/Chart.yaml",
        "charts/greeting/values.yaml",
        "charts/greeting/templates/_greet.tpl",
    }


def test_leaves_the_source_alone(speaker: Path, cache: Path) -> None:
    before = contents(speaker.parent / "speaker")
    assemble(speaker)
    assert contents(speaker) == before


def test_same_content_same_folder_wherever_it_lies(speaker: Path, cache: Path, tmp_path: Path) -> None:
    first = assemble(speaker)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("speaker", "greeting"):
        (tmp_path / name).rename(moved / name)
    assert assemble(moved / "speaker") == first


@pytest.mark.parametrize("edited", ["speaker/values.yaml", "greeting/templates/_greet.tpl"])
def test_an_edit_is_seen(speaker: Path, cache: Path, edited: str) -> None:
    first = assemble(speaker)
    path = speaker.parent / edited
    path.write_text(path.read_text() + "\n# edited\n")
    second = assemble(speaker)
    assert second != first
    assert "# edited" in "".join(contents(second).values())
    assert "# edited" not in "".join(contents(first).values())


def test_the_source_of_a_library_wins_over_a_stale_copy(speaker: Path, cache: Path) -> None:
    clean = assemble(speaker)
    vendored = speaker / "charts"
    (vendored / "greeting").mkdir(parents=True)
    (vendored / "greeting" / "Chart.yaml").write_text("stale")
    (vendored / "greeting-1.0.0.tgz").write_bytes(b"stale")
    (speaker / "Chart.lock").write_text("stale")
    assert assemble(speaker) == clean


def test_a_dependency_of_another_repository_is_kept(speaker: Path, cache: Path) -> None:
    (speaker / "charts").mkdir()
    (speaker / "charts" / "redis-1.0.0.tgz").write_text("bytes")
    assert "charts/redis-1.0.0.tgz" in contents(assemble(speaker))


def test_a_library_that_is_missing_is_named(speaker: Path, cache: Path) -> None:
    (speaker.parent / "greeting" / "Chart.yaml").unlink()
    with pytest.raises(RenderError, match=r"depends on greeting in .*where there is no chart"):
        assemble(speaker)


def test_charts_that_depend_on_each_other_are_refused(speaker: Path, cache: Path) -> None:
    library = speaker.parent / "greeting" / "Chart.yaml"
    library.write_text(library.read_text() + "dependencies: [{name: speaker, repository: 'file://../speaker'}]\n")
    with pytest.raises(RenderError, match="depends on itself"):
        assemble(speaker)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not valid YAML"),
        ("version: 1", "has no name"),
        ("name: x\ndependencies: {}", None),
        ("[]", "has no name"),
    ],
)
def test_a_malformed_chart_is_one_sentence(tmp_path: Path, cache: Path, text: str, says: str | None) -> None:
    (tmp_path / "Chart.yaml").write_text(text)
    if says is None:
        assert assemble(tmp_path).is_dir()
        return
    with pytest.raises(RenderError, match=says) as caught:
        assemble(tmp_path)
    assert "\n" not in caught.value.sentence


def test_a_folder_without_a_chart_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"is no chart: it has no Chart.yaml"):
        assemble(tmp_path / "nothing")


def test_many_processes_at_once_make_one_whole_folder(speaker: Path, cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(4, mp_context=context) as pool:
        folders = set(pool.map(assemble, [speaker] * 8))
    assert len(folders) == 1
    assert len(contents(folders.pop())) == 6
    assert [path.name for path in (cache / "charts").iterdir() if path.name.startswith(".new-")] == []


def test_the_loser_of_a_race_uses_the_winners_folder(
    speaker: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner = assemble(speaker)
    seen = iter([False])  # as if the folder had not been there when this process looked
    real = Path.is_dir
    monkeypatch.setattr(
        Path, "is_dir", lambda path, **kw: next(seen, real(path, **kw)) if path == winner else real(path, **kw)
    )
    assert assemble(speaker) == winner
    assert len(contents(winner)) == 6


def test_what_a_dependency_ignores_stays_away(speaker: Path, cache: Path) -> None:
    """As from its package: Helm itself does not ask an unpacked chart's .helmignore. The chart's own is left to Helm."""
    library = speaker.parent / "greeting"
    ignored = {"examples/a/values.yaml": "", "notes.md": "", "docs/deep/b.md": "", "templates/examples.tpl": ""}
    write(library, {**ignored, ".helmignore": "# comment\nexamples/\n*.md\n"})
    write(speaker, {"notes.md": "mine", ".helmignore": "notes.md\n"})
    folder = assemble(speaker)
    assert {"notes.md", ".helmignore", "charts/greeting/templates/examples.tpl"} <= set(contents(folder))
    assert not {f"charts/greeting/{name}" for name in list(ignored)[:3]} & set(contents(folder))
    write(library, {"examples/a/values.yaml": "changed: true"})
    assert assemble(speaker) == folder
