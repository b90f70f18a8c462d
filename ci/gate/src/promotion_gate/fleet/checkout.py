"""The commit of what a wave promoted."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from promotion_gate.checkout import git
from promotion_gate.fleet.errors import FleetStateError


def commit_paths(root: Path, paths: Sequence[Path], message: str) -> str | None:
    """Commits what is changed or new under these paths of the checkout, and nothing else; None if nothing is.

    Hooks run as for any commit. Returns the commit's id. Raises FleetStateError.
    """
    names = [str(path) for path in paths]
    try:
        if not names or not git(root, "status", "--porcelain", "--", *names):
            return None
        git(root, "add", "--", *names)
        git(root, "commit", "--quiet", "--message", message, "--", *names)
        return git(root, "rev-parse", "HEAD")
    except subprocess.CalledProcessError as error:
        said = " ".join((error.stderr or error.stdout or "").split()) or "it said nothing"
        raise FleetStateError(
            f"What was promoted could not be committed ({said}): commit {', '.join(names)} yourself, then go on."
        ) from None
    except OSError as error:
        raise FleetStateError(f"git cannot be run ({error.strerror}): install it, or leave out --commit.") from None
