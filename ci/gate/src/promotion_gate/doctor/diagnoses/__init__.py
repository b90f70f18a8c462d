"""What can be wrong with a release, a file each, in the order in which one is the cause of another."""

from __future__ import annotations

from promotion_gate.doctor.diagnoses import (
    collector_unreachable,
    crash_loop,
    image_pull,
    metrics_off,
    missing_package,
    monitor_not_selected,
    network_policy,
    no_pods,
    not_fired,
    not_installed,
    not_ready,
    not_stored,
    old_image,
    out_of_memory,
    port_name,
    release_differs,
    series_rejected,
    target_down,
    work_not_counted,
    wrong_backend,
    wrong_endpoint,
)
from promotion_gate.doctor.examination import Examination

ALL: tuple[Examination, ...] = tuple(
    module.EXAMINATION
    for module in (
        not_installed,
        no_pods,
        image_pull,
        missing_package,
        out_of_memory,
        crash_loop,
        not_ready,
        metrics_off,
        wrong_backend,
        wrong_endpoint,
        old_image,
        port_name,
        monitor_not_selected,
        network_policy,
        collector_unreachable,
        not_stored,
        series_rejected,
        target_down,
        work_not_counted,
        not_fired,
        release_differs,
    )
)
"""The troubleshooting list. `release-differs` is last: what it changes shows in the diagnoses before it, which say more."""
