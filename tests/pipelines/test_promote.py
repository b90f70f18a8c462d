"""The promotion, over the throw-away remote: what is proved is proposed there, nothing else is, and the guard lets in just that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.conftest import Clone
from tests.pipelines.proving import keep, proved, trusted

SERVICE = "archive-tagger"
FOLDER = f"charts/services/{SERVICE}/environments/production"
FILES = {f"{FOLDER}/values.yaml", f"{FOLDER}/promotion.dsse.json"}


def changed_files(clone: Clone, branch: str) -> set[str]:
    """What a branch of the remote has otherwise than main."""
    return set(clone.remote_git("diff", "--name-only", "main", branch).split())


def proposal(clone: Clone) -> str:
    """The one branch beside main."""
    (branch,) = clone.branches() - {"main"}
    return branch


def guarded(clone: Clone, commit: str) -> tuple[int, str]:
    """What the guard says of a commit, judged from main as in a job."""
    clone.git("checkout", "--quiet", "--detach", "origin/main")
    done = clone.script("guard.sh", BASE_BRANCH="main", HEAD_SHA=commit)
    assert "Traceback" not in done.output, done.output
    return done.code, done.output


def test_what_is_proved_is_proposed_and_the_guard_lets_it_in(clone: Clone) -> None:
    signer = trusted(clone)
    sealed = keep(clone, proved(clone, SERVICE), signer).read_text()
    head = clone.git("rev-parse", "HEAD")
    done = clone.script("promote.sh")
    assert done.code == 0, done.output
    branch = proposal(clone)
    assert branch == f"promote/{SERVICE}-{head[:12]}"
    assert changed_files(clone, branch) == FILES
    assert clone.remote_git("show", f"{branch}:{FOLDER}/promotion.dsse.json") == sealed.strip()
    values = clone.remote_git("show", f"{branch}:{FOLDER}/values.yaml")
    assert "PROMETHEUS_BACKEND: otel" in values
    assert values.startswith((clone.root / FOLDER / "values.yaml").read_text().strip())  # the rest is as it was
    assert clone.remote_git("rev-parse", "main") == head  # nobody pushed there
    message = clone.remote_git("show", "--no-patch", "--format=%an%n%B", branch)
    assert message.startswith("Promotion gate\nPromote archive-tagger to production\n\narchive-tagger promoted")
    assert str(clone.root) not in message
    # the checkout is as it was
    assert (clone.git("status", "--porcelain"), clone.git("rev-parse", "HEAD")) == ("", head)
    assert clone.git("worktree", "list").count("\n") == 0

    clone.git("fetch", "--quiet", "origin")
    code, output = guarded(clone, f"origin/{branch}")
    assert code == 0, output


def test_the_guard_refuses_the_same_values_without_the_verdict(clone: Clone) -> None:
    trusted(clone)
    values = (clone.root / FOLDER / "values.yaml").read_text()
    commit = clone.commit(
        "Promote by hand", {f"{FOLDER}/values.yaml": f"{values}\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n"}
    )
    code, output = guarded(clone, commit)
    assert code == 1, output
    assert "Production changes and no verdict says that staging proved it" in output


def test_the_guard_refuses_a_key_that_comes_with_the_change(clone: Clone) -> None:
    signer = trusted(clone)
    given = proved(clone, SERVICE)
    clone.git("rm", "--quiet", "ci/keys/pipeline.pem")
    clone.commit("Trust it no more", push=True)
    keep(clone, given, signer)  # what was proved is still rendered; only who vouches for it is not trusted
    key = clone.git("show", "HEAD~1:ci/keys/pipeline.pem")
    (clone.root / "ci/keys").mkdir(exist_ok=True)
    clone.commit("Bring the key along", {"ci/keys/pipeline.pem": key + "\n"})
    values = (clone.root / FOLDER / "values.yaml").read_text()
    sealed = (clone.root / f"build/verdicts/{SERVICE}/staging.dsse.json").read_text()
    commit = clone.commit(
        "Promote",
        {
            f"{FOLDER}/values.yaml": f"{values}\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n",
            f"{FOLDER}/promotion.dsse.json": sealed,
        },
    )
    code, output = guarded(clone, commit)
    assert code == 1, output
    assert "promotion.dsse.json cannot be trusted" in output


@pytest.mark.parametrize("outcome", ["-", "?"])
def test_what_is_not_proved_is_not_proposed(clone: Clone, outcome: str) -> None:
    signer = trusted(clone)
    keep(clone, proved(clone, SERVICE, outcome), signer)
    done = clone.script("promote.sh")
    assert done.code == 1
    assert f"Not promoted: {SERVICE}." in done.output
    assert clone.branches() == {"main"}


def test_one_that_is_refused_holds_up_no_other(clone: Clone) -> None:
    signer = trusted(clone)
    keep(clone, proved(clone, "aaa-api", "-"), signer)
    keep(clone, proved(clone, SERVICE), signer)
    done = clone.script("promote.sh")
    assert done.code == 1
    assert "Not promoted: aaa-api." in done.output
    assert changed_files(clone, proposal(clone)) == FILES


def test_what_is_proposed_already_is_not_proposed_again(clone: Clone) -> None:
    signer = trusted(clone)
    keep(clone, proved(clone, SERVICE), signer)
    assert clone.script("promote.sh").code == 0
    before = clone.remote_git("rev-parse", proposal(clone))
    again = clone.script("promote.sh")
    assert (again.code, "proposed already" in again.output) == (0, True)
    assert clone.remote_git("rev-parse", proposal(clone)) == before


def test_what_is_not_merged_is_not_promoted(clone: Clone) -> None:
    signer = trusted(clone)
    clone.commit("Not merged", {"charts/services/archive-tagger/NOTES": "x\n"})
    keep(clone, proved(clone, SERVICE), signer)
    done = clone.script("promote.sh")
    assert done.code == 3
    assert "is not in main: merge it first" in done.output
    assert clone.branches() == {"main"}


def test_a_key_that_nobody_trusts_promotes_nothing(clone: Clone) -> None:
    signer = trusted(clone)
    clone.git("rm", "--quiet", "ci/keys/pipeline.pem")
    clone.commit("Trust it no more", push=True)
    keep(clone, proved(clone, SERVICE), signer)
    assert clone.script("promote.sh").code == 1
    assert clone.branches() == {"main"}


def test_gitlab_is_asked_for_a_merge_request_with_the_push(clone: Clone) -> None:
    signer = trusted(clone)
    keep(clone, proved(clone, SERVICE), signer)
    done = clone.script("promote.sh", FORGE="gitlab")
    assert done.code == 0, done.output
    assert (clone.remote / "push-options").read_text().splitlines() == [
        "merge_request.create",
        "merge_request.target=main",
        "merge_request.title=Promote archive-tagger to production",
        "merge_request.remove_source_branch",
    ]


def test_github_is_asked_for_a_pull_request_after_it(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = trusted(clone)
    keep(clone, proved(clone, SERVICE), signer)
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    done = clone.script("promote.sh", FORGE="github")
    assert done.code == 0, done.output
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:6] == ["pr", "create", "--base", "main", "--head", proposal(clone)]
    assert "Promote archive-tagger to production" in asked


@pytest.mark.live
def test_a_verdict_from_the_embedded_target_is_signed_and_promotes_nothing(clone: Clone) -> None:
    trusted(clone)
    done = clone.script(
        "staging-verify.sh",
        SERVICES=SERVICE,
        STAGING_TARGET="embedded",
        GATE_SIGNING_KEY=(clone.root.parent / "key.pem").read_text(),
    )
    assert done.code == 0, done.output
    assert (clone.root / f"build/verdicts/{SERVICE}/staging.dsse.json").is_file()
    refused = clone.script("promote.sh")
    assert refused.code == 1
    assert "a verdict from the embedded target never promotes" in refused.output
    assert clone.branches() == {"main"}
