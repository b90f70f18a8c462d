"""The whole fleet, rendered once for each test process; what did not change since the last run comes from the cache folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from chart_harness.fleet import values_files
from chart_harness.fleet_render import FleetRender, render_fleet

from .conftest import ROOT


@cache
def fleet() -> FleetRender:
    """Every service in every environment; that none is in error is for test_fleet_inventory to say."""
    return render_fleet(ROOT)


def written(service: str, environment: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the service's two values files say: its own, and the environment's."""
    _, (own, special) = values_files(ROOT, service, environment)
    return yaml.safe_load(own.read_text()), yaml.safe_load(special.read_text())
