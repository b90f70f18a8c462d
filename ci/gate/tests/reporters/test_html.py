"""report.html: complete, self-contained, and deaf to what evidence asks of a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.measurements import Measurements
from promotion_gate.reporters import html
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


class Page(HTMLParser):
    """A page's elements and its text, as a browser would see them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("outcome", Outcome)
def test_the_outcome_is_the_title_and_the_heading(make_verdict: MakeVerdict, outcome: Outcome) -> None:
    source = html.render(make_verdict(outcome))
    assert f"<title>{outcome}: aaa-api in staging</title>" in source
    assert f"<h1><strong>{outcome}</strong>" in source
    assert f'class="verdict {outcome.lower()}"' in source


def test_checks_are_open_unless_they_pass(make_verdict: MakeVerdict) -> None:
    page = Page(html.render(make_verdict(Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, absent=["memory"])))
    assert ["open" in attributes for attributes in page.of("details")] == [False, True, True, True]
    assert "memory" in page.text
    assert "did not run" in page.text


def test_every_observation_is_there(make_verdict: MakeVerdict) -> None:
    page = Page(html.render(make_verdict(Outcome.FAIL, observations=500)))
    assert "observed 499 seen" in page.text
    assert "remedy 0 seen" in page.text
    assert "docs/checks/check-0.md" in page.text


def test_the_target_is_named_with_its_note(make_verdict: MakeVerdict) -> None:
    text = Page(html.render(make_verdict(Outcome.PASS, fit=False, note="Only a cluster can prove this."))).text
    assert "Not fit for promotion: a verdict from the embedded target never promotes" in text
    assert "Only a cluster can prove this." in text
    assert "Not fit" not in Page(html.render(make_verdict(Outcome.PASS))).text


def test_it_loads_nothing_and_runs_nothing(make_verdict: MakeVerdict) -> None:
    source = html.render(make_verdict(Outcome.FAIL))
    page = Page(source)
    assert not {"script", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.elements}
    assert [attributes["href"] for attributes in page.of("link")] == ["data:,"]
    assert not re.search(r"https?:|url\(|@import", source)
    policies = [m.get("content") for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


@given(
    text=st.text() | st.text(alphabet="<>/\"'&={}%#-! sctyle\x00\x1b\u202e"),
    outcome=st.sampled_from(Outcome),
)
def test_no_evidence_adds_an_element_or_an_attribute(make_verdict: MakeVerdict, text: str, outcome: Outcome) -> None:
    plain = Page(html.render(make_verdict(outcome, text="seen", overrides=1, pods=1)))
    spiked = Page(html.render(make_verdict(outcome, text=text, overrides=1, pods=1)))
    assert spiked.elements == plain.elements


def test_plots_are_drawn_named_and_described(make_verdict: MakeVerdict) -> None:
    page = Page(html.render(make_verdict(Outcome.PASS, pods=8)))
    drawings = [svg for svg in page.of("svg") if svg.get("role") == "img"]
    assert [svg["aria-labelledby"] for svg in drawings] == ["latency-title", "memory-title"]
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {svg["aria-describedby"] for svg in drawings} <= ids
    assert "Highest 57 MiB of a limit of 100 MiB." in page.text
    assert "pod 7 seen" in page.text
    assert "2 more pods" in page.text
    assert "Not measured: cpu." in page.text


def test_nothing_measured_is_no_plot_and_said(make_verdict: MakeVerdict) -> None:
    verdict = make_verdict(Outcome.PASS).model_copy(update={"measurements": Measurements()})
    page = Page(html.render(verdict))
    assert not page.of("svg")
    assert "Not measured: latency, memory, cpu." in page.text


def test_an_override_stands_above_the_checks(make_verdict: MakeVerdict) -> None:
    text = Page(html.render(make_verdict(Outcome.FAIL, overrides=2))).text
    assert text.index("2 overrides hold for this release.") < text.index("Title 0 seen")
    assert "An override changes no outcome: the verdict is FAIL." in text
    assert "Overrides" not in Page(html.render(make_verdict(Outcome.FAIL))).text


def test_markup_is_shown_as_text(make_verdict: MakeVerdict) -> None:
    attack = "</td></table><script>alert('x')</script>{{ 7 * 7 }}"
    source = html.render(make_verdict(Outcome.FAIL, text=attack))
    assert "<script" not in source
    assert attack in Page(source).text


def test_what_no_one_would_see_is_spelled_out(make_verdict: MakeVerdict) -> None:
    text = Page(html.render(make_verdict(Outcome.FAIL, text="a\u202eb\x07c\u200bd\ud800"))).text
    assert r"observed 0 a\u202eb\x07c\u200bd\ud800" in text
