"""Writes the chart of a new service: `make service NAME=… ROLE=…`, or `python charts/new_service.py NAME ROLE`.

What it writes renders, passes the suite and runs on the stand-in image until the service has its own. A chart is put together
in a folder beside charts/services and moved there whole, so an interrupted run leaves no half of a service.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
import tempfile
from pathlib import Path

ROLES = {
    "http-api": "Answers HTTP requests",
    "amqp-consumer": "Handles the messages of a queue",
    "task-runner": "Runs a task, again and again",
}
# A release is named after its service, and Helm takes 53 characters; Services start with a letter.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?")
_LIBRARIES = ("metrics", "workload")

_CHART = """\
apiVersion: v2
name: {name}
type: application
version: 0.1.0
appVersion: "0.1.0"
description: {description}
dependencies:
  - name: metrics
    version: ^1.0.0
    repository: file://../../metrics
  - name: workload
    version: ^1.0.0
    repository: file://../../workload
"""
_VALUES = """\
# {name} in every environment. What it does not say is a default of charts/metrics and charts/workload.
metrics:
  role: {role}

workload:
  image:
    repository: reference-service
  command: [reference-service, {role}]
{probes}  resources:
    requests:
      cpu: 100m
      memory: 128Mi
    limits:
      memory: 256Mi
"""
_PROBES = """\
  probes:
    command: [reference-service, healthy]
"""
_GATE = """\
# What the gate sends to every pod of {name}, and what {name} publishes beside its role's metrics.
requests:
  - {{path: /items/7}}
  - {{method: POST, path: /items, body: {{name: seven}}}}
metrics:
  items_served_total: {{type: counter, labels: [kind]}}
"""
_ENVIRONMENTS = {
    "production": "metrics:\n  environment: production\n",
    "staging": "metrics:\n  environment: staging\n\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n",
}


class NewServiceError(ValueError):
    """The service cannot be written; the message is one sentence that says why and what to do."""


def files(name: str, role: str) -> dict[str, str]:
    """The files of the service's chart by their path in it, without values.schema.json. Raises NewServiceError."""
    if not _NAME.fullmatch(name):
        raise NewServiceError(
            f"NAME is {name!r}: use at most 53 lower-case letters, digits and hyphens, a letter first and no hyphen last."
        )
    if name in _LIBRARIES:
        raise NewServiceError(f"NAME is {name!r}, the name of a library chart: choose another.")
    if role not in ROLES:
        raise NewServiceError(f"ROLE is {role!r}: choose one of {', '.join(ROLES)}.")
    probes = "" if role == "http-api" else _PROBES
    written = {
        ".helmignore": "environments/\ngate.yaml\n",
        "Chart.yaml": _CHART.format(name=name, description=ROLES[role]),
        "values.yaml": _VALUES.format(name=name, role=role, probes=probes),
        "templates/metrics.yaml": '{{ include "metrics.v1.all" . }}\n',
        "templates/workload.yaml": '{{ include "workload.v1.all" . }}\n',
    }
    for environment, values in _ENVIRONMENTS.items():
        written[f"environments/{environment}/values.yaml"] = values
    if role == "http-api":
        written["gate.yaml"] = _GATE.format(name=name)
    return written


def write(root: Path, name: str, role: str) -> Path:
    """Write the service under `root`/charts/services and return its folder. Raises NewServiceError; then nothing is written."""
    contents = files(name, role)
    charts = root / "charts"
    target = charts / "services" / name
    if target.exists():
        raise NewServiceError(f"There is a service {name} already, in {target}: change that, or choose another name.")
    with tempfile.TemporaryDirectory(dir=charts, prefix=".new-service-") as scratch:
        # A project of this one service, since the schema is derived for a project: its other parts are links.
        fresh = Path(scratch) / "charts" / "services" / name
        for path, text in contents.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_text(text, encoding="utf-8")
        for library in _LIBRARIES:
            (Path(scratch) / "charts" / library).symlink_to(charts / library)
        (Path(scratch) / "values-schema.json").symlink_to(root / "values-schema.json")
        schema = _schemas(charts, Path(scratch))[fresh / "values.schema.json"]
        (fresh / "values.schema.json").write_text(schema, encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.rename(target)
        except OSError as error:
            raise NewServiceError(f"{target} cannot be written ({error.strerror}): make room for it.") from error
    return target


def _schemas(charts: Path, root: Path) -> dict[Path, str]:
    """What `make schema` would derive for `root`. derive_schemas.py is a script beside this one, in no package."""
    spec = importlib.util.spec_from_file_location("derive_schemas", charts / "derive_schemas.py")
    if spec is None or spec.loader is None:
        raise NewServiceError(f"{charts / 'derive_schemas.py'} is missing: get it back from git.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        derived: dict[Path, str] = module.derive(root)
    except module.SchemaError as error:
        raise NewServiceError(str(error)) from error
    return derived


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Write the service and say what comes next; 0 when it is there, 1 with a sentence when not."""
    parser = argparse.ArgumentParser(description="Write the chart of a new service.")
    parser.add_argument("name", help="such as invoices-api")
    parser.add_argument("role", help=" or ".join(ROLES))
    given = parser.parse_args(arguments)
    root = root or Path(__file__).resolve().parent.parent
    try:
        folder = write(root, given.name, given.role)
    except NewServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{folder.relative_to(root)} is written. It runs the stand-in image: set workload.image.repository and "
        "workload.command in its values.yaml, and name its callers in metrics.networkPolicy.peers.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
