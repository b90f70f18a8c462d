"""The checks, one file each; `ALL` is their registry, in the order of the report."""

from __future__ import annotations

from promotion_gate.checks import (
    alerts_quiet,
    backend_parity,
    cpu_regression,
    environment,
    error_logs,
    forbidden_labels,
    image,
    latency_regression,
    library_logs,
    memory,
    memory_regression,
    metrics_contract,
    network_reach,
    oom_kills,
    pods_ready,
    prometheus_target,
    restarts,
    series_budget,
    server_errors,
    worker_series,
)
from promotion_gate.checks.check import Check

ALL: tuple[Check, ...] = (
    pods_ready.CHECK,
    restarts.CHECK,
    oom_kills.CHECK,
    memory.CHECK,
    error_logs.CHECK,
    server_errors.CHECK,
    library_logs.CHECK,
    image.CHECK,
    environment.CHECK,
    metrics_contract.CHECK,
    worker_series.CHECK,
    forbidden_labels.CHECK,
    series_budget.CHECK,
    backend_parity.CHECK,
    prometheus_target.CHECK,
    alerts_quiet.CHECK,
    network_reach.CHECK,
    latency_regression.CHECK,
    memory_regression.CHECK,
    cpu_regression.CHECK,
)

__all__ = ["ALL", "Check"]
