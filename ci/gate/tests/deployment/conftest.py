"""The cluster's API in miniature, for what a deployment writes there."""

from __future__ import annotations

from ci.gate.tests.targets.cluster.conftest import api, cluster

__all__ = ["api", "cluster"]
