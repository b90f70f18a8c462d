"""`gate checks`: the checks that there are."""

from __future__ import annotations

import click

from promotion_gate import checks


@click.command("checks")
def command() -> None:
    """List the checks, what each asks, and its page."""
    for check in checks.ALL:
        click.echo(f"{check.id:20} {check.question:70} {check.documentation}")
