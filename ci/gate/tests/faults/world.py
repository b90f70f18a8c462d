"""Everything between evidence and production's values file, as it is for a clean release; a fault changes one thing in it.

The release is the real chart of aaa-api in a checkout of its own, with its own keys. The evidence is made (what real processes and a
real cluster show is in tests/gate); all that follows is the gate's own code: checks, verdict, signature, store, promotion.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer

from ci.gate.tests.test_verification import ScriptedTarget
from promotion_gate import checks
from promotion_gate.admission import State
from promotion_gate.attestation.envelope import read_text, seal
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import KEYS_FOLDER, new_pair, trusted_keys
from promotion_gate.checks import Check
from promotion_gate.checks.check import Subject
from promotion_gate.policy import POLICY_FILE, PolicyError, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.promotion.promoting import carry_out, propose
from promotion_gate.reporters.json_report import VerdictError
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import STORE, last_promoted, promotion_file, stored
from promotion_gate.verification import assess, prepare, with_history

SERVICE = "aaa-api"
COPIED = ("charts/metrics", "charts/workload", f"charts/services/{SERVICE}", str(POLICY_FILE))
PRODUCTION = Path("charts", "services", SERVICE, "environments", "production", "values.yaml")


def checkout(source: Path, folder: Path) -> Signer:
    """A repository of its own with the one service, whose policy is content with what made evidence shows; returns who signs."""
    for part in COPIED:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (source / part).is_dir() else shutil.copyfile
        copy(source / part, folder / part)
    policy = (folder / POLICY_FILE).read_text()
    (folder / POLICY_FILE).write_text(policy.replace("http-api: 100", "http-api: 60"))
    signer = new_pair("team", folder / KEYS_FOLDER, folder.parent / "team.key")
    (folder / ".gitignore").write_text("build/\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "suite")
    git(folder, "config", "user.email", "suite@example.com")
    commit(folder)
    return signer


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is", "--allow-empty")


@dataclass
class World:
    """One release on its way to production."""

    root: Path
    subject: Subject
    signer: Signer
    target: ScriptedTarget
    run: tuple[Check, ...] = checks.ALL
    said: tuple[str, ...] = ()
    policy_file: Path | None = None
    edit_verdict: Callable[[Verdict], Verdict] = lambda verdict: verdict
    edit_signed: Callable[[str], str] = lambda text: text
    after_signing: Callable[[World], None] = lambda _: None
    later: timedelta = timedelta(minutes=5)
    """After the verdict was given, somebody promotes it."""
    told: list[str] = field(default_factory=list)

    def evidence(self, **parts: Any) -> None:
        """Other parts of the evidence."""
        self.subject = replace(self.subject, evidence=replace(self.subject.evidence, **parts))

    def verdict(self) -> Verdict:
        """As `gate verify` judges the evidence."""
        policy = load_policy(self.policy_file or self.root / POLICY_FILE)
        keys = trusted_keys(self.root / KEYS_FOLDER)
        prepared = prepare(self.root, SERVICE, "staging", policy, said=self.said)
        candidate = replace(prepared, workload=self.subject.workload, contract=self.subject.contract)
        candidate = with_history(candidate, last_promoted(self.root, SERVICE, "production", keys), ())
        return self.edit_verdict(
            assess(candidate, self.subject.evidence, self.target, datetime.now().astimezone(), self.run)
        )

    def promoted(self) -> bool:
        """Verifies, signs, stores, promotes; whether production's values are what staging proved, or all is as it was."""
        before = self.files()
        try:
            verdict = self.verdict()
            path = stored(self.root / STORE, SERVICE, "staging")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.edit_signed(seal(verdict, self.signer)), encoding="utf-8", errors="surrogateescape")
            self.after_signing(self)
            before = self.files()
            self.promote(path, verdict.finished_at + self.later)
        except (AttestationError, VerdictError, PolicyError, _Refused) as error:
            self.told.append(str(error))
            assert self.files() == before, "a refusal changes nothing"
            return False
        assert "PROMETHEUS_BACKEND: otel" in (self.root / PRODUCTION).read_text()
        assert (self.root / promotion_file(SERVICE, "production")).exists()
        return True

    def promote(self, path: Path, now: datetime) -> None:
        """As `gate promote` does."""
        policy, keys = load_policy(self.root / POLICY_FILE), trusted_keys(self.root / KEYS_FOLDER)
        overrides = load_log(self.root / AUDIT_LOG)
        proposal = propose(self.root, SERVICE, read_text(path), str(path), keys, policy, overrides, now)
        if proposal.admission.state is State.REFUSED:
            raise _Refused(" ".join(refusal.sentence for refusal in proposal.admission.refusals))
        carry_out(proposal)

    def files(self) -> tuple[bytes | None, bytes | None]:
        """Production's values and their proof."""
        paths = (self.root / PRODUCTION, self.root / promotion_file(SERVICE, "production"))
        values, proof = (path.read_bytes() if path.exists() else None for path in paths)
        return values, proof


class _Refused(Exception):
    """With the reasons."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and a word of the refusal."""

    area: str
    what: str
    inject: Callable[[World], None]
    says: str
