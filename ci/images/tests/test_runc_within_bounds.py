"""The runtime of a restricted host: it takes out of a request what the host cannot give, and nothing else."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cluster_images.engine import HOST

SCRIPT = HOST / "runc-within-bounds"


@pytest.fixture
def runc(tmp_path: Path) -> dict[str, str]:
    """An environment whose runc prints what it was called with."""
    program = tmp_path / "bin" / "runc"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:/usr/bin:/bin"}


def request(tmp_path: Path, document: dict[str, Any], name: str = "config.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


SCRIPT_NAMES = runpy.run_path(str(SCRIPT))
ALL = (1 << 41) - 1
WITHOUT_RESOURCE = ALL & ~(1 << 24)
EVERYTHING = ["CAP_KILL", "CAP_SYS_RESOURCE", *sorted(SCRIPT_NAMES["PRIVILEGED"])]


def lost() -> list[str]:
    bounding = SCRIPT_NAMES["bounding_set"]()
    return [name for bit, name in SCRIPT_NAMES["NAMES"].items() if not bounding >> bit & 1]


def fit(path: Path, bounding: int) -> dict[str, Any]:
    SCRIPT_NAMES["fit"](str(path), bounding)
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_every_kind_of_a_lost_capability_goes(tmp_path: Path) -> None:
    kinds = ("bounding", "effective", "inheritable", "permitted", "ambient")
    capabilities = {kind: ["CAP_KILL", "CAP_SYS_RESOURCE"] for kind in kinds}
    path = request(tmp_path, {"process": {"args": ["x"], "capabilities": capabilities}, "mounts": [1]})
    assert fit(path, WITHOUT_RESOURCE) == {
        "process": {"args": ["x"], "capabilities": {kind: ["CAP_KILL"] for kind in kinds}},
        "mounts": [1],
    }


def test_an_exec_request_is_the_process_itself(tmp_path: Path) -> None:
    path = request(tmp_path, {"args": ["x"], "capabilities": {"bounding": ["CAP_SYS_RESOURCE"]}})
    assert fit(path, WITHOUT_RESOURCE)["capabilities"] == {"bounding": []}


def test_a_request_without_capabilities_stays_as_it_is(tmp_path: Path) -> None:
    assert fit(request(tmp_path, {"process": {}}), WITHOUT_RESOURCE) == {"process": {}}


@pytest.mark.parametrize(
    ("asked", "bounding", "gets"),
    [
        (["CAP_KILL"], ALL, ["CAP_KILL"]),
        (["CAP_KILL"], 0, ["CAP_KILL"]),
        (["CAP_SYS_RESOURCE"], ALL, ["CAP_SYS_RESOURCE"]),
        (EVERYTHING, ALL, [*EVERYTHING, "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"]),
        (EVERYTHING, ALL & ~(1 << 39), [*EVERYTHING, "CAP_PERFMON", "CAP_CHECKPOINT_RESTORE"]),
        (
            [*EVERYTHING, "CAP_BPF"],
            1 << 39 | WITHOUT_RESOURCE & ~(1 << 38 | 1 << 40),
            [*(name for name in EVERYTHING if name != "CAP_SYS_RESOURCE"), "CAP_BPF"],
        ),
    ],
    ids=["one", "not one of ours", "had", "privileged", "privileged, but the host lacks one", "already asked for"],
)
def test_a_privileged_container_gets_all_that_the_host_has_and_no_other_gets_more(
    asked: list[str], bounding: int, gets: list[str]
) -> None:
    assert SCRIPT_NAMES["within"](asked, bounding) == gets


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--root", "/r", "create", "--bundle", "{folder}", "id"], "config.json"),
        (["create", "-b={folder}", "id"], "config.json"),
        (["run", "--bundle={folder}", "id"], "config.json"),
        (["exec", "--process", "{folder}/process.json", "id"], "process.json"),
        (["exec", "-p={folder}/process.json", "id"], "process.json"),
    ],
)
def test_the_request_is_found_and_runc_gets_every_argument(
    tmp_path: Path, runc: dict[str, str], arguments: list[str], name: str
) -> None:
    path = request(tmp_path, {"process": {"capabilities": {"bounding": ["CAP_KILL", *lost()]}}}, name)
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    done = subprocess.run([SCRIPT, *arguments], env=runc, capture_output=True, text=True, check=True)
    assert done.stdout.split() == arguments
    assert json.loads(path.read_text())["process"]["capabilities"]["bounding"] == ["CAP_KILL"]


@pytest.mark.parametrize("arguments", [["state", "id"], ["delete", "--force", "id"], ["--version"]])
def test_other_commands_are_passed_on(runc: dict[str, str], arguments: list[str]) -> None:
    done = subprocess.run([SCRIPT, *arguments], env=runc, capture_output=True, text=True, check=True)
    assert done.stdout.split() == arguments
