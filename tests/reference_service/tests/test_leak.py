"""The `leak` switch takes exactly its share, in steps, touches it and keeps it."""

from __future__ import annotations

import pytest

from reference_service import leak


@pytest.mark.parametrize(("total", "steps"), [(1000, 10), (1001, 7), (3, 10)])
def test_the_whole_amount_is_kept_in_steps(total: int, steps: int) -> None:
    kept: list[bytes] = []
    sizes: list[int] = []
    leak.leak(total, kept, lambda: sizes.append(sum(map(len, kept))), steps=steps)
    assert sum(map(len, kept)) == total
    assert len(sizes) == steps
    assert max(map(len, kept)) <= total // steps + 1


def test_every_byte_is_written() -> None:
    kept: list[bytes] = []
    leak.leak(100, kept, lambda: None)
    assert set(b"".join(kept)) == {1}


@pytest.mark.parametrize(("processes", "share"), [(1, 1200), (2, 600), (5, 240)])
def test_the_pod_takes_a_fifth_more_than_its_limit_in_total(
    monkeypatch: pytest.MonkeyPatch, processes: int, share: int
) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr(leak, "_kept", kept)
    monkeypatch.setattr(leak, "STEP_PAUSE_SECONDS", 0.0)
    leak.start_leak(1000, processes).join(10)
    assert sum(map(len, kept)) == share
