"""`gate status --html` in Chromium: legible in the light and in the dark, on a desk and on a phone, on paper; and silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from ci.gate.tests.fleet.test_status_reports import mixed
from promotion_gate.fleet import html
from promotion_gate.fleet.document import FleetStatus
from tests.gate.browser_page import a_browser, complaints, opened

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every standing, with a reason that is long and one that cannot be broken."""
    status = mixed()
    long = "memory is FAIL; chart changed since; " * 8
    rows = [
        row.model_copy(update={"reason": row.reason and (long if row.wave == 1 else f"{'x' * 300}")})
        for row in status.releases
    ]
    file = tmp_path_factory.mktemp("fleet") / "fleet.html"
    file.write_text(html.render(FleetStatus(**{**dict(status), "releases": tuple(rows)})), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(browser: Browser, page_file: Path, scheme: Literal["light", "dark"], width: int) -> None:
    with opened(browser, page_file, width, scheme) as (page, noise):
        assert complaints(page) == []
        assert noise == []
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
        headings = [heading.inner_text() for heading in page.get_by_role("heading").all()]
        assert headings == [
            "Which release is proved",
            "staging",
            "production",
            "Wave 1: http-api",
            "Wave 2: amqp-consumer, task-runner",
        ]
        assert page.get_by_role("row").count() == 2 + 5
        assert page.get_by_role("rowheader").count() == 5


def test_paper_is_white(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file, 800, "dark") as (page, noise):
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert complaints(page) == []
        assert noise == []
