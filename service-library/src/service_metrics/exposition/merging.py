"""The pages of several workers merged into one, for the formats that are lines of text.

Prometheus text format and OpenMetrics 1.0 alike: a family begins with its `# HELP` line, and a line break within help or a
label value is escaped, so a line that begins so begins a family.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HEADERS = re.compile(rb'# HELP ("(?:[^"\\]|\\.)*"|[^ \n]+).*\n(?:# (?:TYPE|UNIT) .*\n)*')
_NEXT = b"\n# HELP "


def merge_lines(pages: Sequence[bytes], *, end_mark: bytes = b"") -> Iterator[memoryview]:
    """Give one page with each family once, its series in the order of the pages.

    The samples are passed on as they are, a block a family and page, so merging costs next to nothing. Where workers
    disagree about help or type, the first page's lines stand, because a page that says them twice is refused.

    Args:
        pages: Whole pages of one format.
        end_mark: What each page ends with; left out.
    """
    families: dict[bytes, list[memoryview]] = {}
    for page in pages:
        whole = memoryview(page)[: len(page) - len(end_mark)]
        start = 0
        while (headers := _HEADERS.match(page, start)) is not None:
            end = page.find(_NEXT, headers.end() - 1) + 1 or len(whole)
            if headers[1] in families:
                families[headers[1]].append(whole[headers.end() : end])
            else:
                families[headers[1]] = [whole[start:end]]
            start = end
    for blocks in families.values():
        yield from blocks
