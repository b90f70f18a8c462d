"""Quantities: what Kubernetes and Prometheus call the same amount is one number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chart_harness.blast_radius.quantities import quantity


@pytest.mark.parametrize(("one", "other"), [
    ("1Gi", "1024Mi"), ("1Gi", 2**30), ("200m", 0.2), ("1", "1000m"), ("1k", 1000), ("1e3", 1000), ("1E3", "1k"), ("2E", "2e18"),
    ("1.5Gi", "1536Mi"), ("10MB", 10 * 2**20), ("1KB", "1kB"), ("1KiB", 1024), (".5", "500m"), ("-1", -1), ("0", "0Mi"), ("100n", "0.1u"),
])  # fmt: skip
def test_the_same_amount(one: Any, other: Any) -> None:
    assert quantity(one) == quantity(other) is not None


@pytest.mark.parametrize("value", ["", "Mi", "1 Gi", "1gi", "one", True, None, "1e", ["1"], "1eK", "0x10"])
def test_what_is_no_amount(value: Any) -> None:
    assert quantity(value) is None


def test_it_is_exact() -> None:
    assert quantity("0.1") == Fraction(1, 10)
    assert quantity("1G") != quantity("1Gi")
