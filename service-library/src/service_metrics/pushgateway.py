"""Batch jobs push to a Pushgateway: prometheus_client's functions, with deletion at the end of the process.

A Pushgateway shows the last push for ever. So a job that is gone should delete its group, unless its last values are
wanted; and a service, which is scraped, should not push at all.
"""

from __future__ import annotations

import atexit
import logging
import os
import warnings
from collections.abc import Callable
from threading import Event
from typing import Any

import prometheus_client.exposition
from prometheus_client.exposition import CompressionType, default_handler
from prometheus_client.registry import Collector

from service_metrics.workers.exchange import EXCHANGE

logger = logging.getLogger("service_metrics")

_serves_page = Event()
_warned = Event()
_deleted_at_exit: set[tuple[object, ...]] = set()
"""Process id, gateway, job and grouping key of every group that is deleted at exit."""


def push_to_gateway(
    gateway: str,
    job: str,
    registry: Collector,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Any] = default_handler,
    compression: CompressionType = None,
    delete_on_finish: bool = False,
) -> None:
    """Replace all metrics of a group by those of a registry.

    Args:
        gateway: Host and port, or a URL.
        job: The label `job` of the group.
        registry: What to push.
        grouping_key: The group's other labels.
        timeout: Seconds; None waits for ever.
        handler: Sends the request, as prometheus_client describes.
        compression: `gzip`, `snappy` or None.
        delete_on_finish: Delete the group when this process ends (not its forked children); an end by a signal that
            Python does not handle, such as SIGKILL, leaves it. Deleting never raises; a failure is one log line.

    Raises:
        OSError: the gateway cannot be reached or refuses.
    """
    _warn_outside_batch_jobs()
    if delete_on_finish:
        _delete_at_exit(gateway, job, grouping_key, timeout, handler)
    prometheus_client.exposition.push_to_gateway(gateway, job, registry, grouping_key, timeout, handler, compression)


def pushadd_to_gateway(
    gateway: str,
    job: str,
    registry: Collector | None,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Any] = default_handler,
    compression: CompressionType = None,
    delete_on_finish: bool = False,
) -> None:
    """Replace the metrics of a group that a registry has by name, and keep its others; else as `push_to_gateway`."""
    _warn_outside_batch_jobs()
    if delete_on_finish:
        _delete_at_exit(gateway, job, grouping_key, timeout, handler)
    prometheus_client.exposition.pushadd_to_gateway(gateway, job, registry, grouping_key, timeout, handler, compression)


def delete_from_gateway(
    gateway: str,
    job: str,
    grouping_key: dict[str, Any] | None = None,
    timeout: float | None = 30,
    handler: Callable[..., Any] = default_handler,
) -> None:
    """Delete a group; one that does not exist is no error.

    Raises:
        OSError: the gateway cannot be reached or refuses.
    """
    prometheus_client.exposition.delete_from_gateway(gateway, job, grouping_key, timeout, handler)


def page_is_served() -> None:
    """Remember that this process is a service, which is scraped: a push from it is worth a warning."""
    _serves_page.set()


def _warn_outside_batch_jobs() -> None:
    if _warned.is_set() or not (_serves_page.is_set() or EXCHANGE.joined):
        return
    _warned.set()
    warnings.warn(
        "push_to_gateway was called in a process that also serves its metrics: the Pushgateway keeps the last values for "
        "ever and they count twice; let Prometheus scrape the page, or push over OTLP.",
        RuntimeWarning,
        stacklevel=3,
    )


def _delete_at_exit(
    gateway: str, job: str, grouping_key: dict[str, Any] | None, timeout: float | None, handler: Callable[..., Any]
) -> None:
    pid = os.getpid()
    group = (pid, gateway, job, *sorted((str(name), str(value)) for name, value in (grouping_key or {}).items()))
    if group in _deleted_at_exit:
        return
    _deleted_at_exit.add(group)

    def delete() -> None:
        if os.getpid() != pid:  # a forked child: the group is its parent's
            return
        try:
            delete_from_gateway(gateway, job, grouping_key, timeout, handler)
        except Exception as error:
            logger.warning("The group of job %r stays on the Pushgateway %s: %s", job, gateway, error)

    atexit.register(delete)
