"""`make diff` on the real fleet: it is its own equal, and no leaf of what a service renders can change untold."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from chart_harness.blast_radius.compare import compare
from chart_harness.fleet_render import render_fleet
from chart_harness.frozen import freeze, thaw
from chart_harness.render import Release
from tests.harness.tests.blast_radius.leaves import another, leaves

API = ("aaa-api", "production")  # it has an object of each kind that the libraries render


def test_the_fleet_is_its_own_equal(fleet_root: Path) -> None:
    fleet = render_fleet(fleet_root).releases
    assert len(fleet) > 80
    assert compare(fleet, fleet) == []


def test_no_leaf_of_a_service_changes_untold(fleet_root: Path) -> None:
    release = render_fleet(fleet_root, releases=[API]).releases[API]
    objects = [thaw(item) for item in release.objects]
    kinds = {item["kind"] for item in objects}
    assert kinds >= {"Deployment", "Service", "ServiceMonitor", "NetworkPolicy", "PrometheusRule", "ConfigMap"}
    untold = []
    for leaf in leaves(objects):
        if leaf[1] in {"kind", "apiVersion"}:
            continue  # another kind or API is another object
        made: Any = copy.deepcopy(objects)
        place = made
        for step in leaf[:-1]:
            place = place[step]
        place[leaf[-1]] = another(place[leaf[-1]])
        changed = Release(release.name, release.namespace, release.chart, tuple(freeze(item) for item in made))
        if not compare({API: release}, {API: changed}):
            untold.append(leaf)
    assert untold == []
