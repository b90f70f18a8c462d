"""`python -m chart_harness.fleet_check`: renders every service for every environment, and holds each against schemas and policies.

Prints a line for each problem, sorted, and a summary; ends with 1 when there is a problem, or nothing to look at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chart_harness.errors import RenderError
from chart_harness.fleet import FleetError
from chart_harness.fleet_render import pairs
from chart_harness.fleet_render_plan import plan
from chart_harness.fleet_render_run import FleetRenderError, problems, provide
from cluster_images.errors import ImagesError

_RENDER = "render"  # the policy that what does not render breaks


def check(root: Path) -> tuple[int, list[str]]:
    """How many releases were looked at, and a line for each problem: service/environment, policy, sentence."""
    planned = plan(root, pairs(root), "1.34.0")
    if not planned:
        return 0, [f"There is no service under {root / 'charts' / 'services'}: run this in the project's folder."]
    kept = provide(planned, assess=True, progress=_show)
    lines = []
    for (service, environment), item in planned.items():
        error = kept[service, environment].error
        said = [(_RENDER, RenderError(error, chart=item.explained_by()).sentence)] if error else problems(item)
        lines += [f"{service}/{environment} [{policy}] {sentence}" for policy, sentence in said]
    return len(planned), lines


def main(arguments: Sequence[str]) -> int:
    began = time.monotonic()
    try:
        count, lines = check(Path(arguments[0]) if arguments else Path())
    except (FleetError, FleetRenderError, ImagesError) as error:
        _say(str(error))
        return 1
    for line in sorted(lines):
        _say(line)
    found = f"{len(lines)} problems" if len(lines) != 1 else "1 problem"
    _say(
        f"fleet: {count} releases rendered, validated and held against the policies in {time.monotonic() - began:.2f} s: {found}"
    )
    return 1 if lines else 0


def _show(done: int, total: int) -> None:
    """One line that counts up on a terminal; nothing in a log."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\rfleet: {done} of {total}", end=end, file=sys.stderr, flush=True)  # noqa: T201


def _say(text: str) -> None:
    print(text)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
