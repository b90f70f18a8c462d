"""`gate deploy`: brings a release into its environment, proves it there, and takes it back unless it is proved."""

from __future__ import annotations

import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from securesystemslib.signer import Signer

from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import KEYS_FOLDER, signer_of
from promotion_gate.attestation.keys import trusted_keys as load_keys
from promotion_gate.commands.ending import INTERRUPTED, REFUSED, give_up, one_sentence
from promotion_gate.commands.options import KEY, POLICY, ROOT, TRUSTED_KEYS, VERDICTS, WINDOW
from promotion_gate.deployment.deploying import Deploying, Order
from promotion_gate.deployment.permission import Permission, permission
from promotion_gate.deployment.record import write_record
from promotion_gate.deployment.rollout import UndoError
from promotion_gate.gathering import Patience
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.progress import Progress
from promotion_gate.reporters import SIGNED_NAME, forget_reports, write_reports
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.reporters.terminal import print_verdict
from promotion_gate.targets.choice import place_in_use
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import keep_signed
from promotion_gate.verification import prepare

NOT_PUT_BACK = 4
"""The exit code that asks for somebody: the release is neither proved nor taken back."""


@click.command("deploy")
@click.argument("service")
@click.argument("environment")
@ROOT
@click.option(
    "--target",
    "target_name",
    required=True,
    metavar="kind|context:NAME",
    help="The cluster: the kind cluster of this host, or one of your kubeconfig. It is never taken just because it is the current one.",
)
@click.option(
    "--verdict",
    "verdict_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The signed verdict that lets it go to production; the one that the promotion committed if not given.",
)
@click.option(
    "--create-namespace",
    is_flag=True,
    help="Create the environment's namespace if it is not there, with PodSecurity `restricted` enforced.",
)
@click.option(
    "--keep-inconclusive",
    is_flag=True,
    help="Leave a release that is neither proved good nor bad; without, only PASS stays.",
)
@click.option(
    "--ready-timeout", type=click.IntRange(1, 3600), default=300, show_default=True, help="Seconds for the rollout."
)
@WINDOW
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/deploy"),
    show_default=True,
    help="Folder for the reports, deployment.json, and what a release that failed left behind.",
)
@POLICY
@KEY
@VERDICTS
@TRUSTED_KEYS
def command(
    service: str,
    environment: str,
    root: Path,
    target_name: str,
    verdict_file: Path | None,
    create_namespace: bool,
    keep_inconclusive: bool,
    ready_timeout: int,
    window: int | None,
    reports: Path,
    policy: Path | None,
    key: Path | None,
    verdicts: Path,
    trusted_keys: Path | None,
) -> None:
    """Install or upgrade SERVICE in ENVIRONMENT, verify it there, and roll it back unless it is PASS.

    Production asks for the signed verdict of the promotion first. Ends with 0 deployed and PASS; 1 refused, or taken back because
    the rollout or a check failed; 2 inconclusive and taken back; 3 could not run, nothing was changed; 4 could not be taken back.
    """
    console = Console()
    with one_sentence(f"nothing was deployed of {service}."):
        forget_reports(reports)
        for folder in ("pods", "failed"):
            shutil.rmtree(reports / folder, ignore_errors=True)
        rules, signer = load_policy(policy or root / POLICY_FILE), signer_of(key)
        candidate = prepare(root, service, environment, rules)
        place = place_in_use(target_name)
        allowed: Permission | None = None
        if environment == rules[0].promotion.destination:
            keys = load_keys(trusted_keys or root / KEYS_FOLDER)
            allowed = permission(root, candidate, rules, keys, datetime.now(UTC), verdict_file)
            if not allowed.granted:
                give_up(f"{service} may not go to {environment} by {allowed.file}: {allowed.why_not}", REFUSED)
        seconds = float(window) if window is not None else rules[0].window_seconds.get("live", Patience.window)
        order = Order(
            candidate=candidate,
            place=place,
            reports=reports,
            patience=Patience(float(ready_timeout), seconds),
            permission=allowed,
            create_namespace=create_namespace,
            keep_inconclusive=keep_inconclusive,
        )
        with Progress(console) as progress:
            try:
                done = Deploying(order, progress, _ignore_signals).run()
            except UndoError as error:
                give_up(str(error), NOT_PUT_BACK)
        written = [write_record(done.record, reports)]
        if done.verdict is not None:
            written += write_reports(done.verdict, reports)
            if signer is not None and done.record.ending == "deployed":
                written += _sign(done.verdict, signer, reports, verdicts, rules[0].promotion.source)
            print_verdict(done.verdict, console, written)
    console.print(f"{service} in {environment}: {done.record.ending}. {done.record.why}", markup=False, highlight=False)
    sys.exit(INTERRUPTED if done.interrupted else done.outcome.exit_code)


def _sign(verdict: Verdict, signer: Signer, reports: Path, store: Path, source: str) -> list[Path]:
    """The signed verdict, beside the reports and in the store; there not for the environment that promotes, whose place is that
    of the verdict that can."""
    if verdict.release.environment != source:
        return keep_signed(verdict, signer, reports, store)
    atomic_write(reports / SIGNED_NAME, seal(verdict, signer))
    return [reports / SIGNED_NAME]


def _ignore_signals() -> None:
    """Nothing may interrupt the way back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
