"""`python -m chart_harness.fleet_render_worker RENDERER < orders`: renders releases, reads and judges them, keeps the results.

It writes a line for each release that is done. A process of its own, as reading YAML and holding objects against schemas take a
whole core; the renderer works while this one still imports what it needs for that.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from typing import IO

from chart_harness import fleet_render_store as store


def main(renderer: str) -> None:
    gc.disable()  # a short life, a few hundred megabytes: looking for garbage takes a tenth of it
    orders = json.load(sys.stdin)
    releases = orders["releases"]
    jobs = {job["id"] for job in orders["work"]["jobs"]}
    pipe = subprocess.PIPE
    with subprocess.Popen([renderer, "fleet"], stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:
        assert process.stdin
        assert process.stdout
        threading.Thread(target=_feed, args=(process.stdin, json.dumps(orders["work"])), daemon=True).start()
        from chart_harness import fleet_render_judge as judge  # while the renderer works

        for key in releases.keys() - jobs:
            judge.assess(releases[key], store.read(key))
            print(key, flush=True)  # noqa: T201
        for line in process.stdout:
            result = json.loads(line)
            key = result["id"]
            kept = judge.judged(result, releases[key])
            store.write(releases[key]["failed"] if kept[0] else key, kept)
            judge.assess(releases[key], kept)
            jobs.remove(key)
            print(key, flush=True)  # noqa: T201
    if process.returncode or jobs:
        sys.exit(f"{renderer} ended with {process.returncode} and left {len(jobs)} releases.")


def _feed(stdin: IO[str], work: str) -> None:
    try:
        with stdin:
            stdin.write(work)
    except BrokenPipeError:
        pass  # its exit code tells


if __name__ == "__main__":
    main(*sys.argv[1:])
