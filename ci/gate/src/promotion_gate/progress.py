"""Shows that something happens while the gate waits: a spinner on a terminal, a line a stage in a log."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status


class Progress:
    """A context manager. `stage` names what begins, `step` how far it is; both are cheap to call often."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("", console=console) if console.is_terminal else None
        self._stage = ""

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def stage(self, text: str) -> None:
        """A new stage, e.g. "sending 120 requests to each of 2 pods"."""
        self._stage = text
        if self._status:
            self._status.update(escape(text))
        else:
            self._console.print(f"… {text}", markup=False, highlight=False)

    def step(self, text: str) -> None:
        """How far the stage is; shown on a terminal only."""
        if self._status:
            self._status.update(escape(f"{self._stage}: {text}"))
