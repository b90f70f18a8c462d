"""Every check has a page, and every page answers the same questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from promotion_gate.checks import ALL, Check

PAGES = Path(__file__).parents[4] / "docs" / "checks"
QUESTIONS = ["Why", "Evidence", "FAIL", "INCONCLUSIVE", "How to fix it"]


def test_there_are_pages_for_the_checks_and_no_others() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {check.id for check in ALL} | {"README"}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_a_page_answers_every_question(check: Check) -> None:
    lines = (PAGES.parents[1] / check.documentation).read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# {check.id}"
    headings = [number for number, line in enumerate(lines) if line.startswith("## ")]
    assert [lines[number][3:] for number in headings] == QUESTIONS
    for start, end in zip(headings, [*headings[1:], len(lines)], strict=True):
        assert "".join(lines[start + 1 : end]).strip(), f"{check.documentation}: {lines[start]} has no answer"
    assert f"({check.id}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")
