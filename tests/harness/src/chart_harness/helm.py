"""The `helm` binary: where it is, which version it is, and one way to run it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from chart_harness.programs import ProgramMissing, find_program

TIMEOUT_SECONDS = 60.0


class HelmError(RuntimeError):
    """Helm is missing, is too old, or ended with an error; the message holds Helm's whole text."""


def _find() -> Path:
    try:
        return find_program("helm", "Helm 4")
    except ProgramMissing as error:
        raise HelmError(str(error)) from None


@dataclass(frozen=True)
class Helm:
    """A helm binary, by default the one $HELM names, else the first on the PATH.

    Immutable; threads may share it. Raises HelmError when there is none.
    """

    binary: Path = field(default_factory=_find)

    @property
    def version(self) -> str:
        """The version as helm says it, for example `v4.3.1`; asked once for each binary."""
        try:
            changed = self.binary.stat().st_mtime_ns
        except OSError:
            changed = 0  # running it will say what is wrong
        return _version(self, changed)

    def run(self, arguments: Sequence[str], *, stdin: str = "", cwd: Path | None = None) -> str:
        """Run `helm` with these arguments and return what it wrote to standard output.

        Raises HelmError with all that helm wrote when it fails or takes over TIMEOUT_SECONDS.
        """
        try:
            done = subprocess.run(
                [str(self.binary), *arguments],
                input=stdin,
                cwd=cwd,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HelmError(
                f"helm {arguments[0]} did not end within {TIMEOUT_SECONDS:.0f} s and was stopped."
            ) from error
        except OSError as error:
            raise HelmError(f"helm could not be started from {self.binary}: {error.strerror}.") from error
        if done.returncode != 0:
            # lint explains itself on standard output, everything else on standard error
            said = "\n".join(text.strip() for text in (done.stderr, done.stdout) if text.strip())
            raise HelmError(said or f"helm {arguments[0]} ended with {done.returncode} and said nothing.")
        return done.stdout


@cache
def _version(helm: Helm, changed: int) -> str:  # a new build at the same path is another helm
    return helm.run(["version", "--template", "{{.Version}}"]).strip()
