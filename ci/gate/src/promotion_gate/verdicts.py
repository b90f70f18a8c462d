"""Where signed verdicts are kept: the store of the newest ones in a checkout's build folder, and the promoted ones in git.

build/verdicts/<service>/<environment>.dsse.json                         the newest of each, written by `gate verify`
charts/services/<service>/environments/<production>/promotion.dsse.json  that of the release promoted last, by `gate promote`
"""

from __future__ import annotations

import re
from pathlib import Path

from securesystemslib.signer import Signer

from promotion_gate.attestation.envelope import open_file, open_sealed, read_text, seal
from promotion_gate.attestation.errors import AttestationError
from promotion_gate.attestation.keys import TrustedKeys
from promotion_gate.reporters import SIGNED_NAME, json_report
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.verdict import ReleaseRecord, Verdict

STORE = Path("build") / "verdicts"
"""The store, in a checkout."""
PROMOTION_NAME = "promotion.dsse.json"

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def stored(store: Path, service: str, environment: str) -> Path:
    """Where the store keeps the newest signed verdict. Raises AttestationError on names that are no folder's."""
    for name in (service, environment):
        if not _FOLDER_NAME.fullmatch(name):
            raise AttestationError(f"{name!r} is no name of a service or an environment: correct it.")
    return store / service / f"{environment}.dsse.json"


def keep_signed(verdict: Verdict, signer: Signer, reports: Path, store: Path) -> list[Path]:
    """Signs the verdict, writes it beside the reports and into the store; returns both paths. Raises AttestationError, ReportError."""
    text = seal(verdict, signer)
    paths = [reports / SIGNED_NAME, stored(store, verdict.release.service, verdict.release.environment)]
    for path in paths:
        atomic_write(path, text)
    return paths


def promotion_file(service: str, destination: str) -> Path:
    """In a checkout or a commit: the signed verdict by which the service was promoted to an environment last."""
    return Path("charts", "services", service, "environments", destination, PROMOTION_NAME)


def last_promoted(root: Path, service: str, destination: str, keys: TrustedKeys) -> Verdict | None:
    """The verdict by which the service was promoted last; None if it never was.

    Raises AttestationError if there is one that cannot be used: a release without a baseline would be held to less.
    """
    path = root / promotion_file(service, destination)
    return open_file(path, keys) if path.exists() or path.is_symlink() else None


def baseline_of(
    release: ReleaseRecord, root: Path, destination: str, keys: TrustedKeys, file: Path | None
) -> Verdict | None:
    """What the noisy figures of a release are compared with: the verdict in `file`, else that of the release promoted last.

    A promotion is of one environment's verdict: for every other one there is no baseline. `file` is a signed verdict, or a
    verdict.json that nobody vouches for but who names it. Raises AttestationError or VerdictError if there is one that cannot be
    used: without it, less would be asked of the release.
    """
    if file is None:
        promoted = last_promoted(root, release.service, destination, keys)
        return promoted if promoted is not None and promoted.release.environment == release.environment else None
    text = read_text(file)
    found = json_report.read(file) if '"schema_version"' in text else open_sealed(text, str(file), keys)
    if (found.release.service, found.release.environment) != (release.service, release.environment):
        raise AttestationError(
            f"{file} is about {found.release.service} in {found.release.environment}, not {release.service} in"
            f" {release.environment}: name another with --baseline."
        )
    return found
