"""Provides Debian packages that tests need: `python ci/toolchain/system_packages.py rabbitmq-server`.

Installs only what is missing, only as root on a Debian system; anywhere else it ends with a sentence that says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = {
    "rabbitmq-server": "rabbitmq-server",
    "docker.io": "dockerd",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "docker-registry": "docker-registry",
    "build-essential": "cc",
    "chromium": "chromium",  # brings fonts-dejavu-core, by way of fontconfig
}
"""Debian package, and the program that shows that it is there, whoever installed it."""

_POLICY = Path("/usr/sbin/policy-rc.d")


def missing(packages: list[str]) -> list[str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/opt/homebrew/sbin"
    return [package for package in packages if not shutil.which(PROGRAMS[package], path=path)]


def install(packages: list[str]) -> None:
    """Installs with apt, without starting the services that the packages bring: the tests start their own."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        install_command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        subprocess.run(install_command, env=environment, check=True, stdout=subprocess.DEVNULL)
    finally:
        if ours:
            _POLICY.unlink()


def main(packages: list[str]) -> None:
    wanted = missing(packages)
    if not wanted:
        return
    names = " ".join(wanted)
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            f"The tests need {names}: install it with your system's package manager (Debian: sudo apt-get install {names})."
        )
    print(f"system packages: installing {names}", flush=True)  # noqa: T201
    try:
        install(wanted)
    except subprocess.CalledProcessError as error:
        sys.exit(f"apt-get could not install {names} ({error}): install it by hand, then run make again.")


if __name__ == "__main__":
    main(sys.argv[1:])
