"""`gate new-key`: a pair of keys, one to sign verdicts and one to trust them."""

from __future__ import annotations

from pathlib import Path

import click

from promotion_gate.attestation.keys import KEYS_FOLDER, SIGNING_KEY_VARIABLE, new_pair
from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import ROOT


@click.command("new-key")
@click.argument("name")
@click.option(
    "--private",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where the private key is written, outside the checkout; no file may be there.",
)
@ROOT
def command(name: str, private: Path, root: Path) -> None:
    """Make an ed25519 pair: ci/keys/NAME.pem, to be committed, and the private key, to be kept secret."""
    with one_sentence("there is no new key."):
        if private.resolve().is_relative_to(root.resolve()):
            give_up(f"{private} is in the checkout, where it might be committed: write the private key elsewhere.")
        signer = new_pair(name, root / KEYS_FOLDER, private)
    click.echo(f"The key {signer.public_key.keyid}:")
    click.echo(f"  {root / KEYS_FOLDER / name}.pem is the public one. Commit it: it is trusted once it is merged.")
    click.echo(
        f"  {private} is the private one. Put its text into the pipeline's secret {SIGNING_KEY_VARIABLE}, and delete it."
    )
