"""No label that has a value for each user or request: each value is a series, until a scrape is refused or a pod is killed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chart_harness.checks.pod_template import Object, all_containers, environment, pod_templates
from chart_harness.checks.queries import QueryError, asked, queries, rules
from chart_harness.render import Release

FORBIDDEN = frozenset({"request_id", "trace_id", "user_id"})
_FORBIDDEN = frozenset(name.replace("_", "") for name in FORBIDDEN)
_PERHAPS = re.compile("(request|trace|user)[^a-z]*id", re.IGNORECASE)
_REMOVING = frozenset({"drop", "dropequal", "keep", "keepequal", "labeldrop"})


def forbidden_labels(release: Release) -> list[str]:
    """Where such a label is set, kept or asked for: in what the process is told, relabelings, rules and dashboards."""
    problems = [f"{where} sets the label {name}: leave it out." for where, name in _set(release) if _is_forbidden(name)]
    try:
        found = list(queries(release))
    except QueryError as error:
        return [*problems, str(error)]
    for query in found:
        if not _PERHAPS.search(query.text):
            continue  # most have none of them anywhere, and need not be read
        try:
            labels = asked(query.text).labels
        except QueryError:
            continue  # known_metrics says so
        problems += [
            f"{query.where} asks for the label {name}: leave it out." for name in sorted(labels) if _is_forbidden(name)
        ]
    return list(dict.fromkeys(problems))


def _is_forbidden(name: str) -> bool:
    """However it is written: user_id, userId, user.id, http_user_id."""
    return any(_letters(name).endswith(forbidden) for forbidden in _FORBIDDEN)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _set(release: Release) -> Iterator[tuple[str, str]]:
    for owner, template in pod_templates(release):
        for container in all_containers(template):
            told = environment(container)
            for variable in ("CUSTOM_LABELS", "OTEL_RESOURCE_ATTRIBUTES"):
                for pair in str(told.get(variable, {}).get("value", "")).split(","):
                    yield f"{owner}, container {container['name']}, {variable}", pair.partition("=")[0].strip()
    for kind, key in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        for monitor in release.of_kind(kind):
            where = f"{kind} {monitor['metadata']['name']}"
            for endpoint in monitor["spec"].get(key, ()):
                for name in (*endpoint.get("relabelings", ()), *endpoint.get("metricRelabelings", ())):
                    yield from ((where, label) for label in _targets(name))
            for label in (*monitor["spec"].get("targetLabels", ()), *monitor["spec"].get("podTargetLabels", ())):
                yield where, str(label)
    for where, rule in rules(release):
        yield from ((where, str(label)) for label in rule.get("labels", {}))


def _targets(relabeling: Object) -> Iterator[str]:
    """The labels that a relabeling makes, or keeps by name."""
    action = str(relabeling.get("action", "replace")).lower()
    if action in _REMOVING:
        return
    if action == "labelkeep":
        yield from re.split(r"[|()]", str(relabeling.get("regex", "")))
    elif action == "labelmap":
        yield str(relabeling.get("replacement", ""))
    else:
        yield str(relabeling.get("targetLabel", ""))
