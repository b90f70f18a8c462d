"""Real objects of the fleet, each broken in one place: exactly that is complained of, and of the unbroken ones nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release
from chart_harness.fleet_render import render_fleet
from chart_harness.frozen import thaw
from chart_harness.schemas.catalogue import complaints

ROOT = Path(__file__).resolve().parents[3]
VERSION = "1.34.0"
GONE = object()
Place = tuple[str | int, ...]

_CONTAINER: Place = ("spec", "template", "spec", "containers", 0)
_AT = "spec.template.spec.containers[0]"
_SIGNS = "letters, digits and - _ . with a letter or digit at both ends, 63 characters at most"
_LABEL_KEY = f"{_SIGNS}; before it, if wanted, a DNS name and a slash"
_LABEL_VALUE = f"empty, or {_SIGNS}"
_PORT_NAME = "lower case letters, digits and single hyphens between them, at least one letter, 15 characters at most"
_DURATION = "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"

# kind, path of the value, what is written there, the complaint without "Kind name: "
MUTATIONS: list[tuple[str, Place, object, str]] = [
    # a type that is wrong
    ("Deployment", (*_CONTAINER, "ports", 0, "containerPort"), "8080",
     f'{_AT}.ports[0].containerPort is "8080", but must be a whole number.'),
    ("Deployment", ("spec", "replicas"), 1.5, "spec.replicas is 1.5, but must be a whole number."),
    ("Deployment", (*_CONTAINER, "env", 0, "value"), 8080,
     f"{_AT}.env[0].value is 8080, but must be a text: put it in quotes."),
    ("Deployment", (*_CONTAINER, "env", 0, "value"), True,
     f"{_AT}.env[0].value is true, but must be a text: put it in quotes."),
    ("Deployment", (*_CONTAINER, "command"), "reference-service",
     f'{_AT}.command is "reference-service", but must be a list.'),
    ("Deployment", (*_CONTAINER, "securityContext", "readOnlyRootFilesystem"), "true",
     f'{_AT}.securityContext.readOnlyRootFilesystem is "true", but must be true or false.'),
    ("Deployment", ("spec", "template", "spec", "containers"), {"app": {}},
     "spec.template.spec.containers is a mapping, but must be a list."),
    ("Deployment", (*_CONTAINER, "env", 0), None, f"{_AT}.env[0] is null, but must be a mapping."),
    ("Deployment", ("spec", "replicas"), 2**31,
     "spec.replicas is 2147483648, more than the largest allowed, 2147483647."),
    ("Deployment", ("metadata", "labels", "app.kubernetes.io/version"), 12000.0,
     'metadata.labels["app.kubernetes.io/version"] is 12000.0, but must be a text: put it in quotes.'),
    ("Deployment", ("metadata", "annotations"), {"prometheus.io/scrape": True},
     'metadata.annotations["prometheus.io/scrape"] is true, but must be a text: put it in quotes.'),
    ("Service", ("spec", "ports", 0, "port"), "http", 'spec.ports[0].port is "http", but must be a whole number.'),
    ("ServiceAccount", ("automountServiceAccountToken",), "no",
     'automountServiceAccountToken is "no", but must be true or false.'),
    ("ServiceMonitor", ("spec", "endpoints", 0, "honorLabels"), "yes",
     'spec.endpoints[0].honorLabels is "yes", but must be true or false.'),
    ("ServiceMonitor", ("spec", "sampleLimit"), 1.5, "spec.sampleLimit is 1.5, but must be a whole number."),
    ("ServiceMonitor", ("spec", "jobLabel"), None, "spec.jobLabel is null, but must be a text."),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "labels", "severity"), 1,
     "spec.groups[0].rules[0].labels.severity is 1, but must be a text: put it in quotes."),
    ("ConfigMap", ("data", "port"), 8080, "data.port is 8080, but must be a text: put it in quotes."),
    # a field that does not exist
    ("Deployment", ("spec", "template", "spec", "container"), [],
     "spec.template.spec.container is not a known field: perhaps spec.template.spec.containers was meant."),
    ("Deployment", (*_CONTAINER, "securityContext", "readonlyRootFilesystem"), True,
     f"{_AT}.securityContext.readonlyRootFilesystem is not a known field: "
     f"perhaps {_AT}.securityContext.readOnlyRootFilesystem was meant."),
    ("Deployment", (*_CONTAINER, "resources", "limits", "memory"), {"max": "1Gi"},
     f"{_AT}.resources.limits.memory is a mapping, but must be a text or a number."),
    ("Service", ("spec", "ports", 0, "host"), "a",
     "spec.ports[0].host is not a known field: "
     "the known ones are appProtocol, name, nodePort, port, protocol, targetPort."),
    ("Service", ("metadata", "label"), {}, "metadata.label is not a known field: perhaps metadata.labels was meant."),
    ("ServiceAccount", ("spec",), {},
     "spec is not a known field: "
     "the known ones are apiVersion, automountServiceAccountToken, imagePullSecrets, kind, metadata, secrets."),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "containerPort"), 8080,
     "spec.ingress[0].ports[0].containerPort is not a known field: the known ones are endPort, port, protocol."),
    ("ServiceMonitor", ("spec", "endpoints", 0, "scrapeInterval"), "30s",
     "spec.endpoints[0].scrapeInterval is not a known field: perhaps spec.endpoints[0].interval was meant."),
    ("ServiceMonitor", ("spec", "matchLabels"), {},
     "spec.matchLabels is not a known field: perhaps spec.podTargetLabels was meant."),
    ("ServiceMonitor", ("metadata", "label"), {}, "metadata.label is not a known field: perhaps metadata.labels was meant."),
    # a field that must be there
    ("Deployment", ("spec", "selector"), GONE, "spec.selector must be set."),
    ("Deployment", ("spec", "selector"), None, "spec.selector must be set."),
    ("Deployment", (*_CONTAINER, "name"), GONE, f"{_AT}.name must be set."),
    ("Service", ("spec", "ports", 0, "port"), GONE, "spec.ports[0].port must be set."),
    ("NetworkPolicy", ("spec", "ingress", 0, "from", 0, "podSelector"), {"matchExpressions": [{"key": "a"}]},
     "spec.ingress[0].from[0].podSelector.matchExpressions[0].operator must be set."),
    ("ServiceMonitor", ("spec", "selector"), GONE, "spec.selector must be set."),
    ("ServiceMonitor", ("spec", "endpoints", 0, "basicAuth"), {"password": {"name": "secret"}},
     "spec.endpoints[0].basicAuth.password.key must be set."),
    # a value that is none of the few
    ("Deployment", (*_CONTAINER, "imagePullPolicy"), "IfNotpresent",
     f'{_AT}.imagePullPolicy is "IfNotpresent", but must be one of Always, IfNotPresent, Never.'),
    ("Deployment", ("spec", "strategy", "type"), "Rolling",
     'spec.strategy.type is "Rolling", but must be one of RollingUpdate, Recreate.'),
    ("Service", ("spec", "type"), "ClusterIp",
     'spec.type is "ClusterIp", but must be one of ClusterIP, NodePort, LoadBalancer, ExternalName.'),
    ("NetworkPolicy", ("spec", "policyTypes", 0), "ingress",
     'spec.policyTypes[0] is "ingress", but must be one of Ingress, Egress.'),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "protocol"), "tcp",
     'spec.ingress[0].ports[0].protocol is "tcp", but must be one of TCP, UDP, SCTP.'),
    ("ServiceMonitor", ("spec", "endpoints", 0, "relabelings"), [{"action": "remove"}],
     'spec.endpoints[0].relabelings[0].action is "remove", but must be one of replace, Replace, keep, Keep, drop, Drop, '
     "hashmod, HashMod, labelmap, LabelMap, labeldrop, LabelDrop, labelkeep, LabelKeep, lowercase, Lowercase, uppercase, "
     "Uppercase, keepequal, KeepEqual, dropequal, DropEqual."),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "exprs"), "up",
     "spec.groups[0].rules[0].exprs is not a known field: perhaps spec.groups[0].rules[0].expr was meant."),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "expr"), GONE, "spec.groups[0].rules[0].expr must be set."),
    # a number or a text
    ("Deployment", ("spec", "strategy", "rollingUpdate", "maxSurge"), 0.5,
     "spec.strategy.rollingUpdate.maxSurge is 0.5, but must be a whole number or a text."),
    ("Deployment", (*_CONTAINER, "livenessProbe", "httpGet", "port"), 0,
     f"{_AT}.livenessProbe.httpGet.port is 0, less than the smallest allowed, 1."),
    ("Service", ("spec", "ports", 0, "targetPort"), "http_metrics",
     f'spec.ports[0].targetPort is "http_metrics", but must be {_PORT_NAME}.'),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "port"), [8080],
     "spec.ingress[0].ports[0].port is a list, but must be a whole number or a text."),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "port"), 80800,
     "spec.ingress[0].ports[0].port is 80800, more than the largest allowed, 65535."),
    ("ServiceMonitor", ("spec", "endpoints", 0, "targetPort"), True,
     "spec.endpoints[0].targetPort is true, but must be a whole number or a text."),
    # a syntax
    ("Deployment", (*_CONTAINER, "resources", "limits", "memory"), "368MB",
     f'{_AT}.resources.limits.memory is "368MB", but must be a quantity: a number, and a unit if wanted, such as 250m, 1.5 '
     "or 368Mi."),
    ("Deployment", (*_CONTAINER, "ports", 0, "name"), "http-metrics-port",
     f'{_AT}.ports[0].name is "http-metrics-port", but must be {_PORT_NAME}.'),
    ("Deployment", ("metadata", "name"), "AAA_api",
     'metadata.name is "AAA_api", but must be lower case letters, digits, hyphens and dots, with a letter or digit at both '
     "ends and on both sides of a dot, 253 characters at most."),
    ("Deployment", ("spec", "template", "metadata", "labels", "team"), "a b",
     f'spec.template.metadata.labels.team is "a b", but must be {_LABEL_VALUE}.'),
    ("Deployment", ("spec", "selector", "matchLabels", "a/b/c"), "x",
     f'spec.selector.matchLabels.a/b/c is no allowed key: it must be {_LABEL_KEY}.'),
    ("Service", ("metadata", "name"), "4u",
     'metadata.name is "4u", but must be lower case letters, digits and hyphens, beginning with a letter and not ending '
     "with a hyphen, 63 characters at most."),
    ("Service", ("spec", "selector", "team"), "-", f'spec.selector.team is "-", but must be {_LABEL_VALUE}.'),
    ("ServiceAccount", ("metadata", "labels", "team name"), "x",
     f'metadata.labels["team name"] is no allowed key: it must be {_LABEL_KEY}.'),
    ("NetworkPolicy", ("spec", "podSelector", "matchLabels", "team"), "a" * 64,
     f'spec.podSelector.matchLabels.team is "{"a" * 59}…, but must be {_LABEL_VALUE}.'),
    ("ServiceMonitor", ("spec", "endpoints", 0, "interval"), "30 s",
     f'spec.endpoints[0].interval is "30 s", but must look like {_DURATION}.'),
    ("PrometheusRule", ("spec", "groups", 0, "interval"), "1 minute",
     f'spec.groups[0].interval is "1 minute", but must look like {_DURATION}.'),
    ("ServiceMonitor", ("metadata", "labels", "team"), "a b",
     f'metadata.labels.team is "a b", but must be {_LABEL_VALUE}.'),
    # a list that names something twice
    ("Deployment", (*_CONTAINER, "env", 1, "name"), "CUSTOM_LABELS",
     f'{_AT}.env[1] is the second with name "CUSTOM_LABELS": only one may have it.'),
]  # fmt: skip

# What looks odd and is allowed: the controls of the table above.
ALLOWED: list[tuple[str, Place, object]] = [
    ("Deployment", ("metadata", "annotations"), None),
    ("Deployment", ("metadata", "annotations"), {"Team.example/A": "any text, \n at all"}),
    ("Deployment", ("spec", "template", "spec", "affinity"), None),
    ("Deployment", ("spec", "replicas"), None),
    ("Deployment", ("spec", "strategy", "rollingUpdate", "maxSurge"), "25%"),
    ("Deployment", (*_CONTAINER, "resources", "limits", "memory"), 536870912),
    ("Deployment", (*_CONTAINER, "resources", "limits", "memory"), "1e9"),
    ("Deployment", (*_CONTAINER, "resources", "limits", "cpu"), 0.5),
    ("Deployment", (*_CONTAINER, "livenessProbe", "httpGet", "port"), 8080),
    ("Deployment", (*_CONTAINER, "imagePullPolicy"), ""),
    ("Service", ("spec", "ports", 0, "targetPort"), 8080),
    ("Service", ("spec", "selector", "team"), ""),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "port"), "http"),
    ("NetworkPolicy", ("spec", "ingress", 0), {}),
    ("ServiceMonitor", ("spec", "endpoints", 0, "targetPort"), "http"),
    ("ServiceMonitor", ("spec", "endpoints", 0, "relabelings"), [{"targetLabel": "x", "replacement": ""}]),
    ("ServiceMonitor", ("metadata", "annotations"), None),
    ("ServiceMonitor", ("spec", "endpoints", 0, "params"), {"any": ["thing"]}),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "expr"), "vector(1) == 1"),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "labels", "severity"), ""),
    ("ConfigMap", ("data", "dashboard.json"), "no JSON"),
    ("ConfigMap", ("immutable",), True),
]


@pytest.fixture(scope="module")
def rendered() -> Mapping[str, Mapping[str, Any]]:
    """An object of each kind, as the fleet's service aaa-api renders it for production."""
    return {item["kind"]: item for item in service_release(ROOT, "aaa-api", "production").objects}


