"""`helm template` as a function: a chart and values in, read-only objects out, each different input rendered once.

What is rendered is what a cluster would take: every render is held against the schemas of Kubernetes and of the custom
resources, with unknown fields refused.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_harness.assembly import assemble
from chart_harness.errors import RenderError
from chart_harness.frozen import thaw
from chart_harness.helm import Helm, HelmError
from chart_harness.manifest import parse

__all__ = ["PROMETHEUS_OPERATOR_CRDS", "Release", "RenderError", "render"]

# Charts ask for an API by its group or by its kind; a cluster that has the operator answers both.
PROMETHEUS_OPERATOR_CRDS = (
    "monitoring.coreos.com/v1",
    "monitoring.coreos.com/v1/PodMonitor",
    "monitoring.coreos.com/v1/PrometheusRule",
    "monitoring.coreos.com/v1/ServiceMonitor",
)

_Objects = tuple[Mapping[str, Any], ...]
_cache: dict[str, _Objects | RenderError] = {}
_cache_lock = threading.Lock()


@dataclass(frozen=True)
class Release:
    """What a chart renders for one set of values; the objects are deeply read-only and may be shared."""

    name: str
    namespace: str
    chart: Path
    objects: _Objects

    def of_kind(self, kind: str) -> _Objects:
        """The objects of this kind, in the order they were rendered; none is an empty tuple."""
        return tuple(item for item in self.objects if item["kind"] == kind)

    def one(self, kind: str) -> Mapping[str, Any]:
        """The only object of this kind. Raises RenderError when there is none, or more than one."""
        found = self.of_kind(kind)
        if len(found) != 1:
            kinds = ", ".join(sorted({str(item["kind"]) for item in self.objects})) or "nothing"
            raise RenderError(
                f"Release {self.name} renders {len(found)} objects of kind {kind}, not one: its objects are {kinds}."
            )
        return found[0]


def render(
    chart: Path,
    *,
    name: str,
    namespace: str = "default",
    values: Sequence[Path] = (),
    overrides: Mapping[str, Any] | None = None,
    kube_version: str = "1.34.0",
    api_versions: Sequence[str] = PROMETHEUS_OPERATOR_CRDS,
    crds: Path | None = None,
    helm: Helm | None = None,
) -> Release:
    """Render `chart` and the `file://` charts it depends on as release `name`.

    Arguments:
        values: files, each over the one before, as with `-f`.
        overrides: values over all files; None removes a key.
        kube_version, api_versions: what the chart is told about the cluster. The objects must fit the schemas of this
            version of Kubernetes.
        crds: a file, or a folder, of CustomResourceDefinitions that the cluster has; needed for kinds other than
            Kubernetes' own, the Prometheus Operator's, and those that the chart itself renders or has in its crds folder.
        helm: the binary to use; by default $HELM, else the one on the PATH.

    Renders, and failures to render, are kept for the life of the process by content, so an edited file is seen.
    Threads may call it. Raises RenderError when the chart or a file is missing, when Helm refuses it, or when the API
    server would refuse what it renders; HelmError when there is no Helm to ask.
    """
    helm = helm or Helm()
    missing = [str(path) for path in values if not path.is_file()]
    if missing:
        raise RenderError(f"The values file {missing[0]} does not exist: correct its path.")
    if crds is not None and not crds.exists():
        raise RenderError(f"There are no CustomResourceDefinitions at {crds}: correct the path.")
    folder = assemble(chart)
    extra = json.dumps(thaw(overrides or {}), sort_keys=True)
    arguments = ["template", name, str(folder), "--namespace", namespace, "--kube-version", kube_version]
    for api in api_versions:
        arguments += ["--api-versions", api]
    for path in values:
        arguments += ["--values", str(path)]
    arguments += ["--values", "-"]
    definitions = [*([crds] if crds else []), *_shipped(folder)]
    from chart_harness.schemas.custom_resources import files

    key = _key(helm, folder, arguments, extra, [*values, *(files(crds) if crds else [])])
    with _cache_lock:
        known = _cache.get(key)
    if known is None:
        known = _template(helm, folder, arguments, extra, kube_version, definitions)
        with _cache_lock:
            _cache[key] = known
    if isinstance(known, RenderError):
        raise RenderError(str(known), chart=folder)
    return Release(name=name, namespace=namespace, chart=chart, objects=known)


def _template(
    helm: Helm, folder: Path, arguments: Sequence[str], extra: str, kube_version: str, definitions: Sequence[Path]
) -> _Objects | RenderError:
    try:
        return validated(parse(helm.run(arguments, stdin=extra)), kube_version, definitions)
    except HelmError as error:
        return RenderError(str(error), chart=folder)
    except RenderError as error:
        return error


def validated(objects: _Objects, kube_version: str, definitions: Sequence[Path]) -> _Objects:
    """The same objects, if the API server would take them all. Raises RenderError with a line for each thing it would refuse."""
    from chart_harness.schemas.builtin import NoSchemasError
    from chart_harness.schemas.catalogue import complaints
    from chart_harness.schemas.custom_resources import DefinitionError

    try:
        refused = complaints(objects, version=kube_version, crds=definitions)
    except (NoSchemasError, DefinitionError) as error:
        raise RenderError(str(error)) from error
    if refused:
        raise RenderError("\n".join(refused))
    return objects


def _shipped(folder: Path) -> list[Path]:
    """The folders of definitions that Helm installs before it renders the chart: its own and those of its charts."""
    return [path for pattern in ("crds", "charts/*/crds") for path in sorted(folder.glob(pattern))]


def _key(helm: Helm, folder: Path, arguments: Sequence[str], extra: str, values: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in values]
    for part in (str(helm.binary), helm.version, str(folder), *arguments, extra, *contents):
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()
