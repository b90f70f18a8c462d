"""A small fleet in a git repository, anew for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci.gate.tests.promotion_checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)