def changed(item: Mapping[str, Any], path: Sequence[str | int], value: object) -> dict[str, Any]:
    """A copy of `item` with `value` at `path`, or with nothing there."""
    copy: dict[str, Any] = thaw(item)
    *above, last = path
    place: Any = copy
    for part in above:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return copy


def _name(case: object) -> str | None:
    if isinstance(case, tuple):
        return ".".join(map(str, case))
    return "gone" if case is GONE else None


@pytest.mark.parametrize(("kind", "path", "value", "complaint"), MUTATIONS, ids=_name)
def test_what_is_broken_is_all_that_is_said(
    rendered: Mapping[str, Mapping[str, Any]], kind: str, path: Place, value: object, complaint: str
) -> None:
    broken = changed(rendered[kind], path, value)
    assert complaints([broken], version=VERSION) == [f"{kind} {broken['metadata']['name']}: {complaint}"]


@pytest.mark.parametrize(("kind", "path", "value"), ALLOWED, ids=_name)
def test_what_the_server_takes_is_taken(
    rendered: Mapping[str, Mapping[str, Any]], kind: str, path: Place, value: object
) -> None:
    assert complaints([changed(rendered[kind], path, value)], version=VERSION) == []


def test_every_kind_of_the_fleet_is_broken_in_the_table() -> None:
    fleet = render_fleet(ROOT)
    assert fleet.errors == {}
    kinds = {item["kind"] for release in fleet.releases.values() for item in release.objects}
    assert kinds == {kind for kind, *_ in MUTATIONS} == {kind for kind, *_ in ALLOWED} | {"ServiceAccount"}


def test_all_complaints_come_at_once_and_sorted(rendered: Mapping[str, Mapping[str, Any]]) -> None:
    service = changed(changed(rendered["Service"], ("spec", "type"), "No"), ("spec", "ports", 0, "port"), "x")
    account = changed(rendered["ServiceAccount"], ("secret",), [])
    assert complaints([service, account], version=VERSION) == [
        'Service aaa-api: spec.ports[0].port is "x", but must be a whole number.',
        'Service aaa-api: spec.type is "No", but must be one of ClusterIP, NodePort, LoadBalancer, ExternalName.',
        "ServiceAccount aaa-api: secret is not a known field: perhaps secrets was meant.",
    ]
