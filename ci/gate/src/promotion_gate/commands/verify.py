"""`gate verify`: runs a release, looks at it, and judges it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click
from rich.console import Console

from promotion_gate.attestation.keys import KEYS_FOLDER, signer_of
from promotion_gate.attestation.keys import trusted_keys as load_keys
from promotion_gate.commands.ending import one_sentence
from promotion_gate.commands.options import KEY, POLICY, ROOT, TRUSTED_KEYS, VERDICTS, WINDOW
from promotion_gate.commands.set_option import nested
from promotion_gate.gathering import Patience
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.progress import Progress
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log
from promotion_gate.reporters import forget_reports, write_reports
from promotion_gate.reporters.terminal import print_verdict
from promotion_gate.targets.choice import EMBEDDED, choose
from promotion_gate.verdicts import baseline_of, keep_signed, stored
from promotion_gate.verification import Verification, prepare, with_history

READY_IN_CLUSTER = 90.0
"""Seconds: a node may have to pull the image first."""


@click.command("verify")
@click.argument("service")
@click.argument("environment")
@ROOT
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/gate"),
    show_default=True,
    help="Folder for the reports and the pods' logs; what an earlier run left there goes.",
)
@click.option(
    "--target",
    "target_name",
    default=EMBEDDED,
    show_default=True,
    metavar="embedded|kind|context:NAME|live:…",
    help="Where it runs: local processes, a kind cluster of this host, a cluster of your kubeconfig; or live:kind, live:context:NAME: "
    "the release that runs there.",
)
@click.option(
    "--set", "said", multiple=True, metavar="KEY=VALUE", help="A value on top of the files, e.g. workload.replicas=1."
)
@click.option(
    "--ready-timeout",
    type=click.IntRange(1, 3600),
    default=None,
    help=f"Seconds for pods to be Ready; {Patience.ready:g} on the embedded target, {READY_IN_CLUSTER:g} in a cluster.",
)
@WINDOW
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A verdict to compare the noisy figures with; that of the release promoted last if not given.",
)
@POLICY
@KEY
@VERDICTS
@TRUSTED_KEYS
def command(
    service: str,
    environment: str,
    root: Path,
    reports: Path,
    target_name: str,
    said: tuple[str, ...],
    ready_timeout: int | None,
    window: int | None,
    baseline: Path | None,
    policy: Path | None,
    key: Path | None,
    verdicts: Path,
    trusted_keys: Path | None,
) -> None:
    """Run SERVICE as its chart says for ENVIRONMENT, look at what comes out, and judge it.

    With a key the verdict is signed, and kept in the store for a promotion.
    """
    console = Console()
    with one_sentence(f"all that the gate started for {service} is stopped and gone. There is no verdict."):
        forget_reports(reports)
        shutil.rmtree(reports / "pods", ignore_errors=True)  # an old verdict must not stand beside a run without one
        rules, signer = load_policy(policy or root / POLICY_FILE), signer_of(key)
        candidate = prepare(root, service, environment, rules, nested(said), said)
        trusted = load_keys(trusted_keys or root / KEYS_FOLDER)
        last = baseline_of(candidate.release, root, rules[0].promotion.destination, trusted, baseline)
        candidate = with_history(candidate, last, load_log(root / AUDIT_LOG))
        if signer is not None:  # nor may an older one promote, should this run end without a verdict
            stored(verdicts, service, environment).unlink(missing_ok=True)
        target = choose(target_name, candidate.judged, reports / "pods")
        ready = ready_timeout or (Patience.ready if target_name == EMBEDDED else READY_IN_CLUSTER)
        watch = float(window) if window is not None else rules[0].window_seconds.get(target.kind, Patience.window)
        with Progress(console) as progress:
            verdict = Verification(Patience(ready, watch)).verify(candidate, target, progress)
        written = write_reports(verdict, reports)
        if signer is not None:
            written += keep_signed(verdict, signer, reports, verdicts)
    print_verdict(verdict, console, written)
    sys.exit(verdict.outcome.exit_code)
