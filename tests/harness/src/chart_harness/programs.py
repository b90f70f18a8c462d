"""Where a command-line program is: one way to look for all that the harness runs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


class ProgramMissing(LookupError):
    """There is no such program; the message says what to do."""


def find_program(name: str, install: str) -> Path:
    """The program that $NAME names, else the first on the PATH, else the one beside this Python, where the project's set-up links it.

    `install` is what to install, for the sentence. Raises ProgramMissing.
    """
    variable = name.upper()
    named = os.environ.get(variable)
    beside = Path(sys.executable).parent
    found = shutil.which(named or name) or (None if named else shutil.which(name, path=str(beside)))
    if found is None:
        where = f"${variable} names {named!r}, which is no program" if named else f"{name} is not on the PATH"
        raise ProgramMissing(f"{where}: install {install}, or set {variable} to its path.")
    return Path(found)
