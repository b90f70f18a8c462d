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


def lost() -> set[str]:
    names: set[str] = runpy.run_path(str(SCRIPT))["lost"]()
    return names


def restrict(path: Path, unavailable: set[str]) -> dict[str, Any]:
    runpy.run_path(str(SCRIPT))["restrict"](str(path), unavailable)
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_every_kind_of_a_lost_capability_goes(tmp_path: Path) -> None:
    kinds = ("bounding", "effective", "inheritable", "permitted", "ambient")
    capabilities = {kind: ["CAP_KILL", "CAP_SYS_RESOURCE"] for kind in kinds}
    path = request(tmp_path, {"process": {"args": ["x"], "capabilities": capabilities}, "mounts": [1]})
    assert restrict(path, {"CAP_SYS_RESOURCE"}) == {
        "process": {"args": ["x"], "capabilities": {kind: ["CAP_KILL"] for kind in kinds}},
        "mounts": [1],
    }


def test_an_exec_request_is_the_process_itself(tmp_path: Path) -> None:
    path = request(tmp_path, {"args": ["x"], "capabilities": {"bounding": ["CAP_SYS_RESOURCE"]}})
    assert restrict(path, {"CAP_SYS_RESOURCE"})["capabilities"] == {"bounding": []}


def test_a_request_without_capabilities_stays_as_it_is(tmp_path: Path) -> None:
    assert restrict(request(tmp_path, {"process": {}}), {"CAP_SYS_RESOURCE"}) == {"process": {}}


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
    path = request(tmp_path, {"process": {"capabilities": {"bounding": ["CAP_KILL", *sorted(lost())]}}}, name)
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    done = subprocess.run([SCRIPT, *arguments], env=runc, capture_output=True, text=True, check=True)
    assert done.stdout.split() == arguments
    assert json.loads(path.read_text())["process"]["capabilities"]["bounding"] == ["CAP_KILL"]


@pytest.mark.parametrize("arguments", [["state", "id"], ["delete", "--force", "id"], ["--version"]])
def test_other_commands_are_passed_on(runc: dict[str, str], arguments: list[str]) -> None:
    done = subprocess.run([SCRIPT, *arguments], env=runc, capture_output=True, text=True, check=True)
    assert done.stdout.split() == arguments
