"""Where signed verdicts are kept: the store of the newest ones in a checkout's build folder, and the promoted ones in git.

build/verdicts/<service>/<environment>.dsse.json                         the newest of each, written by `gate verify`
charts/services/<service>/environments/<production>/promotion.dsse.json  that of the release promoted last, by `gate promote`
"""

from __future__ import annotations

import re
from pathlib import Path

from promotion_gate.attestation.envelope import open_file
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.verdict import Verdict

STORE = Path("build") / "verdicts"
"""The store, in a checkout."""
SIGNED_NAME = "verdict.dsse.json"
"""The signed verdict among the reports of a run."""
PROMOTION_NAME = "promotion.dsse.json"

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def stored(store: Path, service: str, environment: str) -> Path:
    """Where the store keeps the newest signed verdict. Raises AttestationError on names that are no folder's."""
    for name in (service, environment):
        if not _FOLDER_NAME.fullmatch(name):
            raise AttestationError(f"{name!r} is no name of a service or an environment: correct it.")
    return store / service / f"{environment}.dsse.json"


def store_signed(store: Path, verdict: Verdict, text: str) -> Path:
    """Keeps the signed verdict as the newest of its service and environment. Raises ReportError, AttestationError."""
    path = stored(store, verdict.release.service, verdict.release.environment)
    atomic_write(path, text)
    return path


def promotion_file(service: str, destination: str) -> Path:
    """In a checkout or a commit: the signed verdict by which the service was promoted to an environment last."""
    return Path("charts", "services", service, "environments", destination, PROMOTION_NAME)


def last_promoted(root: Path, service: str, destination: str, keys: TrustedKeys) -> Verdict | None:
    """The verdict by which the service was promoted last; None if it never was.

    Raises AttestationError if there is one that cannot be used: a release without a baseline would be held to less.
    """
    path = root / promotion_file(service, destination)
    return open_file(path, keys) if path.exists() or path.is_symlink() else None
