"""`gate changed`: the services that a range of commits changes."""

from __future__ import annotations

from pathlib import Path

import click

from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import ROOT


@click.command("changed")
@click.argument("commits", metavar="BASE..HEAD")
@ROOT
@click.option("--environment", default="staging", show_default=True, help="For which what is rendered is compared.")
def command(commits: str, root: Path, environment: str) -> None:
    """Write the names of the services of which the commits of HEAD, since it parted from BASE, render other objects; one a line.

    A change of a library chart is a change of all that it changes. Ends with 0, also if there is none.
    """
    from chart_harness.blast_radius.errors import CannotCompareError
    from chart_harness.fleet_render_run import FleetRenderError
    from cluster_images.errors import ImagesError
    from promotion_gate.changed import changed

    base, dots, head = commits.partition("..")
    if not dots or not base or not head or head.startswith("."):
        give_up(f"{commits!r} is no range of commits: write BASE..HEAD, e.g. origin/main..HEAD.")
    with one_sentence("nothing was changed."):
        try:
            found = changed(root.resolve(), base, head, environment)
        except (CannotCompareError, FleetRenderError, ImagesError) as error:
            give_up(" ".join(str(error).split()))
    for service in found.services:
        click.echo(service)
    for service in found.removed:
        click.echo(f"{service} is there no more in {environment}, so there is nothing to verify.", err=True)
