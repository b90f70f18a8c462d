"""`gate cleanup`: pre-release packages and images that nothing refers to any more. It deletes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from promotion_gate.cleanup import document
from promotion_gate.cleanup.branches import is_shallow, references_of_refs, refs_of
from promotion_gate.cleanup.document import Report, items
from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.found import Listing
from promotion_gate.cleanup.http import Asked, base_url
from promotion_gate.cleanup.listed_files import images_in, packages_in
from promotion_gate.cleanup.references import References, sort
from promotion_gate.cleanup.registry import images_of
from promotion_gate.cleanup.simple_index import packages_of
from promotion_gate.cleanup.terminal import print_report
from promotion_gate.cleanup.tree import references_of_verdict
from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import ROOT, VERDICTS
from promotion_gate.counted import counted

_SHALLOW = (
    "This clone is shallow: branches that it has not fetched were not looked at, and may refer to what is listed."
)


@click.command("cleanup")
@ROOT
@click.option(
    "--registry", metavar="URL", default=None, help="An image registry to ask, e.g. https://registry.example."
)
@click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="NAME",
    help="Only this one of the registry; may be given again.",
)
@click.option("--images", metavar="FILE", default=None, help="A file with an image a line; - for standard input.")
@click.option(
    "--index", metavar="URL", default=None, help="A package index to ask, e.g. https://packages.example/simple."
)
@click.option("--package", "names", multiple=True, metavar="NAME", help="A package of the index; may be given again.")
@click.option(
    "--packages",
    metavar="FILE",
    default=None,
    help="A file with NAME==VERSION or a file's name a line; - for standard input.",
)
@click.option(
    "--ref",
    "refs",
    multiple=True,
    metavar="REF",
    help="Look at this commit, branch or tag instead of all branches; may be given again.",
)
@click.option(
    "--without-ref", "without", multiple=True, metavar="REF", help="Leave this branch out; may be given again."
)
@click.option(
    "--most-refs",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Refuse to look at more branches that differ.",
)
@click.option(
    "--delete-package",
    metavar="COMMAND",
    default=None,
    help="How your index deletes a package, with {name} and {version}; it is printed, not run.",
)
@click.option("--kept", is_flag=True, help="Show also why each other pre-release stays.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON instead of a table.")
@VERDICTS
def command(
    root: Path,
    registry: str | None,
    repositories: tuple[str, ...],
    images: str | None,
    index: str | None,
    names: tuple[str, ...],
    packages: str | None,
    refs: tuple[str, ...],
    without: tuple[str, ...],
    most_refs: int,
    delete_package: str | None,
    kept: bool,
    as_json: bool,
    verdicts: Path,
) -> None:
    """List pre-release images and packages that nothing refers to any more. Deletes nothing.

    What refers to one: a release of any service, rendered on any branch, local or remote, or from the checkout as it is; a requirement,
    lock file or other text in git, but for Markdown; a signed verdict, promoted or in the store. Where one of these cannot be read,
    nothing is listed (exit 3). GATE_CLEANUP_USER and GATE_CLEANUP_PASSWORD are sent to a registry or index that asks.
    """
    if not (registry or images or index or packages):
        give_up(
            "Say where to look: --registry URL, --images FILE, --index URL with --package NAME, or --packages FILE."
        )
    if bool(index) is not bool(names):
        give_up("--index and --package belong together: an index is asked for packages by name.")
    if repositories and not registry:
        give_up("--repository names one of a registry: give --registry as well.")
    with one_sentence("nothing was listed, and nothing was changed."):
        found = _found(registry, repositories, images, index, names, packages)
        looked_at = refs_of(root, refs, without, most_refs)
        references = references_of_refs(root, looked_at) | _stored(verdicts)
        why = f"named in none of {counted(len(looked_at) + 1, 'tree')} and in no verdict"
        unreferenced, staying = items(sort(found, references), why, delete_package)
        report = Report(
            at=datetime.now(UTC),
            refs={ref.name: ref.commit for ref in looked_at},
            without_refs=without,
            unreferenced=unreferenced,
            kept=staying,
            notes=(*found.notes, *((_SHALLOW,) if is_shallow(root) else ())),
        )
    if as_json:
        click.echo(document.render(report), nl=False)
    else:
        print_report(report, Console(), kept=kept)


def _found(
    registry: str | None,
    repositories: Sequence[str],
    images: str | None,
    index: str | None,
    names: Sequence[str],
    packages: str | None,
) -> Listing:
    found = Listing()
    if registry:
        found += images_of(Asked(base_url(registry, "--registry")), repositories)
    if images:
        found += images_in(*_read(images, "--images"))
    if index:
        found += packages_of(Asked(base_url(index, "--index")), names)
    if packages:
        found += packages_in(*_read(packages, "--packages"))
    return found


def _read(file: str, option: str) -> tuple[str, str]:
    """The text of a file or of standard input, and its name."""
    try:
        if file == "-":
            return sys.stdin.read(), "standard input"
        return Path(file).read_text(encoding="utf-8"), file
    except UnicodeDecodeError:
        raise CleanupError(f"{option} {file} is not UTF-8: check the file.") from None


def _stored(store: Path) -> References:
    """What the signed verdicts of the store are about: proved, perhaps not promoted yet."""
    found = References()
    for path in sorted(store.glob("*/*.dsse.json")):
        found |= references_of_verdict(path.read_text(encoding="utf-8", errors="replace"), str(path))
    return found
