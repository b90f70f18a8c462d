"""`gate check-verdict`: whether a signed verdict holds, without a network."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from promotion_gate.admission import Admission, State, assess_admission, claim_of
from promotion_gate.attestation.envelope import open_file
from promotion_gate.attestation.errors import UntrustedError
from promotion_gate.attestation.keys import KEYS_FOLDER
from promotion_gate.attestation.keys import trusted_keys as load_keys
from promotion_gate.commands.ending import REFUSED, give_up, one_sentence
from promotion_gate.commands.options import POLICY, ROOT, TRUSTED_KEYS
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import last_promoted


@click.command("check-verdict")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@ROOT
@click.option("--no-checkout", is_flag=True, help="Do not hold the verdict against what the checkout has.")
@POLICY
@TRUSTED_KEYS
def command(file: Path, root: Path, no_checkout: bool, policy: Path | None, trusted_keys: Path | None) -> None:
    """Verify the signed verdict in FILE: its signature, what it says, its age, and that it is about what the checkout has.

    Ends with 0 if it would let the release go, 1 if not, 3 if it cannot be read.
    """
    with one_sentence("nothing was changed."):
        rules = load_policy(policy or root / POLICY_FILE)
        keys = load_keys(trusted_keys or root / KEYS_FOLDER)
        try:
            verdict = open_file(file, keys)
            promotion = rules[0].promotion
            claim = None
            if not no_checkout:
                release = verdict.release
                last = last_promoted(root, release.service, promotion.destination, keys)
                claim = claim_of(root, release.service, release.environment, rules, verdict, last)
        except UntrustedError as error:
            give_up(str(error), REFUSED)
        admission = assess_admission(verdict, claim, promotion, datetime.now(UTC), load_log(root / AUDIT_LOG))
    for line in (*_about(verdict), *_conclusion(admission)):
        click.echo(line)
    sys.exit(REFUSED if admission.state is State.REFUSED else 0)


def _about(verdict: Verdict) -> list[str]:
    release, target, policy = verdict.release, verdict.target, verdict.policy
    return [
        f"{release.service} in {release.environment}: {verdict.outcome}, {verdict.finished_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  on         {target.name} {target.identity}".rstrip(),
        f"  commit     {release.commit or 'none'}",
        f"  image      {release.image} {' '.join(release.image_digests)}".rstrip(),
        f"  chart      {release.chart_sha256 or 'none'}",
        f"  manifests  {release.manifests_sha256}",
        f"  policy     {'none' if policy is None else f'{policy.version} {policy.sha256}'}",
        *(f"  proved     {key}: {value}" for key, value in release.values.items()),
    ]


def _conclusion(admission: Admission) -> list[str]:
    return [admission.words[0].upper() + admission.words[1:], *(f"  {one.sentence}" for one in admission.refusals)]
