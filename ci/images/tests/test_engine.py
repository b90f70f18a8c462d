"""The engine of our own outlives the checkout that it was started from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster_images import engine


@pytest.mark.parametrize("lacks", [True, False])
def test_nothing_that_it_needs_stays_in_the_checkout(
    lacks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "lacks_capabilities", lambda: lacks)
    checkout, data = tmp_path / "checkout", tmp_path / "data"
    for folder in (checkout, data):
        folder.mkdir()
    program = (engine.HOST / "runc-within-bounds").read_bytes()
    (checkout / "runc-within-bounds").write_bytes(program)
    (checkout / "runc-within-bounds").chmod(0o755)
    monkeypatch.setattr(engine, "HOST", checkout)
    configuration = engine._configuration(data)
    assert str(checkout) not in str(configuration)
    assert ("default-runtime" in configuration) is lacks
    if lacks:
        copy = data / "runc-within-bounds"
        assert configuration["runtimes"] == {"runc-within-bounds": {"path": str(copy)}}
        assert copy.read_bytes() == program
        assert os.access(copy, os.X_OK)
