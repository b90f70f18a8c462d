"""An image reference resolves to the distribution of its name, at the version that is really there."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from promotion_gate.targets.embedded.images import resolve

HERE = metadata.version("promotion-gate")


@pytest.mark.parametrize(
    ("reference", "resolved"),
    [
        (f"promotion-gate:{HERE}", f"promotion-gate:{HERE}"),
        ("promotion-gate", f"promotion-gate:{HERE}"),
        ("promotion-gate:latest", f"promotion-gate:{HERE}"),
        ("promotion-gate:9.9.9", f"promotion-gate:{HERE}"),
        (f"promotion-gate@sha256:{'0' * 64}", f"promotion-gate:{HERE}"),
        (f"promotion-gate:9@sha256:{'0' * 64}", f"promotion-gate:{HERE}"),
        ("images.example/team/promotion-gate:9", f"images.example/team/promotion-gate:{HERE}"),
        ("localhost:5000/promotion-gate", f"localhost:5000/promotion-gate:{HERE}"),
        ("localhost:5000/team/promotion-gate:9", f"localhost:5000/team/promotion-gate:{HERE}"),
        (f"localhost:5000/promotion-gate:9@sha256:{'0' * 64}", f"localhost:5000/promotion-gate:{HERE}"),
    ],
)
def test_what_is_installed(reference: str, resolved: str) -> None:
    image = resolve(reference)
    assert image is not None
    assert image.reference == resolved
    assert image.path.split(":")[0] == str(Path(sys.executable).parent)


@pytest.mark.parametrize(
    "reference",
    ["never-built:1", "promotion-gate/other:1", "localhost:5000/never-built", "", ":1", "@sha256:0", "x y:1"],
)
def test_what_is_not(reference: str) -> None:
    assert resolve(reference) is None
