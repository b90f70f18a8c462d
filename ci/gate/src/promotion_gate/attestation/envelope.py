"""A signed verdict: the statement in a DSSE envelope, as JSON text, verified without a network.

Nothing of the payload is read before a trusted key has vouched for it.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Signer

from promotion_gate.attestation.errors import AttestationError, UntrustedError
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.attestation.statement import statement_of, verdict_in
from promotion_gate.verdict import Verdict

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 8 * 1024 * 1024
"""Bytes of an envelope; a verdict of ten pods takes a few hundred thousand."""
MOST_SIGNATURES = 16


def seal(verdict: Verdict, signer: Signer) -> str:
    """The verdict as a statement, signed; JSON text with a newline at its end. Raises AttestationError."""
    try:
        payload = json.dumps(statement_of(verdict), allow_nan=False).encode()
    except ValueError as error:
        if isinstance(error, AttestationError):
            raise
        raise AttestationError(
            "The verdict holds a number that is none (NaN or infinite): it cannot be signed."
        ) from None
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    text = json.dumps(envelope.to_dict(), indent=2) + "\n"
    if len(text) > LARGEST:
        raise AttestationError(
            f"The signed verdict would have {len(text)} bytes, more than the {LARGEST} that are read: watch for less long."
        )
    return text


def open_sealed(text: str, where: str, keys: TrustedKeys) -> Verdict:
    """The verdict in an envelope's text that one of the keys has signed; `where` names the file in sentences.

    Raises UntrustedError if no trusted key vouches for it, or it is no verdict; AttestationError if it cannot be read at all.
    """
    if len(text) > LARGEST:
        raise AttestationError(f"{where} has more than {LARGEST} bytes: it is no signed verdict.")
    envelope = _envelope(_json(text, where), where)
    _verify(envelope, where, keys)
    return verdict_in(_json(envelope.payload.decode("utf-8", "replace"), f"The payload of {where}"), where)


def open_file(path: Path, keys: TrustedKeys) -> Verdict:
    """The verdict in a file; raises as `open_sealed`, and AttestationError where there is no such file."""
    return open_sealed(read_text(path), str(path), keys)


def read_text(path: Path) -> str:
    """An envelope's text, of which no more is read than one may have. Raises AttestationError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise AttestationError(f"There is no signed verdict at {path}: run `gate verify` with a key first.") from None
    except OSError as error:
        raise AttestationError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    return decoded(content, str(path))


def decoded(content: bytes, where: str) -> str:
    """The text in a file's content. Raises AttestationError."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise AttestationError(f"{where} is not UTF-8: it is no signed verdict.") from None


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise AttestationError(f"{where} is nested too deep: it is no signed verdict.") from None
    except ValueError as error:
        raise AttestationError(f"{where} is not JSON ({error}): it is no signed verdict.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers might take different ones of two values with one name."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _no_number(said: str) -> Any:
    raise ValueError(f"{said} is no number")


def _envelope(document: Any, where: str) -> Envelope:
    """The envelope in a document, which is signed at least once, and with each key once."""
    if not isinstance(document, dict) or set(document) != {"payload", "payloadType", "signatures"}:
        raise AttestationError(
            f"{where} is no DSSE envelope, which has a payload, a payloadType and signatures: run `gate verify` with a key."
        )
    if document["payloadType"] != PAYLOAD_TYPE:
        said = json.dumps(document["payloadType"])[:80]
        raise UntrustedError(f"{where} has payloadType {said}, not {PAYLOAD_TYPE}: it is no verdict.")
    signatures = document["signatures"]
    if signatures in (None, []):
        raise UntrustedError(f"{where} is not signed: run `gate verify` with a key.")
    if not isinstance(signatures, list) or len(signatures) > MOST_SIGNATURES:
        raise AttestationError(
            f"{where} needs a list of signatures, {MOST_SIGNATURES} at most: it is no signed verdict."
        )
    _base64(document["payload"], f"the payload of {where}")
    for signature in signatures:
        if (
            not isinstance(signature, dict)
            or set(signature) != {"keyid", "sig"}
            or not isinstance(signature["keyid"], str)
        ):
            raise AttestationError(f"{where} has a signature that is not a keyid and a sig: it is no signed verdict.")
        _base64(signature["sig"], f"a signature of {where}")
    ids = [signature["keyid"] for signature in signatures]
    if twice := next((one for one in ids if ids.count(one) > 1), ""):
        raise UntrustedError(f"{where} has two signatures of the key {twice[:64]}: one of them is forged.")
    try:
        return Envelope.from_dict(document)
    except (KeyError, TypeError, ValueError, FormatError) as error:
        raise AttestationError(f"{where} is no DSSE envelope ({error}): run `gate verify` with a key.") from None


def _base64(text: object, what: str) -> None:
    """That there is one way only to write it: what is skipped by one reader may be read by another."""
    try:
        if isinstance(text, str) and base64.b64encode(base64.b64decode(text, validate=True)).decode() == text:
            return
    except (binascii.Error, ValueError):
        pass
    raise AttestationError(f"{what[0].upper()}{what[1:]} is not base64: it is no signed verdict.")


def _verify(envelope: Envelope, where: str, keys: TrustedKeys) -> None:
    by_trusted = sorted(envelope.signatures.keys() & keys.ids)
    if not keys.keys:
        raise UntrustedError(
            f"{where} cannot be trusted: there is no public key in {keys.where}; `gate new-key` makes one."
        )
    if not by_trusted:
        signed, trusted = (", ".join(sorted(one[:64] for one in ids)) for ids in (envelope.signatures, keys.ids))
        raise UntrustedError(
            f"{where} is signed by {signed}, and {keys.where} trusts {trusted} only: sign with a key that is trusted."
        )
    try:
        envelope.verify(list(keys.keys), threshold=1)
    except VerificationError:
        raise UntrustedError(
            f"{where} was altered after it was signed, or its signature is forged: that of the key {', '.join(by_trusted)} does not fit it."
        ) from None
