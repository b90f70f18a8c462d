"""The report for people: what it shows of long values, of many services, and of values that hold Markdown."""

from __future__ import annotations

from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.grouping import group
from chart_harness.blast_radius.markdown import LONGEST, markdown
from chart_harness.blast_radius.outcome import Outcome
from chart_harness.blast_radius.sides import Sides
from tests.harness.tests.blast_radius.shop import release


def report(*changes: Change, services: int = 2) -> str:
    fleet = {(f"s{number}", "staging"): release() for number in range(services)}
    sides = Sides("main (abc)", "the working tree", fleet, fleet, frozenset(), ("A note.",))
    return markdown(Outcome(sides, tuple(group(changes)), frozenset(), sides.notes))


def env(before: str | None, after: str | None, service: str = "s0") -> Change:
    return Change(service, "staging", Difference(Kind.ENV_CHANGED, "Deployment x", "A of *app*", before, after))


def test_the_head_says_what_was_compared() -> None:
    lines = report(env("1", "2")).splitlines()
    assert lines[0] == "# Blast radius: main (abc) → the working tree"
    assert lines[2] == (
        "Nothing is left to acknowledge. 2 releases compared, 1 change in 1 of them; the pods of 0 Deployments restart."
    )
    assert lines[4] == "> A note."


def test_values_and_names_are_no_markup() -> None:
    assert r"**Deployment x**, A of \*app\*: `1` → `<b>`" in report(env("1", "<b>"))
    assert "`` a`b ``" not in report(env("1", "a`b"))
    assert "``a`b``" in report(env("1", "a`b"))
    assert "`` `b ``" in report(env("1", "`b"))
    assert "`one two`" in report(env("1", "one\n two"))


def test_what_came_and_what_went() -> None:
    assert ": was `1`" in report(env("1", None))
    assert ": now `2`" in report(env(None, "2"))


def test_of_long_values_it_shows_where_they_differ() -> None:
    start, end = "a" * 1000, "z" * 1000
    line = next(line for line in report(env(f"{start}1{end}", f"{start}2{end}")).splitlines() if line.startswith("- "))
    assert "…aaa" in line
    assert "a1z" in line
    assert "a2z" in line
    assert len(line) < 3 * LONGEST


def test_many_services_are_folded_away() -> None:
    text = report(*(env("1", "2", f"s{number}") for number in range(9)), services=9)
    assert "<details><summary>in all 9 services</summary>s0, s1, s2" in text
    assert "in 9 services" in report(*(env("1", "2", f"s{number}") for number in range(9)), services=12)


def test_grants_are_listed_one_below_the_other() -> None:
    widened = Difference(Kind.POLICY_WIDENED, "Deployment x", "who may reach its pods", None, "a: TCP 1; b: TCP 2")
    text = report(Change("s0", "staging", widened))
    assert "  - now also a: TCP 1\n  - now also b: TCP 2\n" in text
    assert "**1 change must be acknowledged or undone.**" in text
