"""`gate guard`: whether a merge request may be merged, as far as production is concerned."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from promotion_gate.commands.ending import REFUSED, one_sentence
from promotion_gate.commands.options import ROOT
from promotion_gate.promotion.commits import Commits
from promotion_gate.promotion.guard import Found, Sides, guard


@click.command("guard")
@click.argument("commits", metavar="BASE..HEAD")
@ROOT
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
def command(commits: str, root: Path, as_json: bool) -> None:
    """Say what speaks against merging HEAD into BASE: production changes only as a signed verdict proves, and runs releases only.

    Policy, keys and overrides are those of BASE. Nothing is checked out. Ends with 0 if nothing speaks against it, 1 if something does,
    3 if that cannot be told.
    """
    with one_sentence("nothing was changed."):
        repository = Commits(root)
        range_ = repository.range(commits)
        with tempfile.TemporaryDirectory(prefix="gate-guard-") as scratch:
            sides = Sides(
                repository.write_out(range_.base, Path(scratch) / "base"),
                repository.write_out(range_.head, Path(scratch) / "head"),
                repository.changed(range_.parted, range_.head),
                range_.up_to_date,
            )
            found = guard(sides, datetime.now(UTC))
    refused = any(one.refuses for one in found)
    if as_json:
        document = {
            "base": range_.base,
            "head": range_.head,
            "refused": refused,
            "findings": [asdict(one) for one in found],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_lines(commits, found)))
    sys.exit(REFUSED if refused else 0)


def _lines(commits: str, found: Sequence[Found]) -> list[str]:
    lines = []
    for one in found:
        lines += [f"{'REFUSED' if one.refuses else 'noted  '}  {one.file or commits}", f"         {one.what}"]
        lines += [f"    do:  {one.do}"] if one.do else []
    count = sum(one.refuses for one in found)
    times = "once" if count == 1 else f"{count} times"
    return [*lines, f"{commits}: refused, {times}." if count else f"{commits}: nothing speaks against it."]
