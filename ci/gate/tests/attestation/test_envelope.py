"""A signed verdict comes back as it was, and each thing that may be wrong with one has its sentence."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from in_toto_attestation.v1.statement_pb2 import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from ci.gate.tests.signed_verdicts import records, verdict
from promotion_gate.attestation.envelope import LARGEST, PAYLOAD_TYPE, decoded, open_file, open_sealed, seal
from promotion_gate.attestation.errors import AttestationError, UntrustedError
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.attestation.statement import statement_of
from promotion_gate.measurements import Measurements
from promotion_gate.reporters import json_report
from promotion_gate.verdict import Verdict

SIGNER, STRANGER = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()
TRUSTED = TrustedKeys((SIGNER.public_key,), "ci/keys")
WHERE = "build/verdict.dsse.json"

Document = dict[str, Any]


def signed(payload: bytes, payload_type: str = PAYLOAD_TYPE, signer: CryptoSigner = SIGNER) -> str:
    """An envelope of whatever, that is signed well."""
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict())


def stated(change: Callable[[Document], object]) -> str:
    """A changed statement, that is signed well."""
    statement = json.loads(json.dumps(statement_of(verdict())))
    change(statement)
    return signed(json.dumps(statement).encode())


def enveloped(change: Callable[[Document], object]) -> str:
    """A changed envelope around a good statement."""
    envelope = json.loads(seal(verdict(), SIGNER))
    change(envelope)
    return json.dumps(envelope)


def altered(change: Callable[[bytes], bytes]) -> str:
    return enveloped(lambda one: one.update(payload=b64(change(base64.b64decode(one["payload"])))))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def set_verdict(**fields: Any) -> Callable[[Document], object]:
    return lambda one: one["predicate"]["verdict"].update(fields)


def twice_signed(one: Document) -> None:
    one["signatures"].append(dict(one["signatures"][0]))


def by_name_only(one: Document) -> None:
    """The trusted key's id on a stranger's signature."""
    stranger = json.loads(seal(verdict(), STRANGER))
    one["signatures"][0]["sig"] = stranger["signatures"][0]["sig"]


@pytest.mark.parametrize("said", ["pods-ready+ restarts+", "pods-ready+ restarts-", "pods-ready? restarts+"])
def test_it_comes_back_as_it_was(said: str) -> None:
    assert open_sealed(seal(verdict(said), SIGNER), WHERE, TRUSTED) == verdict(said)


def test_one_trusted_signature_of_several_is_enough() -> None:
    both = enveloped(lambda one: one["signatures"].append(json.loads(seal(verdict(), STRANGER))["signatures"][0]))
    assert open_sealed(both, WHERE, TRUSTED) == verdict()


@pytest.mark.parametrize(
    ("said", "result", "passed", "warned", "failed"),
    [
        ("a+ b+", "PASSED", ["a", "b"], [], []),
        ("a+ b?", "WARNED", ["a"], ["b", "gone"], []),
        ("a- b?", "FAILED", [], ["b", "gone"], ["a"]),
    ],
)
def test_it_is_a_test_result_of_in_toto(
    said: str, result: str, passed: list[str], warned: list[str], failed: list[str]
) -> None:
    required = ["a", "b"] if result == "PASSED" else ["a", "b", "gone"]
    payload = json.loads(base64.b64decode(json.loads(seal(verdict(said, required), SIGNER))["payload"]))
    json_format.ParseDict(payload, Statement())  # refuses fields that a statement has not
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    assert payload["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert payload["subject"] == [
        {"name": f"reference-service:0.1.0@sha256:{'d' * 64}", "digest": {"sha256": "d" * 64}},
        {"name": "charts/services/aaa-api", "digest": {"sha256": "b" * 64}},
        {"name": "manifests of aaa-api in staging", "digest": {"sha256": "a" * 64}},
    ]
    predicate = payload["predicate"]
    assert predicate.pop("verdict") == verdict(said, required).model_dump(mode="json")
    assert predicate == {
        "result": result,
        "configuration": [
            {
                "name": "ci/promotion-policy.yaml",
                "digest": {"sha256": "c" * 64},
                "annotations": {"version": "2026.1"},
            }
        ],
        "url": "",
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }


ALTERED, UNTRUSTED = "was altered after it was signed, or its signature is forged", "is signed by"
NO_ENVELOPE, CONTRADICTS = "is no DSSE envelope", "contradicts itself: its"

REFUSED = {
    "stranger": (seal(verdict(), STRANGER), UNTRUSTED),
    "stranger's signature under the trusted key's id": (enveloped(by_name_only), ALTERED),
    "not signed": (enveloped(lambda one: one.update(signatures=[])), "is not signed"),
    "null for signatures": (enveloped(lambda one: one.update(signatures=None)), "is not signed"),
    "signed twice by one key": (enveloped(twice_signed), "two signatures of the key"),
    "other bytes": (altered(lambda one: one + b" "), ALTERED),
    "FAIL made PASS": (altered(lambda one: one.replace(b"WARNED", b"PASSED") + b" "), ALTERED),
    "other service": (altered(lambda one: one.replace(b"aaa-api", b"aaa-apj")), ALTERED),
    "other time": (altered(lambda one: one.replace(b"2026-11-26", b"2027-11-26")), ALTERED),
    "other digest": (altered(lambda one: one.replace(b"a" * 64, b"9" * 64)), ALTERED),
    "empty payload": (enveloped(lambda one: one.update(payload="")), ALTERED),
    "empty signature": (enveloped(lambda one: one["signatures"][0].update(sig="")), ALTERED),
    "short signature": (enveloped(lambda one: one["signatures"][0].update(sig=b64(b"x"))), ALTERED),
    "other payload type": (enveloped(lambda one: one.update(payloadType="text/plain")), "has payloadType"),
    "other payload type, signed": (signed(b"{}", "application/json"), "has payloadType"),
    "a list": (signed(b"[]"), "does not hold a statement, but a list"),
    "another statement": (stated(lambda one: one.update(_type="https://in-toto.io/Statement/v0.1")), "with _type"),
    "another predicate": (stated(lambda one: one.update(predicateType="https://slsa.dev/provenance/v1")), "predicateType"),
    "no predicate": (stated(lambda one: one.pop("predicate")), "without a verdict"),
    "no verdict": (stated(lambda one: one["predicate"].pop("verdict")), "without a verdict"),
    "result": (stated(lambda one: one["predicate"].update(result="FAILED")), f"{CONTRADICTS} result"),
    "passedTests": (stated(lambda one: one["predicate"].update(passedTests=[])), f"{CONTRADICTS} passedTests"),
    "failedTests": (stated(lambda one: one["predicate"].update(failedTests=["a"])), f"{CONTRADICTS} failedTests"),
    "warnedTests": (stated(lambda one: one["predicate"].pop("warnedTests")), f"{CONTRADICTS} warnedTests"),
    "configuration": (stated(lambda one: one["predicate"].update(configuration=[])), f"{CONTRADICTS} configuration"),
    "something more": (stated(lambda one: one["predicate"].update(approved=True)), f"{CONTRADICTS} approved"),
    "subjects": (stated(lambda one: one["subject"].pop()), f"{CONTRADICTS} subject"),
    "subject's digest": (stated(lambda one: one["subject"][0].update(digest={"sha256": "0"})), f"{CONTRADICTS} subject"),
}  # fmt: skip

UNREADABLE = {
    "nothing": ("", "is not JSON"),
    "half": (seal(verdict(), SIGNER)[:-20], "is not JSON"),
    "text": ("PASS", "is not JSON"),
    "too deep": ("[" * 100_000, "is nested too deep"),
    "twice the same name": ('{"payload": "", "payload": ""}', "'payload' is there twice"),
    "a list": ("[]", NO_ENVELOPE),
    "an unsigned verdict": (json_report.render(verdict()), NO_ENVELOPE),
    "no payload": (enveloped(lambda one: one.pop("payload")), NO_ENVELOPE),
    "something more": (enveloped(lambda one: one.update(approved=True)), NO_ENVELOPE),
    "payload of another kind": (enveloped(lambda one: one.update(payload=1)), "is not base64"),
    "payload that is written otherwise": (enveloped(lambda one: one.update(payload=one["payload"] + "\n")), "is not base64"),
    "signature of another kind": (enveloped(lambda one: one["signatures"][0].update(sig="!")), "is not base64"),
    "signature without a key": (enveloped(lambda one: one["signatures"][0].pop("keyid")), "not a keyid and a sig"),
    "key of another kind": (enveloped(lambda one: one["signatures"][0].update(keyid=1)), "not a keyid and a sig"),
    "signatures of another kind": (enveloped(lambda one: one.update(signatures={"a": 1})), "needs a list of signatures"),
    "many signatures": (enveloped(lambda one: one.update(signatures=one["signatures"] * 17)), "16 at most"),
    "huge": (" " * (LARGEST + 1), "more than 8388608 bytes"),
    "payload that is not JSON, signed": (signed(b"PASS"), "payload of .* is not JSON"),
    "payload that is no number, signed": (signed(b'{"a": NaN}'), "NaN is no number"),
    "payload that is not UTF-8, signed": (signed(b"\xff{}"), "is not JSON"),
    "older schema": (stated(set_verdict(schema_version="1")), 'has schema_version "1" and this gate reads "2"'),
    "newer schema": (stated(set_verdict(schema_version="3")), 'has schema_version "3" and this gate reads "2"'),
    "field that nobody knows": (stated(set_verdict(approved=True)), "is malformed, approved"),
    "outcome that its checks deny": (stated(set_verdict(checks=[])), "contradicts itself: it claims outcome"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_what_nobody_vouches_for(text: str, says: str) -> None:
    with pytest.raises(UntrustedError, match=says) as error:
        open_sealed(text, WHERE, TRUSTED)
    assert WHERE in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(AttestationError, match=says) as error:
        open_sealed(text, WHERE, TRUSTED)
    assert not isinstance(error.value, UntrustedError)
    assert WHERE in str(error.value)
    assert len(str(error.value)) < 500


def test_who_signed_and_who_is_trusted_is_said() -> None:
    with pytest.raises(UntrustedError) as error:
        open_sealed(seal(verdict(), STRANGER), WHERE, TRUSTED)
    assert STRANGER.public_key.keyid in str(error.value)
    assert SIGNER.public_key.keyid in str(error.value)


def test_without_a_key_nothing_is_trusted() -> None:
    with pytest.raises(UntrustedError, match="there is no public key in ci/keys"):
        open_sealed(seal(verdict(), SIGNER), WHERE, TrustedKeys((), "ci/keys"))


def test_a_file_is_read_no_further_than_an_envelope_goes(tmp_path: Any) -> None:
    (tmp_path / "huge").write_bytes(b" " * (LARGEST + 10))
    with pytest.raises(AttestationError, match="more than 8388608 bytes"):
        open_file(tmp_path / "huge", TRUSTED)
    with pytest.raises(AttestationError, match="There is no signed verdict"):
        open_file(tmp_path / "none", TRUSTED)
    with pytest.raises(AttestationError, match="cannot be read"):
        open_file(tmp_path, TRUSTED)
    with pytest.raises(AttestationError, match="is not UTF-8"):
        decoded(b"\xff", WHERE)


@pytest.mark.parametrize("digest", ["latest", "sha256:", ""])
def test_a_digest_that_is_none_is_not_signed(digest: str) -> None:
    with pytest.raises(AttestationError, match="not ALGORITHM:VALUE"):
        seal(verdict(release={"image_digests": (digest,)}), SIGNER)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_not_signed(number: float) -> None:
    with pytest.raises(AttestationError, match="a number that is none"):
        seal(verdict(measurements=Measurements(memory_limit_mib=number)), SIGNER)


def test_what_would_be_too_large_to_read_is_not_signed() -> None:
    with pytest.raises(AttestationError, match="more than the 8388608 that are read"):
        seal(verdict(release={"values": {"key": "x" * LARGEST}}), SIGNER)


# Any text at all, a lone surrogate among it, and any number that JSON has.
TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
NUMBER = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SERIES = st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), max_size=3).map(tuple)


@given(values=st.dictionaries(TEXT, VALUE, max_size=3), image=TEXT, check=TEXT, version=TEXT.filter(len), series=SERIES)
def test_whatever_a_verdict_says_comes_back(
    values: dict[str, Any], image: str, check: str, version: str, series: tuple[tuple[float, float], ...]
) -> None:
    said = _made(values, image, check, version, series)
    back = open_sealed(seal(said, SIGNER), WHERE, TRUSTED)
    assert back == json_report.verdict_of(json.loads(json_report.render(said)), WHERE)
    if not any("\ud800" <= char <= "\udfff" for char in repr_of(said)):
        assert back == said
        assert seal(back, SIGNER) == seal(said, SIGNER)


def repr_of(said: Verdict) -> str:
    return json.dumps(said.model_dump(mode="json"), ensure_ascii=False)


def _made(
    values: dict[str, Any], image: str, check: str, version: str, series: tuple[tuple[float, float], ...]
) -> Verdict:
    (record,) = records("memory+")
    return verdict(
        required=[check],
        release={"values": values, "image": image},
        checks=(record.model_copy(update={"id": check, "title": image}),),
        policy={"version": version, "sha256": "c" * 64},
        measurements=Measurements(latency_ms=series),
    )
