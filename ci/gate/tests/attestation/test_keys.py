"""Keys: what is read, what is refused with a sentence, and a new pair that overwrites nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.attestation.envelope import open_sealed, seal
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import SIGNING_KEY_VARIABLE, keys_of, new_pair, signer_of, trusted_keys

CURVE = generate_private_key(SECP256R1())
PUBLIC = CURVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_new_pair_signs_and_is_trusted(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = new_pair("staging-2026", tmp_path / "keys", tmp_path / "secret" / "key.pem")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret" / "key.pem").stat().st_mode) == 0o600
    keys, signer = trusted_keys(tmp_path / "keys"), signer_of(tmp_path / "secret" / "key.pem", {})
    assert signer is not None
    assert keys.ids == {made.public_key.keyid} == {signer.public_key.keyid}
    assert open_sealed(seal(verdict(), signer), "it", keys) == verdict()
    assert b"PRIVATE" not in (tmp_path / "keys" / "staging-2026.pem").read_bytes()


@pytest.mark.parametrize("there", ["keys/a.pem", "key.pem"])
def test_a_new_pair_overwrites_nothing(there: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / there).write_text("dear")
    with pytest.raises(AttestationError, match="is there already and is not overwritten"):
        new_pair("a", tmp_path / "keys", tmp_path / "key.pem")
    assert [path.name for path in tmp_path.rglob("*.pem")] == [Path(there).name]
    assert (tmp_path / there).read_text() == "dear"


def test_a_new_pair_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AttestationError, match="is there already"):
        new_pair("a", tmp_path / "keys", tmp_path / "key.pem")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["", "A", "a/b", "../a", "-a", "a.pem", "ä"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(AttestationError, match="cannot name a key"):
        new_pair(name, tmp_path, tmp_path / "key.pem")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no private key in PEM"),
        (b"hello", "no private key in PEM"),
        (PUBLIC, "no private key in PEM"),
        (PRIVATE[:60], "no private key in PEM"),
        (CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "is encrypted"),
        (
            X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "no private key in PEM that can sign",
        ),
    ],
)
def test_what_cannot_sign(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(AttestationError, match=says):
        signer_of(tmp_path / "key.pem", {})
    if content:
        with pytest.raises(AttestationError, match=f"in {SIGNING_KEY_VARIABLE}.*"):
            signer_of(None, {SIGNING_KEY_VARIABLE: content.decode()})


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AttestationError, match=r"cannot be read \(No such file"):
        signer_of(tmp_path / "key.pem", {})


@pytest.mark.parametrize("said", [{}, {SIGNING_KEY_VARIABLE: ""}, {SIGNING_KEY_VARIABLE: " \n"}])
def test_no_key_is_no_signer(said: dict[str, str]) -> None:
    assert signer_of(None, said) is None


def test_the_file_goes_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(PRIVATE)
    other = CryptoSigner.generate_ed25519().private_bytes.decode()
    signer = signer_of(tmp_path / "key.pem", {SIGNING_KEY_VARIABLE: other})
    assert signer is not None
    assert {signer.public_key.keyid} == keys_of({"a": PUBLIC}, "here").ids


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no public key in PEM"),
        (b"hello", "is no public key in PEM"),
        (PUBLIC[:60], "is no public key in PEM"),
        (PRIVATE, "is a private key, where public ones belong"),
        (PUBLIC + PRIVATE, "is a private key, where public ones belong"),
    ],
)
def test_what_cannot_be_trusted(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "good.pem").write_bytes(PUBLIC)
    (tmp_path / "odd.pem").write_bytes(content)
    with pytest.raises(AttestationError, match=rf"odd\.pem {says}"):
        trusted_keys(tmp_path)


def test_only_pem_files_count(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about keys")
    assert trusted_keys(tmp_path).keys == ()
    assert trusted_keys(tmp_path / "nowhere").keys == ()
