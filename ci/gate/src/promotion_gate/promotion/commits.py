"""Two commits of the repository: what is between them, and the folders of each, written out byte by byte.

Neither a checkout nor `git archive`: both do what the attributes and hooks of the commit say, which is what is to be judged.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FOLDERS = ("charts", "ci/audit", "ci/keys", "ci/promotion-policy.yaml")
"""What is judged, and what it is judged by."""

_LINK, _SUBMODULE = b"120000", b"160000"


class RangeError(Exception):
    """A range of commits cannot be read; the message is one sentence."""


@dataclass(frozen=True)
class Range:
    """Two commits, by their hashes."""

    base: str
    head: str
    parted: str
    """The newest commit that both are built on: what changed since is HEAD's doing."""

    @property
    def up_to_date(self) -> bool:
        """Whether HEAD is built on BASE, so that merging it gives what is in it."""
        return self.parted == self.base


class Commits:
    """The repository that a folder is in; it is only read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def range(self, said: str) -> Range:
        """The commits that `BASE..HEAD` means. Raises RangeError."""
        base, dots, head = said.partition("..")
        if not dots or not base or not head or head.startswith("."):
            raise RangeError(f"{said!r} is no range of commits: write BASE..HEAD, e.g. origin/main..HEAD.")
        before, after = self._commit(base), self._commit(head)
        parted = self._run("merge-base", before, after)
        if parted.returncode != 0:
            raise RangeError(
                f"{base} and {head} have no commit in common: fetch more of the history (git fetch --unshallow), or name another base."
            )
        return Range(before, after, parted.stdout.decode().strip())

    def _commit(self, name: str) -> str:
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found.returncode != 0:
            said = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
            reason = f" ({said.splitlines()[0]})" if said else ""
            raise RangeError(
                f"{name!r} is no commit of {self._root}{reason}: correct it, or fetch it first with git fetch."
            )
        return found.stdout.decode().strip()

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """The files that differ, those that are there no more among them. Raises RangeError."""
        done = self._run("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--relative", before, after)
        return tuple(_names(_output(done, f"what changed since {before}")))

    def write_out(self, commit: str, folder: Path) -> Path:
        """Writes FOLDERS, as the commit has them, into `folder`; returns it.

        Raises RangeError, also for a symbolic link: what it leads to is in no commit.
        """
        done = self._run("ls-tree", "-r", "-z", commit, "--", *FOLDERS)
        entries = []
        for entry in _output(done, f"the files of {commit}").split(b"\0"):
            if not entry:
                continue
            about, _, name = entry.partition(b"\t")
            mode, _, blob = about.split()
            if mode in {_LINK, _SUBMODULE}:
                raise RangeError(
                    f"{_name(name)} is a link or a submodule in {commit[:12]}, where a file belongs: put the file there."
                )
            entries.append((blob, _name(name)))
        for file, content in self._contents(entries):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def _contents(self, entries: list[tuple[bytes, str]]) -> list[tuple[str, bytes]]:
        done = self._run("cat-file", "--batch", stdin=b"".join(blob + b"\n" for blob, _ in entries))
        stream, at, found = _output(done, "files"), 0, []
        for blob, name in entries:
            end = stream.index(b"\n", at)
            said = stream[at:end].split()
            if len(said) != 3 or said[1] != b"blob":
                raise RangeError(f"git cannot read {name} ({blob.decode()[:12]}): fetch it first with git fetch.")
            size = int(said[2])
            found.append((name, stream[end + 1 : end + 1 + size]))
            at = end + 1 + size + 1
        return found

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", "-C", str(self._root), *arguments], input=stdin, capture_output=True, check=False
            )
        except OSError as error:
            raise RangeError(f"git could not be started: {error.strerror}: install git.") from error


def _output(done: subprocess.CompletedProcess[bytes], what: str) -> bytes:
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise RangeError(f"git could not read {what}: {said}.")
    return done.stdout


def _names(output: bytes) -> list[str]:
    return [_name(name) for name in output.split(b"\0") if name]


def _name(name: bytes) -> str:
    text = name.decode("utf-8", "surrogateescape")
    if ".." in PurePosixPath(text).parts:
        raise RangeError(f"{text!r} leads out of the repository: take it out.")
    return text
