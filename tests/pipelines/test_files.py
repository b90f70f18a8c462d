"""The two pipelines, held against their systems' schemas, against each other, and against what this repository asks of a pipeline."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.pipelines.conftest import ROOT

FOLDER = ROOT / "ci" / "pipelines"
SCRIPTS = FOLDER / "scripts"
GITLAB, GITHUB = FOLDER / "gitlab-ci.yml", FOLDER / "github-workflow.yml"
SCHEMAS = {GITLAB: "vendor.gitlab-ci", GITHUB: "vendor.github-workflows"}
BIN = Path(sys.executable).parent
JOBS = ("render", "policies", "kind", "comment", "guard", "staging-verify", "promote")
_SCRIPT = re.compile(r"ci/pipelines/scripts/[a-z-]+\.sh")
_PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def check_schema(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    transform = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, *transform, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def github() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(GITHUB.read_text())
    return document


def gitlab() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(GITLAB.read_text())
    return document


def gitlab_jobs() -> dict[str, dict[str, Any]]:
    return {name: job for name, job in gitlab().items() if isinstance(job, dict) and "stage" in job}


def scripts_of_github() -> dict[str, list[str]]:
    return {
        name: _SCRIPT.findall(str([step.get("run") for step in job["steps"]])) for name, job in github()["jobs"].items()
    }


def scripts_of_gitlab() -> dict[str, list[str]]:
    return {name: _SCRIPT.findall(str(job["script"])) for name, job in gitlab_jobs().items()}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_it_is_what_the_system_takes(path: Path) -> None:
    done = check_schema(path, SCHEMAS[path])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (
            GITLAB,
            "timeout: 2 hours\n  script: [ci/pipelines/scripts/kind.sh]",
            "timeout: 2 hours\n  script: {run: kind.sh}",
        ),
        (GITLAB, "when: manual", "when: by hand"),
        (GITHUB, "timeout-minutes: 30", "timeout-minutes: soon"),
        (GITHUB, "runs-on: ubuntu-24.04", "runs-onn: ubuntu-24.04"),
        (GITHUB, "permissions: {contents: read}", "permissions: {contents: all}"),
    ],
)
def test_the_schemas_refuse_what_is_broken(path: Path, old: str, new: str, tmp_path: Path) -> None:
    """The control."""
    text = path.read_text()
    assert old in text
    broken = tmp_path / path.name
    broken.write_text(text.replace(old, new))
    assert check_schema(broken, SCHEMAS[path]).returncode == 1


def test_both_have_the_same_jobs_and_each_job_runs_the_script_of_its_name() -> None:
    expected = {job: [f"ci/pipelines/scripts/{job}.sh"] for job in JOBS}
    assert scripts_of_github() == expected
    assert scripts_of_gitlab() == expected


def test_every_script_is_a_jobs_and_can_be_run() -> None:
    files = {path.name for path in SCRIPTS.glob("*") if path.is_file()}
    assert files == {f"{job}.sh" for job in JOBS}
    for name in files:
        path = SCRIPTS / name
        assert os.access(path, os.X_OK), name
        lines = path.read_text().splitlines()
        assert lines[0] == "#!/usr/bin/env bash"
        first = next(line for line in lines if line and not line.startswith("#"))
        assert first == 'source "$(dirname "${BASH_SOURCE[0]}")/lib/job.sh"', f"{name} does not begin with strict mode"


def test_shellcheck_finds_nothing() -> None:
    files = sorted(str(path) for path in SCRIPTS.rglob("*.sh"))
    assert len(files) == len(JOBS) + 2
    done = shellcheck(*files)
    assert done.returncode == 0, done.stdout


def test_shellcheck_finds_what_is_wrong(tmp_path: Path) -> None:
    """The control."""
    script = tmp_path / "x.sh"
    script.write_text("#!/usr/bin/env bash\nrm -rf $1/build\n")
    assert "SC2086" in shellcheck(str(script)).stdout


def shellcheck(*files: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "shellcheck"), "--external-sources", f"--source-path={SCRIPTS}", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_action_is_named_by_its_commit_and_says_its_release() -> None:
    used = [step["uses"] for job in github()["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [use for use in used if not _PINNED.fullmatch(use)] == []
    assert len(re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", GITHUB.read_text())) == len(used)


def test_every_job_ends_by_itself_and_has_the_history() -> None:
    for name, job in github()["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 120, name
        assert job["steps"][0]["with"]["fetch-depth"] == 0, name
    assert gitlab()["default"]["timeout"]
    assert gitlab()["variables"]["GIT_DEPTH"] == "0"


def test_no_job_has_more_rights_than_it_needs() -> None:
    document = github()
    assert document["permissions"] == {}
    writes = {
        name: job["permissions"] for name, job in document["jobs"].items() if "write" in job["permissions"].values()
    }
    assert writes == {"comment": {"contents": "read", "pull-requests": "write"}}
    keeps = [
        name
        for name, job in document["jobs"].items()
        if job["steps"][0]["with"].get("persist-credentials") is not False
    ]
    assert keeps == ["promote"]  # which pushes


def secrets(part: object) -> set[str]:
    return set(re.findall(r"secrets\.(\w+)", str(part)))


def test_secrets_are_only_where_they_are_needed_and_never_on_a_merge_request() -> None:
    jobs: Mapping[str, Any] = github()["jobs"]
    assert {name: secrets(job) for name, job in jobs.items() if secrets(job)} == {
        "comment": {"GITHUB_TOKEN"},
        "staging-verify": {"STAGING_KUBECONFIG", "GATE_SIGNING_KEY"},
        "promote": {"GATE_PUSH_TOKEN"},
    }
    for name in ("staging-verify", "promote"):
        assert jobs[name]["if"] == "github.event_name == 'push'"
        assert jobs[name]["environment"] in {"staging", "production"}
        assert jobs[name]["concurrency"]["cancel-in-progress"] is False
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    on = cast(dict[object, Any], github())[True]  # YAML 1.1 reads the key `on` as true
    assert on == {"pull_request": None, "push": {"branches": ["main"]}}  # never pull_request_target
    ours = gitlab_jobs()
    for name in ("staging-verify", "promote"):
        (rule,) = ours[name]["rules"]
        assert rule["if"] == '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'
        assert ours[name]["environment"]["name"] in {"staging", "production"}
        assert ours[name]["interruptible"] is False
        assert ours[name]["resource_group"]
    assert ours["promote"]["rules"][0]["when"] == "manual"
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in ours["comment"]["rules"][0]["if"]
    assert "GATE_PUSH_TOKEN" not in str({name: job for name, job in ours.items() if name != "promote"})


def test_no_text_that_others_write_becomes_part_of_a_command() -> None:
    """A title or a branch's name that is expanded into a script runs in it; in an env var it stays text."""
    runs = [step["run"] for job in github()["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs
    assert [run for run in runs if "${{" in run] == []


def test_the_guard_is_the_one_of_the_branch_that_is_merged_into() -> None:
    steps = [step.get("run") for step in github()["jobs"]["guard"]["steps"]]
    assert steps.index('git checkout --quiet --detach "$BASE_SHA"') < steps.index("ci/pipelines/scripts/guard.sh")
    before = gitlab_jobs()["guard"]["before_script"]
    assert before == [
        'git fetch --quiet origin "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"',
        "git checkout --quiet --detach FETCH_HEAD",
    ]


def test_a_verdict_is_kept_whatever_it_says() -> None:
    for name in ("kind", "staging-verify"):
        assert gitlab_jobs()[name]["artifacts"]["when"] == "always"
        assert "build/gate" in gitlab_jobs()[name]["artifacts"]["paths"]
        upload = [step for step in github()["jobs"][name]["steps"] if "upload-artifact" in step.get("uses", "")]
        assert [step["if"] for step in upload] == ["always()"]
        assert "build/gate" in upload[0]["with"]["path"]


def test_a_cache_is_known_by_all_that_decides_what_is_in_it() -> None:
    keys = {
        step["with"]["key"]
        for job in github()["jobs"].values()
        for step in job["steps"]
        if "actions/cache" in step.get("uses", "")
    }
    assert keys == {"tools-${{ runner.os }}-${{ hashFiles('requirements.lock', 'ci/images/**', 'ci/toolchain/**') }}"}
    named = gitlab()["default"]["cache"]["key"]["files"]
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_page_says_every_variable_that_a_script_takes() -> None:
    page = (ROOT / "docs" / "pipelines.md").read_text()
    taken = {
        name
        for path in SCRIPTS.rglob("*.sh")
        for name in re.findall(r"\$\{([A-Z][A-Z_]+)(?::-[^}]*)?\}", path.read_text())
    }
    assert len(taken) > 5
    assert {name for name in taken if f"`{name}`" not in page} == set()
