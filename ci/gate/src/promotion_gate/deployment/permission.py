"""Whether a release may go to production now: the signed verdict of its promotion, verified once more before anything is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from promotion_gate.admission import Admission, Refusal, State, assess_admission, claim_of
from promotion_gate.attestation.envelope import open_file
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.policy import Policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import promotion_file
from promotion_gate.verification import Candidate


@dataclass(frozen=True)
class Permission:
    """The verdict by which a release may go where it goes, and what was made of it; immutable."""

    verdict: Verdict
    file: Path
    admission: Admission

    @property
    def granted(self) -> bool:
        return self.admission.state is not State.REFUSED

    @property
    def why_not(self) -> str:
        """One sentence for each reason."""
        return " ".join(refusal.sentence for refusal in self.admission.refusals)


def permission(
    root: Path,
    candidate: Candidate,
    policy: tuple[Policy, str],
    keys: TrustedKeys,
    now: datetime,
    file: Path | None = None,
) -> Permission:
    """Verifies the signed verdict in `file`, by default the one that the promotion committed.

    Its signature must be a trusted key's, it must be fresh, admitted by the policy, and about what would be deployed. Raises
    AttestationError where there is none or nobody trusted vouches for it, and what `admission.claim_of` raises.
    """
    release = candidate.release
    path = file or root / promotion_file(release.service, release.environment)
    verdict = open_file(path, keys)
    claim = claim_of(root, release.service, policy[0].promotion.source, policy, verdict, promoted=verdict)
    found = assess_admission(verdict, claim, policy[0].promotion, now, load_log(root / AUDIT_LOG))
    refusals = (*found.refusals, *about_the_destination(verdict, candidate, policy[0].promotion.source))
    return Permission(verdict, path, Admission(refusals, found.overrides))


def about_the_destination(verdict: Verdict, candidate: Candidate, source: str) -> list[Refusal]:
    """What the verdict proved against what the destination would get of it: service, image, and the values that are promoted."""
    proved, release = verdict.release, candidate.release
    pairs = (
        ("service", "the service", proved.service, release.service),
        ("environment", "the environment", proved.environment, source),
        ("image", "the image", proved.image, release.image),
        *(
            ("values", f"{key} =", _json(proved.values.get(key)), _json(release.values.get(key)))
            for key in sorted(proved.values.keys() | release.values.keys())
        ),
    )
    found = [
        Refusal(about, f"It is about {what} {ours}, and {release.environment} would get {theirs}: promote again.")
        for about, what, ours, theirs in pairs
        if ours != theirs
    ]
    if release.commit is None or release.uncommitted_changes:  # what `gate guard` has not seen
        sentence = (
            f"What {release.environment} would get is in no commit: commit it, and have the merge request guarded."
        )
        found.append(Refusal("commit", sentence))
    return found


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def other_images(proved: Verdict, deployed: Verdict) -> str:
    """Which images run that were not proved, as a sentence; empty if all were: a tag may be moved after the proof."""
    found = sorted(set(deployed.release.image_digests) - set(proved.release.image_digests))
    if not deployed.release.image_digests:
        return "The cluster does not say which image runs, so it is not known to be the one that was proved."
    if found:
        return (
            f"{', '.join(found)} runs, which the verdict of {proved.release.environment} is not about: the tag was moved, or the registry "
            "is another one."
        )
    return ""
