"""A verdict as an in-toto statement, and the way back.

The predicate is in-toto's test-result, with one field more: `verdict`, the whole document. What stands beside it (subjects, result,
lists of tests) is for readers that know in-toto and not this gate, so it has to say the same: a statement that does not is refused.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from promotion_gate.attestation.errors import AttestationError, UntrustedError
from promotion_gate.policy import POLICY_FILE
from promotion_gate.reporters import json_report
from promotion_gate.verdict import Outcome, Verdict

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"

_RESULT = {Outcome.PASS: "PASSED", Outcome.INCONCLUSIVE: "WARNED", Outcome.FAIL: "FAILED"}
_VERDICT = "verdict"


def statement_of(verdict: Verdict) -> dict[str, Any]:
    """The statement about the verdict's images, chart and manifests, as plain data. Raises AttestationError."""
    try:
        statement = Statement(_subjects(verdict), PREDICATE_TYPE, {"result": _RESULT[verdict.outcome]})
        statement.validate()
        result = _result(verdict)
    except AttestationError:
        raise
    except ValueError as error:  # a digest that is no text, for example
        raise AttestationError(f"No statement can be made of the verdict ({error}): run the gate again.") from None
    document: dict[str, Any] = json_format.MessageToDict(statement.pb)
    # The document goes in beside protobuf: its Struct would make every number a float, and integers beyond 2^53 others.
    document["predicate"] = result | {_VERDICT: json.loads(json_report.render(verdict))}
    return document


def _subjects(verdict: Verdict) -> list[Any]:
    release = verdict.release
    described = [(f"{release.image}@{digest}", digest) for digest in release.image_digests]
    if release.chart_sha256:
        described.append((f"charts/services/{release.service}", f"sha256:{release.chart_sha256}"))
    manifests = f"manifests of {release.service} in {release.environment}"
    described.append((manifests, f"sha256:{release.manifests_sha256}"))
    return [ResourceDescriptor(name=_text(name), digest=_digest(digest)).pb for name, digest in described]


def _digest(said: str) -> dict[str, str]:
    algorithm, colon, value = said.partition(":")
    if not colon or not value:
        raise AttestationError(
            f"The verdict names the digest {said!r}, which is not ALGORITHM:VALUE: run the gate again."
        )
    return {algorithm: value}


def _text(text: str) -> str:
    """As the verdict's document spells it, see json_report: a file holds no lone surrogate."""
    return json_report.storable(text)


def _result(verdict: Verdict) -> dict[str, Any]:
    by_outcome: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for record in verdict.checks:
        by_outcome[record.finding.outcome].append(_text(record.id))
    policy = verdict.policy
    configuration = [] if policy is None else [_policy(policy.version, policy.sha256)]
    result = TestResult(
        result=_RESULT[verdict.outcome],
        configuration=configuration,
        passed_tests=by_outcome[Outcome.PASS],
        warned_tests=[*by_outcome[Outcome.INCONCLUSIVE], *map(_text, verdict.missing_checks)],
        failed_tests=by_outcome[Outcome.FAIL],
    )
    document: dict[str, Any] = json_format.MessageToDict(result, always_print_fields_with_no_presence=True)
    # Empty fields of the descriptors, and a URL that there is not, say nothing.
    return document | {"configuration": [json_format.MessageToDict(one) for one in configuration], "url": ""}


def _policy(version: str, sha256: str) -> Any:
    descriptor = ResourceDescriptor(
        name=str(POLICY_FILE), digest={"sha256": sha256}, annotations={"version": _text(version)}
    )
    return descriptor.pb


def verdict_in(statement: object, where: str) -> Verdict:
    """The verdict in a statement, as plain data; `where` says in sentences where that stands.

    Raises UntrustedError if it is another kind of statement, or says something else than its verdict; AttestationError if the
    verdict in it is of another version, or malformed.
    """
    if not isinstance(statement, dict):
        raise UntrustedError(f"{where} does not hold a statement, but {_kind(statement)}: run the gate again.")
    for key, expected in (("_type", "https://in-toto.io/Statement/v1"), ("predicateType", PREDICATE_TYPE)):
        if statement.get(key) != expected:
            raise UntrustedError(
                f"{where} holds a statement with {key} {_short(statement.get(key))}, not {expected}: it is no verdict."
            )
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict) or not isinstance(predicate.get(_VERDICT), dict):
        raise UntrustedError(f"{where} holds a test result without a verdict: it is not of this gate.")
    try:
        verdict = json_report.verdict_of(predicate[_VERDICT], f"in {where}")
    except json_report.VerdictError as error:
        raise AttestationError(str(error)) from None
    _hold_to(statement, statement_of(verdict), where)
    return verdict


def _hold_to(said: dict[str, Any], proved: dict[str, Any], where: str) -> None:
    """That the statement says what its verdict says, no less and no more."""
    parts = [(key, said.get(key), proved.get(key)) for key in sorted({*said, *proved} - {"predicate"})]
    predicates = said["predicate"], proved["predicate"]
    parts += [(key, *(one.get(key) for one in predicates)) for key in sorted({*predicates[0], *predicates[1]})]
    for key, claimed, computed in parts:
        if key != _VERDICT and claimed != computed:
            raise UntrustedError(
                f"{where} contradicts itself: its {key} is {_short(claimed)} and its verdict says {_short(computed)}; do not use it."
            )


def _kind(value: object) -> str:
    return {list: "a list", str: "a string", type(None): "null"}.get(type(value), "a bare value")


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
