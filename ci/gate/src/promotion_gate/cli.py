"""The `gate` command. Exit codes: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 could not run, 130 interrupted."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
import yaml
from rich.console import Console

from chart_harness.fleet import FleetError
from chart_harness.helm import HelmError
from chart_harness.render import RenderError
from promotion_gate import checks
from promotion_gate.gathering import Patience
from promotion_gate.plan import PlanError
from promotion_gate.progress import Progress
from promotion_gate.reporters import ReportError, forget_reports, write_reports
from promotion_gate.reporters.terminal import print_verdict
from promotion_gate.targets import TargetError
from promotion_gate.targets.choice import EMBEDDED, choose
from promotion_gate.verification import Verification, prepare
from promotion_gate.workload import WorkloadError

COULD_NOT_RUN = 3
INTERRUPTED = 130

READY_IN_CLUSTER = 90.0
"""Seconds: a node may have to pull the image first."""

_EXPECTED = (FleetError, HelmError, RenderError, PlanError, WorkloadError, TargetError, ReportError)


class _Group(click.Group):
    """click ends with 2 on a bad command line, and here 2 says INCONCLUSIVE."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            return super().main(*args, **kwargs)
        except click.ClickException as error:
            error.show()
            sys.exit(COULD_NOT_RUN)
        except click.Abort:
            sys.exit(INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A verdict from evidence: PASS, FAIL or INCONCLUSIVE, and what to do about it."""


@main.command()
@click.argument("service")
@click.argument("environment")
@click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The checkout that holds charts/."
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/gate"),
    show_default=True,
    help="Folder for verdict.json, junit.xml, report.html and the pods' logs; what an earlier run left there goes.",
)
@click.option(
    "--target",
    "target_name",
    default=EMBEDDED,
    show_default=True,
    metavar="embedded|kind|context:NAME",
    help="Where it runs: local processes, a kind cluster of this host, or a cluster of your kubeconfig.",
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
@click.option(
    "--window",
    type=click.IntRange(0, 3600),
    default=int(Patience.window),
    show_default=True,
    help="Seconds to watch at least, once Ready.",
)
def verify(
    service: str,
    environment: str,
    root: Path,
    reports: Path,
    target_name: str,
    said: tuple[str, ...],
    ready_timeout: int | None,
    window: int,
) -> None:
    """Run SERVICE as its chart says for ENVIRONMENT, look at what comes out, and judge it."""
    console = Console()
    try:
        _forget_earlier_run(reports)
        candidate = prepare(root, service, environment, _overrides(said), said)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        target = choose(target_name, candidate.judged, reports / "pods")
        ready = ready_timeout or (Patience.ready if target_name == EMBEDDED else READY_IN_CLUSTER)
        with Progress(console) as progress:
            verdict = Verification(Patience(ready, window)).verify(candidate, target, progress)
        written = write_reports(verdict, reports)
    except _EXPECTED as error:
        _give_up(str(getattr(error, "sentence", "") or error))
    except OSError as error:
        _give_up(f"{error.strerror or error}: {error.filename or reports}")
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted: all that the gate started for {service} is stopped and gone. There is no verdict.", err=True
        )
        sys.exit(INTERRUPTED)
    print_verdict(verdict, console, written)
    sys.exit(verdict.outcome.exit_code)


@main.command("checks")
def list_checks() -> None:
    """List the checks and their pages."""
    for check in checks.ALL:
        click.echo(f"{check.id:18} {check.title:34} {check.documentation}")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
    raise KeyboardInterrupt


def _give_up(sentence: str) -> NoReturn:
    click.echo(f"gate: {sentence}", err=True)
    sys.exit(COULD_NOT_RUN)


def _overrides(said: tuple[str, ...]) -> dict[str, Any]:
    """`a.b=value` pairs as nested values; a value is read as YAML, so `2` is a number."""
    values: dict[str, Any] = {}
    for pair in said:
        key, equals, text = pair.partition("=")
        if not equals or not all(key.split(".")):
            _give_up(f"--set {pair!r} is not KEY=VALUE, e.g. --set workload.replicas=1.")
        *parents, leaf = key.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                _give_up(
                    f"--set {pair!r} goes into {parent}, which another --set made a plain value; leave one of the two out."
                )
        try:
            place[leaf] = yaml.safe_load(text)
        except yaml.YAMLError:
            _give_up(f"--set {pair!r}: the value is not YAML; quote it, e.g. --set 'key=\"a: b\"'.")
    return values


def _forget_earlier_run(reports: Path) -> None:
    """Removes only what a run writes: an old verdict must not stand beside a run that ended without one."""
    forget_reports(reports)
    shutil.rmtree(reports / "pods", ignore_errors=True)
