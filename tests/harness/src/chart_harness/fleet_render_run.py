"""Provides what releases render: from disk where it is kept, else by worker processes, which keep it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart_harness import fleet_render_store as store
from chart_harness.fleet_render_plan import Planned

Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""
_FEWEST = 4  # releases that are worth the start of one more process


class FleetRenderError(RuntimeError):
    """A worker process ended early; the message is what it said."""


@dataclass(frozen=True)
class Kept:
    """What is kept of one release: the text that Helm printed and its objects, plain, or the whole text of an error."""

    error: str
    text: str
    objects: list[Any]


def provide(
    planned: Mapping[tuple[str, str], Planned], *, assess: bool = False, progress: Progress | None = None
) -> dict[tuple[str, str], Kept]:
    """What each release renders, and with `assess` what the policies say of it, for `problems` to read.

    Raises FleetRenderError, or GoBuildError where the renderer cannot be built.
    """
    found = {pair: _read(item) for pair, item in planned.items()}
    missing = [
        item for pair, item in planned.items() if found[pair] is None or (assess and _unassessed(item, found[pair]))
    ]
    if missing:
        _work(missing, [item.key for pair, item in planned.items() if found[pair] is not None], assess, progress)
        store.prune()
        found |= {(item.service, item.environment): _read(item) for item in missing}
    lost = [f"{service}/{environment}" for (service, environment), kept in found.items() if kept is None]
    if lost:
        raise FleetRenderError(f"What {lost[0]} renders was not kept in {store.folder()}: is the disk full?")
    return {pair: kept for pair, kept in found.items() if kept is not None}


def problems(item: Planned) -> list[tuple[str, str]]:
    """What the policies said of a release that `provide` assessed: the policy's name and the sentence of each problem."""
    return [(str(policy), str(sentence)) for policy, sentence in store.read(item.assessed) or ()]


def _read(item: Planned) -> Kept | None:
    if item.refused:
        return Kept(item.refused, "", [])
    kept = store.read(item.key) or store.read(item.failed)
    return Kept(*kept) if kept else None


def _unassessed(item: Planned, kept: Kept | None) -> bool:
    return not (kept and kept.error) and not store.known(item.assessed)


def _work(missing: Sequence[Planned], rendered: Collection[str], assess: bool, progress: Progress | None) -> None:
    from cluster_images.go_modules import build
    from cluster_images.modules import RENDERER

    renderer = str(build(RENDERER)["renderer"])
    count = max(1, min(len(os.sched_getaffinity(0)), len(missing) // _FEWEST))
    counter = _Counter(len(missing), progress)
    shares = [missing[start::count] for start in range(count)]
    workers = [_Worker(renderer, orders(share, rendered, assess), counter) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    said = [worker.said for worker in workers if worker.said]
    if said:
        raise FleetRenderError(f"Rendering the fleet ended early: {said[0]}")


class _Counter:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self._lock = threading.Lock()
        self._done = 0
        self._total = total
        self._progress = progress

    def one_more(self) -> None:
        with self._lock:
            self._done += 1
            if self._progress:
                self._progress(self._done, self._total)


class _Worker(threading.Thread):
    """Feeds one `chart_harness.fleet_render_worker` and counts what it has done."""

    def __init__(self, renderer: str, orders: Mapping[str, Any], counter: _Counter) -> None:
        super().__init__(daemon=True)
        self._command = [sys.executable, "-m", "chart_harness.fleet_render_worker", renderer]
        self._input = json.dumps(orders)
        self._counter = counter
        self.said = ""

    def run(self) -> None:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            try:
                process.stdin.write(self._input)
                process.stdin.close()
                for _ in process.stdout:
                    self._counter.one_more()
                said = process.stderr.read()
            except BrokenPipeError:
                said = process.stderr.read()
        if process.returncode:
            self.said = said.strip() or f"the worker ended with {process.returncode}."


def orders(items: Sequence[Planned], rendered: Collection[str] = (), assess: bool = False) -> dict[str, Any]:
    """What a worker is told: the renderer's work on what is not `rendered` yet, and what to hold each result against."""
    from chart_harness.render import PROMETHEUS_OPERATOR_CRDS

    new = [item for item in items if item.key not in rendered]
    charts = {item.service: {name: str(path) for name, path in item.files.items()} for item in new}
    jobs = [
        {
            "id": item.key,
            "name": item.service,
            "namespace": item.environment,
            "chart": item.service,
            "values": [str(path) for path in item.values],
            "kube_version": item.kube_version,
            "api_versions": list(PROMETHEUS_OPERATOR_CRDS),
        }
        for item in new
    ]
    releases = {
        item.key: {
            "service": item.service,
            "environment": item.environment,
            "chart": str(item.chart),
            "kube_version": item.kube_version,
            "crds": [str(path) for path in item.crds],
            "assessed": item.assessed if assess else "",
            "failed": item.failed,
        }
        for item in items
    }
    return {"work": {"charts": charts, "jobs": jobs}, "releases": releases}
