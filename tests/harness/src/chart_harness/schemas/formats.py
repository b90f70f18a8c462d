"""The syntaxes that Kubernetes gives texts: names, label keys and values, quantities."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A syntax: `words` says, after "must be", what a text has to look like; `accepts` tells, purely, whether it does."""

    words: str
    accepts: Callable[[str], bool]


def _syntax(pattern: str, longest: int) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: len(text) <= longest and compiled.fullmatch(text) is not None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_ENDS_IN_ALPHANUMERIC = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
# Both parts have a limit of their own: 253 characters before the slash, 63 after it.
_QUALIFIED = rf"(?=[^/]{{1,253}}/|[^/]*$)({_SUBDOMAIN}/)?(?=[^/]{{1,63}}$){_ENDS_IN_ALPHANUMERIC}"
_NUMBER = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"

_SIGNS = "letters, digits and - _ . with a letter or digit at both ends, 63 characters at most"
_PREFIX = "before it, if wanted, a DNS name and a slash"

# By the name that `format` has in a schema; `byte` is OpenAPI's, the others are this package's.
FORMATS = {
    "dns-label": Format(
        "lower case letters, digits and hyphens, with no hyphen at either end, 63 characters at most",
        _syntax(_LABEL, 63),
    ),
    "dns-1035-label": Format(
        "lower case letters, digits and hyphens, beginning with a letter and not ending with a hyphen, "
        "63 characters at most",
        _syntax(r"[a-z]([-a-z0-9]*[a-z0-9])?", 63),
    ),
    "dns-subdomain": Format(
        "lower case letters, digits, hyphens and dots, with a letter or digit at both ends and on both sides of a dot, "
        "253 characters at most",
        _syntax(_SUBDOMAIN, 253),
    ),
    "path-segment": Format('a text without / and %, and not "." or ".."', _syntax(r"(?!\.{1,2}$)[^/%]+", 10_000)),
    # Empty is as good as not set.
    "port-name": Format(
        "lower case letters, digits and single hyphens between them, at least one letter, 15 characters at most",
        _syntax(r"((?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*)?", 15),
    ),
    "label-key": Format(f"{_SIGNS}; {_PREFIX}", _syntax(_QUALIFIED, 317)),
    "annotation-key": Format(f"{_SIGNS}; {_PREFIX}", _syntax(f"(?i:{_QUALIFIED})", 317)),
    "label-value": Format(f"empty, or {_SIGNS}", _syntax(f"({_ENDS_IN_ALPHANUMERIC})?", 63)),
    "file-name": Format(
        'letters, digits and - _ . that do not begin with "..", 253 characters at most',
        _syntax(r"(?!\.\.|\.$)[-._A-Za-z0-9]+", 253),
    ),
    "quantity": Format(
        "a quantity: a number, and a unit if wanted, such as 250m, 1.5 or 368Mi",
        _syntax(rf"[-+]?{_NUMBER}([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?", 100),
    ),
    "byte": Format("in base64 (a Secret takes plain text as stringData)", _is_base64),
}
