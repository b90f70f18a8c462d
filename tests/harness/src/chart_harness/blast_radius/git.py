"""What git knows: which commit a name means, the charts of a commit, and what commits say has been acknowledged."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from chart_harness.blast_radius.errors import CannotCompareError

CHARTS = "charts"
TRAILER = "Acknowledged"


@dataclass(frozen=True)
class Repository:
    """The git repository that `root`, the folder with charts/services, is in; it is only read. Threads may share it."""

    root: Path

    def commit(self, name: str) -> str:
        """The full hash of the commit that a branch, a tag, a hash or `HEAD~2` means. Raises CannotCompareError."""
        inside = self._run("rev-parse", "--is-inside-work-tree")
        if not inside.stdout:
            reason = (inside.stderr.decode().strip().splitlines() or ["it said nothing"])[0].removeprefix("fatal: ")
            raise CannotCompareError(f"git cannot read {self.root} ({reason}): run it in a clone of the repository.")
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found.returncode != 0:
            raise CannotCompareError(
                f"{name!r} is no commit, branch or tag of this repository: correct it, or fetch it first with git fetch."
            )
        return found.stdout.decode().strip()

    def short(self, commit: str) -> str:
        """The commit's hash as people write it."""
        return self._run("rev-parse", "--short", commit).stdout.decode().strip()

    def extract_charts(self, commit: str, folder: Path, said: str) -> None:
        """Write the charts of a commit, as they are in it, into `folder`. Raises CannotCompareError when it has none."""
        if not self._run("ls-tree", commit, f"{CHARTS}/services/").stdout:
            raise CannotCompareError(f"{said} has no {CHARTS}/services: name a commit that has the fleet.")
        archive = self._run("archive", "--format=tar", commit, CHARTS)
        if archive.returncode != 0:
            raise CannotCompareError(f"git could not read the charts of {said}: {archive.stderr.decode().strip()}.")
        try:
            with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
                tar.extractall(folder, filter="data")
        except tarfile.TarError as error:  # such as a link that leads out of the folder
            raise CannotCompareError(f"The charts of {said} cannot be unpacked: {error}.") from error

    def uncommitted(self) -> list[str]:
        """The files below charts/ that are not as the last commit has them, new ones among them."""
        lines = self._run("status", "--porcelain", "--untracked-files=all", "--", CHARTS).stdout.decode().splitlines()
        return [line[3:] for line in lines]

    def contains(self, commit: str, other: str) -> bool:
        """Whether `other` is `commit` or one of those it was built on."""
        return self._run("merge-base", "--is-ancestor", other, commit).returncode == 0

    def parted(self, commit: str, other: str) -> str:
        """The commit from which both were built on. Raises CannotCompareError when there is none, as in a clone without its history."""
        found = self._run("merge-base", commit, other)
        if found.returncode != 0:
            raise CannotCompareError(
                f"{self.short(commit)} and {self.short(other)} have no commit in common here: fetch the whole history first."
            )
        return found.stdout.decode().strip()

    def acknowledged(self, base: str, head: str) -> set[str]:
        """What the commits after `base`, up to `head`, acknowledge: the first word of each trailer; the rest is the reason."""
        form = f"%(trailers:key={TRAILER},valueonly,unfold)"
        said = self._run("log", f"--format={form}", f"{base}..{head}").stdout.decode()
        return {line.split()[0] for line in said.splitlines() if line.strip()}

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True, check=False)
        except OSError as error:
            raise CannotCompareError(f"git could not be started: {error.strerror}: install git.") from error
