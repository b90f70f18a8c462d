"""`gate promote` on a real checkout: what it writes, and that it writes nothing where it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.promotion_checkout import BACKEND, Checkout, baseline_of
from promotion_gate.attestation.keys import trusted_keys
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion import promoting
from promotion_gate.promotion.promoting import carry_out, propose
from promotion_gate.reporters.atomic_write import ReportError, atomic_write

PROMOTED = "\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n"


def test_it_writes_what_staging_proved_and_the_proof(checkout: Checkout) -> None:
    before = checkout.values().read_text()
    proof = checkout.keep(checkout.verified()).read_text()
    result = checkout.promote()
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == ["aaa-api promoted", f"  {BACKEND}: not set -> otel"]
    assert checkout.values().read_text() == before + PROMOTED
    assert checkout.proof().read_text() == proof
    assert checkout.git("status", "--porcelain", "--untracked-files=all").split() == [
        "M", "charts/services/aaa-api/environments/production/values.yaml",
        "??", "charts/services/aaa-api/environments/production/promotion.dsse.json",
    ]  # fmt: skip


def test_once_more_changes_nothing(checkout: Checkout) -> None:
    checkout.keep(checkout.verified())
    checkout.promote()
    after = checkout.files()
    result = checkout.promote()
    assert (result.exit_code, result.output) == (0, "aaa-api is promoted already\n")
    assert checkout.files() == after


def test_a_dry_run_shows_and_changes_nothing(checkout: Checkout) -> None:
    checkout.keep(checkout.verified())
    before = checkout.files()
    result = checkout.promote("aaa-api", "--dry-run")
    assert result.exit_code == 0
    assert "aaa-api would be promoted" in result.output
    assert "+    PROMETHEUS_BACKEND: otel\n" in result.output
    assert "promotion.dsse.json: the signed verdict" in result.output
    assert checkout.files() == before


def test_what_staging_does_not_set_goes(checkout: Checkout) -> None:
    staging = checkout.values(environment="staging")
    original = checkout.values().read_text()
    checkout.change(staging, "\n\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel", "")
    checkout.values().write_text(original + PROMOTED)
    checkout.commit()
    checkout.keep(checkout.verified())
    assert checkout.promote().exit_code == 0
    assert checkout.values().read_text() == original


def test_what_production_has_from_below_is_not_written_again(checkout: Checkout) -> None:
    base = checkout.values(environment="")
    base.write_text(base.read_text() + "\nenv: {standard: {PROMETHEUS_BACKEND: otel}}\n")
    checkout.commit()
    before = checkout.values().read_text()
    checkout.keep(checkout.verified())
    assert checkout.promote().exit_code == 0
    assert checkout.values().read_text() == before
    assert checkout.proof().exists()


def test_the_next_promotion_replaces_the_proof_of_the_last(checkout: Checkout) -> None:
    first = checkout.verified()
    checkout.keep(first)
    checkout.promote()
    checkout.commit()
    checkout.keep(checkout.verified())
    assert "another release than the one promoted last" in checkout.promote().stderr
    second = checkout.keep(checkout.verified(baseline=baseline_of(first))).read_text()
    assert checkout.promote().exit_code == 0
    assert checkout.proof().read_text() == second


def test_an_overridden_one_says_so(checkout: Checkout) -> None:
    checkout.keep(checkout.verified(said={"restarts": "-"}))
    assert "restarts is FAIL" in checkout.promote().stderr
    checkout.override("restarts")
    result = checkout.promote()
    assert result.exit_code == 0
    assert result.output.startswith("aaa-api promoted, overridden: restarts by sam (drained; OPS-1; until ")


Spoil = Callable[[Checkout], object]


def stranger(checkout: Checkout) -> None:
    checkout.keep(checkout.verified(), CryptoSigner.generate_ed25519())


def altered(checkout: Checkout) -> None:
    path = checkout.keep(checkout.verified())
    document = json.loads(path.read_text())
    document["payload"] = document["payload"].replace("A", "B", 1)
    path.write_text(json.dumps(document))


def then(change: Spoil) -> Spoil:
    """A change of the checkout after it was verified."""

    def spoil(checkout: Checkout) -> None:
        checkout.keep(checkout.verified())
        change(checkout)

    return spoil


def before(change: Spoil) -> Spoil:
    """A change of the checkout that was verified with all else."""

    def spoil(checkout: Checkout) -> None:
        change(checkout)
        checkout.commit()
        checkout.keep(checkout.verified())

    return spoil


def policy(old: str, new: str) -> Spoil:
    return lambda checkout: checkout.change(checkout.root / POLICY_FILE, old, new)


def production(old: str, new: str) -> Spoil:
    return lambda checkout: checkout.change(checkout.values(), old, new)


def everywhere(text: str) -> Spoil:
    def change(checkout: Checkout) -> None:
        base = checkout.values(environment="")
        base.write_text(base.read_text() + text)

    return change


def chart(old: str, new: str) -> Spoil:
    return lambda checkout: checkout.change(checkout.root / "charts/services/aaa-api/Chart.yaml", old, new)


def anothers(checkout: Checkout) -> None:
    path = checkout.keep(checkout.verified("aaa-gateway"))
    path.parent.rename(checkout.store / "aaa-api")


def audited(checkout: Checkout) -> None:
    (checkout.root / "ci" / "audit").mkdir()
    (checkout.root / "ci" / "audit" / "overrides.jsonl").write_text("x\n")


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


NOT_YET = "not_yet: []", 'not_yet: ["reference-service"]'
TAGGED = "repository: reference-service", "repository: reference-service\n    tag: 1.0.0-rc.1"

REFUSED: dict[str, tuple[Spoil, str]] = {
    "a stranger's signature": (stranger, "is signed by"),
    "an altered verdict": (altered, "was altered after it was signed"),
    "FAIL": (lambda c: c.keep(c.verified(said={"restarts": "-"})), "restarts is FAIL"),
    "INCONCLUSIVE": (lambda c: c.keep(c.verified(said={"memory": "?"})), "memory is INCONCLUSIVE"),
    "another service's": (
        anothers,
        "about the service aaa-gateway, and the checkout has aaa-api",
    ),
    "too old": (
        lambda c: c.keep(c.verified(started_at=hours_ago(26), finished_at=hours_ago(25))),
        "25.0 h old",
    ),
    "staging's values changed": (then(lambda c: c.change(c.values(environment="staging"), "series: 1500", "series: 1501")), "manifests"),
    "all environments' values changed": (then(everywhere("# said\n")), "about a chart"),
    "the library changed": (
        then(lambda c: c.change(c.root / "charts/metrics/Chart.yaml", "name: metrics", "name: metrics # x")), "about a chart",
    ),
    "the policy changed": (then(policy("alpha: 0.01", "alpha: 0.02")), "about the promotion policy"),
    "production does not render": (before(production("series: 3000", "series: many")), "Production would not render"),
    "not yet": (before(policy(*NOT_YET)), "reference-service:0.1.0 does not go to production yet"),
    "a pre-release image": (before(lambda c: c.change(c.values(environment=""), *TAGGED)), "1.0.0-rc.1 is of no release (rc)"),
    "another image in production": (
        before(production("workload:\n", "workload:\n  image: {tag: 0.2.0}\n")),
        "would run reference-service:0.2.0, and reference-service:0.1.0 was proved",
    ),
    "a pre-release pin": (before(everywhere('\nenv: {standard: {EXTRA: "service-metrics==1.0.0rc1"}}\n')), "env.standard.EXTRA is"),
    "a pre-release chart": (before(chart('appVersion: "0.1.0"', 'appVersion: "0.1.0-experiment-7"')), "appVersion 0.1.0-experiment-7"),
    "a pre-release dependency": (before(chart("version: ^1.0.0", "version: ^1.0.0-dev")), "dependency metrics"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(checkout: Checkout, spoil: Spoil, says: str) -> None:
    spoil(checkout)
    files = checkout.files()
    result = checkout.promote()
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert checkout.files() == files


def test_a_key_to_keep_is_kept(checkout: Checkout) -> None:
    service = "outage-mock-server"
    checkout.change(checkout.root / POLICY_FILE, f"keys: [{BACKEND}]", f"keys: [{BACKEND}, dd_trace_enabled]")
    checkout.values(service, "production").write_text("dd_trace_enabled: true\n" + checkout.values(service).read_text())
    checkout.commit()
    checkout.keep(checkout.verified(service))
    result = checkout.promote(service)
    assert result.exit_code == 1
    assert "dd_trace_enabled was true and is false: the policy keeps it" in result.stderr


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (Checkout.files, "There is no signed verdict"),
        (lambda c: c.keep(c.verified()).write_text("{}"), "is no DSSE envelope"),
        (then(lambda c: c.proof().write_text("{}")), "promotion.dsse.json is no DSSE envelope"),
        (then(lambda c: c.values().unlink()), "has no environment 'production'"),
        (then(lambda c: c.values().write_text("a: 1\na: 2\n")), "has a key twice"),
        (then(lambda c: (c.root / POLICY_FILE).unlink()), "cannot be read"),
        (then(audited), "line 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_changes_nothing(checkout: Checkout, spoil: Spoil, says: str) -> None:
    spoil(checkout)
    files = checkout.files()
    result = checkout.promote()
    assert result.exit_code == 3, result.output
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert checkout.files() == files


def test_an_unknown_service_is_told(checkout: Checkout) -> None:
    result = checkout.promote("nobody-api")
    assert (result.exit_code, "There is no signed verdict" in result.stderr) == (3, True)


def proposal(checkout: Checkout) -> promoting.Proposal:
    sealed = checkout.keep(checkout.verified()).read_text()
    keys, rules = trusted_keys(checkout.root / "ci" / "keys"), load_policy(checkout.root / POLICY_FILE)
    return propose(checkout.root, "aaa-api", sealed, "it", keys, rules, (), datetime.now(UTC))


@pytest.mark.parametrize("fails", [0, 1])
@pytest.mark.parametrize("error", [ReportError("disk is full"), KeyboardInterrupt()])
def test_both_files_are_written_or_neither(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, fails: int, error: BaseException
) -> None:
    ready, before, write = proposal(checkout), checkout.files(), atomic_write
    writes: list[Path] = []

    def breaks(path: Path, text: str) -> None:
        writes.append(path)
        if len(writes) == fails + 1:
            raise error
        write(path, text)

    monkeypatch.setattr(promoting, "atomic_write", breaks)
    with pytest.raises(type(error)):
        carry_out(ready)
    assert checkout.files() == before
    assert writes[0] == checkout.values()


def test_killed_between_the_files_the_next_promotion_completes(checkout: Checkout) -> None:
    checkout.keep(checkout.verified())
    killed = (
        "import os, signal, sys\n"
        "from promotion_gate.promotion import promoting\n"
        "write = promoting.atomic_write\n"
        "def once(path, text):\n"
        "    if path.name == 'promotion.dsse.json': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(path, text)\n"
        "promoting.atomic_write = once\n"
        "from promotion_gate.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    arguments = ["promote", "aaa-api", "--root", str(checkout.root), "--verdicts", str(checkout.store)]
    done = subprocess.run([sys.executable, "-c", killed, *arguments], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert BACKEND.rpartition(".")[2] in checkout.values().read_text()
    assert not checkout.proof().exists()
    assert checkout.promote().exit_code == 0
    assert checkout.proof().exists()


def test_what_is_refused_cannot_be_carried_out(checkout: Checkout) -> None:
    sealed = checkout.keep(checkout.verified(said={"restarts": "-"})).read_text()
    keys, rules = trusted_keys(checkout.root / "ci" / "keys"), load_policy(checkout.root / POLICY_FILE)
    refused = propose(checkout.root, "aaa-api", sealed, "it", keys, rules, (), datetime.now(UTC))
    with pytest.raises(ValueError, match="is refused"):
        carry_out(refused)
