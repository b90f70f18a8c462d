"""The memory of a container, as the shell in it reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from promotion_gate.targets.cluster.memory import SCRIPT, working_set

MIB = 1024 * 1024


def first_line(folder: Path) -> str:
    """What the script says first of the cgroup in a folder."""
    with subprocess.Popen(["sh", "-c", SCRIPT, "sh", str(folder)], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        line = shell.stdout.readline()
        shell.kill()
    return line


@pytest.mark.parametrize(
    ("parent", "files"),
    [
        (
            "",
            {
                "memory.current": "300\n",
                "memory.stat": "anon 1\nfile 2\ninactive_file 100\nactive_file 9\n",
                "memory.events": "low 0\nmax 7\noom 4\noom_kill 3\noom_group_kill 5\n",
            },
        ),
        (
            "memory",
            {
                "memory.usage_in_bytes": "300\n",
                "memory.stat": "cache 1\ninactive_file 9\ntotal_cache 2\ntotal_inactive_file 100\n",
                "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            },
        ),
    ],
    ids=["cgroup v2", "cgroup v1"],
)
def test_the_shell_reads_either_cgroup(parent: str, files: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / parent
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    assert first_line(tmp_path) == "300 100 3\n"


def test_without_a_cgroup_it_says_nothing(tmp_path: Path) -> None:
    assert first_line(tmp_path) == ""


@pytest.mark.parametrize(
    ("line", "limit", "size"),
    [
        ("300 100 0", 1000, 200),
        ("300 100 1", 1000, 1000),
        ("300 100 1", None, 200),
        ("100 300 0", 1000, 0),
    ],
)
def test_the_working_set_is_what_the_kernel_cannot_drop_and_a_kill_is_the_limit(
    line: str, limit: int | None, size: int
) -> None:
    assert working_set(line, limit) == size


def test_what_is_no_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        working_set("300", None)
