"""Reads unquoted YAML scalars as Helm and kubectl do, which read YAML in Go.

PyYAML differs just where a missing pair of quotes makes an API server refuse an object: it takes 12e3 (as the short form of
a commit may look), 089 and y for texts, which Go takes for two numbers and true; and 10:20 for a number, a date for no text.
"""

from __future__ import annotations

import re
from typing import Any

_PREFIX = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(
    r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z"
)
_YES_OR_NO = re.compile(r"[yYnN]\Z")


def read_scalars_as_go_does(loader: Any) -> None:
    """Change a PyYAML loader class, which must be the caller's own, in place."""
    others = {
        first: [(tag, pattern) for tag, pattern in known if tag.removeprefix(_PREFIX) in {"bool", "null", "merge"}]
        for first, known in loader.yaml_implicit_resolvers.items()
    }
    loader.yaml_implicit_resolvers = others
    # In this order: what is no whole number may still be another number.
    loader.add_implicit_resolver(f"{_PREFIX}int", _INT, list("-+0123456789"))
    loader.add_implicit_resolver(f"{_PREFIX}float", _FLOAT, list("-+.0123456789"))
    loader.add_implicit_resolver(f"{_PREFIX}bool", _YES_OR_NO, list("yYnN"))
    loader.add_constructor(f"{_PREFIX}int", _whole_number)
    loader.add_constructor(f"{_PREFIX}bool", _bool)


def _whole_number(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node).replace("_", "").lower()
    octal = re.fullmatch(r"[-+]?0[0-7]+", text)
    return int(text, 8 if octal else 0)


def _bool(loader: Any, node: Any) -> bool:
    return str(loader.construct_scalar(node)).lower() in {"y", "yes", "true", "on"}
