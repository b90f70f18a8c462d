"""From the last release to the present: nothing that ran is replaced, renamed, closed or refused."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.frozen import thaw
from chart_harness.layers import over
from chart_harness.render import render

from .released import charts as released

VERSION = released.newest()
SERVICES = ("aaa-api", "archive-tagger", "event-recorder")
ENVIRONMENTS = ("production", "staging")
Objects = dict[tuple[str, str], dict[str, Any]]
Both = Callable[..., tuple[Objects, Objects]]

SELECTOR = {"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {"matchLabels": {"app": "b"}}}
PROBE = {"path": "/up", "periodSeconds": 7, "timeoutSeconds": 2, "failureThreshold": 9}
EVERY_KEY: dict[str, Any] = {
    "metrics": {
        "enabled": True,
        "role": "http-api",
        "environment": "staging",
        "port": 9000,
        "portName": "web",
        "path": "/numbers",
        "workers": 3,
        "namespace": "shop",
        "subsystem": "cart",
        "customLabels": {"team": "a", "unit": "b", "slo": "c"},
        "excludedHandlers": {"health": None, "ping": "/ping"},
        "serviceMonitor": {
            "enabled": True,
            "create": "always",
            "port": "web",
            "interval": "1m",
            "scrapeTimeout": "20s",
            "labels": {"release": "prometheus"},
        },
        "otlp": {
            "enabled": True,
            "endpoint": "http://collector.elsewhere:4317",
            "protocol": "grpc",
            "pushInterval": "5s",
            "headersSecret": {"name": "otlp", "key": "headers"},
        },
        "networkPolicy": {
            "enabled": True,
            "prometheus": SELECTOR,
            "collector": SELECTOR,
            "peers": {"shop": SELECTOR},
            "egress": {"database": {**SELECTOR, "ports": {"postgres": 5432}}},
        },
    },
    "env": {
        "standard": {
            "PROMETHEUS_BACKEND": "otel",
            "LEVEL": "debug",
            "LIMIT": 1000000,
            "FAST": True,
            "DD_TRACE_ENABLED": "false",
            "METRICS_SCRAPE_CACHE": "true",
            "METRICS_SERIES_BUDGET": 100,
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        }
    },
    "workload": {
        "image": {"repository": "shop", "tag": "2.0.0", "pullPolicy": "Always"},
        "replicas": 4,
        "command": ["shop"],
        "args": ["serve"],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": 2, "memory": "2Gi"}},
        "extraPorts": {"admin": 9100},
        "preStopSeconds": 9,
        "terminationGracePeriodSeconds": 60,
        "tmp": {"sizeLimit": "1Gi"},
        "probes": {"command": ["up"], "readiness": PROBE, "startup": PROBE, "liveness": PROBE},
    },
}
"""Each key that the last release knew, with a value that is not its default, and names that it left to the service."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{service} in {environment}": (service, released.values_of(service, environment, VERSION))
    for service in SERVICES
    for environment in ENVIRONMENTS
} | {
    f"every key, {role} on {backend}": (
        "aaa-api",
        over(EVERY_KEY, {"metrics": {"role": role}, "env": {"standard": {"PROMETHEUS_BACKEND": backend}}}),
    )
    for role in ("http-api", "amqp-consumer", "task-runner")
    for backend in ("prometheus", "otel", "shadow")
}


def objects(chart: Path, values: Mapping[str, Any], **arguments: Any) -> Objects:
    rendered = render(chart, name="shop-release", namespace="shop", overrides=values, **arguments)
    return {(item["kind"], item["metadata"]["name"]): thaw(item) for item in rendered.objects}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """What the last release renders for a service's values, and what the present libraries do."""
    folder = tmp_path_factory.mktemp("released")
    charts = {
        service: (
            released.with_released_libraries(service, VERSION, folder / "released"),
            released.with_present_libraries(service, VERSION, folder / "present"),
        )
        for service in SERVICES
    }

    def rendered(service: str, values: Mapping[str, Any], **arguments: Any) -> tuple[Objects, Objects]:
        before, after = (objects(chart, values, **arguments) for chart in charts[service])
        return before, after

    return rendered


