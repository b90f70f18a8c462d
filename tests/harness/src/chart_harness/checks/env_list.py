"""The env list of every container: no name twice, sorted, all text, and references that Kubernetes can expand."""

from __future__ import annotations

import re

from chart_harness.checks.pod_template import containers, pod_templates
from chart_harness.render import Release

_REFERENCE = re.compile(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def env_list(release: Release) -> list[str]:
    """Problems of the env lists. Kubernetes expands $(NAME) only where NAME is further up in the list."""
    problems = []
    looked_at = 0
    for owner, template in pod_templates(release):
        for container in containers(template):
            entries = container.get("env", ())
            looked_at += len(entries)
            where = f"{owner}, container {container['name']}"
            names = [str(entry["name"]) for entry in entries]
            problems += [f"{where}: {name} is set twice." for name in sorted({n for n in names if names.count(n) > 1})]
            if names != sorted(names):
                problems.append(f"{where}: the env list is not sorted by name.")
            for position, entry in enumerate(entries):
                value = entry.get("value", "")
                if not isinstance(entry["name"], str) or not isinstance(value, str):
                    problems.append(f"{where}: {entry['name']} is no text: quote it in the template.")
                    continue
                missing = [name for name in _REFERENCE.findall(value) if name not in names[:position]]
                problems += [f"{where}: {entry['name']} refers to {name}, not set above it." for name in missing]
    return problems or ([] if looked_at else ["The release sets no environment variable at all."])
