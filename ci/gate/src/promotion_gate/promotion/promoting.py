"""A promotion: what the verdict proved, into production's values, with the verdict beside them.

Nothing is written before the verdict is admitted and production renders with the new values. Then two files are written, values
first: a process that is killed between the two leaves values that no promotion vouches for, which `gate guard` and `gate deploy`
refuse and the next `gate promote` completes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from chart_harness.errors import RenderError
from chart_harness.fleet import service_release, values_files
from chart_harness.layers import over
from chart_harness.render import Release, render
from promotion_gate.admission import Admission, Refusal, State, assess_admission, claim_of
from promotion_gate.attestation.envelope import open_sealed
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.policy import Policy
from promotion_gate.promotion.release_rules import (
    chart_refusals,
    image_refusals,
    kept_refusals,
    promoted_refusals,
    unproved_images,
    value_refusals,
)
from promotion_gate.promotion.values_file import ABSENT, ValuesError, changed
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.sources import at, layered_values
from promotion_gate.verdict import Override, Verdict
from promotion_gate.verdicts import last_promoted, promotion_file


@dataclass(frozen=True)
class FileChange:
    """A file, as it is and as it will be; `before` is None where there is none."""

    path: Path
    before: str | None
    after: str

    @property
    def changes(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Proposal:
    """A promotion that was not carried out yet; it may be only if it is not refused."""

    service: str
    verdict: Verdict
    admission: Admission
    values: FileChange | None = None
    """None if refused."""
    proof: FileChange | None = None

    @property
    def files(self) -> tuple[FileChange, ...]:
        """In the order in which they are written."""
        return tuple(change for change in (self.values, self.proof) if change is not None and change.changes)

    @property
    def words(self) -> str:
        """`promoted`, `promoted, overridden: ` and by whom, or `refused`."""
        state = self.admission.state
        return {State.ADMITTED: "promoted", State.OVERRIDDEN: f"promoted, {self.admission.words}"}.get(state, "refused")


def propose(
    root: Path,
    service: str,
    sealed: str,
    where: str,
    keys: TrustedKeys,
    policy: tuple[Policy, str],
    overrides: Sequence[Override],
    now: datetime,
) -> Proposal:
    """What a promotion of the service by this signed verdict would do, or why it is refused; writes nothing.

    Arguments:
        sealed: the envelope's text; `where` names it in sentences.
        policy: the policy, and its file's digest.
        overrides: all that were given.
    Raises UntrustedError where nobody trusted vouches for the verdict, AttestationError where it or the promotion before cannot be read,
    and what `admission.claim_of` and `values_file.changed` raise.
    """
    rules = policy[0].promotion
    verdict = open_sealed(sealed, where, keys)
    last = last_promoted(root, service, rules.destination, keys)
    claim = claim_of(root, service, rules.source, policy, verdict, last)
    admission = assess_admission(verdict, claim, rules, now, overrides)
    if admission.state is State.REFUSED:
        return Proposal(service, verdict, admission)
    _, (_, path) = values_files(root, service, rules.destination)
    before = _read(path)
    after = changed(before, _changes(root, service, policy[0], verdict.release.values), str(path))
    refusals = _against_the_rules(root, service, policy[0], verdict, before, after)
    admission = Admission((*admission.refusals, *refusals), admission.overrides)
    if refusals:
        return Proposal(service, verdict, admission)
    proof = root / promotion_file(service, rules.destination)
    return Proposal(
        service,
        verdict,
        admission,
        FileChange(path, before, after),
        FileChange(proof, _read(proof) if proof.exists() else None, sealed),
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ValuesError(f"{path} is not UTF-8: correct it.") from None


def _changes(root: Path, service: str, policy: Policy, proved: Mapping[str, Any]) -> dict[str, Any]:
    """What production's file has to say so that the keys are what was proved."""
    values, found = layered_values(root, service, policy.promotion.destination), {}
    for key in policy.promotion.keys:
        if key not in proved:
            found[key] = ABSENT
        elif not promoted_refusals(proved, values, [key]):
            continue  # whether by this file or by the one below it
        else:
            found[key] = proved[key]
    return found


def _against_the_rules(
    root: Path, service: str, policy: Policy, verdict: Verdict, before: str, after: str
) -> list[Refusal]:
    """Why production would not be allowed with these values."""
    rules = policy.promotion
    try:
        production = rendered_with(root, service, rules.destination, after)
    except RenderError as error:
        said = " ".join(str(error).split())
        return [Refusal("render", f"Production would not render with what was proved: {said[:400]}")]
    folder = root / "charts" / "services" / service
    base = _yaml(folder / "values.yaml")
    old, new = (over(base, yaml.safe_load(text) or {}) for text in (before, after))
    return [
        *image_refusals(production, rules.not_yet),
        *unproved_images(service_release(root, service, rules.source), production),
        *chart_refusals(_yaml(folder / "Chart.yaml")),
        *value_refusals(new),
        *kept_refusals(old, new, rules.keep),
        *promoted_refusals(verdict.release.values, new, rules.keys),
    ]


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def rendered_with(root: Path, service: str, environment: str, text: str) -> Release:
    """The service as `chart_harness.fleet.service_release` renders it, with another text for the environment's values file."""
    chart, (base, _) = values_files(root, service, environment)
    crds = root / "charts" / "crds"
    with tempfile.TemporaryDirectory(prefix="gate-promote-") as scratch:
        values = Path(scratch) / "values.yaml"
        values.write_bytes(text.encode())
        return render(
            chart,
            name=service,
            namespace=environment,
            values=[base, values],
            crds=crds if crds.is_dir() else None,
        )


def carry_out(proposal: Proposal) -> None:
    """Writes the files, all or none; nothing if they are as they should be. Raises ReportError where one cannot be written.

    Raises ValueError for a proposal that is refused.
    """
    if proposal.admission.state is State.REFUSED:
        raise ValueError(f"the promotion of {proposal.service} is refused")
    done: list[FileChange] = []
    try:
        for change in proposal.files:
            done.append(change)
            atomic_write(change.path, change.after)
    except BaseException:
        for change in reversed(done):
            _restore(change)
        raise


def _restore(change: FileChange) -> None:
    if change.before is None:
        change.path.unlink(missing_ok=True)
    else:
        atomic_write(change.path, change.before)


def differences(proposal: Proposal, key_names: Sequence[str]) -> list[str]:
    """What changes, key by key, as `key: old -> new`."""
    if proposal.values is None:
        return []
    old, new = (yaml.safe_load(text or "") or {} for text in (proposal.values.before, proposal.values.after))
    pairs = [(key, at(old, key, None), at(new, key, None)) for key in key_names]
    return [f"{key}: {_shown(before)} -> {_shown(after)}" for key, before, after in pairs if before != after]


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
