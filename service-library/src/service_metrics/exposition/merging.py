"""The pages of several workers merged into one (Prometheus text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable


def merge(pages: Iterable[bytes]) -> bytes:
    """Return one page with each family once, its series in the order of the pages.

    The samples are copied as they are, so merging costs little more than splitting lines. Where workers disagree about
    help or type, the first page's lines stand, because Prometheus refuses a page that says them twice.
    """
    headers: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for page in pages:
        name = b""
        new = False
        for line in page.splitlines(keepends=True):
            if line.startswith(b"# HELP "):
                name = line.split(b" ", 3)[2].rstrip(b"\n")
                new = name not in headers
                if new:
                    headers[name] = []
                    samples[name] = []
            if line.startswith(b"#"):
                if new:
                    headers[name].append(line)
            else:
                samples[name].append(line)
    return b"".join(line for name in headers for line in (*headers[name], *samples[name]))
