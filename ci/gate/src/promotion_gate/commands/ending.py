"""How a command ends: its exit code, and one sentence where it could not do its work."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from chart_harness.clusters.cluster import ClusterError
from chart_harness.fleet import FleetError
from chart_harness.helm import HelmError
from chart_harness.render import RenderError
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.fleet.errors import FleetStateError
from promotion_gate.plan import PlanError
from promotion_gate.policy import PolicyError
from promotion_gate.promotion.audit_log import AuditError
from promotion_gate.promotion.commits import RangeError
from promotion_gate.promotion.values_file import ValuesError
from promotion_gate.reporters import ReportError
from promotion_gate.reporters.json_report import VerdictError
from promotion_gate.targets import TargetError
from promotion_gate.workload import WorkloadError

REFUSED = 1
COULD_NOT_RUN = 3
INTERRUPTED = 130

EXPECTED = (
    AttestationError,
    AuditError,
    CleanupError,
    ClusterError,
    FleetError,
    FleetStateError,
    HelmError,
    PlanError,
    PolicyError,
    RangeError,
    RenderError,
    ReportError,
    TargetError,
    ValuesError,
    VerdictError,
    WorkloadError,
)
"""Errors that are the user's to mend: their message is a sentence."""


@contextmanager
def one_sentence(interrupted: str) -> Iterator[None]:
    """Ends the process with 3 and a sentence on what is expected to go wrong, with 130 and `interrupted` on Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        yield
    except EXPECTED as error:
        give_up(str(getattr(error, "sentence", "") or error))
    except OSError as error:
        give_up(f"{error.strerror or error}: {error.filename or 'no file is named'}")
    except KeyboardInterrupt:
        click.echo(f"Interrupted: {interrupted}", err=True)
        sys.exit(INTERRUPTED)


def give_up(sentence: str, code: int = COULD_NOT_RUN) -> NoReturn:
    """Says the sentence on standard error and ends the process."""
    click.echo(f"gate: {sentence}", err=True)
    sys.exit(code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
    raise KeyboardInterrupt
