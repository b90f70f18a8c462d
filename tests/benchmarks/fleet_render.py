"""How long the fleet takes to render, parse, validate and hold against the policies: `python tests/benchmarks/fleet_render.py [--quick]`.

Every row is a process of its own, started in turns with the others, median of several. Compared with one `helm template` for
each release, which only renders: the charts are put together before its clock starts.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chart_harness.assembly import assemble
from chart_harness.fleet import values_files
from chart_harness.fleet_render import pairs
from chart_harness.helm import Helm
from chart_harness.render import PROMETHEUS_OPERATOR_CRDS
from chart_harness.schemas.custom_resources import operator_definitions
from cluster_images.cache import cache_folder
from cluster_images.go_modules import build
from cluster_images.modules import RENDERER

ROOT = Path(__file__).resolve().parents[2]
COLD_AIM, WARM_AIM = 2.0, 0.3
Measured = tuple[float, float]
"""Seconds on the clock, and seconds of all cores together."""


def measured(work: Callable[[], None]) -> Measured:
    began, used = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - began, _cpu() - used


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Fleet:
    """A copy of the charts, and a cache folder of its own that has the built programs and nothing that was rendered."""

    def __init__(self, scratch: Path) -> None:
        self.root = scratch / "fleet"
        self.cache = scratch / "cache"
        shutil.copytree(ROOT / "charts", self.root / "charts", ignore=shutil.ignore_patterns("__pycache__"))
        self.cache.mkdir()
        for folder in ("bin", "crds"):
            (self.cache / folder).symlink_to(cache_folder() / folder)

    def check(self) -> None:
        """`make fleet`, without make."""
        command = [sys.executable, "-m", "chart_harness.fleet_check", str(self.root)]
        environment = {**os.environ, "SERVICE_METRICS_CACHE": str(self.cache)}
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)

    def forget(self) -> None:
        shutil.rmtree(self.cache / "fleet", ignore_errors=True)

    def edit(self, name: str) -> None:
        path = self.root / "charts" / name
        path.write_text(path.read_text() + "\n# edited\n")


def helm_commands() -> list[list[str]]:
    """A `helm template` for each release."""
    binary = str(Helm().binary)
    apis = [word for api in PROMETHEUS_OPERATOR_CRDS for word in ("--api-versions", api)]
    commands = []
    for service, environment in pairs(ROOT):
        chart, values = values_files(ROOT, service, environment)
        files = [word for path in values for word in ("--values", str(path))]
        place = ["--namespace", environment, "--kube-version", "1.34.0"]
        commands.append([binary, "template", service, str(assemble(chart)), *place, *apis, *files])
    return commands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds in place of seven")
    rounds = 3 if parser.parse_args().quick else 7
    build(RENDERER)
    operator_definitions()
    commands = helm_commands()

    def one_by_one() -> None:
        for command in commands:
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    rows: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        fleet = Fleet(Path(scratch))
        for _ in range(rounds):
            fleet.forget()
            rows.setdefault("cold: nothing is kept", []).append(measured(fleet.check))
            rows.setdefault("warm: nothing changed", []).append(measured(fleet.check))
            fleet.edit("services/usage-api/values.yaml")
            rows.setdefault("one service's values edited", []).append(measured(fleet.check))
            fleet.edit("metrics/values.yaml")
            rows.setdefault("the library edited", []).append(measured(fleet.check))
            rows.setdefault(f"{len(commands)} helm template", []).append(measured(one_by_one))
    show(rows, len(commands), rounds)


def show(rows: dict[str, list[Measured]], releases: int, rounds: int) -> None:
    cores = len(os.sched_getaffinity(0))
    *_, slow = rows.values()
    base = statistics.median(wall for wall, _ in slow)
    print(
        f"\n{releases} releases, {cores} cores, load {os.getloadavg()[0]:.1f}, median of {rounds} (fastest - slowest)\n"
    )
    print(f"{'':30}{'seconds':>9}{'':17}{'CPU s':>7}  of helm template")
    for name, row in rows.items():
        walls = sorted(wall for wall, _ in row)
        wall, used = statistics.median(walls), statistics.median(cpu for _, cpu in row)
        span = f"({walls[0]:.2f} - {walls[-1]:.2f})"
        print(f"{name:30}{wall:9.2f}{span:>17}{used:7.2f}  {wall / base:.3f}x")
    print(f"\nAims: cold under {COLD_AIM} s, warm under {WARM_AIM} s on 2 cores that do nothing else.")
    for aim, (name, row) in zip((COLD_AIM, WARM_AIM), rows.items(), strict=False):
        reached = statistics.median([seconds for seconds, _ in row])
        if reached >= aim:
            print(f"Missed: {name}, {reached:.2f} s, aim {aim} s.")


if __name__ == "__main__":
    main()
