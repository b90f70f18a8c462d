"""`gate override`: somebody answers for a check that is not PASS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from chart_harness.fleet import values_files
from promotion_gate.admission import said_of, why_not
from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import POLICY, ROOT
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion.audit_log import AUDIT_LOG, append
from promotion_gate.verdict import Override


@click.command("override")
@click.argument("service")
@click.argument("check")
@click.option("--environment", required=True, help="Where the check is not PASS, e.g. staging.")
@click.option("--actor", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why the promotion shall not wait.")
@click.option("--ticket", required=True, help="Where the rest of the story is.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="When it ends to hold, UTC; a day ends it as the day begins.",
)
@ROOT
@POLICY
def command(
    service: str,
    check: str,
    environment: str,
    actor: str,
    reason: str,
    ticket: str,
    expires: datetime,
    root: Path,
    policy: Path | None,
) -> None:
    """Let promotions of SERVICE go although CHECK is not PASS, until it expires; appended to ci/audit/overrides.jsonl.

    It changes no verdict: whoever uses it says "overridden". It counts in `gate guard` once it is merged.
    """
    with one_sentence("no override was given."):
        rules = load_policy(policy or root / POLICY_FILE)[0]
        values_files(root, service, environment)  # there is such a service, in such an environment
        known = sorted({one for inventory in rules.inventory.values() for one in inventory})
        if check not in known:
            give_up(f"There is no check {check!r} in the policy: choose one of {', '.join(known)}.")
        for name, said in (("actor", actor), ("reason", reason), ("ticket", ticket)):
            if not said.strip():
                give_up(f"--{name} is empty: say it, it is what an override rests on.")
        now = datetime.now(UTC)
        override = Override(
            service=service,
            environment=environment,
            check=check,
            actor=" ".join(actor.split()),
            reason=" ".join(reason.split()),
            ticket=" ".join(ticket.split()),
            given_at=now,
            expires_at=expires.replace(tzinfo=UTC),
        )
        if override.expires_at <= now:
            give_up(f"--expires {expires:%Y-%m-%d %H:%M} UTC is past: name a time to come.")
        if why := why_not(override, rules.promotion, now):
            latest = now + timedelta(days=rules.promotion.max_override_days)
            give_up(f"It {why}: let it expire by {latest:%Y-%m-%d %H:%M} UTC.")
        append(root / AUDIT_LOG, override)
    click.echo(f"Overridden: {said_of([override])}")
    click.echo(f"  appended to {root / AUDIT_LOG}. Commit it; it counts in merge requests once it is merged.")
