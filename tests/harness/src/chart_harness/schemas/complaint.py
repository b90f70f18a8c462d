"""What a validator found wrong with an object, as clauses of sentences."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chart_harness.schema_complaint import LIMIT_WORDS, TYPE_WORDS, dotted
from chart_harness.schemas.checked import Checked
from chart_harness.schemas.formats import FORMATS

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_Failure = Any  # a ValidationError; jsonschema types each of its attributes as one that may be unset
_LONGEST = 60  # characters of a value that a sentence shows


def clauses(schema: Checked, item: Mapping[str, Any]) -> list[str]:
    """A clause for each value of `item` that `schema` does not allow: its path, what it is and what it may be. Pure.

    Of alternatives of which none fits, the one that comes closest is told.
    """
    if schema.accepts(item):
        return []
    from jsonschema.exceptions import best_match

    errors = [best_match([error]) if error.context else error for error in schema.validator.iter_errors(item)]
    # What has the wrong type fails the rules for the right type too; that adds nothing.
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    told = [error for error in errors if error.validator == "type" or tuple(error.absolute_path) not in mistyped]
    return sorted({_clause(error) for error in told})


def _clause(error: ValidationError) -> str:
    describe = _WORDS.get(str(error.validator))
    said = describe(error) if describe else f"is not allowed: {error.message}"
    return f"{dotted(error.absolute_path) or 'the object'} {said}"


def _type(error: _Failure) -> str:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    words = " or ".join(TYPE_WORDS.get(word, word) for word in wanted)
    hint = ": put it in quotes" if wanted == ["string"] and isinstance(error.instance, bool | int | float) else ""
    return f"is {_shown(error.instance)}, but must be {words}{hint}"


def _unknown(error: _Failure) -> str:
    *above, name = error.absolute_path
    known = sorted(error.schema["properties"]) if "properties" in error.schema else []
    close = difflib.get_close_matches(str(name), known, n=1)
    if close:
        hint = f"perhaps {dotted([*above, close[0]])} was meant"
    else:
        hint = f"the known ones are {', '.join(known)}" if known else "none is known there"
    return f"is not a known field: {hint}"


def _enum(error: _Failure) -> str:
    names = [str(name) for name in error.validator_value if name not in ("", None)]
    choice = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    return f"is {_shown(error.instance)}, but must be {choice}"


def _keyed(error: _Failure) -> str:
    identity = ", ".join(f"{key} {_shown(part)}" for key, part in error.instance.items())
    return f"is the second with {identity}: only one may have it"


def _limit(words: str) -> Callable[[_Failure], str]:
    def clause(error: _Failure) -> str:
        value = error.instance
        count = len(value) if isinstance(value, str | list | dict) else value
        return words.format(got=count, want=error.validator_value)

    return clause


# By the keyword of the schema that the value fails: what follows its path.
_WORDS: dict[str, Callable[[_Failure], str]] = {
    "type": _type,
    "additionalProperties": _unknown,
    "required": lambda _: "must be set",
    "enum": _enum,
    "format": lambda error: f"is {_shown(error.instance)}, but must be {FORMATS[error.validator_value].words}",
    "propertyNames": lambda error: f"is no allowed key: it must be {FORMATS[error.validator_value['format']].words}",
    "pattern": lambda error: f"is {_shown(error.instance)}, but must look like {error.validator_value}",
    "x-kubernetes-list-map-keys": _keyed,
    "x-kubernetes-list-type": lambda error: (
        f"is {_shown(error.instance)}, which stands in the list before: leave it out"
    ),
    **{word: _limit(words) for word, words in LIMIT_WORDS.items()},
    "minItems": _limit("has {got} items, and must have {want} at least"),
    "maxItems": _limit("has {got} items, and may have {want} at most"),
    "minProperties": _limit("has {got} keys, and must have {want} at least"),
    "maxProperties": _limit("has {got} keys, and may have {want} at most"),
}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
