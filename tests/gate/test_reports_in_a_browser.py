"""report.html in Chromium: legible in the light and in the dark, on a desk and on a phone, on paper; and silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from ci.gate.tests.reporters import samples
from promotion_gate.reporters import html
from promotion_gate.verdict import Outcome, Verdict
from tests.gate.browser_page import a_browser, complaints, opened

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("browser")]

SAMPLES: dict[str, Callable[[], Verdict]] = {"good": samples.good, "bad": samples.bad, "unknown": samples.unknown}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 375)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module", params=SAMPLES)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdict, Path]:
    """A verdict of each outcome, and its report."""
    verdict = SAMPLES[request.param]()
    file = tmp_path_factory.mktemp(request.param) / "report.html"
    file.write_text(html.render(verdict), encoding="utf-8")
    return verdict, file


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_can_be_read(
    browser: Browser, report: tuple[Verdict, Path], scheme: Literal["light", "dark"], width: int
) -> None:
    with opened(browser, report[1], width, scheme) as (page, noise):
        assert complaints(page) == []
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert complaints(page) == [], "with everything open"
        assert noise == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_dark_is_dark_and_the_light_is_light(browser: Browser, report: tuple[Verdict, Path], width: int) -> None:
    backgrounds = []
    for scheme in SCHEMES:
        with opened(browser, report[1], width, scheme) as (page, _):
            backgrounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.parametrize("width", WIDTHS)
def test_plots_have_a_size_and_lie_in_the_window(browser: Browser, report: tuple[Verdict, Path], width: int) -> None:
    verdict, file = report
    drawn = 0 if verdict.outcome is Outcome.INCONCLUSIVE else 3
    with opened(browser, file, width, "light") as (page, _):
        boxes = [plot.bounding_box() for plot in page.get_by_role("img").all()]
        assert len(boxes) == drawn
        for box in boxes:
            assert box
            assert box["width"] >= 300
            assert box["height"] >= 180
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        for plot in page.get_by_role("img").all():
            lines = plot.locator("path.series")
            assert lines.count() >= 1
            inked = lines.first.evaluate("line => line.getTotalLength() > 0 || line.getAttribute('d').length > 0")
            assert inked
            assert _sticks_out(page, plot.evaluate("svg => svg.getAttribute('aria-labelledby')")) == []


def _sticks_out(page: Page, title: str) -> list[str]:
    """What of a plot lies outside of it; a browser would cut it off."""
    found: list[str] = page.evaluate(
        """title => {
          const svg = document.querySelector(`svg[aria-labelledby="${title}"]`), frame = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("path, text")].filter(part => {
            const box = part.getBoundingClientRect();
            return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
          }).map(part => part.outerHTML.slice(0, 80));
        }""",
        title,
    )
    return found


def test_labels_of_a_plot_do_not_lie_on_each_other(browser: Browser, report: tuple[Verdict, Path]) -> None:
    with opened(browser, report[1], 375, "light") as (page, _):
        assert (
            page.evaluate(
                """[...document.querySelectorAll("svg[role=img]")].flatMap(svg => {
              const boxes = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
              return boxes.flatMap(([one, a], n) => boxes.slice(n + 1).filter(([, b]) =>
                a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
                .map(([other]) => `${one} / ${other}`));
            })"""
            )
            == []
        )


def test_it_is_in_order_for_who_cannot_see_it(browser: Browser, report: tuple[Verdict, Path]) -> None:
    """One h1, then every section by its heading; what failed is open; every plot has a name and a description."""
    verdict, file = report
    with opened(browser, file, 1280, "light") as (page, _):
        assert [heading.inner_text().split()[0] for heading in page.get_by_role("heading", level=1).all()] == [
            verdict.outcome
        ]
        sections = [heading.inner_text() for heading in page.get_by_role("heading", level=2).all()]
        assert sections == [*(["Overrides"] if verdict.overrides else []), "Checks", "Measurements", "What was judged"]
        rows = page.evaluate(
            "[...document.querySelectorAll('details')].map(row => [row.querySelector('.badge').innerText, row.open])"
        )
        assert len(rows) == len(verdict.checks) + len(verdict.missing_checks)
        assert all(is_open is ("PASS" not in badge) for badge, is_open in rows)
        named = page.evaluate(
            """[...document.querySelectorAll("svg[role=img]")].map(svg => ["aria-labelledby", "aria-describedby"].map(
                 name => document.getElementById(svg.getAttribute(name))?.innerText.length > 3))"""
        )
        assert all(all(both) for both in named)


def test_a_passing_check_opens_with_the_keyboard(browser: Browser, report: tuple[Verdict, Path]) -> None:
    with opened(browser, report[1], 375, "light") as (page, _):
        row = page.locator("details").first
        before = row.get_attribute("open") is not None
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        assert (row.get_attribute("open") is not None) is not before
        assert complaints(page) == []


def test_paper_shows_everything_on_white(browser: Browser, report: tuple[Verdict, Path]) -> None:
    _, file = report
    with opened(browser, file, 800, "dark") as (page, noise):
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert complaints(page) == []
        hidden = page.evaluate(
            "[...document.querySelectorAll('.detail')].filter(one => one.getBoundingClientRect().height < 20).length"
        )
        assert hidden == 0, "a passing check's observations are not printed"
        assert len(page.pdf()) > 10_000
        assert noise == []


BROKEN = {
    "white on white": ("p { color: #fff }", '"to be read" has a contrast of 1.00'),
    "grey on grey": ("body { background: #ccc } p { color: #888 }", '"to be read" has a contrast of 2.'),
    "pale by opacity": ("p { opacity: .3 }", '"to be read" has a contrast of'),
    "pale in a drawing": ("svg text { fill: #eee }", '"drawn" has a contrast of 1.'),
    "a wide element": ("p { width: 2000px }", "the page is 2"),
    "a line that cannot be broken": ("p { white-space: nowrap; letter-spacing: 60px }", '"to be read" sticks out'),
    "tiny": ("p { font-size: 5px }", '"to be read" is too small'),
    "nothing to be seen": ("main { display: none }", "there is no text to be seen"),
}


@pytest.mark.parametrize("broken", [*BROKEN, ""])
def test_the_helper_finds_what_is_broken(browser: Browser, tmp_path: Path, broken: str) -> None:
    """The control: of a page with one fault it says that fault, and of the page without any it says nothing."""
    style, words = BROKEN.get(broken, ("", ""))
    file = tmp_path / "page.html"
    file.write_text(
        "<!DOCTYPE html><meta charset=utf-8><meta name=color-scheme content='light dark'><title>t</title>"
        f"<link rel=icon href='data:,'><style>{style}</style><main><p>to be read</p>"
        "<svg viewBox='0 0 100 20' width=100 height=20><text y=15>drawn</text></svg></main>",
        encoding="utf-8",
    )
    with opened(browser, file, 375, "light") as (page, _):
        found = complaints(page)
    assert (words in " ".join(found)) if broken else (found == [])


def test_noise_is_heard(browser: Browser, tmp_path: Path) -> None:
    """The control of the silence: a log line, an error, and a request."""
    (tmp_path / "x.css").touch()
    file = tmp_path / "page.html"
    file.write_text("<link rel=stylesheet href=x.css><script>console.log('hello'); null.x</script>", encoding="utf-8")
    with opened(browser, file, 375, "light") as (_, noise):
        heard = " ".join(noise)
    assert "console: hello" in heard
    assert "error: " in heard
    assert "x.css" in heard
