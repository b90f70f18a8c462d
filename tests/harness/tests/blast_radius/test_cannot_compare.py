"""When there is nothing to compare with: exit code 2, and one sentence that says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chart_harness.blast_radius.__main__ import main
from chart_harness.blast_radius.errors import CannotCompareError
from chart_harness.blast_radius.git import Repository
from tests.harness.tests.blast_radius.clone import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def complaint(clone: Clone, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "--root", str(clone.folder)]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
    return written.err.strip()


def test_a_name_that_is_no_commit(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    said = "'frist' is no commit, branch or tag of this repository: correct it, or fetch it first with git fetch."
    assert complaint(clone, capsys, "frist") == said
    assert complaint(clone, capsys, "first", "--head", "frist") == said
    assert complaint(clone, capsys, "first:charts").startswith("'first:charts' is no commit")


def test_a_name_that_git_would_take_for_an_option(clone: Clone) -> None:
    with pytest.raises(CannotCompareError, match=r"^'--all' is no commit"):
        Repository(clone.folder).commit("--all")
    with pytest.raises(CannotCompareError, match=r"^'' is no commit"):
        Repository(clone.folder).commit("")


def test_no_repository(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    (clone.folder / ".git").rename(clone.folder.parent / "moved")
    said = complaint(clone, capsys, "first")
    assert said.startswith(f"git cannot read {clone.folder} (not a git repository")
    assert said.endswith("): run it in a clone of the repository.")


def test_charts_with_a_link_that_leads_out_of_them(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    (clone.folder / "charts" / "out").symlink_to("../../../etc")
    clone.commit()
    assert re.match(r"The charts of HEAD \([0-9a-f]+\) cannot be unpacked: .*out", complaint(clone, capsys, "HEAD"))


def test_a_commit_without_charts(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.git("checkout", "--quiet", "--orphan", "empty")
    clone.git("rm", "-r", "--quiet", "--force", ".")
    clone.commit({"README.md": "Nothing.\n"})
    said = complaint(clone, capsys, "HEAD", "--head", "first")
    assert re.fullmatch(r"HEAD \([0-9a-f]+\) has no charts/services: name a commit that has the fleet\.", said)
    assert complaint(clone, capsys, "first").startswith("There is no service with an environment in the working tree:")


def test_a_base_that_does_not_render(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.edit(till="{broken: true}")
    clone.commit()
    clone.git("tag", "broken")
    clone.edit(till="{broken: false}")
    clone.commit()
    said = complaint(clone, capsys, "broken")
    assert re.fullmatch(
        r"till in production does not render in broken \([0-9a-f]+\) \(nor does 1 more\): tiny\.broken is true: mend it\.",
        said,
    )


def test_a_working_tree_that_does_not_render(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.edit(shop="{replicas: many}", till="{broken: true}")
    said = complaint(clone, capsys, "first")
    assert said.startswith(
        "shop in staging does not render in the working tree (nor do 2 more): Deployment shop: spec.replicas"
    )


def test_a_fleet_below_the_top_of_its_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = Clone(tmp_path / "clone")
    clone.git("mv", "charts", "below")
    (clone.folder / "inner").mkdir()
    clone.git("mv", "below", "inner/charts")
    clone.commit()
    clone.commit({"inner/charts/services/shop/values.yaml": "tiny: {tag: '2'}\n"})
    assert main(["HEAD~1", "--root", str(clone.folder / "inner")]) == 0
    assert "image of container app: `shop:1` → `shop:2`" in capsys.readouterr().out
