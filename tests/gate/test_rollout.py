"""`gate rollout` itself, in a throw-away checkout: it really verifies, promotes, commits, is killed, and goes on."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from ci.gate.tests.fleet.conftest import Checkout, git, make_checkout
from promotion_gate.fleet import document, rollout_state
from promotion_gate.fleet.document import Standing
from promotion_gate.fleet.rollout_state import RolloutState, ServiceProgress, Stage
from promotion_gate.verdict import Outcome

pytestmark = pytest.mark.live

GATE = str(Path(sys.executable).with_name("gate"))
APIS = ("aaa-api", "usage-api")
PENDING, VERIFIED, PROMOTED, FAILED = Stage
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "nobody"), ("EMAIL", "nobody@example.test"))
}


class Rollout:
    """Runs the command in the checkout."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.environment = {**os.environ, **IDENTITY, "COLUMNS": "160"}

    def command(self, *arguments: str) -> list[str]:
        given = ["--key", str(self.checkout.key)]
        return [GATE, "rollout", *given, *arguments]

    def __call__(self, *arguments: str, code: int) -> str:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.checkout.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.checkout.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def path(self) -> Path:
        return self.checkout.root / "build" / "rollout" / "wave-1.json"

    def state(self) -> RolloutState:
        state = rollout_state.load(self.path)
        assert state is not None
        return state

    def stages(self) -> dict[str, Stage]:
        return {service: progress.stage for service, progress in self.state().services.items()}

    def status(self) -> dict[tuple[str, str], document.ReleaseStatus]:
        done = subprocess.run(
            [GATE, "status", "--json"], cwd=self.checkout.root, capture_output=True, text=True, check=True
        )
        return {(row.service, row.environment): row for row in document.read(done.stdout).releases}

    def were_verified(self, **outcomes: dict[str, Outcome]) -> None:
        """As if the services had just been verified in a cluster, with really signed verdicts, and the rollout killed then."""
        now = datetime.now(UTC)
        state = rollout_state.begun(1, ["http-api"], APIS, now)
        for service in APIS:
            path = self.checkout.keep(
                self.checkout.verdict(service, at=now, outcomes=outcomes.get(service.replace("-", "_")))
            )
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            state = state.with_progress(service, ServiceProgress(stage=VERIFIED, verdict_sha256=digest, at=now))
        rollout_state.save(state, self.path)


@pytest.fixture
def rollout(tmp_path: Path) -> Rollout:
    return Rollout(make_checkout(tmp_path, (*APIS, "asset-monitor", "archive-tagger")))


def test_what_is_proved_is_promoted_committed_and_not_done_again(rollout: Rollout) -> None:
    rollout.were_verified()
    said = rollout("--wave", "1", "--target", "context:none", "--resume", "--commit", code=0)
    assert "Wave 1: 2 promoted. It is complete." in said
    assert rollout.stages() == dict.fromkeys(APIS, PROMOTED)
    assert git(rollout.checkout.root, "status", "--porcelain") == ""
    assert git(rollout.checkout.root, "log", "-1", "--format=%s") == "Promote wave 1 to production: aaa-api, usage-api"
    changed = git(rollout.checkout.root, "show", "--name-only", "--format=").splitlines()
    assert sorted(changed) == sorted(
        f"charts/services/{service}/environments/production/{name}"
        for service in APIS
        for name in ("promotion.dsse.json", "values.yaml")
    )
    status = rollout.status()
    for service in APIS:
        row = status[service, "production"]
        assert (row.standing, row.backend) == (Standing.PROVED, "otel")
    before = rollout.path.read_text()
    rollout("--wave", "1", "--target", "context:none", "--commit", code=0)
    assert rollout.path.read_text() == before
    # and the next wave may begin now, but nothing of it is proved yet
    said = rollout("--wave", "2", "--dry-run", code=0)
    assert "verify, then promote" in said
    assert "Wave 3 has to wait: of wave 2, asset-monitor is not promoted" in rollout("--wave", "3", "--dry-run", code=3)


