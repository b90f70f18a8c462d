"""The scripts of the jobs, run in a throw-away clone: what they let through, and what they stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipelines.conftest import Clone

STAGING = "charts/services/archive-tagger/environments/staging/values.yaml"
POLICY = "charts/services/archive-tagger/values.yaml"


def more_series(clone: Clone) -> str:
    """A commit after which archive-tagger renders otherwise for staging, and no other service does."""
    text = (clone.root / STAGING).read_text()
    assert "REFERENCE_TASK_INTERVAL" not in text
    return clone.commit("Run more often", {STAGING: text + _setting(text)})


def _setting(text: str) -> str:
    lines = text.splitlines()
    assert "  standard:" in lines, text
    assert lines[-1].startswith("    "), text  # env.standard stands last
    return '    REFERENCE_TASK_INTERVAL: "0.1"\n'


def test_render_passes_the_fleet_and_stops_one_that_does_not_render(clone: Clone) -> None:
    done = clone.script("render.sh")
    assert done.code == 0, done.output
    assert "6 releases rendered" in done.output
    clone.commit("Break it", clone.edit(POLICY, "role: task-runner", "role: task-walker"))
    broken = clone.script("render.sh")
    assert broken.code != 0
    assert "archive-tagger/staging [render]" in broken.output


def test_policies_stops_a_wider_policy_until_a_commit_acknowledges_it(clone: Clone) -> None:
    base = clone.git("rev-parse", "HEAD")
    wider = "networkPolicy:\n    peers:\n      aaa-gateway: {service: aaa-gateway}\n      archive-tagger: {service: archive-tagger}\n"
    clone.commit(
        "Let the tagger call",
        clone.edit(
            "charts/services/aaa-api/values.yaml",
            "networkPolicy:\n    peers:\n      aaa-gateway: {service: aaa-gateway}\n",
            wider,
        ),
    )
    stopped = clone.script("policies.sh", BASE_SHA=base)
    assert stopped.code != 0
    assert "Not acknowledged: " in stopped.output
    identities = stopped.output.split("Not acknowledged: ")[1].split(":")[0].split()
    report = (clone.root / "build/pipeline/blast-radius.md").read_text()
    assert all(identity in report for identity in identities)

    trailers = "\n".join(f"Acknowledged: {identity} it shows prices" for identity in identities)
    clone.git("commit", "--quiet", "--allow-empty", "--message", f"It is meant\n\n{trailers}")
    assert clone.script("policies.sh", BASE_SHA=base).code == 0


def test_a_clone_without_its_history_is_told_so(clone: Clone) -> None:
    clone.commit("One more", {"charts/README.md": "x\n"}, push=True)
    shallow = clone.root.parent / "shallow"
    clone.git("clone", "--quiet", "--depth=1", f"file://{clone.remote}", str(shallow))
    (shallow / ".venv").symlink_to(clone.root / ".venv")
    done = Clone(shallow, clone.remote).script("policies.sh")
    assert done.code == 3
    assert "fetch all of it" in done.output


def test_nothing_is_verified_where_nothing_renders_otherwise(clone: Clone) -> None:
    clone.commit("A comment", clone.edit(POLICY, "metrics:\n", "# a comment\nmetrics:\n"))
    done = clone.script("kind.sh", KIND_TARGET="no-such-target")
    assert (done.code, "nothing to verify" in done.output) == (0, True)


def test_a_change_of_a_library_is_one_of_every_service(clone: Clone) -> None:
    base = clone.git("rev-parse", "HEAD")
    library = "charts/metrics/values.yaml"
    defaults = (clone.root / library).read_text()
    assert "METRICS_PATH" not in defaults
    clone.commit("Another path", clone.edit(library, "path: /metrics", "path: /stats"))
    done = clone.script("kind.sh", BASE_SHA=base, KIND_TARGET="no-such-target")
    # each was tried, none verified: there is no such target
    assert done.code == 1
    assert "Not PASS: aaa-api aaa-gateway" in done.output


def test_a_base_that_is_not_there_is_told(clone: Clone) -> None:
    done = clone.script("guard.sh", BASE_SHA="1" * 40)
    assert done.code == 3
    assert f"There is no commit {'1' * 40} here" in done.output


@pytest.mark.parametrize(
    ("script", "variables", "says"),
    [
        ("staging-verify.sh", {}, "GATE_SIGNING_KEY is not set"),
        ("staging-verify.sh", {"GATE_SIGNING_KEY": "x"}, "STAGING_CONTEXT is not set"),
        ("comment.sh", {}, "FORGE is not set"),
        ("comment.sh", {"FORGE": "gitea"}, "FORGE is gitea"),
        ("comment.sh", {"FORGE": "github"}, "MERGE_REQUEST is not set"),
        ("promote.sh", {}, "no verdict of staging"),
    ],
)
def test_what_is_missing_is_one_sentence(clone: Clone, script: str, variables: dict[str, str], says: str) -> None:
    done = clone.script(script, **variables)
    assert done.code == 3
    assert says in done.output


def test_no_verdict_is_no_comment(clone: Clone) -> None:
    done = clone.script("comment.sh", FORGE="gitlab", MERGE_REQUEST="platform/fleet!7")
    assert (done.code, "no verdict to write down" in done.output) == (0, True)


@pytest.mark.live
def test_kind_verifies_what_changed_and_nothing_else(clone: Clone) -> None:
    base = clone.git("rev-parse", "HEAD")
    more_series(clone)
    done = clone.script("kind.sh", BASE_SHA=base, KIND_TARGET="embedded", GATE_SIGNING_KEY="never looked at")
    assert done.code == 0, done.output
    assert {path.parent.name for path in (clone.root / "build/gate").glob("*/verdict.json")} == {"archive-tagger"}
    assert not (clone.root / "build/verdicts").exists()  # it signs nothing


@pytest.mark.live
def test_kind_ends_with_what_is_not_pass_and_goes_through_all(clone: Clone) -> None:
    text = (clone.root / STAGING).read_text()
    clone.commit("Misbehave", {STAGING: text + '    REFERENCE_MISBEHAVE: "errors"\n'})
    done = clone.script("kind.sh", SERVICES="archive-tagger, aaa-api", KIND_TARGET="embedded")
    assert done.code == 1
    assert "Not PASS: archive-tagger." in done.output
    outcomes = {
        path.parent.name: json.loads(path.read_text())["outcome"]
        for path in Path(clone.root / "build/gate").glob("*/verdict.json")
    }
    assert outcomes == {"archive-tagger": "FAIL", "aaa-api": "PASS"}
