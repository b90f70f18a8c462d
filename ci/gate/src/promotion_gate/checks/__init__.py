"""The checks, one file each; `ALL` is their registry, in the order of the report."""

from __future__ import annotations

from promotion_gate.checks import (
    environment,
    error_logs,
    forbidden_labels,
    image,
    memory,
    metrics_contract,
    pods_ready,
    restarts,
    worker_series,
)
from promotion_gate.checks.check import Check

ALL: tuple[Check, ...] = (
    pods_ready.CHECK,
    restarts.CHECK,
    memory.CHECK,
    error_logs.CHECK,
    image.CHECK,
    environment.CHECK,
    metrics_contract.CHECK,
    worker_series.CHECK,
    forbidden_labels.CHECK,
)

__all__ = ["ALL", "Check"]