def test_a_verdict_that_is_no_pass_is_verified_again_and_never_promoted(rollout: Rollout) -> None:
    rollout.were_verified(usage_api={"memory": Outcome.FAIL})
    said = rollout("--wave", "1", "--target", "context:no-such-context", code=3)
    assert rollout.stages() == {"aaa-api": PROMOTED, "usage-api": FAILED}
    assert "no-such-context" in rollout.state().services["usage-api"].reason
    assert "It is not complete, and no later wave begins." in said
    changed = git(rollout.checkout.root, "status", "--porcelain")
    assert "aaa-api" in changed
    assert "usage-api" not in changed
    # what was promoted has to be in a commit, before the other one is verified in a checkout that is what a commit holds
    said = rollout("--wave", "1", "--target", "context:no-such-context", code=3)
    assert "The checkout has changes that no commit holds, so that no verdict of it could promote usage-api" in said


def test_a_rehearsal_verifies_and_promotes_nothing(rollout: Rollout) -> None:
    said = rollout("--wave", "1", "--target", "embedded", "--jobs", "2", "--window", "5", code=1)
    assert "A rehearsal" in said
    assert rollout.stages() == dict.fromkeys(APIS, FAILED)
    for service in APIS:
        assert rollout.state().services[service].reason.startswith("a verdict from the embedded target never promotes")
        verdict: dict[str, Any] = json.loads(
            (rollout.checkout.root / "build" / "rollout" / "wave-1" / service / "verdict.json").read_text()
        )
        assert verdict["release"]["service"] == service
        assert verdict["outcome"] == "PASS", verdict["checks"]
    assert git(rollout.checkout.root, "status", "--porcelain") == ""
    assert "has to wait: of wave 1, aaa-api, usage-api are not promoted" in rollout(
        "--wave", "2", "--target", "embedded", code=3
    )


def _children(process: subprocess.Popen[str], name: str) -> list[psutil.Process]:
    try:
        found = psutil.Process(process.pid).children(recursive=True)
        return [child for child in found if name in " ".join(child.cmdline())]
    except psutil.Error:
        return []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_interrupted_and_stops_what_it_started(rollout: Rollout, number: signal.Signals) -> None:
    process = rollout.start("--wave", "1", "--target", "embedded", "--window", "60")
    deadline = time.monotonic() + 60
    while not (services := _children(process, "reference-service")):
        assert time.monotonic() < deadline, "no pod was started"
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted: the state is kept; run the same again to go on." in errors
    _, alive = psutil.wait_procs(services, timeout=20)
    assert not alive
    assert rollout.stages() == dict.fromkeys(APIS, PENDING)


def test_two_at_once_are_one_too_many(rollout: Rollout) -> None:
    folder = rollout.path.parent
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = rollout("--wave", "1", "--target", "embedded", code=3)
    assert "Another rollout is at work in build/rollout" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say which: --wave N"),
        (("--wave", "1", "--all", "--target", "kind"), "Say which: --wave N"),
        (("--wave", "1"), "Say where staging is verified"),
        (("--all", "--target", "kind"), "--all needs --commit"),
        (("--wave", "1", "--resume", "--restart"), "leave one of the two out"),
        (("--wave", "9", "--target", "kind"), "There is no wave 9: the policy has 3 waves"),
        (("--wave", "1", "--resume", "--target", "kind"), "There is no rollout of wave 1 to go on with"),
        (("--wave", "2", "--target", "kind"), "Wave 2 has to wait: of wave 1, aaa-api, usage-api are not promoted"),
        (
            ("--wave", "1", "--target", "context:x", "--key", "no-such-file"),
            "The private key no-such-file cannot be read",
        ),
    ],
)
def test_what_cannot_begin_is_told_in_a_sentence(rollout: Rollout, arguments: tuple[str, ...], sentence: str) -> None:
    said = rollout(*arguments, code=3)
    assert sentence in said
    assert len(said.splitlines()) == 1
