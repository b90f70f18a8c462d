"""Why a chart could not be rendered, in Helm's words and in one sentence."""

from __future__ import annotations

from pathlib import Path

from chart_harness.sentence import sentence_of


class RenderError(RuntimeError):
    """A chart did not render, or what it rendered is not what was asked for.

    The message is Helm's whole text; `sentence` is what is wrong and what to do, without Helm's wrapping. `chart` is the
    folder whose values.schema.json explains the keys, where there is one.
    """

    def __init__(self, text: str, *, chart: Path | None = None) -> None:
        super().__init__(text)
        self.sentence = sentence_of(text, chart)
