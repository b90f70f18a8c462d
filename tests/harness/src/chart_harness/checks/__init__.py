"""What must hold of any service's rendered objects; each check returns sentences, one a problem, and none when all is well.

A check whose subject is not there says so: nothing to look at is never a pass. POLICIES are those that the whole fleet is held to,
in the order in which they are reported.
"""

from __future__ import annotations

from chart_harness.checks.env_list import env_list
from chart_harness.checks.forbidden_labels import forbidden_labels
from chart_harness.checks.image_tags import image_tags
from chart_harness.checks.known_metrics import known_metrics
from chart_harness.checks.limits_and_probes import limits_and_probes
from chart_harness.checks.monitor_selects_one import monitor_selects_one
from chart_harness.checks.one_scrape import one_scrape
from chart_harness.checks.pod_policies import pod_policies
from chart_harness.checks.pod_security import pod_security
from chart_harness.checks.policy import Policy
from chart_harness.checks.rollout import rollout
from chart_harness.checks.scrape_path import scrape_path, scrape_path_where_pulled
from chart_harness.checks.selectors import selectors
from chart_harness.checks.traffic_rules import traffic_rules

__all__ = [
    "POLICIES",
    "Policy",
    "env_list",
    "forbidden_labels",
    "image_tags",
    "known_metrics",
    "limits_and_probes",
    "monitor_selects_one",
    "one_scrape",
    "pod_policies",
    "pod_security",
    "rollout",
    "scrape_path",
    "selectors",
    "traffic_rules",
]

POLICIES: tuple[Policy, ...] = (
    Policy("pod_security", "Pods keep to the restricted pod security standard.", pod_security),
    Policy("limits_and_probes", "Every container has requests, a memory limit and three probes.", limits_and_probes),
    Policy("rollout", "A rollout never has fewer pods than asked for.", rollout),
    Policy("image_tags", "Production runs releases only.", image_tags),
    Policy("env_list", "Every variable is set once, in order, as text.", env_list),
    Policy("selectors", "Selectors hold only what never changes, and select what they are meant to.", selectors),
    Policy("one_scrape", "The metrics of a pod leave it one way, once.", one_scrape),
    Policy("monitor_selects_one", "A monitor selects exactly one Service of its release.", monitor_selects_one),
    Policy("scrape_path", "Prometheus reaches the page that it scrapes.", scrape_path_where_pulled),
    Policy("pod_policies", "Every pod has a NetworkPolicy.", pod_policies),
    Policy("traffic_rules", "No NetworkPolicy rule allows everyone or every port.", traffic_rules),
    Policy("forbidden_labels", "No label has a value for each user or request.", forbidden_labels),
    Policy("known_metrics", "Rules and dashboards ask only for metrics that somebody exports.", known_metrics),
)
