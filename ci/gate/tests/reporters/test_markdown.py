"""comment.md: what evidence says is read and never obeyed, and the comment always fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci.gate.tests.reporters import samples
from promotion_gate.reporters import markdown
from promotion_gate.reporters.markdown_text import code, marker, prose
from promotion_gate.reporters.visible import one_line
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

SPITEFUL = st.sampled_from(
    [
        "a | b", "`x` | y", "```\n# H\n```", "\\|", "\\", "`", "``", "|||", "</details></table><h1>", "<script>", "<!-- x -->", "-->",
        "@team", "@org/team", "#12", "!34", "GH-1", "a/b#1", "http://evil.example", "www.evil.example", "kim@evil.example", ":bomb:",
        "[x](http://e.example)", "![x](http://e.example/p.png)", "<http://e.example>", "&lt;b&gt;", "**b**", "_i_", "~~s~~", "# H", "> q",
        "- i", "1. i", "\n\n# H", "\r\n/close\r\n", "$x$", "\u2028x", "\x00", "\ud800", "   ", "\u00a0", "---", "===", "| - |", "[^1]",
    ]
)  # fmt: skip
TEXT = st.lists(SPITEFUL | st.text(st.characters(), max_size=8), min_size=1, max_size=4).map(" ".join) | st.text(
    st.characters()
)


class Rendered(HTMLParser):
    """What a forge makes of the comment: its elements, and its text inside and outside of code."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.prose = ""
        self.code = ""
        self._inside = 0
        self.feed(PARSER.render(source))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        self._inside += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))
        self._inside -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.code += data
        else:
            self.prose += data


def _spiked(make_verdict: MakeVerdict, text: str) -> Verdict:
    outcomes = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
    verdict: Verdict = make_verdict(
        *outcomes, text=text, note=f"note {text}", absent=["memory"], overrides=1, set_values=[text]
    )
    release = verdict.release.model_copy(update={"service": f"s{text}", "environment": f"e{text}"})
    target = verdict.target.model_copy(update={"name": f"t{text}"})
    return verdict.model_copy(update={"release": release, "target": target})


LINKS = re.compile(r"@\w|(?<!\w)[#!$%~^]\w|\w[#!]\d|https?://|www\.|mailto:|:[a-z+]\w*:", re.IGNORECASE)
"""What GitHub or GitLab would make a link, a mention or a picture of."""


@given(text=TEXT)
def test_no_evidence_adds_an_element_or_a_link(make_verdict: MakeVerdict, text: str) -> None:
    plain = Rendered(markdown.render(_spiked(make_verdict, "seen")))
    spiked = Rendered(markdown.render(_spiked(make_verdict, text)))
    assert spiked.elements == plain.elements
    assert not {tag for tag, _ in spiked.elements} & {"a", "img", "h1", "pre", "blockquote", "hr"}
    assert not LINKS.findall(spiked.prose)


@given(text=TEXT)
def test_every_line_is_the_gates_own(make_verdict: MakeVerdict, text: str) -> None:
    """GitLab obeys a line that begins with a slash, and a table ends where a line does."""
    plain, spiked = (markdown.render(_spiked(make_verdict, said)).splitlines() for said in ("seen", text))
    assert [line[:2] for line in spiked] == [line[:2] for line in plain]
    assert not any(line.lstrip().startswith("/") for line in spiked)


@given(text=TEXT)
def test_prose_says_what_it_was_given(text: str) -> None:
    """Read back without the joiners, it is the text, with what nobody would see spelled out."""
    shown = Rendered(f"x {prose(text, 10_000)}")
    assert not {tag for tag, _ in shown.elements} - {"p", "/p"}
    wanted = one_line(text).strip() or "(empty)"
    assert re.sub(r"[\s\u2060]", "", shown.prose) == re.sub(r"\s", "", f"x{wanted}")


@pytest.mark.parametrize(
    "value", ["sha256:d1ce", "OPS-12", "a b", "image@sha256:12", "https://x.example", "<b>", "*x*", "a_b"]
)
def test_code_is_there_to_be_copied(value: str) -> None:
    assert code(value, 80) == f"`{value}`"
    assert Rendered(f"| a |\n|---|\n| {code(value, 80)} |").code == value


