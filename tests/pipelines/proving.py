"""A verdict as staging's cluster would give it of what a clone has committed, signed with a key that the clone trusts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import Signer

from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import KEYS_FOLDER, new_pair
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import STORE, stored
from promotion_gate.verification import prepare
from tests.pipelines.conftest import Clone

DIGEST = f"sha256:{'d' * 64}"


def trusted(clone: Clone) -> Signer:
    """A signer whose public key is committed and merged."""
    signer = new_pair("pipeline", clone.root / KEYS_FOLDER, clone.root.parent / "key.pem")
    clone.commit("Trust a key", push=True)
    return signer


def proved(clone: Clone, service: str, outcome: str = "+") -> Verdict:
    """What the policy requires of the service in a cluster, each check with this outcome, of the commit that is checked out."""
    policy = load_policy(clone.root / POLICY_FILE)
    candidate = prepare(clone.root, service, "staging", policy)
    required = tuple(policy[0].required("cluster", candidate.workload, baseline=False))
    now = datetime.now(UTC)
    return verdict(
        " ".join(f"{check}{outcome}" for check in required),
        release={**candidate.release.model_dump(), "image_digests": (DIGEST,)},
        policy=candidate.policy_record,
        started_at=now,
        finished_at=now,
        window=None,
    )


def keep(clone: Clone, given: Verdict, signer: Signer) -> Path:
    """Puts it where `gate verify` does, and returns the file."""
    path = stored(clone.root / STORE, given.release.service, given.release.environment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(seal(given, signer), encoding="utf-8")
    return path
