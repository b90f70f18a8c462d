"""The heartbeat is healthy while it is younger than 15 s, and the probe is quick to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reference_service import heartbeat

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import RunCommand

STANDARD_LIBRARY_ONLY = """
import sys
import reference_service.main
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - set(sys.argv[1].split(","))
print(",".join(sorted(foreign)))
"""


@pytest.fixture
def pod(tmp_path: Path) -> dict[str, str]:
    return {"TMPDIR": str(tmp_path)}


def test_no_heartbeat_is_not_healthy(pod: dict[str, str]) -> None:
    assert "no heartbeat" in (heartbeat.what_is_wrong(pod) or "")


def test_a_beat_is_healthy_and_a_clear_ends_it(pod: dict[str, str]) -> None:
    heartbeat.beat(pod)
    assert heartbeat.what_is_wrong(pod) is None
    heartbeat.clear(pod)
    assert heartbeat.what_is_wrong(pod) is not None
    heartbeat.clear(pod)


@pytest.mark.parametrize(("age", "healthy"), [(0.0, True), (14.9, True), (15.0, False), (3600.0, False)])
def test_the_limit_is_15_seconds(pod: dict[str, str], age: float, healthy: bool) -> None:
    heartbeat.beat(pod)
    os.utime(heartbeat.heartbeat_file(pod), (1000.0, 1000.0))
    assert (heartbeat.what_is_wrong(pod, now=1000.0 + age) is None) is healthy


def test_a_second_beat_makes_the_file_young_again(pod: dict[str, str]) -> None:
    heartbeat.beat(pod)
    os.utime(heartbeat.heartbeat_file(pod), (1000.0, 1000.0))
    assert heartbeat.what_is_wrong(pod) is not None
    heartbeat.beat(pod)
    assert heartbeat.what_is_wrong(pod) is None


def test_the_command_says_what_is_wrong_or_nothing(run_command: RunCommand, tmp_path: Path) -> None:
    status, output = run_command("healthy")
    assert (status, output.count("\n")) == (1, 1)
    assert str(tmp_path / "heartbeat") in output
    heartbeat.beat({"TMPDIR": str(tmp_path)})
    assert run_command("healthy") == (0, "")


def test_the_command_line_imports_the_standard_library_only() -> None:
    # What site itself loads (the .pth files of editable installs) is not the command's doing.
    before = subprocess.run(
        [sys.executable, "-c", "import sys; print(','.join({name.partition('.')[0] for name in sys.modules}))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    after = subprocess.run(
        [sys.executable, "-c", STANDARD_LIBRARY_ONLY, before], capture_output=True, text=True, check=True
    )
    assert after.stdout.strip() == "reference_service"
