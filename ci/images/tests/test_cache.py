"""The folder that everything built is kept in."""

from pathlib import Path

import pytest

from cluster_images.cache import cache_folder


def test_the_cache_folder_is_the_users_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVICE_METRICS_CACHE", raising=False)
    assert cache_folder().name == "service-metrics-platform"
    monkeypatch.setenv("SERVICE_METRICS_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
