"""`python -m promotion_gate.schema [--check]`: rewrites the published schemas, or exits 1 on drift."""

from __future__ import annotations

import click

from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.schema import PUBLISHED, drifted


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file has drifted from its model.")
def main(check: bool) -> None:
    """Rewrite the JSON schemas of the gate's documents from their models."""
    found = drifted()
    if not found:
        click.echo(f"{PUBLISHED} and its neighbours agree with their models.")
    elif check:
        names = ", ".join(map(str, found))
        raise click.ClickException(f"Differs from its model: {names}; run `python -m promotion_gate.schema`.")
    for path, text in found.items():
        atomic_write(path, text)
        click.echo(f"{path} written.")


if __name__ == "__main__":
    main()
