"""Text from evidence as Markdown that says it and does nothing else: no markup, no HTML, no link, no mention.

What a service logs, and what a merge request writes into a verdict file, ends up in a comment of a bot that others trust. Two things
read such a comment: the Markdown parser, and then filters over the text that it made, which turn `@name`, `#12`, `!12` and bare
addresses into links and tell the people named. The first sees no character with a meaning, because each is an entity; the second finds
nothing to link, because an invisible word joiner stands behind every character that could begin one. Neither text may begin a block
(a line, or an item of a list), where digits and dashes mean something, too: `code` may.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from promotion_gate.reporters.visible import one_line

_JOINER = "\u2060"
_MEANS_SOMETHING = re.compile(r"[\\`*_~|\[\]!#@:$^{}&<>\"']")
_LINKS = re.compile(r"[@#!$%~^&](?=\S)|:(?=[^\s\d])|www(?=\.)", re.IGNORECASE)
_AS_CODE = re.compile(r"[^`|\\\s](?:[^`|\\\r\n]*[^`|\\\s])?")


def prose(text: str, most: int) -> str:
    """`text` in running text, also in the cell of a table; what is beyond `most` characters is cut off, with an ellipsis."""
    shown = _shortened(one_line(text).strip(), most) or "(empty)"
    shown = _LINKS.sub(rf"\g<0>{_JOINER}", shown)
    return _MEANS_SOMETHING.sub(lambda sign: f"&#{ord(sign.group())};", shown)


def code(text: str, most: int) -> str:
    """`text` letter by letter, to be copied; where a code span cannot hold it, as `prose` between tags."""
    shown = _shortened(one_line(text), most)
    return f"`{shown}`" if _AS_CODE.fullmatch(shown) else f"<code>{prose(text, most)}</code>"


def marker(service: str, environment: str) -> str:
    """The first line of the comment, which nobody sees: it is how the comment is found again."""
    return f"<!-- promotion-gate:{_name(service)}:{_name(environment)} -->"


def _name(name: str) -> str:
    return quote(name, safe="", errors="backslashreplace").replace("--", "-%2D")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