def broken(before: Objects, after: Objects) -> Iterator[str]:
    """What an upgrade breaks: objects that go, selectors, ports and pages that move, rules that close."""
    for (kind, name), old in before.items():
        if (new := after.get((kind, name))) is None:
            yield f"{kind} {name} is gone"
            continue
        for field, of in KEPT[kind].items():
            if of(old) != of(new):
                yield f"{kind} {name}: {field} changed"
        for direction in ("ingress", "egress") if kind == "NetworkPolicy" else ():
            rules = new["spec"].get(direction, [])
            closed = [rule for rule in old["spec"].get(direction, []) if rule not in rules]
            yield from (f"{kind} {name}: {direction} of {json.dumps(rule)} is closed" for rule in closed)


KEPT: dict[str, dict[str, Callable[[dict[str, Any]], Any]]] = {
    "Deployment": {"selector": lambda item: item["spec"]["selector"]},
    "Service": {
        "selector": lambda item: item["spec"]["selector"],
        "ports": lambda item: item["spec"]["ports"],
        "type": lambda item: item["spec"]["type"],
    },
    "ServiceAccount": {"token": lambda item: item["automountServiceAccountToken"]},
    "ServiceMonitor": {
        "selector": lambda item: (item["spec"]["selector"], item["spec"].get("namespaceSelector")),
        "labels": lambda item: item["metadata"]["labels"],
        "endpoints": lambda item: [
            {key: endpoint.get(key) for key in ("port", "path", "interval", "scrapeTimeout", "honorLabels")}
            for endpoint in item["spec"]["endpoints"]
        ],
    },
    "NetworkPolicy": {"selector": lambda item: (item["spec"]["podSelector"], item["spec"]["policyTypes"])},
}
"""What users of an object rely on, by its kind."""


def pod_template(rendered: Objects) -> Any:
    (deployment,) = (item for (kind, _), item in rendered.items() if kind == "Deployment")
    return deployment["spec"]["template"]


@pytest.mark.parametrize("case", CASES)
def test_an_upgrade_breaks_nothing(both: Both, case: str) -> None:
    before, after = both(*CASES[case])
    assert {kind for kind, _ in before} <= set(KEPT)
    assert len(before) >= 3
    assert list(broken(before, after)) == []


@pytest.mark.parametrize("case", CASES)
def test_an_upgrade_restarts_no_pod(both: Both, case: str) -> None:
    """A pod's template that differs is a rollout of the fleet: then CHANGELOG.md says so under `Restarts pods`."""
    before, after = both(*CASES[case])
    assert pod_template(after) == pod_template(before)


@pytest.mark.parametrize("case", [case for case in CASES if " in " in case])
def test_where_the_operator_is_not_known_only_annotations_are_new(both: Both, case: str) -> None:
    """The one restart that CHANGELOG.md tells of: pods that are pulled say so themselves."""
    service, values = CASES[case]
    before, after = both(service, values, api_versions=())
    pulled = "production" in case or service == "aaa-api"
    template = pod_template(after)
    annotations = template["metadata"].pop("annotations", {})
    assert set(annotations) == (
        {f"prometheus.io/{key}" for key in ("scrape", "port", "path", "scheme")} if pulled else set()
    )
    assert template == pod_template(before)
    assert "prometheus.io/*" in (released.CHARTS / "workload" / "CHANGELOG.md").read_text()


def at(item: Any, path: str) -> tuple[Any, str | int]:
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in parents:
        item = item[step]
    return item, last


