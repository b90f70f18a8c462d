"""What must hold of any service's rendered objects; each check returns sentences, one a problem, and none when all is well.

A check whose subject is not there says so: nothing to look at is never a pass.
"""

from __future__ import annotations

from chart_harness.checks.env_list import env_list
from chart_harness.checks.pod_security import pod_security
from chart_harness.checks.rollout import rollout
from chart_harness.checks.scrape_path import scrape_path
from chart_harness.checks.selectors import selectors
from chart_harness.checks.traffic_rules import traffic_rules

__all__ = ["env_list", "pod_security", "rollout", "scrape_path", "selectors", "traffic_rules"]
