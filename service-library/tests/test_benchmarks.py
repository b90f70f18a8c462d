"""Every benchmark runs, prints all libraries and leaves numbers: what they are is for people to read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.live
def test_all_benchmarks_print_all_libraries(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "compare.py"), "--quick", "--json", str(report)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(report.read_text())
    assert len(measured) == 5
    libraries = {"ours", "prometheus_client", "OpenTelemetry SDK", "aioprometheus", "pytheus"}
    for title, expected in {
        "Recording, ns per call": {*libraries, "ours, locked"},
        "Scrape, µs per series": {*libraries, "ours, line cache"},
        "Memory, bytes per series": {*libraries, "ours, line cache"},
        "A FastAPI request": {"ours", "prometheus-fastapi-instrumentator", "starlette_exporter"},
        "An event loop's lateness, ms": {"ours", "prometheus_client", "OpenTelemetry SDK"},
    }.items():
        assert expected <= set(measured[title]), title
        columns = done.stdout.split(f"### {title}\n")[1].split("\n|")[1].split("|")
        assert set(measured[title]) <= {column.strip() for column in columns}
        for name, rounds in measured[title].items():
            assert rounds
            assert all(rounds), f"{name} has no numbers under {title}"
