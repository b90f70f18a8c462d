"""`gate status`: the whole fleet, which release is proved and which is held up by what."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from promotion_gate.commands.ending import one_sentence
from promotion_gate.commands.options import POLICY, ROOT, TRUSTED_KEYS, VERDICTS
from promotion_gate.fleet import document, html
from promotion_gate.fleet.survey import load_records, survey
from promotion_gate.fleet.terminal import print_status
from promotion_gate.reporters.atomic_write import atomic_write


@click.command("status")
@ROOT
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only this one; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="Print the state as JSON instead of a table.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write it as a page as well."
)
@POLICY
@VERDICTS
@TRUSTED_KEYS
def command(
    root: Path,
    services: tuple[str, ...],
    as_json: bool,
    page: Path | None,
    policy: Path | None,
    verdicts: Path,
    trusted_keys: Path | None,
) -> None:
    """Show how every service stands in staging and production: backend, verdict, its age, and what holds it up.

    Ends with 0 however the fleet stands, with 3 if it cannot be read.
    """
    with one_sentence("nothing was changed."):
        status = survey(root, load_records(root, policy, verdicts, trusted_keys), datetime.now(UTC), services)
        if page is not None:
            atomic_write(page, html.render(status))
        if as_json:
            click.echo(document.render(status), nl=False)
        else:
            print_status(status, Console())
