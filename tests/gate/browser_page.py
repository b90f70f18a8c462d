"""What a person would complain about on a page, found in a real browser: text that cannot be read, things that stick out, noise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

CONTRAST = 4.5
"""Of text and what is behind it, at least: WCAG 2.2, 1.4.3."""

_COMPLAINTS = r"""
(least) => {
  const found = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} px wide, the window ${innerWidth}`);

  // A colour of any notation, as the browser paints it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, n) => part * a + under[n] * (1 - a));
  const behind = (element) => {
    const layers = [];
    for (let place = element; place; place = place.parentElement) {
      const colour = rgba(getComputedStyle(place).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    // Below everything lies what the browser paints for the page's scheme.
    const bare = rgba("Canvas");
    return layers.reverse().reduce((under, layer) => over(layer, under), bare.slice(0, 3));
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) continue;
    seen += 1;
    const style = getComputedStyle(element);
    const under = behind(element);
    const painted = rgba(element.closest("svg") ? style.fill : style.color);
    painted[3] *= Number(style.opacity);
    const contrast = ratio(over(painted, under), under);
    const said = node.data.trim().slice(0, 40);
    if (contrast < least) found.push(`"${said}" has a contrast of ${contrast.toFixed(2)}`);
    const hidden = element.closest("thead") && getComputedStyle(element.closest("thead")).position === "absolute";
    if (!hidden && (box.left < -0.5 || box.right > innerWidth + 0.5)) found.push(`"${said}" sticks out of the window`);
    if (parseFloat(style.fontSize) * (element.closest("svg") ? box.height / element.getBBox().height : 1) < 9.5)
      found.push(`"${said}" is too small to read`);
  }
  if (!seen) found.push("there is no text to be seen");
  return found;
}
"""


def chromium() -> str:
    """Debian's browser. Raises FileNotFoundError with what to do."""
    found = shutil.which("chromium")
    if not found:
        raise FileNotFoundError("There is no chromium: run python ci/toolchain/system_packages.py chromium.")
    return found


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A browser of its own, which ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> Iterator[tuple[Page, list[str]]]:
    """The file in a window of that width, and a list that takes what it logs, what fails in it, and what else it asks for."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    noise: list[str] = []
    page.on("console", lambda message: noise.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))
    page.on(
        "request", lambda request: None if request.url == file.as_uri() else noise.append(f"request: {request.url}")
    )
    try:
        page.goto(file.as_uri())
        yield page, noise
    finally:
        page.close()


def complaints(page: Page) -> list[str]:
    """What cannot be read, is too small, or sticks out, a sentence each; empty if all is well."""
    found: list[Any] = page.evaluate(_COMPLAINTS, CONTRAST)
    return [str(complaint) for complaint in found]
