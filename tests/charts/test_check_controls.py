"""Each check of chart_harness.checks fails on a release broken in the one way it looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.frozen import freeze, thaw
from chart_harness.render import Release

Objects = dict[str, dict[str, Any]]
Break = Callable[[Objects], object]


def pod(objects: Objects) -> dict[str, Any]:
    spec: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


def app(objects: Objects) -> dict[str, Any]:
    container: dict[str, Any] = pod(objects)["containers"][0]
    return container


def variable(objects: Objects, name: str) -> dict[str, Any]:
    return next(entry for entry in app(objects)["env"] if entry["name"] == name)


def rules(objects: Objects) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects["NetworkPolicy"]["spec"]["ingress"]
    return found


def labels(objects: Objects, kind: str) -> dict[str, str]:
    found: dict[str, str] = objects[kind]["spec"]["selector"]["matchLabels"]
    return found


BROKEN: list[tuple[str, Break, str]] = [
    ("env_list", lambda o: app(o)["env"].append({"name": "METRICS_PORT", "value": "1"}), "METRICS_PORT is set twice"),
    ("env_list", lambda o: app(o)["env"].reverse(), "not sorted"),
    ("env_list", lambda o: variable(o, "METRICS_PORT").update(value=8080), "METRICS_PORT is no text"),
    ("env_list", lambda o: variable(o, "CUSTOM_LABELS").update(value="$(OTEL_SERVICE_NAME)"), "not set above it"),
    ("env_list", lambda o: app(o).pop("env"), "no environment variable at all"),
    ("env_list", lambda o: o.pop("Deployment"), "no environment variable at all"),
    ("pod_security", lambda o: pod(o)["securityContext"].pop("runAsNonRoot"), "runAsNonRoot must be true"),
    ("pod_security", lambda o: pod(o)["securityContext"].pop("seccompProfile"), "seccompProfile must be"),
    ("pod_security", lambda o: pod(o).pop("automountServiceAccountToken"), "automountServiceAccountToken must be"),
    ("pod_security", lambda o: pod(o)["volumes"][0].update(emptyDir={}), "emptyDir with a sizeLimit"),
    ("pod_security", lambda o: app(o).pop("volumeMounts"), "emptyDir with a sizeLimit"),
    ("pod_security", lambda o: app(o)["securityContext"].pop("allowPrivilegeEscalation"), "allowPrivilegeEscalation"),
    ("pod_security", lambda o: app(o)["securityContext"].pop("capabilities"), "drop ALL"),
    ("pod_security", lambda o: app(o)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "add nothing"),
    ("pod_security", lambda o: app(o)["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem"),
    ("pod_security", lambda o: app(o)["securityContext"].update(privileged=True), "privileged must not"),
    ("pod_security", lambda o: app(o)["securityContext"].update(runAsNonRoot=False), "must not be turned off"),
    ("pod_security", lambda o: o["ServiceAccount"].pop("automountServiceAccountToken"), "must not mount its token"),
    ("pod_security", lambda o: o.pop("Deployment"), "runs no pods"),
    ("rollout", lambda o: o["Deployment"]["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1), "drop below"),
    ("rollout", lambda o: o["Deployment"]["spec"].pop("strategy"), "drop below"),
    ("rollout", lambda o: app(o).pop("livenessProbe"), "has no livenessProbe"),
    ("rollout", lambda o: app(o).pop("startupProbe"), "has no startupProbe"),
    ("rollout", lambda o: app(o)["readinessProbe"]["httpGet"].update(port="web"), "asks port web"),
    ("rollout", lambda o: app(o)["resources"].pop("limits"), "no memory limit"),
    ("rollout", lambda o: o.pop("Deployment"), "has no Deployment"),
    ("scrape_path", lambda o: o.pop("ServiceMonitor"), "has no ServiceMonitor"),
    ("scrape_path", lambda o: o.pop("Service"), "selects 0 Services"),
    ("scrape_path", lambda o: labels(o, "ServiceMonitor").update(tier="x"), "selects 0 Services"),
    ("scrape_path", lambda o: o.update(Headless={**o["Service"]}), "selects 2 Services"),
    ("scrape_path", lambda o: o["ServiceMonitor"]["spec"]["endpoints"].clear(), "has no endpoint"),
    ("scrape_path", lambda o: o["ServiceMonitor"]["spec"]["endpoints"][0].update(port="web"), "is named web"),
    ("scrape_path", lambda o: o["ServiceMonitor"]["spec"]["endpoints"][0].update(path="/x"), "but /x is scraped"),
    ("scrape_path", lambda o: o["Service"]["spec"]["ports"][0].update(targetPort="web"), "0 container ports are web"),
    ("scrape_path", lambda o: o["Service"]["spec"]["selector"].update(tier="x"), "selects no pod"),
    ("scrape_path", lambda o: variable(o, "METRICS_PORT").update(value="8081"), "METRICS_PORT 8081"),
    ("scrape_path", lambda o: app(o)["ports"][0].update(containerPort=8081), "port 8081 is scraped"),
    ("scrape_path", lambda o: rules(o)[0]["ports"][0].update(port=8081), "lets Prometheus in on port 8080"),
    ("scrape_path", lambda o: rules(o).pop(0), "lets Prometheus in on port 8080"),
    ("selectors", lambda o: labels(o, "Deployment").update({"app.kubernetes.io/version": "0.1.0"}), "holds app.kub"),
    ("selectors", lambda o: labels(o, "ServiceMonitor").update({"helm.sh/chart": "x"}), "holds helm.sh/chart"),
    (
        "selectors",
        lambda o: o["Service"]["spec"]["selector"].update(tier="x"),
        "Service aaa-api: its selector matches no",
    ),
    ("selectors", lambda o: o["NetworkPolicy"]["spec"].update(podSelector={}), "selects everything"),
    ("selectors", lambda o: o.pop("Deployment"), "runs no pods"),
    ("traffic_rules", lambda o: rules(o)[0].update({"from": []}), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].pop("from"), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].update({"from": [{"namespaceSelector": {}}]}), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].pop("ports"), "allows every port"),
    ("traffic_rules", lambda o: o["NetworkPolicy"]["spec"].update(policyTypes=["Egress"]), "leaves ingress open"),
    ("traffic_rules", lambda o: o["NetworkPolicy"]["spec"].update(egress=[{}]), "without their policyType"),
    ("traffic_rules", lambda o: o.pop("NetworkPolicy"), "no NetworkPolicy"),
]


@pytest.mark.parametrize(("check", "break_it", "says"), BROKEN, ids=[f"{c}-{s}" for c, _, s in BROKEN])
def test_a_broken_release_is_found(release: ReleaseFactory, check: str, break_it: Break, says: str) -> None:
    whole = release("aaa-api", "staging")
    run: Callable[[Release], list[str]] = getattr(checks, check)
    objects: Objects = {item["kind"]: thaw(item) for item in whole.objects}
    assert run(replace(whole, objects=freeze(list(objects.values())))) == []
    break_it(objects)
    problems = run(replace(whole, objects=freeze(list(objects.values()))))
    assert any(says in problem for problem in problems), problems


def test_every_check_has_a_control() -> None:
    assert {check for check, _, _ in BROKEN} == set(checks.__all__)


def test_a_selector_that_cannot_be_judged_is_not_passed(release: ReleaseFactory) -> None:
    whole = release("aaa-api", "staging")
    objects = [thaw(item) for item in whole.objects]
    for item in objects:
        if item["kind"] == "ServiceMonitor":
            item["spec"]["selector"]["matchExpressions"] = [{"key": "a", "operator": "Exists"}]
    with pytest.raises(ValueError, match="matchExpressions"):
        checks.scrape_path(replace(whole, objects=freeze(objects)))
