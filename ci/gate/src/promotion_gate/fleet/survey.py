"""Looks at the whole fleet: what each service is in each environment, which signed verdicts there are, and how they stand now."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chart_harness.fleet import FleetError, services
from chart_harness.fleet_render import Pair, pairs, render_fleet
from promotion_gate.attestation.envelope import open_sealed, read_text
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import KEYS_FOLDER, TrustedKeys, trusted_keys
from promotion_gate.checkout import commit_of
from promotion_gate.fleet.document import FleetStatus, ReleaseStatus, Standing
from promotion_gate.fleet.standing import Current, Decided, Rules, Signed, of_destination, of_source
from promotion_gate.manifests import manifests_digest
from promotion_gate.policy import POLICY_FILE, Policy, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.sources import at, chart_digest, layered_values, set_values
from promotion_gate.verdict import Override, PolicyRecord
from promotion_gate.verdicts import promotion_file, stored
from promotion_gate.workload import WorkloadError, read_workload

DEFAULT_BACKEND = "prometheus"
"""Of the chart, where the values name none; a test holds it against every rendered release."""


@dataclass(frozen=True)
class Records:
    """What there is to believe, and whom."""

    policy: Policy
    policy_sha256: str
    keys: TrustedKeys
    store: Path
    overrides: Sequence[Override] = ()


def load_records(root: Path, policy: Path | None, store: Path, keys: Path | None) -> Records:
    """The policy, trusted keys and overrides of a checkout, unless other files are named.

    Raises PolicyError, AttestationError or AuditError.
    """
    rules, sha256 = load_policy(policy or root / POLICY_FILE)
    return Records(rules, sha256, trusted_keys(keys or root / KEYS_FOLDER), store, load_log(root / AUDIT_LOG))


def survey(root: Path, records: Records, now: datetime, only: Sequence[str] = ()) -> FleetStatus:
    """How every service, or each of `only`, stands in staging and production.

    Raises FleetError for a service there is none of, and where there is no fleet at all.
    """
    known = services(root)
    if not known:
        raise FleetError(f"There are no services under {root / 'charts' / 'services'}: name the checkout with --root.")
    if unknown := sorted(set(only) - set(known)):
        raise FleetError(f"There is no service {unknown[0]!r}: choose one of {', '.join(known)}.")
    promotion = records.policy.promotion
    shown = (promotion.source, promotion.destination)
    chosen = [pair for pair in pairs(root) if pair[1] in shown and (not only or pair[0] in only)]
    fleet = _Fleet(root, records, now, chosen)
    commit, changed = commit_of(root)
    return FleetStatus(
        at=now,
        commit=commit,
        uncommitted_changes=changed,
        policy_version=records.policy.version,
        policy_sha256=records.policy_sha256,
        waves=records.policy.waves,
        releases=tuple(fleet.row(*pair) for pair in sorted(chosen, key=lambda pair: (pair[0], shown.index(pair[1])))),
    )


def wave_of(policy: Policy, role: str) -> int | None:
    """The wave of a role, from 1; None if the policy has none for it."""
    return next((number for number, roles in enumerate(policy.waves, start=1) if role in roles), None)


class _Fleet:
    def __init__(self, root: Path, records: Records, now: datetime, chosen: Sequence[Pair]) -> None:
        self._root = root
        self._records = records
        self._promotion = records.policy.promotion
        record = PolicyRecord(version=records.policy.version, sha256=records.policy_sha256)
        self._rules = Rules(records.policy, record, records.overrides, now)
        self._rendered = render_fleet(root, releases=chosen)

    def row(self, service: str, environment: str) -> ReleaseStatus:
        values = layered_values(self._root, service, environment)
        role = str(at(values, "metrics.role", ""))
        decided = self._decided(service, environment)
        return ReleaseStatus(
            service=service,
            environment=environment,
            role=role,
            wave=wave_of(self._records.policy, role),
            backend=str(at(values, "env.standard.PROMETHEUS_BACKEND", DEFAULT_BACKEND)),
            standing=decided.standing,
            reason=decided.reason,
            verdict=decided.verdict,
            others=decided.others,
        )

    def _decided(self, service: str, environment: str) -> Decided:
        if error := self._rendered.errors.get((service, environment), ""):
            return Decided(Standing.BLOCKED, f"does not render: {error}")
        promotion = self._signed(self._root / promotion_file(service, self._promotion.destination))
        own = self._signed(stored(self._records.store, service, environment))
        destination = environment == self._promotion.destination
        if own is None and not (
            destination and promotion
        ):  # nothing to hold against anything: 84 digests cost a second
            return Decided(Standing.UNPROVED, "no promotion on record" if destination else "no verdict")
        try:
            current = self._current(service, environment)
        except WorkloadError as error:
            return Decided(Standing.BLOCKED, str(error))
        if destination:
            return of_destination(current, promotion, own, self._rules)
        return of_source(current, own, promotion, self._rules)

    def _current(self, service: str, environment: str) -> Current:
        release = self._rendered.releases[service, environment]
        return Current(
            service=service,
            environment=environment,
            manifests_sha256=manifests_digest(release.objects),
            chart_sha256=chart_digest(self._root, service),
            values=set_values(self._root, service, environment, self._promotion.keys),
            workload=read_workload(release),
        )

    def _signed(self, path: Path) -> Signed | None:
        """The signed verdict of a file; None if there is no file."""
        if not path.exists() and not path.is_symlink():
            return None
        shown = str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)
        try:
            text = read_text(path)
        except AttestationError as error:
            return Signed(shown, "", None, str(error))
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        try:
            return Signed(shown, sha256, open_sealed(text, shown, self._records.keys))
        except AttestationError as error:
            return Signed(shown, sha256, None, str(error))
