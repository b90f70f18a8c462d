"""Kubernetes' quantities as exact numbers, so that 1Gi and 1024Mi are the same limit."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_FORM = re.compile(r"(?P<number>[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+))([eE](?P<exponent>[-+]?[0-9]+)|(?P<unit>[A-Za-z]*))")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
# What Prometheus' bodySizeLimit adds: kB and KB are powers of two there.
_BYTES = {"B": 0, "KB": 10, "kB": 10, "MB": 20, "GB": 30, "TB": 40, "PB": 50, "EB": 60}
_BYTES_LONG = {f"{unit}B": power for unit, power in _BINARY.items()}


def quantity(value: Any) -> Fraction | None:
    """The number that a quantity (`200m`, `368Mi`, `1e3`, `10MB`) stands for; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _FORM.fullmatch(str(value))
    if found is None:
        return None
    number, unit, exponent = Fraction(found["number"]), found["unit"], found["exponent"]
    if exponent is not None:
        return number * Fraction(10) ** int(exponent)
    if unit in _DECIMAL:
        return number * Fraction(10) ** _DECIMAL[unit]
    power = {**_BINARY, **_BYTES, **_BYTES_LONG}.get(unit)
    return None if power is None else number * 2**power
