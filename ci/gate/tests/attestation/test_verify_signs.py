"""`gate verify` with a key signs what it found, and compares with the release promoted last. What runs the release is left out here."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.attestation.envelope import open_file, seal
from promotion_gate.attestation.keys import SIGNING_KEY_VARIABLE, new_pair, trusted_keys
from promotion_gate.cli import main
from promotion_gate.promotion.audit_log import AUDIT_LOG, append
from promotion_gate.reporters import json_report
from promotion_gate.targets import TargetError
from promotion_gate.verdict import Outcome, Override, Verdict
from promotion_gate.verdicts import promotion_file
from promotion_gate.verification import Candidate, Verification

LIBRARIES = ("metrics", "workload", "crds")


class Checkout:
    """A checkout with one service, a pair of keys, and a gate whose releases are never run."""

    def __init__(self, root: Path, scratch: Path, source: Path) -> None:
        self.root, self.reports, self.store = root, scratch / "reports", scratch / "verdicts"
        (root / "charts" / "services").mkdir(parents=True)
        for name in ("services/aaa-api", *LIBRARIES):
            if (source / "charts" / name).exists():
                (root / "charts" / name).symlink_to(source / "charts" / name)
        (root / "ci").mkdir()
        (root / "ci" / "promotion-policy.yaml").write_bytes((source / "ci" / "promotion-policy.yaml").read_bytes())
        self.key = scratch / "key.pem"
        self.signer = new_pair("staging", root / "ci" / "keys", self.key)
        self.seen: list[Candidate] = []

    def verify(self, *more: str, env: dict[str, str] | None = None, environment: str = "staging") -> Result:
        arguments = ["verify", "aaa-api", environment, "--root", self.root, "--reports", self.reports]
        arguments += ["--verdicts", self.store, *more]
        return CliRunner().invoke(
            main, [str(one) for one in arguments], env={SIGNING_KEY_VARIABLE: None, **(env or {})}
        )

    def open(self, path: Path) -> Verdict:
        return open_file(path, trusted_keys(self.root / "ci" / "keys"))

    def judge(self, candidate: Candidate) -> Verdict:
        """What the run found, in place of a run."""
        self.seen.append(candidate)
        now = datetime.now(UTC)
        held = tuple(o for o in candidate.overrides if o.given_at <= now < o.expires_at)
        return verdict(release=candidate.release.model_dump(), started_at=now, finished_at=now, overrides=held)


@pytest.fixture
def checkout(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    (tmp_path / "root").mkdir()
    made = Checkout(tmp_path / "root", tmp_path, root)
    monkeypatch.setattr(Verification, "verify", lambda _self, candidate, *_: made.judge(candidate))
    return made


def test_with_a_key_it_is_signed_and_stored(checkout: Checkout) -> None:
    result = checkout.verify("--key", str(checkout.key))
    assert result.exit_code == 0, result.output
    written = json_report.read(checkout.reports / "verdict.json")
    assert checkout.open(checkout.reports / "verdict.dsse.json") == written
    assert checkout.open(checkout.store / "aaa-api" / "staging.dsse.json") == written


def test_the_key_may_be_in_the_environment(checkout: Checkout) -> None:
    assert checkout.verify(env={SIGNING_KEY_VARIABLE: checkout.key.read_text()}).exit_code == 0
    assert checkout.open(checkout.store / "aaa-api" / "staging.dsse.json").outcome is Outcome.PASS


def test_without_a_key_nothing_is_signed_and_an_older_one_is_kept(checkout: Checkout) -> None:
    checkout.verify("--key", str(checkout.key))
    stored = checkout.store / "aaa-api" / "staging.dsse.json"
    before = stored.read_text()
    assert checkout.verify().exit_code == 0
    assert not (checkout.reports / "verdict.dsse.json").exists()
    assert stored.read_text() == before


def test_a_run_without_a_verdict_leaves_no_older_one(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.verify("--key", str(checkout.key))

    def breaks(*_: Any) -> Verdict:
        raise TargetError("It rained.")

    monkeypatch.setattr(Verification, "verify", breaks)
    result = checkout.verify("--key", str(checkout.key))
    assert (result.exit_code, result.stderr) == (3, "gate: It rained.\n")
    assert not (checkout.store / "aaa-api" / "staging.dsse.json").exists()
    assert not (checkout.reports / "verdict.dsse.json").exists()


def test_a_key_that_cannot_sign_is_told_before_anything_runs(checkout: Checkout, tmp_path: Path) -> None:
    result = checkout.verify("--key", str(tmp_path / "none.pem"))
    assert result.exit_code == 3
    assert "none.pem cannot be read" in result.stderr
    assert checkout.seen == []


def promoted(checkout: Checkout, one: Verdict, destination: str = "production") -> Path:
    """Puts the verdict where a promotion puts it; its service's chart is a link into the real tree, so it is copied first."""
    service = checkout.root / "charts" / "services" / "aaa-api"
    if service.is_symlink():
        source = service.resolve()
        service.unlink()
        shutil.copytree(source, service)
    path = checkout.root / promotion_file("aaa-api", destination)
    path.write_text(seal(one, checkout.signer))
    return path


