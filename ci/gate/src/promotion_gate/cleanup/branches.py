"""The commits whose files count: those of every branch, here and of the remotes, and the checkout as it is."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.references import References
from promotion_gate.cleanup.tree import Known, references_of_tree


@dataclass(frozen=True)
class Ref:
    """A name, and the commit and tree that it stands for."""

    name: str
    commit: str
    tree: str


def refs_of(root: Path, named: Sequence[str], without: Sequence[str], most: int) -> tuple[Ref, ...]:
    """The refs that are looked at: `named`, or else every branch, local and remote; those in `without` not.

    Raises CleanupError for a ref that there is not, and if they have more than `most` different trees: looking at only some of them would
    list what another one needs.
    """
    names = list(named) or _branches(root)
    if unknown := [name for name in without if name not in names]:
        raise CleanupError(
            f"--without-ref {unknown[0]!r} is none of those that are looked at: {', '.join(names[:20])}."
        )
    refs = tuple(_ref(root, name) for name in names if name not in without)
    trees = len({ref.tree for ref in refs})
    if trees > most:
        raise CleanupError(
            f"There are {trees} branches that differ, and at most {most} are looked at: raise --most-refs, or name those that"
            " count with --ref."
        )
    return refs


def references_of_refs(root: Path, refs: Sequence[Ref]) -> References:
    """What the refs' files and releases refer to, and those of the checkout as it is. Raises CleanupError."""
    known: Known = {}
    files = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    found = references_of_tree(root, [name for name in files if name], "the checkout", known)
    seen: set[str] = set()
    for ref in refs:
        if ref.tree in seen:
            continue
        seen.add(ref.tree)
        with tempfile.TemporaryDirectory(prefix="gate-cleanup-") as folder:
            _extract(root, ref, Path(folder))
            names = [str(path.relative_to(folder)) for path in sorted(Path(folder).rglob("*"))]
            found |= references_of_tree(Path(folder), names, ref.name, known)
    return found


def is_shallow(root: Path) -> bool:
    """Whether the clone has only a part of the history, and perhaps of the branches."""
    return _git(root, "rev-parse", "--is-shallow-repository").strip() == "true"


def _branches(root: Path) -> list[str]:
    listed = _git(root, "for-each-ref", "--format=%(symref)%00%(refname:short)", "refs/heads", "refs/remotes")
    rows = [line.split("\0") for line in listed.splitlines()]
    return [name for symbolic, name in rows if not symbolic]


def _ref(root: Path, name: str) -> Ref:
    try:
        commit, tree = (
            _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}").strip()
            for kind in ("commit", "tree")
        )
    except CleanupError:
        raise CleanupError(f"There is no commit {name!r} here: fetch it, or correct --ref.") from None
    return Ref(name, commit, tree)


def _extract(root: Path, ref: Ref, folder: Path) -> None:
    done = subprocess.run(["git", "-C", root, "archive", "--format=tar", ref.commit], capture_output=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise CleanupError(
            f"The files of {ref.name} cannot be read ({said}): fetch it, or leave it out with --without-ref."
        )
    try:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise CleanupError(
            f"The files of {ref.name} cannot be read ({error}): leave it out with --without-ref."
        ) from None


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split()) or "it said nothing"
        raise CleanupError(f"{root} cannot be asked for its branches ({said}): name a checkout with --root.") from None
    return done.stdout
