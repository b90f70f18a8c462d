"""Relabelings that the operator or Prometheus would refuse, or that drop what alerts need."""

from __future__ import annotations

from typing import Any

from tests.charts.blocks import monitor
from tests.charts.sentences import Sentence

ZONE = "metrics.serviceMonitor.relabelings.zone"


def rule(rest: str, **fields: Any) -> Sentence:
    """A rule `zone`, and what follows its name in the sentence."""
    return "aaa-api", monitor(relabelings={"zone": fields}), f"{ZONE}{rest}"


def sample(rest: str, **fields: Any) -> Sentence:
    """A rule `zone` of each sample, and what follows its name in the sentence."""
    return (
        "aaa-api",
        monitor(metricRelabelings={"zone": fields}),
        f"metrics.serviceMonitor.metricRelabelings.zone{rest}",
    )


NEEDED = "which alerts and dashboards need: change its regex."
SENTENCES: list[Sentence] = [
    *[
        rule(f" has the action {action}, which needs targetLabel: set it.", action=action, sourceLabels=["pod"])
        for action in ("replace", "lowercase", "uppercase", "keepequal", "dropequal")
    ],
    rule(" has the action replace, which needs targetLabel: set it.", replacement="x"),
    rule(" has the action hashmod, which needs modulus: set it.", action="hashmod", targetLabel="shard"),
    *[
        rule(f" has the action {action}, which needs regex: set it.", action=action)
        for action in ("labeldrop", "labelkeep")
    ],
    rule(
        " has the action labeldrop, which takes no sourceLabels: leave it out.",
        action="labeldrop",
        regex="x",
        sourceLabels=["pod"],
    ),
    rule(
        " has the action keepequal, which takes no regex: leave it out.",
        action="keepequal",
        regex="x",
        sourceLabels=["pod"],
        targetLabel="x",
    ),
    rule(
        ' names the label "a-b", which no label can be called: use letters, digits and underscores only.',
        targetLabel="a-b",
    ),
    rule(
        ' names the label "a-b", which no label can be called: use letters, digits and underscores only.',
        targetLabel="ab",
        sourceLabels=["pod", "a-b"],
    ),
    *[
        rule(f'.regex is "{said}", which is no regular expression: correct it.', targetLabel="x", regex=regex)
        for regex, said in [("(", "("), ("a)(b", "a)(b"), ("[", "["), ("a\\", "a\\\\"), ("*", "*"), ("(?!x)", "(?!x)")]
    ],
    (
        "aaa-api",
        monitor(endpoints={"business": {"path": "/business", "metricRelabelings": {"zone": {"regex": "x"}}}}),
        "metrics.serviceMonitor.endpoints.business.metricRelabelings.zone has the action replace, which needs targetLabel: "
        "set it.",
    ),
    sample(f" would drop the label service, {NEEDED}", action="labeldrop", regex="service"),
    sample(f" would drop the label environment, {NEEDED}", action="labeldrop", regex="env.*"),
    sample(f" would drop the label __name__, {NEEDED}", action="labelkeep", regex="service|environment"),
    (
        "aaa-api",
        monitor(dropLabels={"le": True}),
        "metrics.serviceMonitor.dropLabels.le is a label that alerts and dashboards need: leave it out.",
    ),
]
