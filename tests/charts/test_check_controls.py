"""Each check of chart_harness.checks fails on a release broken in the one way it looks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
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


def context(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = app(objects)["securityContext"]
    return found


def variable(objects: Objects, name: str) -> dict[str, Any]:
    return next(entry for entry in app(objects)["env"] if entry["name"] == name)


def rules(objects: Objects) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects["NetworkPolicy"]["spec"]["ingress"]
    return found


def labels(objects: Objects, kind: str) -> dict[str, str]:
    found: dict[str, str] = objects[kind]["spec"]["selector"]["matchLabels"]
    return found


def endpoint(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = objects["ServiceMonitor"]["spec"]["endpoints"][0]
    return found


def annotate(objects: Objects, kind: str) -> None:
    """Tell Prometheus to scrape the page by annotations, too."""
    item = objects["Deployment"]["spec"]["template"] if kind == "Deployment" else objects[kind]
    item["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}


def pod_monitor(objects: Objects) -> object:
    """The ServiceMonitor as a PodMonitor, beside it."""
    spec = {"selector": objects["ServiceMonitor"]["spec"]["selector"], "podMetricsEndpoints": [dict(endpoint(objects))]}
    objects["PodMonitor"] = {**objects["ServiceMonitor"], "kind": "PodMonitor", "spec": spec}
    return spec


def rule(objects: Objects, **changes: Any) -> object:
    """One more alert."""
    alert = {"alert": "X", "expr": "up == 0", **changes}
    objects["PrometheusRule"]["spec"]["groups"].append({"name": "x", "rules": [alert]})
    return alert


def panel(objects: Objects, expression: str) -> None:
    """One more panel in the dashboard."""
    ((name, text),) = objects["ConfigMap"]["data"].items()
    dashboard = json.loads(text)
    dashboard["panels"].append({"title": "x", "targets": [{"expr": expression}]})
    objects["ConfigMap"]["data"][name] = json.dumps(dashboard)


def relabel(objects: Objects, **relabeling: Any) -> None:
    endpoint(objects).setdefault("metricRelabelings", []).append(relabeling)


BROKEN: list[tuple[str, Break, str]] = [
    ("env_list", lambda o: app(o)["env"].append({"name": "METRICS_PORT", "value": "1"}), "METRICS_PORT is set twice"),
    ("env_list", lambda o: app(o)["env"].reverse(), "not sorted"),
    ("env_list", lambda o: variable(o, "METRICS_PORT").update(value=8080), "METRICS_PORT is no text"),
    ("env_list", lambda o: variable(o, "CUSTOM_LABELS").update(value="$(OTEL_SERVICE_NAME)"), "not set above it"),
    ("env_list", lambda o: app(o).pop("env"), "no environment variable at all"),
    ("env_list", lambda o: o.pop("Deployment"), "no environment variable at all"),
    ("pod_security", lambda o: pod(o)["securityContext"].pop("runAsNonRoot"), "runAsNonRoot must be true"),
    ("pod_security", lambda o: pod(o)["securityContext"].pop("seccompProfile"), "seccompProfile must be"),
    ("pod_security", lambda o: pod(o)["securityContext"].update(runAsUser=0), "runAsUser must not be 0"),
    ("pod_security", lambda o: pod(o)["securityContext"].update(sysctls=[{"name": "kernel.x", "value": "1"}]), "sysctl"),
    ("pod_security", lambda o: pod(o)["securityContext"].update(seLinuxOptions={"role": "sysadm_r"}), "seLinuxOptions"),
    ("pod_security", lambda o: pod(o).pop("automountServiceAccountToken"), "automountServiceAccountToken must be"),
    ("pod_security", lambda o: pod(o).update(hostNetwork=True), "hostNetwork must not be set"),
    ("pod_security", lambda o: pod(o)["volumes"][0].update(emptyDir={}), "emptyDir with a sizeLimit"),
    ("pod_security", lambda o: pod(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "not be a hostPath"),
    ("pod_security", lambda o: app(o).pop("volumeMounts"), "emptyDir with a sizeLimit"),
    ("pod_security", lambda o: app(o)["ports"][0].update(hostPort=80), "port of the node"),
    ("pod_security", lambda o: context(o).pop("allowPrivilegeEscalation"), "allowPrivilegeEscalation"),
    ("pod_security", lambda o: context(o).pop("capabilities"), "drop ALL"),
    ("pod_security", lambda o: context(o)["capabilities"].update(add=["NET_RAW"]), "add nothing"),
    ("pod_security", lambda o: context(o).pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem"),
    ("pod_security", lambda o: context(o).update(privileged=True), "privileged must not"),
    ("pod_security", lambda o: context(o).update(runAsNonRoot=False), "must not be turned off"),
    ("pod_security", lambda o: context(o).update(seccompProfile={"type": "Unconfined"}), "must not be turned off"),
    ("pod_security", lambda o: context(o).update(appArmorProfile={"type": "Unconfined"}), "appArmorProfile must not"),
    ("pod_security", lambda o: context(o).update(procMount="Unmasked"), "procMount must be Default"),
    ("pod_security", lambda o: context(o).update(windowsOptions={"hostProcess": True}), "hostProcess must not"),
    ("pod_security", lambda o: pod(o).update(initContainers=[{"name": "x"}]), "container x: capabilities must drop ALL"),
    ("pod_security", lambda o: o["ServiceAccount"].pop("automountServiceAccountToken"), "must not mount its token"),
    ("pod_security", lambda o: o.pop("Deployment"), "runs no pods"),
    ("limits_and_probes", lambda o: app(o).pop("livenessProbe"), "has no livenessProbe"),
    ("limits_and_probes", lambda o: app(o).pop("startupProbe"), "has no startupProbe"),
    ("limits_and_probes", lambda o: app(o)["readinessProbe"].pop("httpGet"), "must ask in one way"),
    ("limits_and_probes", lambda o: app(o)["readinessProbe"]["httpGet"].update(port="web"), "asks port web"),
    ("limits_and_probes", lambda o: app(o)["resources"].pop("limits"), "no memory limit"),
    ("limits_and_probes", lambda o: app(o)["resources"]["requests"].pop("cpu"), "asks for no cpu"),
    ("limits_and_probes", lambda o: app(o)["resources"]["requests"].update(memory="1Gi"), "raise the limit"),
    ("limits_and_probes", lambda o: pod(o).update(initContainers=[{"name": "x"}]), "container x asks for no memory"),
    ("limits_and_probes", lambda o: o.pop("Deployment"), "runs no pods"),
    ("rollout", lambda o: o["Deployment"]["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1), "drop below"),
    ("rollout", lambda o: o["Deployment"]["spec"].pop("strategy"), "drop below"),
    ("rollout", lambda o: o.pop("Deployment"), "has no Deployment"),
    ("image_tags", lambda o: app(o).update(image="shop:1.2.0-rc1"), "is no release (rc)"),
    ("image_tags", lambda o: app(o).update(image="localhost:5000/shop"), "has no tag"),
    ("image_tags", lambda o: pod(o).update(initContainers=[{"name": "x", "image": "shop:latest"}]), "(latest)"),
    ("image_tags", lambda o: o.pop("Deployment"), "runs no pods"),
    ("scrape_path", lambda o: o.pop("ServiceMonitor"), "has no ServiceMonitor"),
    ("scrape_path", lambda o: o.pop("Service"), "selects 0 Services"),
    ("scrape_path", lambda o: labels(o, "ServiceMonitor").update(tier="x"), "selects 0 Services"),
    ("scrape_path", lambda o: o.update(Headless={**o["Service"]}), "selects 2 Services"),
    ("scrape_path", lambda o: o["ServiceMonitor"]["spec"]["endpoints"].clear(), "has no endpoint"),
    ("scrape_path", lambda o: endpoint(o).update(port="web"), "is named web"),
    ("scrape_path", lambda o: endpoint(o).update(path="/x"), "but /x is scraped"),
    ("scrape_path", lambda o: o["Service"]["spec"]["ports"][0].update(targetPort="web"), "0 container ports are web"),
    ("scrape_path", lambda o: o["Service"]["spec"]["selector"].update(tier="x"), "selects no pod"),
    ("scrape_path", lambda o: variable(o, "METRICS_PORT").update(value="8081"), "METRICS_PORT 8081"),
    ("scrape_path", lambda o: app(o)["ports"][0].update(containerPort=8081), "port 8081 is scraped"),
    ("scrape_path", lambda o: rules(o)[0]["ports"][0].update(port=8081), "lets Prometheus in on port 8080"),
    ("scrape_path", lambda o: rules(o).pop(0), "lets Prometheus in on port 8080"),
    ("scrape_path", lambda o: [pod_monitor(o), endpoint(o), o["PodMonitor"]["spec"]["podMetricsEndpoints"][0].update(port="x")],
     "PodMonitor aaa-api scrapes port x"),
    ("one_scrape", lambda o: o.update(Headless={**o["Service"]}), "port 8080/metrics is scraped 2 times"),
    ("one_scrape", pod_monitor, "port 8080/metrics is scraped 2 times"),
    ("one_scrape", lambda o: annotate(o, "Deployment"), "port 8080/metrics is scraped 2 times"),
    ("one_scrape", lambda o: annotate(o, "Service"), "port 8080/metrics is scraped 2 times"),
    ("one_scrape", lambda o: o["ServiceMonitor"]["spec"]["endpoints"].append(dict(endpoint(o))), "is scraped 2 times"),
    ("one_scrape", lambda o: o.pop("ServiceMonitor"), "neither pushes nor is scraped"),
    ("one_scrape", lambda o: endpoint(o).update(path="/x"), "neither pushes nor is scraped"),
    ("one_scrape", lambda o: app(o)["env"].append({"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "x"}), "count twice"),
    ("one_scrape", lambda o: o.pop("Deployment"), "runs no pods"),
    ("monitor_selects_one", lambda o: o.update(Headless={**o["Service"]}), "selects 2 Services"),
    ("monitor_selects_one", lambda o: o.pop("Service"), "selects 0 Services"),
    ("monitor_selects_one", lambda o: labels(o, "ServiceMonitor").pop("app.kubernetes.io/instance"), "another release's"),
    ("monitor_selects_one", lambda o: o["ServiceMonitor"]["spec"].update(namespaceSelector={"any": True}), "not its own"),
    ("monitor_selects_one", lambda o: [pod_monitor(o), o.pop("Deployment")], "PodMonitor aaa-api selects 0 Deployments"),
    ("selectors", lambda o: labels(o, "Deployment").update({"app.kubernetes.io/version": "0.1.0"}), "holds app.kub"),
    ("selectors", lambda o: labels(o, "ServiceMonitor").update({"helm.sh/chart": "x"}), "holds helm.sh/chart"),
    ("selectors", lambda o: [pod_monitor(o), labels(o, "PodMonitor").update({"helm.sh/chart": "x"})], "PodMonitor aaa-api: its"),
    ("selectors", lambda o: o["Service"]["spec"]["selector"].update(tier="x"), "Service aaa-api: its selector matches no"),
    ("selectors", lambda o: o["NetworkPolicy"]["spec"].update(podSelector={}), "selects everything"),
    ("selectors", lambda o: o.pop("Deployment"), "runs no pods"),
    ("pod_policies", lambda o: o.pop("NetworkPolicy"), "no NetworkPolicy selects its pods"),
    ("pod_policies", lambda o: o["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].update(tier="x"), "selects its pods"),
    ("pod_policies", lambda o: o["NetworkPolicy"]["spec"].update(policyTypes=["Egress"]), "closes ingress"),
    ("pod_policies", lambda o: o.update(Job={**o["Deployment"], "kind": "Job", "spec": {"template": {**o["Deployment"]["spec"]["template"],
     "metadata": {"labels": {"job": "x"}}}}}), "Job aaa-api: no NetworkPolicy"),
    ("pod_policies", lambda o: o.pop("Deployment"), "runs no pods"),
    ("traffic_rules", lambda o: rules(o)[0].update({"from": []}), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].pop("from"), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].update({"from": [{"namespaceSelector": {}}]}), "allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].update({"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}), "everyone"),
    ("traffic_rules", lambda o: o["NetworkPolicy"]["spec"].update(policyTypes=["Ingress", "Egress"],
     egress=[{"to": [{"ipBlock": {"cidr": "::/0"}}], "ports": [{"port": 443}]}]), "an egress rule allows everyone"),
    ("traffic_rules", lambda o: rules(o)[0].pop("ports"), "allows every port"),
    ("traffic_rules", lambda o: o["NetworkPolicy"]["spec"].update(policyTypes=["Egress"]), "leaves ingress open"),
    ("traffic_rules", lambda o: o["NetworkPolicy"]["spec"].update(egress=[{}]), "without their policyType"),
    ("traffic_rules", lambda o: o.pop("NetworkPolicy"), "no NetworkPolicy"),
    ("forbidden_labels", lambda o: variable(o, "CUSTOM_LABELS").update(value="service=x,user_id=7"), "sets the label user_id"),
    ("forbidden_labels", lambda o: app(o)["env"].append({"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "trace.id=7"}), "trace.id"),
    ("forbidden_labels", lambda o: relabel(o, targetLabel="requestId", sourceLabels=["x"]), "sets the label requestId"),
    ("forbidden_labels", lambda o: relabel(o, action="labelmap", regex="x", replacement="http_user_id"), "http_user_id"),
    ("forbidden_labels", lambda o: relabel(o, action="labelkeep", regex="service|user_id"), "sets the label user_id"),
    ("forbidden_labels", lambda o: o["ServiceMonitor"]["spec"].update(podTargetLabels=["trace_id"]), "sets the label trace_id"),
    ("forbidden_labels", lambda o: rule(o, labels={"user_id": "{{ $labels.x }}"}), "sets the label user_id"),
    ("forbidden_labels", lambda o: rule(o, expr="sum by (user_id) (up)"), "asks for the label user_id"),
    ("forbidden_labels", lambda o: rule(o, expr='label_replace(up, "request_id", "$1", "x", "(.*)")'), "request_id"),
    ("forbidden_labels", lambda o: panel(o, 'up{trace_id!=""}'), "asks for the label trace_id"),
    ("forbidden_labels", lambda o: panel(o, "up * on (user_id) group_left (x) up"), "asks for the label user_id"),
    ("forbidden_labels", lambda o: o["ConfigMap"]["data"].update({"x.json": "{"}), "is no JSON"),
    ("known_metrics", lambda o: rule(o, expr="rate(http_request_total[5m])"), "perhaps http_requests_total was meant"),
    ("known_metrics", lambda o: rule(o, expr="amqp_messages_total"), "amqp_messages_total, which nobody exports"),
    ("known_metrics", lambda o: rule(o, expr="http_request_duration_seconds"), "http_request_duration_seconds, which nobody"),
    ("known_metrics", lambda o: rule(o, expr='count({__name__=~"grpc_.*"})'), "grpc_.*, which nobody exports"),
    ("known_metrics", lambda o: rule(o, expr="sum("), "is no PromQL"),
    ("known_metrics", lambda o: panel(o, "kube_pod_info"), "kube_pod_info, which nobody exports"),
    ("known_metrics", lambda o: panel(o, "sum(rate(http_requests_totl[$__rate_interval]))"), "http_requests_total was meant"),
    ("known_metrics", lambda o: [o.pop("ServiceMonitor"), rule(o)], "asks for up, which nobody exports"),
    ("known_metrics", lambda o: o["ConfigMap"]["data"].update({"x.json": "{"}), "is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "break_it", "says"), BROKEN, ids=[f"{c}-{s}" for c, _, s in BROKEN])
def test_a_broken_release_is_found(release: ReleaseFactory, check: str, break_it: Break, says: str) -> None:
    whole = release("aaa-api", "production")
    run: Callable[[Release], list[str]] = getattr(checks, check)
    objects: Objects = {item["kind"]: thaw(item) for item in whole.objects}
    assert run(replace(whole, objects=freeze(list(objects.values())))) == []
    break_it(objects)
    problems = run(replace(whole, objects=freeze(list(objects.values()))))
    assert any(says in problem for problem in problems), problems


def test_every_check_has_a_control() -> None:
    functions = {name for name in checks.__all__ if name.islower()}
    assert {check for check, _, _ in BROKEN} == functions == {policy.name for policy in checks.POLICIES}


def test_every_check_has_a_file_of_its_name() -> None:
    folder = Path(checks.__file__).parent
    assert {policy.name for policy in checks.POLICIES} <= {path.stem for path in folder.glob("*.py")}
    assert all(policy.title.endswith(".") for policy in checks.POLICIES)


@pytest.mark.parametrize(
    "check", [checks.scrape_path, checks.one_scrape, checks.monitor_selects_one, checks.pod_policies]
)
def test_a_selector_that_cannot_be_judged_is_not_passed(
    release: ReleaseFactory, check: Callable[[Release], list[str]]
) -> None:
    whole = release("aaa-api", "staging")
    objects = [thaw(item) for item in whole.objects]
    for item in objects:
        selector: Mapping[str, Any] = item.get("spec", {})
        if item["kind"] == "ServiceMonitor":
            item["spec"]["selector"]["matchExpressions"] = [{"key": "a", "operator": "Exists"}]
        elif item["kind"] == "NetworkPolicy":
            item["spec"]["podSelector"] = {
                **selector["podSelector"],
                "matchExpressions": [{"key": "a", "operator": "Exists"}],
            }
    with pytest.raises(ValueError, match="matchExpressions"):
        check(replace(whole, objects=freeze(objects)))
