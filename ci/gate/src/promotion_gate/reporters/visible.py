"""Makes text from evidence safe to show: what a terminal, a parser or the eye would obey or lose is spelled out.

Evidence is whatever a service logged or put into its environment. A terminal obeys escape sequences, XML 1.0 forbids
most control characters (https://www.w3.org/TR/xml/#charsets), and bidirectional or invisible characters make text read
as something that it is not.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, all but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # marks, overrides and isolates that no one sees
    "\ufff9-\ufffc\ufffe\uffff\ud800-\udfff"  # interlinear marks, non-characters and lone surrogates
    "\U000e0000-\U000e007f]"  # tags, which no one sees either
)


def visible(text: str) -> str:
    r"""`text` with every unsafe character written as its escape, e.g. `\x1b`; newlines and tabs stay."""
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    r"""As `visible`, with a newline as the two characters `\n`, so that evidence cannot forge a line of a report."""
    return visible(text).replace("\n", "\\n").replace("\t", " ")
