"""A small fleet in a real git repository: three services with the real library charts, the real policy, and a key that is trusted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import new_pair
from promotion_gate.cli import main
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, append
from promotion_gate.verdict import BaselineRecord, Override, Verdict
from promotion_gate.verdicts import promotion_file, stored
from promotion_gate.verification import prepare

SOURCE = Path(__file__).resolve().parents[3]
SERVICES = ("aaa-api", "aaa-gateway", "outage-mock-server")
"""Of these, outage-mock-server sets dd_trace_enabled, which is on the keep list."""
LIBRARIES = ("metrics", "workload", "crds")
BACKEND = "env.standard.PROMETHEUS_BACKEND"


class Checkout:
    """The repository, with a first commit on the branch main."""

    def __init__(self, folder: Path) -> None:
        self.root, self.store, self.private = folder / "fleet", folder / "verdicts", folder / "key.pem"
        for name in (*LIBRARIES, *(f"services/{service}" for service in SERVICES)):
            if (SOURCE / "charts" / name).is_dir():
                shutil.copytree(SOURCE / "charts" / name, self.root / "charts" / name)
        (self.root / "ci").mkdir()
        shutil.copy(SOURCE / POLICY_FILE, self.root / POLICY_FILE)
        self.signer: CryptoSigner = new_pair("staging", self.root / "ci" / "keys", self.private)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "somebody")
        self.git("config", "user.email", "somebody@example.invalid")
        self.commit("the fleet")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", self.root, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, what: str = "a change") -> str:
        """All that is in the folder; returns the commit's hash."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", what)
        return self.git("rev-parse", "HEAD")

    def gate(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [arguments[0], *arguments[1:], "--root", str(self.root)])

    def promote(self, service: str = "aaa-api", *more: str) -> Result:
        return self.gate("promote", service, "--verdicts", str(self.store), *more)

    def guard(self, base: str, head: str = "HEAD", *more: str) -> Result:
        return self.gate("guard", f"{base}..{head}", *more)

    def verified(self, service: str = "aaa-api", said: Mapping[str, str] | None = None, **changes: Any) -> Verdict:
        """What `gate verify` would say of the service in staging now, where all is well but for the checks in `said`."""
        policy = load_policy(self.root / POLICY_FILE)
        candidate = prepare(self.root, service, "staging", policy)
        baseline = changes.get("baseline")
        required = policy[0].required("cluster", candidate.workload, baseline=baseline is not None)
        now = datetime.now(UTC)
        release = (
            candidate.release.model_dump() | {"image_digests": (f"sha256:{'d' * 64}",)} | changes.pop("release", {})
        )
        fields: dict[str, Any] = {
            "policy": candidate.policy_record,
            "started_at": now - timedelta(minutes=2),
            "finished_at": now - timedelta(minutes=1),
            **changes,
        }
        return verdict(" ".join(f"{one}{(said or {}).get(one, '+')}" for one in required), release=release, **fields)

    def keep(self, one: Verdict, signer: CryptoSigner | None = None) -> Path:
        """Signs the verdict, and puts it where `gate verify` does."""
        path = stored(self.store, one.release.service, one.release.environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(seal(one, signer or self.signer))
        return path

    def proof(self, service: str = "aaa-api") -> Path:
        return self.root / promotion_file(service, "production")

    def values(self, service: str = "aaa-api", environment: str = "production") -> Path:
        """The values file of an environment; that of all environments if it is empty."""
        folder = self.root / "charts" / "services" / service
        return folder / "environments" / environment / "values.yaml" if environment else folder / "values.yaml"

    def change(self, path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, f"{old!r} is not in {path}"
        path.write_text(text.replace(old, new, 1))

    def says(self, service: str = "aaa-api", environment: str = "production") -> dict[str, Any]:
        data: dict[str, Any] = yaml.safe_load(self.values(service, environment).read_text())
        return data

    def override(self, check: str, service: str = "aaa-api", **changes: Any) -> Override:
        now = datetime.now(UTC)
        fields = {
            "service": service, "environment": "staging", "check": check, "actor": "sam", "reason": "drained",
            "ticket": "OPS-1", "given_at": now - timedelta(minutes=1), "expires_at": now + timedelta(days=1),
        }  # fmt: skip
        one = Override.model_validate(fields | changes)
        append(self.root / AUDIT_LOG, one)
        return one

    def files(self) -> dict[str, bytes]:
        """All that is in the folder, but git's own."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }


def baseline_of(one: Verdict) -> BaselineRecord:
    return BaselineRecord(
        commit=one.release.commit,
        finished_at=one.finished_at,
        manifests_sha256=one.release.manifests_sha256,
        target_identity=one.target.identity,
    )
