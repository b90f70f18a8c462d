"""Metrics of a task runner: `task_runs_total`, `task_run_duration_seconds`, `task_runs_in_progress`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from service_metrics.settings import Settings
from service_metrics.work import WorkMetrics

metrics = WorkMetrics("task_run", "task_runs", "task", settings=Settings.from_env())


def track_run(task: str) -> AbstractContextManager[None]:
    """Measure one run of a task; use `with track_run(task):`, around `await` too.

    An exception counts as status "500" and is raised again, everything else as "200".
    Does nothing when metrics are disabled.

    Args:
        task: Name of the task, a bounded set of values.
    """
    return metrics.track(task)
