"""What git says of a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit_of(root: Path) -> tuple[str | None, bool]:
    """The checkout's commit and whether files differ from it; (None, False) outside a checkout or without git."""
    try:
        return git(root, "rev-parse", "HEAD"), bool(git(root, "status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return None, False


def git(root: Path, *arguments: str) -> str:
    """What git prints, without white space around it. Raises OSError if there is no git, CalledProcessError if it fails."""
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout.strip()