def test_the_baseline_is_the_release_promoted_last(checkout: Checkout) -> None:
    promoted(checkout, verdict())
    assert checkout.verify().exit_code == 0
    assert checkout.verify(environment="production").exit_code == 0
    assert [candidate.baseline for candidate in checkout.seen] == [verdict(), None]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_text("{}"), "is no DSSE envelope"),
        (lambda path: path.write_text(path.read_text().replace("payload", "payl", 1)), "is no DSSE envelope"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_an_error(checkout: Checkout, spoil: Any, says: str) -> None:
    spoil(promoted(checkout, verdict()))
    result = checkout.verify()
    assert result.exit_code == 3
    assert says in result.stderr
    assert checkout.seen == []


def test_a_baseline_of_a_key_that_is_not_trusted_is_an_error(checkout: Checkout) -> None:
    promoted(checkout, verdict())
    (checkout.root / "ci" / "keys" / "staging.pem").unlink()
    result = checkout.verify()
    assert result.exit_code == 3
    assert "cannot be trusted" in result.stderr


@pytest.mark.parametrize("signed", [True, False])
def test_a_baseline_may_be_named(checkout: Checkout, tmp_path: Path, *, signed: bool) -> None:
    promoted(checkout, verdict("restarts+"))
    named = tmp_path / "named.json"
    named.write_text(seal(verdict(), checkout.signer) if signed else json_report.render(verdict()))
    assert checkout.verify("--baseline", str(named)).exit_code == 0
    assert checkout.seen[0].baseline == verdict()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ('{"schema_version": "2"}', "is malformed"),
        (json_report.render(verdict(release={"service": "aaa-gateway"})), "is about aaa-gateway in staging"),
        (json_report.render(verdict(release={"environment": "production"})), "is about aaa-api in production"),
    ],
)
def test_a_named_baseline_that_cannot_be_used_is_an_error(
    checkout: Checkout, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "named.json").write_text(text)
    result = checkout.verify("--baseline", str(tmp_path / "named.json"))
    assert result.exit_code == 3
    assert says in result.stderr


def override(**changes: Any) -> Override:
    now = datetime.now(UTC)
    fields = {
        "service": "aaa-api", "environment": "staging", "check": "restarts", "actor": "sam", "reason": "drained",
        "ticket": "OPS-1", "given_at": now - timedelta(hours=1), "expires_at": now + timedelta(hours=1),
    }  # fmt: skip
    return Override.model_validate(fields | changes)


def test_overrides_of_this_release_are_in_the_verdict(checkout: Checkout) -> None:
    others = (override(service="aaa-gateway"), override(environment="production"))
    expired = override(expires_at=datetime.now(UTC) - timedelta(minutes=1))
    for one in (*others, expired, override(actor="kim")):
        append(checkout.root / AUDIT_LOG, one)
    assert checkout.verify("--key", str(checkout.key)).exit_code == 0
    assert [o.actor for o in checkout.open(checkout.reports / "verdict.dsse.json").overrides] == ["kim"]
    assert len(checkout.seen[0].overrides) == 2


def test_a_broken_audit_log_is_an_error(checkout: Checkout) -> None:
    append(checkout.root / AUDIT_LOG, override())
    (checkout.root / AUDIT_LOG).write_text((checkout.root / AUDIT_LOG).read_text()[:-10])
    result = checkout.verify()
    assert result.exit_code == 3
    assert "overrides.jsonl, line 1, is cut off" in result.stderr