@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        ("Deployment", "spec.selector.matchLabels.extra", "x", "Deployment aaa-api: selector changed"),
        ("Service", "spec.selector.extra", "x", "Service aaa-api: selector changed"),
        ("Service", "spec.ports.0.name", "web", "Service aaa-api: ports changed"),
        ("Service", "spec.type", "NodePort", "Service aaa-api: type changed"),
        ("ServiceAccount", "automountServiceAccountToken", True, "ServiceAccount aaa-api: token changed"),
        ("ServiceMonitor", "spec.selector.matchLabels.extra", "x", "ServiceMonitor aaa-api: selector changed"),
        ("ServiceMonitor", "metadata.labels.extra", "x", "ServiceMonitor aaa-api: labels changed"),
        ("ServiceMonitor", "spec.endpoints.0.path", "/x", "ServiceMonitor aaa-api: endpoints changed"),
        ("NetworkPolicy", "spec.podSelector.matchLabels.extra", "x", "NetworkPolicy aaa-api: selector changed"),
        ("NetworkPolicy", "spec.ingress.0.ports.0.port", 1, "NetworkPolicy aaa-api: ingress of"),
        ("NetworkPolicy", "metadata.name", "other", "NetworkPolicy aaa-api is gone"),
    ],
)
def test_each_kind_of_breakage_is_found(both: Both, kind: str, path: str, value: object, says: str) -> None:
    """The control: one field of one object is changed."""
    before, _ = both(*CASES["aaa-api in staging"])
    before = {(key, "aaa-api"): item for (key, _), item in before.items()}
    after = copy.deepcopy(before)
    parent, last = at(after[kind, "aaa-api"], path)
    parent[last] = value
    if path == "metadata.name":
        after[kind, str(value)] = after.pop((kind, "aaa-api"))
    (found,) = broken(before, after)
    assert found.startswith(says)


def leaves(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    inner = {key: node for key, node in schema.get("properties", {}).items() if key != "global"}
    if not inner:
        yield path
    for key, node in inner.items():
        yield from leaves(node, f"{path}.{key}")


def test_every_key_of_the_release_is_among_the_values_here() -> None:
    """And differs from its default, so that an old key which nothing reads any more is missed somewhere."""
    for library in released.LIBRARIES:
        files = released.content(released.package(library, VERSION))
        defaults = yaml.safe_load(files["values.yaml"])
        known = list(leaves(json.loads(files["values.schema.json"])))
        assert len(known) > 20
        for path in known:
            steps = path.strip(".").split(".")
            given: Any = EVERY_KEY[library]
            default: Any = defaults
            for step in steps:
                given = given[step]
                default = default.get(step) if isinstance(default, Mapping) else None
            may_be_default = steps[-1] == "enabled"  # false renders less, which would hide the rest
            assert may_be_default or given != default, path


def test_the_changelog_names_each_kind_that_an_upgrade_changes(
    both: Both,
) -> None:
    """A reader of `Changes objects` knows all that will differ in the cluster."""
    changed = set()
    for service, values in CASES.values():
        before, after = both(service, values)
        changed |= {kind for (kind, name), item in after.items() if before.get((kind, name)) != item}
    page = (released.CHARTS / "metrics" / "CHANGELOG.md").read_text()
    entry = page.split("\n## ")[1]
    told = entry.partition("**Changes objects**")[2].partition("**New values only**")[0]
    assert changed == {
        kind for kind in (*KEPT, "ConfigMap", "PodMonitor", "PrometheusRule") if re.search(rf"\b{kind}\b", told)
    }


def test_the_packages_are_those_that_were_released() -> None:
    noted = dict(re.findall(r"\| `(.+?\.tgz)` \| `([0-9a-f]{64})`", (released.RELEASED / "README.md").read_text()))
    found = {
        str(path.relative_to(released.RELEASED)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in released.RELEASED.glob("*/*.tgz")
    }
    assert found == noted
    assert len(found) >= len(released.LIBRARIES)


@pytest.mark.parametrize("library", released.LIBRARIES)
def test_what_differs_from_a_release_has_a_version_of_its_own(library: str) -> None:
    """Semantic versions: the major one is in the names of the templates, so it must not move without them."""
    present = yaml.safe_load((released.CHARTS / library / "Chart.yaml").read_text())["version"]
    numbers, last = (tuple(map(int, version.split("."))) for version in (present, VERSION))
    old = released.content(released.package(library, VERSION))
    now = {path: released.CHARTS / library / path for path in old}
    changed = any(not now[path].is_file() or now[path].read_bytes() != text for path, text in old.items())
    assert (numbers > last) if changed else (numbers >= last)
    assert numbers[0] == last[0] == 1
