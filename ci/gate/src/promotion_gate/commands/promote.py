"""`gate promote`: what staging proved, into production's values."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from pathlib import Path

import click

from promotion_gate.admission import State
from promotion_gate.attestation.envelope import read_text
from promotion_gate.attestation.errors import UntrustedError
from promotion_gate.attestation.keys import KEYS_FOLDER
from promotion_gate.attestation.keys import trusted_keys as load_keys
from promotion_gate.commands.ending import REFUSED, give_up, one_sentence
from promotion_gate.commands.options import POLICY, ROOT, TRUSTED_KEYS, VERDICTS
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.promotion.promoting import FileChange, carry_out, differences, propose
from promotion_gate.verdicts import stored


@click.command("promote")
@click.argument("service")
@ROOT
@click.option(
    "--verdict",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The signed verdict; the store's newest of the service in staging if not given.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@POLICY
@VERDICTS
@TRUSTED_KEYS
def command(
    service: str,
    root: Path,
    file: Path | None,
    dry_run: bool,
    policy: Path | None,
    verdicts: Path,
    trusted_keys: Path | None,
) -> None:
    """Copy what staging proved of SERVICE into production's values, with the verdict beside them.

    Commit both files. Ends with 0 if it is promoted, 1 if that is refused, 3 if it could not be tried.
    """
    with one_sentence("nothing was promoted."):
        rules = load_policy(policy or root / POLICY_FILE)
        promotion = rules[0].promotion
        keys = load_keys(trusted_keys or root / KEYS_FOLDER)
        path = file or stored(verdicts, service, promotion.source)
        overrides = load_log(root / AUDIT_LOG)
        try:
            proposal = propose(root, service, read_text(path), str(path), keys, rules, overrides, datetime.now(UTC))
        except UntrustedError as error:
            give_up(f"{service} is not promoted: {error}", REFUSED)
        if proposal.admission.state is State.REFUSED:
            click.echo(f"{service}: refused", err=True)
            for refusal in proposal.admission.refusals:
                click.echo(f"  {refusal.sentence}", err=True)
            give_up(f"{service} is not promoted, and nothing was changed.", REFUSED)
        if dry_run:
            click.echo(f"{service} would be {proposal.words}")
            for change in proposal.files:
                click.echo(_diff(change), nl=False)
            return
        carry_out(proposal)
    click.echo(f"{service} {proposal.words}" if proposal.files else f"{service} is promoted already")
    for line in differences(proposal, promotion.keys):
        click.echo(f"  {line}")
    for change in proposal.files:
        click.echo(f"  wrote {change.path}")


def _diff(change: FileChange) -> str:
    if change.path.suffix == ".json":
        return f"{'' if change.before is None else 'another '}{change.path}: the signed verdict\n"
    lines = difflib.unified_diff(
        (change.before or "").splitlines(keepends=True),
        change.after.splitlines(keepends=True),
        str(change.path),
        str(change.path),
    )
    return "".join(lines)
