"""Root file systems from Debian packages, without a registry: mmdebstrap writes a tar that a Dockerfile adds."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster_images.cache import cache_folder, exclusive
from cluster_images.errors import ImagesError

_UNREAD = tuple(f"/usr/share/{folder}/*" for folder in ("doc", "man", "locale", "info", "lintian"))
_LICENCES = "/usr/share/doc/*/copyright"
_NO_LONGER_NEEDED = (
    *("var/lib/apt/lists/*", "var/cache/apt/*", "var/cache/debconf/*", "var/log/*", "usr/lib/apt"),
    *("usr/bin/perl*", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/libperl*", "usr/lib/*/gconv", "usr/share/i18n"),
)
"""What installing packages needs and running a program does not: half of a small image, and of the time that a node takes to unpack it."""


class DebianError(ImagesError):
    """The root file system cannot be made; the message says what to do."""


def content(suite: str, packages: Sequence[str], without: Sequence[str] = ()) -> str:
    """A hash of what is asked for. The mirror's patch releases are not in it: what was built stays as it is."""
    return hashlib.sha256(
        " ".join([suite, *sorted(packages), *_UNREAD, _LICENCES, *_NO_LONGER_NEEDED, *without]).encode()
    ).hexdigest()[:16]


def root_file_system(
    suite: str, packages: Sequence[str], versions: Mapping[str, str], without: Sequence[str] = ()
) -> Path:
    """A tar of the packages and all they need, made once for each content and kept in the cache folder.

    `without` are dpkg's patterns of files that are left out.
    `versions` are upstream versions that packages must have, e.g. {"rabbitmq-server": "3.10.8"}; a prefix will do.
    Needs root or user namespaces, and a Debian mirror. Safe from many threads and processes. Raises DebianError.
    """
    tar = cache_folder() / "debian" / f"{suite}-{content(suite, packages, without)}.tar"
    if not tar.exists():
        with exclusive(tar.name):
            if not tar.exists():
                _bootstrap(suite, packages, without, tar)
    found = installed_versions(tar)
    for package, wanted in versions.items():
        has = upstream(found.get(package, ""))
        if has != wanted and not has.startswith(f"{wanted}."):
            raise DebianError(
                f"Debian {suite} has {package} {has or 'no longer'}, and the table of images says {wanted}: "
                "change the version and the tag there."
            )
    return tar


def _install_mmdebstrap() -> None:
    with exclusive("system-packages"):  # several images may be the first to need it, and apt serves one at a time
        if shutil.which("mmdebstrap"):
            return
        installer = Path(__file__).resolve().parents[3] / "toolchain" / "system_packages.py"
        if subprocess.run([sys.executable, str(installer), "mmdebstrap"], check=False).returncode:
            raise DebianError("Images are built from Debian packages with mmdebstrap: install it, then run make again.")


def _bootstrap(suite: str, packages: Sequence[str], without: Sequence[str], tar: Path) -> None:
    _install_mmdebstrap()
    tar.parent.mkdir(parents=True, exist_ok=True)
    partial = tar.with_suffix(".new.tar")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in (*_UNREAD, *without)]
    command += [f"--dpkgopt=path-include={_LICENCES}"]
    command += ["--customize-hook=rm -rf " + " ".join(f'"$1"/{path}' for path in _NO_LONGER_NEEDED)]
    done = subprocess.run([*command, suite, str(partial)], capture_output=True, text=True, check=False)
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise DebianError(f"mmdebstrap failed for {', '.join(packages)}:\n{done.stderr[-2000:]}")
    partial.replace(tar)


def installed_versions(tar: Path) -> dict[str, str]:
    """Package versions, Debian's own way of writing them, as the root file system's dpkg has them."""
    with tarfile.open(tar) as archive:
        for name in ("./var/lib/dpkg/status", "var/lib/dpkg/status"):
            try:
                member = archive.extractfile(name)
            except KeyError:
                continue
            if member is not None:
                return parse_status(io.TextIOWrapper(member, encoding="utf-8").read())
    return {}


def parse_status(text: str) -> dict[str, str]:
    """Versions by package, out of dpkg's status file."""
    found = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version): (.+)$", paragraph, re.MULTILINE))
        if len(fields) == 2:
            found[fields["Package"]] = fields["Version"]
    return found


def upstream(version: str) -> str:
    """`1:3.10.8-1.1+deb12u1` without epoch, Debian revision and repacking marks: 3.10.8 (Debian Policy 5.6.12)."""
    without_epoch = version.partition(":")[2] or version
    return re.split(r"[+~]", without_epoch.rpartition("-")[0] or without_epoch)[0]
