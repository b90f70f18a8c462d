"""Waiting for Prometheus to scrape a release."""

from __future__ import annotations

import time

from chart_harness.clusters.install import Installed
from chart_harness.clusters.probes import pods_of
from chart_harness.clusters.prometheus import Prometheus, Target
from chart_harness.clusters.waits import Waiting, eventually

SCRAPED_SECONDS = 240.0
"""In our kind cluster it takes seconds. Elsewhere a kubelet refreshes the volume with Prometheus' configuration once a minute, and
the config-reloader, which loses sight of the file at its first change, looks again every three minutes."""


def until_scraped(prometheus: Prometheus, release: Installed, health: str = "up") -> list[Target]:
    """Wait until the release's pods, and no others of its namespace's, are targets whose last scrape ended so.

    Scrapes that began before this call do not count. Raises WaitTimeout.
    """
    asked = time.time()
    expected = {pod.name: health for pod in pods_of(release)}

    def all_scraped() -> list[Target]:
        found = [target for target in prometheus.targets(release.namespace) if target.labels["job"] == release.name]
        if {target.labels["pod"]: target.health for target in found} != expected:
            raise Waiting(f"its targets are {found or 'none'}")
        if min(target.last_scrape for target in found) <= asked:
            raise Waiting("they have not been scraped again")
        return found

    return eventually(all_scraped, f"Prometheus to find {release.name} {health}", deadline=SCRAPED_SECONDS)
