"""What the cleanup found on the terminal: what may go, the commands that would delete it, and what stays."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promotion_gate.cleanup.document import Report
from promotion_gate.counted import counted
from promotion_gate.reporters.visible import one_line


def print_report(report: Report, console: Console, *, kept: bool) -> None:
    """Prints the report; with `kept` also why each other pre-release stays. What servers said is shown, never obeyed."""

    def text(value: str, style: str = "") -> Text:
        return Text(one_line(value).encode(console.encoding, "backslashreplace").decode(console.encoding), style=style)

    def table(title: str, rows: list[tuple[str, str, str, str]]) -> None:
        console.print(text(title, "bold"))
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for heading, ratio in (("WHAT", 4), ("WHERE", 3), ("SINCE", None), ("WHY", 4)):
            grid.add_column(heading, overflow="fold", ratio=ratio, no_wrap=ratio is None)
        for row in rows:
            grid.add_row(*map(text, row))
        console.print(grid)
        console.print()

    if report.unreferenced:
        table(
            "Nothing refers to these:",
            [(i.name, i.where, f"{i.since:%Y-%m-%d}" if i.since else "unknown", i.why) for i in report.unreferenced],
        )
    if kept and report.kept:
        table(
            "These stay:",
            [(i.name, i.where, f"{i.since:%Y-%m-%d}" if i.since else "unknown", i.because) for i in report.kept],
        )
    commands = list(dict.fromkeys(item.command for item in report.unreferenced if item.command))
    if commands:
        console.print(text("Nothing was deleted. These commands would, if you want that:", "bold"))
        for command in commands:
            console.print(text(f"  {command}"), soft_wrap=True)  # not wrapped: it is there to be copied
    if len(commands) < len({item.name for item in report.unreferenced}) and any(
        item.command is None for item in report.unreferenced
    ):
        console.print(
            text("An index has no common way to delete a package: give yours with --delete-package."), soft_wrap=True
        )
    for note in report.notes:
        console.print(text(f"Note: {note}"), soft_wrap=True)
    names = ", ".join(report.refs) or "no branch"
    left = f", without {', '.join(report.without_refs)}" if report.without_refs else ""
    looked = f"Looked at the checkout and {names}{left}."
    console.print(
        text(
            f"{counted(len(report.unreferenced), 'pre-release')} that nothing refers to, {len(report.kept)} that something does. {looked}"
        ),
        soft_wrap=True,
    )
