"""Options that several commands have, with one meaning."""

from __future__ import annotations

from pathlib import Path

import click

from promotion_gate.attestation.keys import KEYS_FOLDER
from promotion_gate.policy import POLICY_FILE
from promotion_gate.verdicts import STORE

ROOT = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The checkout that holds charts/."
)
WINDOW = click.option(
    "--window",
    type=click.IntRange(0, 3600),
    default=None,
    help="Seconds to watch without an interruption, once Ready; the policy's window_seconds if not given.",
)
POLICY = click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help=f"The promotion policy; {POLICY_FILE} of the checkout if not given.",
)
KEY = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The private key (PEM) that signs; else the one that GATE_SIGNING_KEY holds; without any, the verdict is not signed.",
)
VERDICTS = click.option(
    "--verdicts",
    type=click.Path(path_type=Path, file_okay=False),
    default=STORE,
    show_default=True,
    help="The store of signed verdicts, the newest of each service and environment.",
)
TRUSTED_KEYS = click.option(
    "--trusted-keys",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help=f"Folder of the public keys (PEM) whose verdicts are trusted; {KEYS_FOLDER} of the checkout if not given.",
)
