"""`python -m chart_harness.fleet_check`: renders every service for every environment, and holds each against schemas and policies.

Prints a line for each problem, sorted, and a summary; what many services have in common is told once. Ends with 1 when there is
a problem, or nothing to look at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chart_harness.errors import RenderError
from chart_harness.fleet import FleetError
from chart_harness.fleet_render import pairs
from chart_harness.fleet_render_plan import plan
from chart_harness.fleet_render_run import FleetRenderError, problems, provide
from cluster_images.errors import ImagesError

KUBE_VERSION = "1.34.0"
_RENDER = "render"  # the policy that what does not render breaks
_FEW = 4  # releases that are told one by one


@dataclass(frozen=True)
class Problem:
    """What a policy, or the renderer, says of a release."""

    service: str
    environment: str
    policy: str
    sentence: str


def check(root: Path) -> tuple[int, list[Problem]]:
    """How many releases were looked at, and what is wrong with them. Raises FleetError where there is no service."""
    planned = plan(root, pairs(root), KUBE_VERSION)
    if not planned:
        raise FleetError(f"There is no service under {root / 'charts' / 'services'}: run this in the project's folder.")
    kept = provide(planned, assess=True, progress=_show)
    found = []
    for (service, environment), item in planned.items():
        error = kept[service, environment].error
        said = [(_RENDER, RenderError(error, chart=item.explained_by()).sentence)] if error else problems(item)
        found += [Problem(service, environment, policy, sentence) for policy, sentence in said]
    return len(planned), found


def lines(found: Sequence[Problem]) -> list[str]:
    """A line for each problem, or one for all releases that have the same but for their names. Pure."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in found:
        general = problem.sentence.replace(problem.service, "<service>").replace(problem.environment, "<environment>")
        alike.setdefault((problem.policy, general), []).append(problem)
    told = []
    for (policy, general), same in alike.items():
        names = [f"{problem.service}/{problem.environment}" for problem in same]
        if len(same) > _FEW:
            told.append(f"{len(names)} releases ({', '.join(names[:_FEW])}, …) [{policy}] {general}")
        else:
            told += [f"{name} [{policy}] {problem.sentence}" for name, problem in zip(names, same, strict=True)]
    return sorted(told)


def main(arguments: Sequence[str]) -> int:
    began = time.monotonic()
    try:
        count, found = check(Path(arguments[0]) if arguments else Path())
    except (FleetError, FleetRenderError, ImagesError) as error:
        _say(str(error))
        return 1
    for line in lines(found):
        _say(line)
    number = f"{len(found)} problems" if len(found) != 1 else "1 problem"
    seconds = time.monotonic() - began
    _say(f"fleet: {count} releases rendered, validated and held against the policies in {seconds:.2f} s: {number}")
    return 1 if found else 0


def _show(done: int, total: int) -> None:
    """One line that counts up on a terminal; nothing in a log."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\rfleet: {done} of {total}", end=end, file=sys.stderr, flush=True)  # noqa: T201


def _say(text: str) -> None:
    print(text)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
