"""`images provide`: brings the images of a test cluster into the engine, with progress and a summary; `images list`: the table."""

from __future__ import annotations

import argparse
import sys
import threading
import time

from rich.console import Console
from rich.table import Table

from cluster_images.building import origin
from cluster_images.errors import ImagesError
from cluster_images.go_modules import forget_compiled_packages
from cluster_images.provide import Provided, provide
from cluster_images.table import CLUSTER, IMAGES

_STILL_SECONDS = 30.0


class Lines:
    """Progress as lines, for a terminal and a log file alike; says every half minute what still goes on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._now: dict[str, str] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def __call__(self, name: str, what: str) -> None:
        with self._lock:
            finished = what == "present" or what.startswith(("built in", "pulled in"))
            if finished:
                self._now.pop(name, None)
            else:
                self._now[name] = what
        self._print(f"{name}: {what}")

    def _repeat(self) -> None:
        while not self._done.wait(_STILL_SECONDS):
            with self._lock:
                still = ", ".join(f"{name} ({what})" for name, what in self._now.items())
            if still:
                self._print(f"still at work: {still}")

    def _print(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._console.print(f"images {minutes:2d}:{seconds:02d}  {text}", highlight=False, soft_wrap=True, markup=False)


def summary(images: list[Provided]) -> Table:
    """What came from where, and how long it took."""
    table = Table(box=None, pad_edge=False)
    for heading in ("image", "came", "seconds", "reference", "why not pulled"):
        table.add_column(heading, overflow="fold")
    for image in images:
        seconds = f"{image.seconds:.0f}" if image.way != "present" else ""
        table.add_row(image.name, image.way, seconds, image.reference, image.why)
    return table


def listing() -> str:
    """The table, an image a paragraph."""
    return "\n\n".join(
        f"{image.name}\n  runs as     {image.reference}\n  pulled from {image.pulled or 'nowhere: it is only built'}\n  {origin(image)}"
        for image in IMAGES.values()
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    providing = commands.add_parser("provide", help="bring images into the engine")
    providing.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(IMAGES)}; default: all a cluster needs"
    )
    providing.add_argument("--from", dest="source", choices=["auto", "registry", "build"], default="auto")
    commands.add_parser("list", help="print the table")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)  # a log wraps by itself
    if arguments.command == "list":
        console.print(listing(), highlight=False, soft_wrap=True, markup=False)
        return
    if unknown := [name for name in arguments.names if name not in IMAGES]:
        parser.error(f"There is no image {', '.join(unknown)}; there are {', '.join(IMAGES)}.")
    try:
        with Lines(console) as lines:
            images = provide(arguments.names or CLUSTER, lines, arguments.source)
        if not arguments.names:  # who builds one image again and again wants them kept
            forget_compiled_packages()
    except ImagesError as error:
        sys.exit(f"images: {error}")
    except KeyboardInterrupt:
        sys.exit("images: interrupted; what was built so far is kept, run make images again to go on.")
    console.print(summary(list(images.values())))


if __name__ == "__main__":
    main()
