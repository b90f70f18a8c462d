"""The `gate` command. Exit codes: 0 PASS or done, 1 FAIL or refused, 2 INCONCLUSIVE, 3 could not run, 130 interrupted.

`gate deploy` also ends with 4: a release that is neither proved nor taken back.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

_COMMANDS = (
    "verify",
    "checks",
    "check-verdict",
    "comment",
    "new-key",
    "changed",
    "promote",
    "override",
    "guard",
    "deploy",
    "status",
    "rollout",
    "doctor",
    "cleanup",
)
"""In the order of a release's life. Each is `command` in a module of its name, imported when it is asked for."""


class _Group(click.Group):
    """click ends with 2 on a bad command line, and here 2 says INCONCLUSIVE."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"promotion_gate.commands.{cmd_name.replace('-', '_')}").command
        return found

    def main(self, *args: Any, **kwargs: Any) -> Any:
        from promotion_gate.commands.ending import COULD_NOT_RUN, INTERRUPTED

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
    """A verdict from evidence, signed; promotion that refuses without it; the state of the fleet."""
