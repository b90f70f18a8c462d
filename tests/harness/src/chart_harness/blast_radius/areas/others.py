"""Fields of the other kinds of objects of which something is known."""

from __future__ import annotations

import re

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.row import Row, amount

_PERMISSIONS = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_SCALER = frozenset({"HorizontalPodAutoscaler"})

ROWS = (
    Row(_PERMISSIONS, re.compile(r"(rules|roleRef|subjects|aggregationRule).*"), Kind.SECURITY_CHANGED, deep=True),
    Row({"ServiceAccount"}, re.compile(r"automountServiceAccountToken"), Kind.SECURITY_CHANGED),
    Row({"PodDisruptionBudget"}, re.compile(r"spec\.selector"), Kind.SELECTOR_CHANGED),
    Row(
        _SCALER,
        re.compile(r"spec\.(minReplicas|maxReplicas)"),
        amount(Kind.REPLICAS_LOWERED, Kind.REPLICAS_RAISED, none=1),
    ),
    Row({"PrometheusRule"}, re.compile(r"(spec|metadata\.(labels|annotations))[.\[].*"), Kind.ALERT_CHANGED, deep=True),
)
