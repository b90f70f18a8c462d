"""`gate doctor`: which of the known things is wrong with a release that runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import ROOT
from promotion_gate.commands.set_option import nested
from promotion_gate.progress import Progress
from promotion_gate.targets.choice import EMBEDDED

DEFAULT_PROMETHEUS = "monitoring/prometheus:9090"


@click.command("doctor")
@click.argument("service")
@click.argument("environment")
@ROOT
@click.option(
    "--target",
    required=True,
    metavar="kind|context:NAME",
    help="The cluster where it runs: the kind cluster of this host, or one of your kubeconfig.",
)
@click.option("--namespace", default=None, help="Where it is installed; the environment's name if not given.")
@click.option(
    "--set", "said", multiple=True, metavar="KEY=VALUE", help="A value on top of the files that it was installed with."
)
@click.option(
    "--prometheus",
    envvar="GATE_PROMETHEUS",
    show_envvar=True,
    default=DEFAULT_PROMETHEUS,
    show_default=True,
    metavar="NAMESPACE/SERVICE:PORT",
    help="The Prometheus that should have its metrics.",
)
@click.option("--json", "as_document", is_flag=True, help="Write JSON instead of text.")
def command(
    service: str,
    environment: str,
    root: Path,
    target: str,
    namespace: str | None,
    said: tuple[str, ...],
    prometheus: str,
    *,
    as_document: bool,
) -> None:
    """Look at SERVICE as it runs for ENVIRONMENT, and say what is wrong with it, the first cause first.

    Changes nothing. Ends with 0 if nothing was found, 1 if something was, 3 if it could not look everywhere.
    """
    with one_sentence("nothing was changed."):
        if target == EMBEDDED:
            give_up(
                "The embedded target has no release that stays: gate doctor looks into a cluster, kind or context:NAME."
            )
        # the client of Kubernetes' API costs a second, which `gate doctor --help` need not pay
        from promotion_gate.doctor.diagnoses import ALL
        from promotion_gate.doctor.examination import examine
        from promotion_gate.doctor.looking import look, patient
        from promotion_gate.doctor.patient import cluster
        from promotion_gate.doctor.report import as_json, print_report

        whom = patient(root, service, environment, namespace or environment, nested(said))
        with Progress(Console(stderr=True)) as progress:
            view = look(whom, cluster(target), progress, prometheus)
        report = examine(view, ALL)
        if as_document:
            click.echo(json.dumps(as_json(view, report), indent=2))
        else:
            print_report(view, report, Console())
    sys.exit(report.exit_code)
