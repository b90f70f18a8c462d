"""Numbers with their noun, as a person would say them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """E.g. "1 pod", "2 pods", "3 processes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith('s') else 's'}"
