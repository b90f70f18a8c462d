"""The verdict as a person reads it in a terminal or a CI log."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from promotion_gate.reporters.terminal import SHOWN_CHARACTERS, SHOWN_OBSERVATIONS, print_verdict
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


def printed(verdict: Verdict, *reports: Path, width: int = 80) -> str:
    """What a CI log without a terminal shows."""
    out = io.StringIO()
    print_verdict(verdict, Console(file=out, width=width), reports)
    return out.getvalue()


def unwrapped(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("outcome", Outcome)
def test_the_outcome_reads_without_colour(make_verdict: MakeVerdict, outcome: Outcome) -> None:
    text = printed(make_verdict(outcome))
    symbol = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?"}[outcome]
    assert "\x1b" not in text
    assert f"{symbol} {outcome}  aaa-api in staging on the cluster target, 24.3 s" in text
    assert text.count(f"{symbol} {outcome}") == 2  # its row and the conclusion


def test_a_passing_check_is_a_row_without_details(make_verdict: MakeVerdict) -> None:
    text = printed(make_verdict(Outcome.PASS))
    assert "summary 0 seen" in text
    assert "observed 0" not in text
    assert "do:" not in text


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE])
def test_another_check_shows_what_was_seen_and_what_to_do(make_verdict: MakeVerdict, outcome: Outcome) -> None:
    text = printed(make_verdict(Outcome.PASS, outcome))
    assert "subject 0 seen" in text
    assert "observed observed 0 seen" in text
    assert "expected expected 0 seen" in text
    assert "do:  remedy 1 seen" in text
    assert "see: docs/checks/check-1.md" in text


def test_an_absent_required_check_is_shown(make_verdict: MakeVerdict) -> None:
    text = unwrapped(printed(make_verdict(Outcome.PASS, absent=["forbidden-labels"])))
    assert "? INCONCLUSIVE forbidden-labels" in text
    assert "did not run" in text
    assert "2 checks: 1 passed, 1 inconclusive." in text


def test_many_observations_are_capped_and_counted(make_verdict: MakeVerdict) -> None:
    text = printed(make_verdict(Outcome.FAIL, observations=SHOWN_OBSERVATIONS + 3))
    assert f"subject {SHOWN_OBSERVATIONS - 1} seen" in text
    assert f"subject {SHOWN_OBSERVATIONS} seen" not in text
    assert "and 3 more, see report.html" in text
    assert "more, see" not in printed(make_verdict(Outcome.FAIL, observations=SHOWN_OBSERVATIONS))


def test_an_unfit_target_is_named_and_explained(make_verdict: MakeVerdict) -> None:
    text = unwrapped(printed(make_verdict(Outcome.PASS, fit=False, note="Only a cluster can prove this.")))
    assert "Not fit for promotion: a verdict from the embedded target never promotes" in text
    assert "Only a cluster can prove this." in text
    assert "Not fit" not in printed(make_verdict(Outcome.PASS))


def test_reports_are_listed_on_lines_that_can_be_copied(make_verdict: MakeVerdict) -> None:
    path = Path("/build") / ("long" * 30) / "verdict.json"
    assert f"\n  {path}\n" in printed(make_verdict(Outcome.PASS), path)


def test_values_from_the_command_line_are_shown(make_verdict: MakeVerdict) -> None:
    assert "With values from the command line: metrics.port=1" in printed(make_verdict(set_values=("metrics.port=1",)))


def test_markup_in_evidence_is_shown_and_not_obeyed(make_verdict: MakeVerdict) -> None:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=True, color_system="truecolor")
    print_verdict(make_verdict(Outcome.FAIL, text="[blink]x[/blink] :bomb: [/nope]"), console)
    assert out.getvalue().count("[blink]x[/blink] :bomb: [/nope]") >= 5
    assert "\x1b[5m" not in out.getvalue()


def test_evidence_cannot_forge_a_line(make_verdict: MakeVerdict) -> None:
    text = printed(make_verdict(Outcome.FAIL, text="x\n✓ PASS  forged\r\x1b[2J"), width=200)
    assert not any(line.strip().startswith("✓ PASS") for line in text.splitlines())
    assert r"x\n✓ PASS  forged\r\x1b[2J" in text


def test_a_console_without_unicode_gets_ascii(make_verdict: MakeVerdict) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    print_verdict(make_verdict(Outcome.PASS, Outcome.FAIL, text="größer"), Console(file=out, width=80))
    out.flush()
    assert b"+ PASS" in raw.getvalue()
    assert b"x FAIL" in raw.getvalue()
    assert rb"gr\xf6\xdfer" in raw.getvalue()


@given(text=st.text(), outcome=st.sampled_from(Outcome), width=st.integers(40, 130))
def test_any_evidence_stays_within_the_width(
    make_verdict: MakeVerdict, text: str, outcome: Outcome, width: int
) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width)
    print_verdict(make_verdict(outcome, text=text, fit=False, overrides=1), console)
    assert "\x1b" not in out.getvalue()
    assert f"{outcome} aaa-api in staging" in unwrapped(out.getvalue())
    assert max(cell_len(line) for line in out.getvalue().splitlines()) <= width


def test_a_long_value_is_cut_and_says_so(make_verdict: MakeVerdict) -> None:
    text = printed(make_verdict(Outcome.FAIL, text="A" * 5000), width=2000)
    longest = max(text.splitlines(), key=lambda line: line.count("A") if "observed" in line else 0)
    assert longest.rstrip().endswith("...")
    assert len(longest.strip()) <= SHOWN_CHARACTERS + len("observed ")
