"""`python -m chart_harness.blast_radius BASE`: what the charts change in the fleet since a commit, as Markdown or JSON.

Exit code 0: nothing is left to acknowledge. 1: a policy was widened or a selector changed, and nobody acknowledged it.
2: the two cannot be compared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from chart_harness.blast_radius.as_json import as_json
from chart_harness.blast_radius.errors import CannotCompareError
from chart_harness.blast_radius.git import TRAILER
from chart_harness.blast_radius.markdown import markdown
from chart_harness.blast_radius.outcome import assess
from chart_harness.blast_radius.sides import sides
from chart_harness.fleet_render_run import FleetRenderError
from cluster_images.errors import ImagesError


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        outcome = assess(sides(options.root.resolve(), options.base, options.head), options.acknowledge)
    except (CannotCompareError, FleetRenderError, ImagesError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(as_json(outcome) + "\n" if options.json else markdown(outcome))
    if not outcome.open:
        return 0
    identities = " ".join(one.identity for one in outcome.open)
    sys.stderr.write(
        f"Not acknowledged: {identities}: undo the changes, pass --acknowledge with their IDs, or commit with a trailer "
        f"`{TRAILER}: ID reason` for each.\n"
    )
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chart_harness.blast_radius", description=__doc__)
    parser.add_argument("base", metavar="BASE", help="the commit, branch or tag to compare with")
    parser.add_argument("--head", metavar="REF", help="what to compare (default: the working tree)")
    parser.add_argument(
        "--acknowledge", metavar="ID", nargs="+", action="extend", default=[], help="changes that are meant as they are"
    )
    parser.add_argument("--json", action="store_true", help="write JSON instead of Markdown")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder with charts/services (default: this one)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