@pytest.mark.parametrize("value", ["a|b", "a`b", "`", "a\\", " a", "a ", "", "a\nb"])
def test_what_a_code_span_cannot_hold_is_code_all_the_same(value: str) -> None:
    shown = Rendered(f"| a | b |\n|---|---|\n| {code(value, 80)} | x |")
    assert [tag for tag, _ in shown.elements].count("td") == 2
    assert shown.code == (value.strip().replace("\n", "\\n") or "(empty)")


def test_a_cut_text_says_so() -> None:
    assert prose("x" * 50, 10) == "x" * 9 + "…"
    assert code("x" * 50, 10) == "`" + "x" * 9 + "…`"


@given(text=TEXT, service=TEXT)
def test_the_mark_is_one_line_and_one_comment(text: str, service: str) -> None:
    line = marker(service, text)
    assert re.fullmatch(r"<!-- promotion-gate:[\w.~%-]+?:[\w.~%-]* -->|<!-- promotion-gate::[\w.~%-]* -->", line)
    assert "--" not in line[4:-3]


def test_the_mark_is_the_releases() -> None:
    assert markdown.mark(samples.good()) == markdown.mark(samples.bad()) == "<!-- promotion-gate:aaa-api:staging -->"
    assert markdown.render(samples.good()).splitlines()[0] == markdown.mark(samples.good())


def test_what_is_wrong_comes_first_and_what_passes_is_folded() -> None:
    text = markdown.render(samples.bad())
    assert text.splitlines()[1] == "## ✗ FAIL: aaa-api in staging"
    order = [
        "### Overrides",
        "| ✗ **FAIL** | Memory",
        "| ? **INCONCLUSIVE** |",
        "### What to do",
        "<details>",
        "| ✓ **PASS** |",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "| ✓ **PASS**" not in text[: text.index("<details>")]
    assert "<details><summary>Passed: 16</summary>" in text
    assert "and 15 more, see `report.html`" in text


def test_a_pass_has_nothing_to_do(make_verdict: MakeVerdict) -> None:
    text = markdown.render(make_verdict(Outcome.PASS))
    assert "What to do" not in text
    assert "Overrides" not in text
    assert "**Fit for promotion.**" in text


@pytest.mark.parametrize("text", ["seen", "|" * 500, "\U000e0001" * 300, "@x " * 200])
@pytest.mark.parametrize(("wrong", "right", "overrides"), [(200, 200, 100), (1, 500, 0), (500, 1, 1), (0, 1, 500)])
def test_it_never_exceeds_the_cap_and_says_what_is_left_out(
    make_verdict: MakeVerdict, text: str, wrong: int, right: int, overrides: int
) -> None:
    outcomes = [Outcome.FAIL] * wrong + [Outcome.PASS] * right
    verdict = make_verdict(*outcomes, text=text, overrides=overrides, set_values=[text] * 50, note=text)
    comment = markdown.render(verdict)
    assert len(comment) <= markdown.CAP
    assert "more: left out here, there is no room. The whole report is `report.html`" in comment
    assert comment.startswith(markdown.mark(verdict))
    assert comment.endswith(markdown.WHOLE + "\n")
    rendered = [tag for tag, _ in Rendered(comment).elements]
    for tag in ("table", "details", "summary", "ul", "li", "td", "b", "code"):
        assert rendered.count(tag) == rendered.count(f"/{tag}"), tag
    if wrong:
        assert "| ✗ **FAIL** | Title 0" in comment, "at least the first failure is there"
    left = re.findall(r"^(\d+) checks? more", comment, re.MULTILINE)
    shown = comment.count("| ✗ **FAIL** |") + comment.count("| ✓ **PASS** |")
    advised = len(re.findall(r"^- \*\*", comment, re.MULTILINE))
    assert shown + advised + sum(map(int, left)) == 2 * wrong + right


@given(
    text=TEXT,
    repeat=st.sampled_from([1, 20, 400]),
    wrong=st.sampled_from([0, 1, 40]),
    overrides=st.sampled_from([0, 40]),
)
def test_any_evidence_fits(make_verdict: MakeVerdict, text: str, repeat: int, wrong: int, overrides: int) -> None:
    verdict = make_verdict(*[Outcome.FAIL] * wrong, text=text * repeat, overrides=overrides)
    assert len(markdown.render(verdict)) <= markdown.CAP
