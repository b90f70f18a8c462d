"""`gate check-verdict` and `gate new-key`, on a real checkout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.promotion_checkout import Checkout
from promotion_gate.attestation.keys import new_pair, signer_of


def test_a_good_one(checkout: Checkout) -> None:
    one = checkout.verified()
    result = checkout.gate("check-verdict", str(checkout.keep(one)))
    assert result.exit_code == 0, result.output
    assert f"manifests  {one.release.manifests_sha256}" in result.output
    assert "proved     env.standard.PROMETHEUS_BACKEND: otel" in result.output
    assert result.output.splitlines()[-1] == "Admitted"


def test_one_about_something_else_is_refused_unless_that_is_not_asked(checkout: Checkout) -> None:
    path = checkout.keep(checkout.verified())
    checkout.change(checkout.values(environment="staging"), "series: 1500", "series: 1501")
    result = checkout.gate("check-verdict", str(path))
    assert result.exit_code == 1
    assert "Refused\n  It is about rendered manifests" in result.output
    assert checkout.gate("check-verdict", str(path), "--no-checkout").exit_code == 0


def test_an_old_one_is_refused_without_a_checkout_too(checkout: Checkout) -> None:
    then = datetime.now(UTC) - timedelta(hours=30)
    path = checkout.keep(checkout.verified(started_at=then, finished_at=then))
    result = checkout.gate("check-verdict", str(path), "--no-checkout")
    assert (result.exit_code, "30.0 h old" in result.output) == (1, True)


def test_an_overridden_one_says_so(checkout: Checkout) -> None:
    path = checkout.keep(checkout.verified(said={"restarts": "-"}))
    assert checkout.gate("check-verdict", str(path)).exit_code == 1
    checkout.override("restarts")
    result = checkout.gate("check-verdict", str(path))
    assert result.exit_code == 0
    assert "FAIL" in result.output
    assert "Overridden: restarts by sam" in result.output


def test_a_strangers_is_refused_and_a_broken_one_cannot_be_read(checkout: Checkout, tmp_path: Path) -> None:
    stranger = CryptoSigner.generate_ed25519()
    path = checkout.keep(checkout.verified(), stranger)
    assert checkout.gate("check-verdict", str(path)).exit_code == 1
    path.write_text(path.read_text()[:-9])
    assert checkout.gate("check-verdict", str(path)).exit_code == 3
    assert checkout.gate("check-verdict", str(tmp_path / "none")).exit_code == 3


def test_other_keys_may_be_trusted(checkout: Checkout, tmp_path: Path) -> None:
    other = new_pair("other", tmp_path / "keys", tmp_path / "other.pem")
    path = checkout.keep(checkout.verified(), other)
    assert checkout.gate("check-verdict", str(path)).exit_code == 1
    assert checkout.gate("check-verdict", str(path), "--trusted-keys", str(tmp_path / "keys")).exit_code == 0


def test_a_new_key_is_trusted_by_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    result = checkout.gate("new-key", "next", "--private", str(tmp_path / "next.pem"))
    assert result.exit_code == 0
    signer = signer_of(tmp_path / "next.pem", {})
    assert signer is not None
    checkout.commit()
    assert checkout.gate("check-verdict", str(checkout.keep(checkout.verified(), signer))).exit_code == 0


@pytest.mark.parametrize(("name", "private"), [("staging", "new.pem"), ("new", "key.pem"), ("new", "fleet/key.pem")])
def test_a_new_key_overwrites_nothing_and_stays_out_of_the_checkout(
    checkout: Checkout, tmp_path: Path, name: str, private: str
) -> None:
    files = checkout.files()
    result = checkout.gate("new-key", name, "--private", str(tmp_path / private))
    assert result.exit_code == 3
    assert checkout.files() == files
    assert not (tmp_path / "new.pem").exists()
