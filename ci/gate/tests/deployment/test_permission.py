"""What lets a release go to production: the promotion's verdict, verified once more, about what would be deployed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.promotion_checkout import BACKEND, Checkout
from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.errors import AttestationError, UntrustedError
from promotion_gate.attestation.keys import KEYS_FOLDER, trusted_keys
from promotion_gate.deployment.permission import Permission, other_images, permission
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.verification import prepare


@pytest.fixture
def promoted(tmp_path: Path) -> Checkout:
    """A checkout in which aaa-api was promoted."""
    checkout = Checkout(tmp_path)
    checkout.keep(checkout.verified())
    assert checkout.promote().exit_code == 0
    checkout.commit("promoted")
    return checkout


def asked(checkout: Checkout, now: datetime | None = None, file: Path | None = None) -> Permission:
    policy = load_policy(checkout.root / POLICY_FILE)
    candidate = prepare(checkout.root, "aaa-api", "production", policy)
    keys = trusted_keys(checkout.root / KEYS_FOLDER)
    return permission(checkout.root, candidate, policy, keys, now or datetime.now(UTC), file)


def test_what_was_promoted_may_go(promoted: Checkout) -> None:
    found = asked(promoted)
    assert found.granted, found.why_not
    assert found.file == promoted.proof()
    assert found.admission.words == "admitted"
    assert asked(promoted, file=promoted.store / "aaa-api" / "staging.dsse.json").granted


def test_what_was_promoted_by_somebodys_word_may_go_and_it_is_told(promoted: Checkout) -> None:
    promoted.proof().write_text(seal(promoted.verified(said={"restarts": "-"}), promoted.signer))
    promoted.commit()
    assert not asked(promoted).granted
    promoted.override("restarts")
    promoted.commit()
    found = asked(promoted)
    assert found.granted
    assert found.admission.words.startswith("overridden: restarts by sam")


def backend(checkout: Checkout) -> None:
    checkout.change(checkout.values(), "PROMETHEUS_BACKEND: otel", "PROMETHEUS_BACKEND: prometheus")


def image(checkout: Checkout) -> None:
    with checkout.values().open("a") as file:
        file.write("\nworkload: {image: {tag: 0.2.0}}\n" if "workload:" not in checkout.values().read_text() else "")
    text = checkout.values().read_text()
    if "image:" not in text:
        checkout.values().write_text(text.replace("workload:\n", "workload:\n  image: {tag: 0.2.0}\n", 1))


def chart(checkout: Checkout) -> None:
    base = checkout.values(environment="")
    base.write_text(f"{base.read_text()}\n# changed after the proof\n")


def staging(checkout: Checkout) -> None:
    checkout.change(checkout.values(environment="staging"), "series: 1500", "series: 1600")


def policy(checkout: Checkout) -> None:
    with (checkout.root / POLICY_FILE).open("a") as file:
        file.write("# changed after the proof\n")


@pytest.mark.parametrize(
    ("change", "about"),
    [(backend, "values"), (image, "image"), (chart, "chart"), (staging, "manifests"), (policy, "policy")],
)
def test_what_changed_since_may_not(change: Callable[[Checkout], None], about: str, promoted: Checkout) -> None:
    change(promoted)
    promoted.commit()
    found = asked(promoted)
    assert not found.granted
    assert about in {refusal.about for refusal in found.admission.refusals}


def test_what_is_in_no_commit_may_not(promoted: Checkout) -> None:
    with promoted.values().open("a") as file:
        file.write("# by hand\n")
    assert [refusal.about for refusal in asked(promoted).admission.refusals] == ["commit"]
    promoted.commit()
    assert asked(promoted).granted


@pytest.mark.parametrize(("hours", "about"), [(25, "age"), (-1, "clock")])
def test_a_proof_has_its_time(hours: float, about: str, promoted: Checkout) -> None:
    found = asked(promoted, now=datetime.now(UTC) + timedelta(hours=hours))
    assert [refusal.about for refusal in found.admission.refusals] == [about]


def test_without_a_proof_or_by_a_stranger_nothing_goes(promoted: Checkout) -> None:
    text = promoted.proof().read_text()
    promoted.proof().unlink()
    with pytest.raises(AttestationError, match=r"There is no signed verdict at .*promotion\.dsse\.json"):
        asked(promoted)
    promoted.proof().write_text(seal(promoted.verified(), CryptoSigner.generate_ed25519()))
    with pytest.raises(UntrustedError, match="is signed by"):
        asked(promoted)
    promoted.proof().write_text(text)
    assert asked(promoted).granted


def test_a_proof_of_another_service_does_not_count(promoted: Checkout) -> None:
    promoted.proof().write_text(seal(promoted.verified("aaa-gateway"), promoted.signer))
    assert {"service", "manifests", "chart"} <= {refusal.about for refusal in asked(promoted).admission.refusals}


@pytest.mark.parametrize(
    ("proved", "deployed", "said"),
    [
        (("sha256:a",), ("sha256:a",), ""),
        (("sha256:a", "sha256:b"), ("sha256:a",), ""),
        (("sha256:a",), ("sha256:a", "sha256:c"), "sha256:c runs, which the verdict of staging is not about"),
        (("sha256:a",), (), "does not say which image runs"),
    ],
)
def test_the_image_that_runs_must_be_one_that_was_proved(
    proved: tuple[str, ...], deployed: tuple[str, ...], said: str
) -> None:
    one, other = (verdict(release={"image_digests": digests}) for digests in (proved, deployed))
    found = other_images(one, other)
    assert said in found
    assert bool(found) is bool(said)


def test_the_command_refuses_before_it_asks_a_cluster(promoted: Checkout) -> None:
    backend(promoted)
    result = promoted.gate("deploy", "aaa-api", "production", "--target", "context:nowhere")
    assert result.exit_code == 1
    assert f"{BACKEND} =" in result.stderr
    assert "promote again" in result.stderr
    assert len(result.stderr.splitlines()) == 1
