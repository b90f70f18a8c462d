"""Every metric that a release's series can have: its role's, its own, every process', the library's and Prometheus'.

A table, since the harness does not import the library or the gate; a test holds it against both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from chart_harness.checks.pod_template import Object, containers, environment, pod_templates
from chart_harness.checks.queries import rules
from chart_harness.render import Release

ROLES: Mapping[str, Mapping[str, str]] = {
    "http-api": {
        "http_requests_total": "counter",
        "http_request_duration_seconds": "histogram",
        "http_request_size_bytes": "summary",
        "http_response_size_bytes": "summary",
        "http_requests_in_progress": "gauge",
    },
    "amqp-consumer": {
        "amqp_messages_total": "counter",
        "amqp_message_duration_seconds": "histogram",
        "amqp_messages_in_progress": "gauge",
    },
    "task-runner": {
        "task_runs_total": "counter",
        "task_run_duration_seconds": "histogram",
        "task_runs_in_progress": "gauge",
    },
}
EVERY_PROCESS: Mapping[str, str] = {
    "process_cpu_seconds_total": "counter",
    "process_max_fds": "gauge",
    "process_open_fds": "gauge",
    "process_resident_memory_bytes": "gauge",
    "process_start_time_seconds": "gauge",
    "process_virtual_memory_bytes": "gauge",
    "python_gc_collections_total": "counter",
    "python_gc_objects_collected_total": "counter",
    "python_gc_objects_uncollectable_total": "counter",
    "python_info": "gauge",
}
LIBRARY: Mapping[str, str] = {
    "service_metrics_dropped_series_total": "counter",
    "service_metrics_label_errors_total": "counter",
    "service_metrics_push_failures_total": "counter",
    "service_metrics_shadow_comparisons_total": "counter",
    "service_metrics_shadow_mismatches_total": "counter",
}
ALERTING = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
SCRAPING = frozenset({
    "scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "scrape_samples_scraped", "scrape_series_added", "up",
})  # fmt: skip
"""What Prometheus writes about each scrape: there is none of it where the process pushes."""
_SERIES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}


def exported(release: Release) -> frozenset[str]:
    """The names of all series that there can be of the release, its recording rules' among them."""
    known = {str(rule["record"]) for _, rule in rules(release) if "record" in rule} | ALERTING
    if _is_scraped(release):
        known |= SCRAPING
    for families in (EVERY_PROCESS, LIBRARY, _own(release)):
        known |= set(_series(families))
    for _, template in pod_templates(release):
        role = template["metadata"].get("labels", {}).get("app.kubernetes.io/component")
        # A unit of a service has its own name there: it may be of any role.
        roles = [ROLES[role]] if role in ROLES else list(ROLES.values())
        for container in containers(template):
            prefix = _prefix(container)
            known |= {prefix + name for families in roles for name in _series(families)}
    return frozenset(known)


def _is_scraped(release: Release) -> bool:
    asking = [*(template for _, template in pod_templates(release)), *release.of_kind("Service")]
    return bool(release.of_kind("ServiceMonitor") or release.of_kind("PodMonitor")) or any(
        item["metadata"].get("annotations", {}).get("prometheus.io/scrape") == "true" for item in asking
    )


def _series(families: Mapping[str, str]) -> Iterator[str]:
    for name, kind in families.items():
        yield from (name + suffix for suffix in _SERIES.get(kind, ("",)))


def _prefix(container: Object) -> str:
    """What METRICS_NAMESPACE and METRICS_SUBSYSTEM put before the names of a role's metrics."""
    told = environment(container)
    parts = (str(told.get(name, {}).get("value", "")) for name in ("METRICS_NAMESPACE", "METRICS_SUBSYSTEM"))
    return "".join(f"{part}_" for part in parts if part)


def _own(release: Release) -> Mapping[str, str]:
    """What the service publishes beside its role's metrics, as its gate.yaml says."""
    plan = release.chart / "gate.yaml"
    if not plan.is_file():
        return {}
    declared = (yaml.safe_load(plan.read_text(encoding="utf-8")) or {}).get("metrics") or {}
    return {str(name): str(spec["type"]) for name, spec in declared.items()}
