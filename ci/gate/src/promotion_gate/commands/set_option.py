"""`--set KEY=VALUE`: values on top of the files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from promotion_gate.commands.ending import give_up


def nested(said: Iterable[str]) -> dict[str, Any]:
    """`a.b=value` pairs as nested values; a value is read as YAML, so `2` is a number. Ends the process on one that is none."""
    values: dict[str, Any] = {}
    for pair in said:
        key, equals, text = pair.partition("=")
        if not equals or not all(key.split(".")):
            give_up(f"--set {pair!r} is not KEY=VALUE, e.g. --set workload.replicas=1.")
        *parents, leaf = key.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                give_up(
                    f"--set {pair!r} goes into {parent}, which another --set made a plain value; leave one of the two out."
                )
        try:
            place[leaf] = yaml.safe_load(text)
        except yaml.YAMLError:
            give_up(f"--set {pair!r}: the value is not YAML; quote it, e.g. --set 'key=\"a: b\"'.")
    return values
