"""The state of the fleet on the terminal: a line for each service, the reason below each release that is held up, the sums last.

Nothing depends on colour: each standing is a symbol and a word. 80 columns are enough for the two environments.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from promotion_gate.fleet import sentences
from promotion_gate.fleet.document import FleetStatus, ReleaseStatus, Standing
from promotion_gate.reporters.visible import one_line

_STYLES = {
    Standing.PROVED: "green",
    Standing.OVERRIDDEN: "bold yellow",
    Standing.AGED: "yellow",
    Standing.BLOCKED: "bold red",
    Standing.UNPROVED: "dim",
}
_GAP = 2


def print_status(status: FleetStatus, console: Console) -> None:
    """Prints the table. What comes from files is shown, never obeyed: no markup, no control sequences."""
    page = _Page(status, console)
    for wave, services in sentences.by_wave(status).items():
        console.print()
        console.print(page.heading(sentences.wave_title(wave, status)))
        for service, rows in services.items():
            console.print(page.line(service, rows))
    console.print()
    console.print(page.sums())


class _Page:
    """The layout for one console and one status."""

    def __init__(self, status: FleetStatus, console: Console) -> None:
        self._status = status
        self._encoding = console.encoding
        self._symbols = sentences.ASCII_SYMBOLS if console.options.ascii_only else sentences.SYMBOLS
        rows = status.releases
        self._environments = list(dict.fromkeys(row.environment for row in rows))
        self._backends = {
            name: max(len(one_line(row.backend)) for row in rows if row.environment == name)
            for name in self._environments
        }
        cells = [
            max(self._cell(row).cell_len for row in rows if row.environment == name) for name in self._environments
        ]
        self._cells = [max(len(name), width) for name, width in zip(self._environments, cells, strict=True)]
        titles = [sentences.wave_title(wave, status) for wave in sentences.by_wave(status)]
        longest = max(map(len, [*titles, *(row.service for row in rows)]), default=0)
        self._service = max(8, min(longest, console.width - sum(self._cells) - _GAP * len(self._cells)))

    def heading(self, title: str) -> Table:
        names = [Text(name.upper(), style="bold") for name in self._environments]
        return self._grid(Text(title, style="bold"), *names)

    def line(self, service: str, rows: dict[str, ReleaseStatus]) -> RenderableType:
        cells = [self._cell(rows[name]) if name in rows else Text("") for name in self._environments]
        return Group(self._grid(self._text(service), *cells), *self._reasons(rows))

    def sums(self) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        for summary in self._status.summary:
            grid.add_row(Text(summary.environment, style="bold"), self._text(f"{sentences.environment_line(summary)}."))
        return grid

    def _cell(self, row: ReleaseStatus) -> Text:
        proof = f"{self._symbols[row.standing]} {row.standing}"
        text = self._text(f"{one_line(row.backend):{self._backends[row.environment]}} ") + Text(
            proof, style=_STYLES[row.standing]
        )
        since = sentences.age_of(row, self._status)
        return text + Text(f" {since}" if since else "")

    def _reasons(self, rows: dict[str, ReleaseStatus]) -> Iterator[RenderableType]:
        for row in rows.values():
            if row.reason and row.standing is not Standing.UNPROVED:
                yield Padding(self._text(f"{row.environment}: {row.reason}"), (0, 0, 0, 2))

    def _grid(self, first: Text, *rest: Text) -> Table:
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        grid.add_column(width=self._service, overflow="fold")
        for width in self._cells:
            grid.add_column(width=width, overflow="fold")
        grid.add_row(first, *rest)
        return grid

    def _text(self, value: str) -> Text:
        value = one_line(value)
        return Text(value.encode(self._encoding, "backslashreplace").decode(self._encoding))
