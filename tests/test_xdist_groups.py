"""Tests of one group run in one process, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

GROUPED = """
import os
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_grouped(number):
    with open("workers", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


@pytest.mark.parametrize(("plugin", "workers"), [(["-p", "tests.conftest"], 1), ([], 2)], ids=["with", "without"])
def test_a_group_has_one_worker(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, plugin: list[str], workers: int
) -> None:
    """Without our plugin it has two: when that fails, xdist and pytest agree again, and the plugin can go."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    pytester.makepyfile(GROUPED)
    pytester.runpytest_subprocess("-n", "2", "--dist", "loadgroup", *plugin).assert_outcomes(passed=8)
    assert len(set((pytester.path / "workers").read_text().split())) == workers
