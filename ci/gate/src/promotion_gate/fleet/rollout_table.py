"""A rollout on the terminal: what would be done, what just happened, and where each service is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promotion_gate.fleet.rollout_state import RolloutState, ServiceProgress, Stage
from promotion_gate.reporters.visible import one_line

_SYMBOLS = {Stage.PENDING: "·", Stage.VERIFIED: "~", Stage.PROMOTED: "✓", Stage.FAILED: "✗"}
_ASCII = {Stage.PENDING: ".", Stage.VERIFIED: "~", Stage.PROMOTED: "+", Stage.FAILED: "x"}
_STYLES = {Stage.PENDING: "dim", Stage.VERIFIED: "yellow", Stage.PROMOTED: "green", Stage.FAILED: "bold red"}
_TO_DO = {
    Stage.PENDING: "verify, then promote",
    Stage.FAILED: "verify again, then promote",
    Stage.VERIFIED: "promote",
    Stage.PROMOTED: "nothing, it is promoted",
}


def print_changes(before: RolloutState, after: RolloutState, console: Console) -> None:
    """A line for each service that came to another stage."""
    for service, progress in after.services.items():
        if before.services.get(service) != progress:
            reason = f": {one_line(progress.reason)}" if progress.reason else ""
            line = _stage(progress.stage, console) + Text(f" {service}") + _shown(reason, console)
            console.print(line, soft_wrap=True)


def print_plan(state: RolloutState, console: Console) -> None:
    """What a rollout would do with each service."""
    _print(state, console, {name: (_TO_DO[at.stage], at.reason) for name, at in state.services.items()})


def print_rollout(state: RolloutState, console: Console, reports: Path) -> None:
    """Where each service is, and what it comes to."""
    _print(state, console, {name: (_verdict(at), at.reason) for name, at in state.services.items()})
    counts = Counter(progress.stage for progress in state.services.values())
    said = ", ".join(f"{counts[stage]} {stage}" for stage in reversed(Stage) if counts[stage])
    end = "It is complete." if state.complete else f"It is not complete, and no later wave begins. Reports: {reports}"
    console.print(_shown(f"Wave {state.wave}: {said}. {end}", console), soft_wrap=True)


def _verdict(progress: ServiceProgress) -> str:
    return f"verdict {progress.verdict_sha256[:12]}" if progress.verdict_sha256 else "no verdict"


def _print(state: RolloutState, console: Console, said: dict[str, tuple[str, str]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for service, (text, reason) in said.items():
        stage = _stage(state.services[service].stage, console)
        table.add_row(stage, _shown(service, console), _shown(text, console), _shown(reason, console))
    console.print()
    console.print(Text(f"Wave {state.wave}: {', '.join(state.roles)}", style="bold"))
    console.print(table)


def _stage(stage: Stage, console: Console) -> Text:
    symbols = _ASCII if console.options.ascii_only else _SYMBOLS
    return Text(f"{symbols[stage]} {stage:8}", style=_STYLES[stage])


def _shown(value: str, console: Console) -> Text:
    return Text(one_line(value).encode(console.encoding, "backslashreplace").decode(console.encoding))
