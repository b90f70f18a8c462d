"""What a merge request may do to production: two folders, of its base and of its head, in; findings out.

Policy, trusted keys and overrides are the base's: a merge request cannot bring the rule, the key or the override that lets itself in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from chart_harness.errors import RenderError
from chart_harness.fleet import FleetError, service_release
from promotion_gate.admission import Admission, Refusal, State, assess_admission, claim_of, said_of, why_not
from promotion_gate.attestation.envelope import open_file
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import KEYS_FOLDER, TrustedKeys, trusted_keys
from promotion_gate.plan import PlanError
from promotion_gate.policy import POLICY_FILE, Policy, PolicyError, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, AuditError, load_log
from promotion_gate.promotion.release_rules import (
    chart_refusals,
    image_refusals,
    kept_refusals,
    promoted_refusals,
    unproved_images,
    value_refusals,
)
from promotion_gate.sources import layered_values
from promotion_gate.verdict import Override, Verdict
from promotion_gate.verdicts import promotion_file
from promotion_gate.workload import WorkloadError

_SERVICES = PurePosixPath("charts/services")
_AGAIN = "Run `gate verify` and `gate promote` again, and commit what it writes."
_DOES_NOT_RENDER = (RenderError, FleetError, PlanError, WorkloadError)


@dataclass(frozen=True)
class Found:
    """One thing to say about the range."""

    file: str
    what: str
    do: str
    refuses: bool = True


@dataclass(frozen=True)
class Sides:
    """The base and the head, as folders that hold `commits.FOLDERS`, and the files in which HEAD changed them.

    Attributes:
        up_to_date: whether HEAD is built on BASE, so that it is what a merge gives.
    """

    base: Path
    head: Path
    changed: tuple[str, ...]
    up_to_date: bool = True


def guard(sides: Sides, now: datetime) -> tuple[Found, ...]:
    """All that is to say of the range, file by file; it may be merged if nothing of it refuses. Deterministic: reads the folders only.

    Raises PolicyError or AttestationError where the base itself has no policy or key that can be used.
    """
    return tuple(_Guard(sides, now).findings())


class _Guard:
    def __init__(self, sides: Sides, now: datetime) -> None:
        self._sides, self._now = sides, now
        try:
            self._policy = load_policy(sides.base / POLICY_FILE)
            keys = trusted_keys(sides.base / KEYS_FOLDER)
        except (PolicyError, AttestationError) as error:
            raise type(error)(f"The base cannot be judged by: {self._said(error)}") from None
        self._keys = TrustedKeys(keys.keys, f"{KEYS_FOLDER} of the base")
        self._overrides: tuple[Override, ...] = ()
        """Those of the base."""
        self._brought: tuple[Override, ...] = ()

    @property
    def _rules(self) -> Policy:
        return self._policy[0]

    def findings(self) -> Iterator[Found]:
        touched = self._touched()
        if not self._sides.up_to_date and (touched or self._rules_change()):
            yield Found(
                "",
                "HEAD is not built on BASE, so a merge gives something that nobody looked at.",
                "Rebase it, or merge BASE into it.",
            )
        yield from self._of_the_rules()
        yield from self._of_the_log()
        for service, files in touched.items():
            yield from self._of_service(service, files)

    def _rules_change(self) -> bool:
        judged_by = (POLICY_FILE.as_posix(), AUDIT_LOG.as_posix(), f"{KEYS_FOLDER.as_posix()}/")
        return any(file.startswith(judged_by) for file in self._sides.changed)

    # -- what the range is judged by

    def _of_the_rules(self) -> Iterator[Found]:
        keys_folder = f"{KEYS_FOLDER.as_posix()}/"
        for file in self._sides.changed:
            if file == POLICY_FILE.as_posix():
                yield Found(
                    file,
                    "The promotion policy changes; this range is judged by that of the base.",
                    "Have the platform team look at it.",
                    refuses=False,
                )
                yield from self._readable(file, lambda: load_policy(self._sides.head / POLICY_FILE))
            elif file.startswith(keys_folder) and file.endswith(".pem"):
                there = (self._sides.head / file).exists()
                what = (
                    "is trusted once this is merged, and not in this range"
                    if there
                    else "is trusted no more once this is merged"
                )
                yield Found(file, f"The key {what}.", "Have the platform team look at it.", refuses=False)
                if there:
                    yield from self._readable(file, lambda: trusted_keys(self._sides.head / KEYS_FOLDER))

    def _readable(self, file: str, load: Any) -> Iterator[Found]:
        try:
            load()
        except (PolicyError, AttestationError) as error:
            yield Found(file, self._said(error), "Correct it: after the merge nothing could be verified.")

    def _of_the_log(self) -> Iterator[Found]:
        """That the log only grows, and what is new in it."""
        file = AUDIT_LOG.as_posix()
        before, after = (self._bytes(side / AUDIT_LOG) for side in (self._sides.base, self._sides.head))
        try:
            self._overrides = load_log(self._sides.base / AUDIT_LOG)
        except AuditError as error:
            yield Found(file, self._said(error), "Mend the log of the base first: none of its overrides holds.")
        if file not in self._sides.changed:
            return
        if not after.startswith(before):
            yield Found(
                file,
                "The log of overrides was changed, where it may only grow.",
                f"Restore it (git checkout BASE -- {file}), and give overrides by `gate override`.",
            )
            return
        try:
            self._brought = load_log(self._sides.head / AUDIT_LOG)[len(self._overrides) :]
        except AuditError as error:
            yield Found(
                file,
                self._said(error),
                f"Restore it (git checkout BASE -- {file}), and give overrides by `gate override`.",
            )
            return
        for override in self._brought:
            if why := why_not(override, self._rules.promotion, self._now):
                yield Found(
                    file, f"The override {said_of([override])} {why}.", "Give one that holds, by `gate override`."
                )
            else:
                yield Found(
                    file,
                    f"An override is given for {override.service} in {override.environment}: {said_of([override])}.",
                    "It counts once this is merged.",
                    refuses=False,
                )

    @staticmethod
    def _bytes(path: Path) -> bytes:
        return path.read_bytes() if path.is_file() else b""

    def _said(self, error: Exception) -> str:
        """Without the names of the folders that nobody knows."""
        text = " ".join(str(getattr(error, "sentence", "") or error).split())
        for folder in (self._sides.head, self._sides.base):
            text = text.replace(f"{folder}/", "")
        return text

    # -- what the range does

    def _touched(self) -> dict[str, set[str]]:
        """Of each service, the files that production is made from and that changed, relative to the service."""
        found: dict[str, set[str]] = {}
        for file in self._sides.changed:
            path = PurePosixPath(file)
            if not path.is_relative_to(_SERVICES) or len(path.parts) < 4:
                continue
            service, *rest = path.relative_to(_SERVICES).parts
            others = rest[0] == "environments" and rest[1:2] != [self._rules.promotion.destination]
            if not others and rest != ["gate.yaml"]:
                found.setdefault(service, set()).add("/".join(rest))
        return dict(sorted(found.items()))

    def _of_service(self, service: str, files: set[str]) -> Iterator[Found]:
        destination = self._rules.promotion.destination
        folder = f"{_SERVICES}/{service}"
        own = f"environments/{destination}/"
        values_file = f"{folder}/{own}values.yaml"
        promotes = any(file.startswith(own) for file in files)
        if not (self._sides.head / folder / "Chart.yaml").is_file():
            yield Found(
                folder,
                f"{service} is there no more; what runs of it is not touched.",
                "Uninstall it where it runs.",
                refuses=False,
            )
            return
        if not (self._sides.head / values_file).is_file():
            if promotes:
                yield Found(
                    values_file,
                    f"{service} has no values for {destination} any more.",
                    "Put the file back, or take out the whole service.",
                )
            return
        if promotes:
            yield from self._promotion(service, values_file, f"{own}values.yaml" in files)
        yield from self._production(service, values_file, proved=promotes)

    def _promotion(self, service: str, values_file: str, values_change: bool) -> Iterator[Found]:
        """That what changes in production was proved."""
        rules = self._rules.promotion
        proof = promotion_file(service, rules.destination)
        last, unusable = self._last_promoted(service)
        if unusable:
            yield Found(
                proof.as_posix(),
                f"That of the base cannot be used, so nothing is compared with it: {unusable}",
                "",
                refuses=False,
            )
        if not (self._sides.head / proof).is_file():
            if not values_change and unusable:
                return  # it is taken out because of that
            yield Found(
                values_file,
                f"{rules.destination.capitalize()} changes and no verdict says that {rules.source} proved it: there is no {proof.name}.",
                _AGAIN,
            )
            return
        try:
            verdict = open_file(self._sides.head / proof, self._keys)
        except AttestationError as error:
            yield Found(proof.as_posix(), self._said(error), _AGAIN)
            return
        try:
            claim = claim_of(self._sides.head, service, rules.source, self._policy, verdict, last)
            admission = assess_admission(verdict, claim, rules, self._now, self._overrides)
        except _DOES_NOT_RENDER as error:
            yield Found(
                f"{_SERVICES}/{service}",
                f"It cannot be held against the verdict: {self._said(error)}",
                "Correct the chart, then verify it.",
            )
            return
        yield from self._admitted(proof.as_posix(), verdict, admission)
        values = layered_values(self._sides.head, service, rules.destination)
        yield from _found(values_file, promoted_refusals(verdict.release.values, values, rules.keys))

    def _last_promoted(self, service: str) -> tuple[Verdict | None, str]:
        """The verdict of the base's promotion; why there is none although there is a file."""
        path = self._sides.base / promotion_file(service, self._rules.promotion.destination)
        if not path.is_file():
            return None, ""
        try:
            return open_file(path, self._keys), ""
        except AttestationError as error:
            return None, self._said(error)

    def _admitted(self, file: str, verdict: Verdict, admission: Admission) -> Iterator[Found]:
        for refusal in admission.refusals:
            check = refusal.sentence.partition(" ")[0]
            brought = [o for o in self._brought if refusal.about in {"check", "override"} and o.check == check]
            mine = [
                o
                for o in brought
                if (o.service, o.environment) == (verdict.release.service, verdict.release.environment)
            ]
            if mine:
                yield Found(
                    file,
                    f"{refusal.sentence.partition(':')[0]}, and its override is in this range.",
                    "Merge the override first, by itself.",
                )
            else:
                yield from _found(file, [refusal])
        known = {*self._overrides, *self._brought}
        for override in verdict.overrides:
            if override not in known:
                yield Found(
                    file, f"The verdict names an override that is not in the audit log: {said_of([override])}.", _AGAIN
                )
        if admission.state is State.OVERRIDDEN:
            yield Found(file, f"It is promoted, {admission.words}.", "Look at whether that is still so.", refuses=False)

    def _production(self, service: str, values_file: str, *, proved: bool) -> Iterator[Found]:
        """That production runs what was released and is allowed, and keeps what it has to."""
        rules, head = self._rules.promotion, self._sides.head
        folder = f"{_SERVICES}/{service}"
        try:
            production = service_release(head, service, rules.destination)
            source = service_release(head, service, rules.source) if proved else None
        except (RenderError, FleetError) as error:
            yield Found(folder, f"It does not render: {self._said(error)}", "Correct the chart or its values.")
            return
        yield from _found(values_file, image_refusals(production, rules.not_yet))
        if source is not None:
            yield from _found(values_file, unproved_images(source, production))
        chart = yaml.safe_load((head / folder / "Chart.yaml").read_text(encoding="utf-8"))
        yield from _found(f"{folder}/Chart.yaml", chart_refusals(chart))
        values = layered_values(head, service, rules.destination)
        yield from _found(values_file, value_refusals(values))
        yield from _found(values_file, kept_refusals(self._before(service), values, rules.keep))

    def _before(self, service: str) -> Mapping[str, Any]:
        try:
            return layered_values(self._sides.base, service, self._rules.promotion.destination)
        except FleetError:
            return {}  # it is new in production


def _found(file: str, refusals: Iterable[Refusal]) -> Iterator[Found]:
    """Refusals of a file; a sentence that ends in what to do is taken apart."""
    for refusal in refusals:
        what, colon, do = refusal.sentence.rpartition(": ")
        if colon:
            yield Found(file, f"{what}.", do[0].upper() + do[1:])
        else:
            yield Found(file, refusal.sentence, _AGAIN)
