"""The memory and CPU time of a container, as the shell in it reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ci.gate.tests.targets.cluster.test_pods import CRASHED, pod
from promotion_gate.targets.cluster.usage import SCRIPT, Reading, kills, reading


def first_line(folder: Path) -> str:
    """What the script says first of the cgroup in a folder."""
    with subprocess.Popen(["sh", "-c", SCRIPT, "sh", str(folder)], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        line = shell.stdout.readline()
        shell.kill()
    return line


V2 = {
    "memory.current": "300\n",
    "memory.stat": "anon 1\nfile 2\ninactive_file 100\nactive_file 9\n",
    "memory.events": "low 0\nmax 7\noom 4\noom_kill 3\noom_group_kill 5\n",
}
V1 = {
    "memory/memory.usage_in_bytes": "300\n",
    "memory/memory.stat": "cache 1\ninactive_file 9\ntotal_cache 2\ntotal_inactive_file 100\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (V2 | {"cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n"}, "300 100 3 2500000\n"),
        (V2, "300 100 3 -\n"),
        (V1 | {"cpuacct/cpuacct.usage": "2500000999\n"}, "300 100 3 2500000\n"),
        (V1 | {"cpu,cpuacct/cpuacct.usage": "2500000999\n"}, "300 100 3 2500000\n"),
        (V1, "300 100 3 -\n"),
    ],
    ids=[
        "v2",
        "v2 without the CPU's controller",
        "v1",
        "v1 with two controllers in one",
        "v1 without the CPU's controller",
    ],
)
def test_the_shell_reads_either_cgroup(files: dict[str, str], said: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert first_line(tmp_path) == said


def test_without_a_cgroup_it_says_nothing(tmp_path: Path) -> None:
    assert first_line(tmp_path) == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("300 100 0 1500000", Reading(200, 0, 1.5)),
        ("300 100 2 0", Reading(200, 2, 0.0)),
        ("100 300 0 -", Reading(0, 0, None)),
    ],
)
def test_a_line_is_a_reading_and_the_working_set_is_what_the_kernel_cannot_drop(line: str, found: Reading) -> None:
    assert reading(line) == found


@pytest.mark.parametrize("line", ["300", "300 100 0", "300 100 0 1 1", "300 100 x 1"])
def test_what_is_no_reading_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"values to unpack|invalid literal"):
        reading(line)


def ended(container: str, reason: str = "OOMKilled") -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": 137, "containerID": container}}


@pytest.mark.parametrize(
    ("container", "counted", "expected"),
    [
        ({}, {}, 0),
        ({}, {"c2": 3}, 3),
        ({"lastState": CRASHED}, {"c1": 0, "c2": 0}, 0),
        ({"lastState": ended("c1")}, {"c2": 0}, 1),
        ({"lastState": ended("c1")}, {"c1": 0, "c2": 0}, 1),
        # the cgroup had told of it: it is one kill, not two
        ({"lastState": ended("c1")}, {"c1": 1, "c2": 0}, 1),
        ({"lastState": ended("c1")}, {"c1": 2, "c2": 1}, 3),
        ({"lastState": ended("c1"), "state": ended("c2")}, {}, 2),
    ],
)
def test_a_kill_is_counted_once_whoever_tells_of_it(
    container: dict[str, Any], counted: dict[str, int], expected: int
) -> None:
    assert kills(pod(container), counted) == expected
