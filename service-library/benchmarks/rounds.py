"""Runs a benchmark: each library in a process of its own, several rounds in turns, medians, one Markdown table.

A script says what it measures in a `Subject` and calls `run`. Started with `--measure NAME` it is the process of one
library and prints what it measured as JSON; started without, it is the one that starts those and prints the table.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import environment

Measured = dict[str, float]
"""A number for each row of the table."""


@dataclass(frozen=True)
class Peer:
    """How the process of one library is started.

    Attributes:
        environ: Variables of its environment.
        interpreter: The key of `environment.provide()`.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    interpreter: str = "plain"


OTEL = {"PROMETHEUS_BACKEND": "otel"}
BASELINE = "prometheus_client"
PEERS = {
    BASELINE: Peer(),
    "ours": Peer(OTEL),
    "ours, compiled": Peer(OTEL, "compiled"),
    "ours, locked": Peer(OTEL),
    "ours, line cache": Peer({**OTEL, "METRICS_SCRAPE_CACHE": "true"}),
    "OpenTelemetry SDK": Peer(),
    "aioprometheus": Peer(),
    "pytheus": Peer(),
}
"""By the name that stands above their column; `ours` is the backend `otel`."""


@dataclass(frozen=True)
class Subject:
    """What one script measures.

    Attributes:
        title: Stands above the table.
        note: What a reader must know to read the numbers.
        measure: Called in the process of a library with its name and whether a quick look is enough; rows it leaves
            out are empty in the table.
        peers: The libraries, in the order of the columns.
        aims: By row and library, the ratio to the baseline that may not be exceeded.
        aims_are_ratios: False where `aims` are the table's own numbers.
        rounds: How often each library is measured.
        baseline: The library that ratios are against.
        derive: Makes the table's numbers of the medians.
    """

    title: str
    note: str
    measure: Callable[[str, bool], Measured]
    peers: Mapping[str, Peer]
    aims: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    aims_are_ratios: bool = True
    rounds: int = 5
    baseline: str = BASELINE
    derive: Callable[[dict[str, Measured]], dict[str, Measured]] = lambda medians: medians

    @property
    def script(self) -> Path:
        """The file that measures."""
        return Path(inspect.getfile(self.measure)).resolve()


def peers(*names: str) -> dict[str, Peer]:
    """Return these of PEERS."""
    return {name: PEERS[name] for name in names}


def run(*subjects: Subject) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules["__main__"]))
    parser.add_argument("--quick", action="store_true", help="one short round: shows that everything works, no more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round's numbers into FILE too")
    parser.add_argument("--measure", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, -20)  # as root: what else runs on this machine is not what is measured
        print(json.dumps(subjects[0].measure(options.measure, options.quick)))
        return
    interpreters = environment.provide()
    if "compiled" not in interpreters:
        _say("no wheel for this Python in build/wheels: the compiled library is left out; `make wheel` builds one")
    collected: dict[str, dict[str, list[Measured]]] = {}
    for subject in subjects:
        rounds = collected[subject.title] = _measure_in_turns(subject, interpreters, quick=options.quick)
        medians = {name: _medians(found) for name, found in rounds.items()}
        _print_table(subject, subject.derive(medians))
    if options.json:
        options.json.write_text(json.dumps(collected, indent=1))


def _measure_in_turns(subject: Subject, interpreters: Mapping[str, Path], *, quick: bool) -> dict[str, list[Measured]]:
    """Start with another library in each round, so that none always has the machine's best moment."""
    names = [name for name, peer in subject.peers.items() if peer.interpreter in interpreters]
    found: dict[str, list[Measured]] = {name: [] for name in names}
    rounds = 1 if quick else subject.rounds
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            _say(f"{subject.title}: round {turn + 1} of {rounds}, {name}")
            peer = subject.peers[name]
            command = [str(interpreters[peer.interpreter]), str(subject.script), "--measure", name]
            done = subprocess.run(
                [*command, *(["--quick"] if quick else [])],
                env={**_plain_environment(), **peer.environ},
                stdout=subprocess.PIPE,
                check=False,
            )
            if done.returncode:
                sys.exit(f"{subject.script.name} failed for {name}; its error is above.")
            found[name].append(json.loads(done.stdout))
    return found


def _plain_environment() -> dict[str, str]:
    """Return the environment without the variables that change what a library does."""
    own = ("METRICS_", "OTEL_", "PROMETHEUS_", "PYTHEUS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def _medians(rounds: list[Measured]) -> Measured:
    return {row: median(found[row] for found in rounds) for row in rounds[0]}


def _print_table(subject: Subject, medians: dict[str, Measured]) -> None:
    baseline = medians[subject.baseline]
    rows = list(dict.fromkeys(row for found in medians.values() for row in found))
    aimed = bool(subject.aims)
    unit = "x" if subject.aims_are_ratios else ""
    table = [["", *medians, *(["aim"] if aimed else [])]]
    missed = []
    for row in rows:
        cells = [row]
        for name, found in medians.items():
            if row not in found:
                cells.append("")
                continue
            ratio = found[row] / baseline[row] if baseline.get(row) else None
            cells.append(_number(found[row]) + (f" ({_ratio(ratio)})" if ratio and name != subject.baseline else ""))
            aim = subject.aims.get(row, {}).get(name)
            reached = ratio if subject.aims_are_ratios else found[row]
            if aim is not None and reached is not None and reached > aim:
                missed.append(f"{row}, {name}: {reached:.3g}{unit}, aim {aim:g}{unit}")
        if aimed:
            cells.append(", ".join(f"≤ {aim:g}{unit}" for aim in dict.fromkeys(subject.aims.get(row, {}).values())))
        table.append(cells)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    print(f"\n### {subject.title}\n\n{subject.note}\n")
    for number, cells in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("".join(f"\nMissed: {line}." for line in missed), flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.3f}x"


def _say(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr, flush=True)
