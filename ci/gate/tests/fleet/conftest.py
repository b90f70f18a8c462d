"""A small checkout of real charts, a service of each role, with keys and really signed verdicts about what it holds."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import Signer

from promotion_gate.admission import required_of
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import new_pair
from promotion_gate.policy import load_policy
from promotion_gate.verdict import (
    SCHEMA_VERSION,
    CheckRecord,
    Finding,
    Observation,
    Outcome,
    TargetRecord,
    Verdict,
)
from promotion_gate.verdicts import promotion_file, stored
from promotion_gate.verification import prepare

ROOT = Path(__file__).resolve().parents[4]
SERVICES = ("aaa-api", "asset-monitor", "archive-tagger")
"""An HTTP API, a consumer and a runner: a service of each wave."""
NOW = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)
POLICY = "ci/promotion-policy.yaml"


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.test"]
    return subprocess.run(
        ["git", "-C", root, *identity, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass
class Checkout:
    """The checkout, and who signs."""

    root: Path
    store: Path
    signer: Signer
    key: Path

    def verdict(
        self,
        service: str = "aaa-api",
        environment: str = "staging",
        *,
        hours: float = 1,
        at: datetime = NOW,
        outcomes: dict[str, Outcome] | None = None,
        changes: dict[str, Any] | None = None,
        fit: bool = True,
        promoted: Verdict | None = None,
    ) -> Verdict:
        """A verdict about what the checkout holds, `hours` before `at`; every check that the policy requires is PASS but for `outcomes`.

        `changes` are other fields of the release.
        """
        rules = load_policy(self.root / POLICY)
        candidate = prepare(self.root, service, environment, rules)
        finished = at - timedelta(hours=hours)
        release = candidate.release.model_copy(
            update={
                "image_digests": (f"sha256:{'d' * 64}",),
                "uncommitted_changes": False,
                **(changes or {}),
            }
        )
        bare = Verdict(
            schema_version=SCHEMA_VERSION,
            release=release,
            target=TargetRecord(name="context:staging", kind="cluster", identity="uid-1", fit_for_promotion=fit),
            policy=candidate.policy_record,
            started_at=finished - timedelta(minutes=1),
            finished_at=finished,
            required_checks=(),
            checks=(),
        )
        required = required_of(bare, rules[0], candidate.workload, promoted)
        records = tuple(_record(check, (outcomes or {}).get(check, Outcome.PASS)) for check in required)
        return bare.model_copy(update={"required_checks": required, "checks": records})

    def keep(self, verdict: Verdict, *, signer: Signer | None = None) -> Path:
        """Puts the verdict into the store, as `gate verify` does."""
        path = stored(self.store, verdict.release.service, verdict.release.environment)
        return self._write(path, verdict, signer)

    def promote(self, verdict: Verdict, *, signer: Signer | None = None) -> Path:
        """Puts the verdict beside production's values, and its values into them: what `gate promote` comes to."""
        path = self.root / promotion_file(verdict.release.service, "production")
        if verdict.release.values:
            backend = verdict.release.values["env.standard.PROMETHEUS_BACKEND"]
            values = path.with_name("values.yaml")
            text = values.read_text()
            values.write_text(
                text + f"\nenv:\n  standard:\n    PROMETHEUS_BACKEND: {backend}\n" if "env:" not in text else text
            )
        return self._write(path, verdict, signer)

    def _write(self, path: Path, verdict: Verdict, signer: Signer | None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(seal(verdict, signer or self.signer))
        return path

    def commit(self) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "--message", "work")


def _record(check: str, outcome: Outcome) -> CheckRecord:
    seen = Observation(subject="a pod", observed="1", expected="1", outcome=outcome)
    remedy = "" if outcome is Outcome.PASS else "Mend it."
    finding = Finding(outcome=outcome, summary="seen", observations=(seen,), remedy=remedy)
    return CheckRecord(id=check, title=check, documentation=f"docs/checks/{check}.md", finding=finding)


def make_checkout(folder: Path, services: Sequence[str] = SERVICES) -> Checkout:
    root = folder / "checkout"
    for library in ("metrics", "workload"):
        shutil.copytree(ROOT / "charts" / library, root / "charts" / library)
    for service in services:
        shutil.copytree(ROOT / "charts" / "services" / service, root / "charts" / "services" / service)
    (root / "ci").mkdir()
    shutil.copy(ROOT / POLICY, root / POLICY)
    (root / ".gitignore").write_text("build/\n")
    key = folder / "key.pem"
    signer = new_pair("test", root / "ci" / "keys", key)
    git(folder, "init", "--quiet", "--initial-branch", "main", str(root))
    checkout = Checkout(root, root / "build" / "verdicts", signer, key)
    checkout.commit()
    return checkout


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make_checkout(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def checkout(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A copy that a test may change."""
    root = tmp_path / "checkout"
    shutil.copytree(pristine.root, root, symlinks=True)
    return Checkout(root, root / "build" / "verdicts", pristine.signer, pristine.key)


@pytest.fixture
def stranger(tmp_path: Path) -> Signer:
    """A key that nobody trusts."""
    return new_pair("stranger", tmp_path / "other-keys", tmp_path / "stranger.pem")


MakeVerdict = Callable[..., Verdict]
