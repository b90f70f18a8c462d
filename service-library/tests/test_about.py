"""`info()` says what really runs."""

from __future__ import annotations

import sys
from importlib.metadata import version

import service_metrics
from service_metrics.recording import cells


def test_it_tells_what_runs() -> None:
    info = service_metrics.info()
    assert info.compiled is (not hasattr(cells.CounterCell.inc, "__code__"))
    assert info.gil is getattr(sys, "_is_gil_enabled", lambda: True)()
    assert (info.version, info.prometheus_client) == (version("service-metrics"), version("prometheus-client"))
    assert info.backend == "prometheus"
