"""`python -m promotion_gate.schema [--check]`: rewrites the published schema, or exits 1 on drift."""

from __future__ import annotations

import click

from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.schema import PUBLISHED, has_drifted, text


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the file has drifted from the model.")
def main(check: bool) -> None:
    """Rewrite the JSON schema of verdict.json from the model."""
    if not has_drifted():
        click.echo(f"{PUBLISHED} agrees with the model.")
    elif check:
        raise click.ClickException(f"{PUBLISHED} differs from the model: run `python -m promotion_gate.schema`.")
    else:
        atomic_write(PUBLISHED, text())
        click.echo(f"{PUBLISHED} written.")


if __name__ == "__main__":
    main()
