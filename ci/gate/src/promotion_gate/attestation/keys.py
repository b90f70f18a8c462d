"""Keys: the private one that signs verdicts, and the public ones whose signatures are trusted.

A public key's id is the digest of the key, never its file's name, so a renamed file is the same key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from promotion_gate.attestation.errors import AttestationError

KEYS_FOLDER = Path("ci") / "keys"
"""In a checkout: the public keys that are trusted, a PEM file each."""
SIGNING_KEY_VARIABLE = "GATE_SIGNING_KEY"
"""Holds the private key itself, as PEM text."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_PRIVATE = b"PRIVATE KEY-----"


@dataclass(frozen=True)
class TrustedKeys:
    """The public keys whose signatures count, and where they were found."""

    keys: tuple[Key, ...]
    where: str

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(key.keyid for key in self.keys)


def signer_of(key: Path | None, environment: Mapping[str, str] = os.environ) -> CryptoSigner | None:
    """What signs: the private key of the file, else the one in GATE_SIGNING_KEY; None if there is neither.

    An empty variable is none: that is how a pipeline passes a secret that it does not have. Raises AttestationError.
    """
    if key is not None:
        try:
            return _signer(key.read_bytes(), f"The private key {key}")
        except OSError as error:
            raise AttestationError(
                f"The private key {key} cannot be read ({error.strerror}): check the path given to --key."
            ) from None
    text = environment.get(SIGNING_KEY_VARIABLE, "").strip()
    return _signer(text.encode(), f"The private key in {SIGNING_KEY_VARIABLE}") if text else None


def _signer(pem: bytes, what: str) -> CryptoSigner:
    try:
        return CryptoSigner(load_pem_private_key(pem, password=None))
    except TypeError:
        raise AttestationError(f"{what} is encrypted: give one without a passphrase, from the secret store.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise AttestationError(
            f"{what} is no private key in PEM that can sign (ed25519, ECDSA or RSA): make one with `gate new-key`."
        ) from None


def trusted_keys(folder: Path) -> TrustedKeys:
    """The public keys of a folder's PEM files; a folder that is not there has none. Raises AttestationError."""
    try:
        files = {str(path): path.read_bytes() for path in sorted(folder.glob("*.pem"))}
    except OSError as error:
        raise AttestationError(f"The key {error.filename} cannot be read ({error.strerror}): check the file.") from None
    return keys_of(files, str(folder))


def keys_of(files: Mapping[str, bytes], where: str) -> TrustedKeys:
    """The public keys in these files' contents, by the file's name; `where` says in sentences where they are from.

    Raises AttestationError if one of them is no public key: who trusts it by mistake shall hear of it.
    """
    return TrustedKeys(tuple(_public(content, name) for name, content in sorted(files.items())), where)


def _public(pem: bytes, name: str) -> Key:
    if _PRIVATE in pem:
        raise AttestationError(
            f"{name} is a private key, where public ones belong: others know it now, so remove it and make a new pair (`gate new-key`)."
        )
    try:
        return SSlibKey.from_crypto(load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise AttestationError(
            f"{name} is no public key in PEM (ed25519, ECDSA or RSA): correct it, or remove it."
        ) from None


def new_pair(name: str, public_folder: Path, private: Path) -> CryptoSigner:
    """A new ed25519 pair: the public key in `public_folder`/`name`.pem, the private one in `private`, for its owner alone.

    Neither file may be there already. Both are written or neither. Raises AttestationError.
    """
    if not _NAME.fullmatch(name):
        raise AttestationError(f"{name!r} cannot name a key: use small letters, digits and dashes, e.g. staging-2026.")
    signer = CryptoSigner.generate_ed25519()
    public = public_folder / f"{name}.pem"
    verifier = load_pem_private_key(signer.private_bytes, password=None).public_key()
    _write_new(private, signer.private_bytes, 0o600)
    try:
        _write_new(public, verifier.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except BaseException:
        private.unlink(missing_ok=True)
        raise
    return signer


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise AttestationError(f"{path} is there already and is not overwritten: choose another name.") from None
    except OSError as error:
        raise AttestationError(f"{path} cannot be written ({error.strerror}): choose another place.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
