"""How Prometheus is told to scrape: a ServiceMonitor, a PodMonitor or annotations, and never two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.frozen import thaw
from chart_harness.render import Release, RenderError
from tests.charts.blocks import metrics, monitor, standard, workload

OPERATOR = ["monitoring.coreos.com/v1"]
SECRET = {"name": "scrape", "key": "value"}
DROPPED = {"action": "labeldrop", "regex": "request_id|trace_id|user_id"}
PAGE = {
    "port": "http",
    "path": "/metrics",
    "interval": "30s",
    "scrapeTimeout": "10s",
    "honorLabels": True,
    "metricRelabelings": [DROPPED],
}
SELECTOR = {"matchLabels": {"app.kubernetes.io/instance": "aaa-api", "app.kubernetes.io/name": "aaa-api"}}
POD_MONITOR = {"podMonitor": {"enabled": True}}


def spec(release: Release, kind: str = "ServiceMonitor") -> dict[str, Any]:
    found: dict[str, Any] = thaw(release.one(kind)["spec"])
    return found


def pages(release: Release) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec(release)["endpoints"]
    return found


def pod_annotations(release: Release) -> Mapping[str, str]:
    found: Mapping[str, str] = release.one("Deployment")["spec"]["template"]["metadata"].get("annotations", {})
    return found


def test_what_nobody_says(render_service: Callable[..., Release]) -> None:
    rendered = render_service(metrics(budget={"series": 0, "labels": 0}))
    assert spec(rendered) == {"selector": SELECTOR, "endpoints": [PAGE]}
    assert pod_annotations(rendered) == {}
    assert rendered.of_kind("PodMonitor") == ()


def test_everything_at_once(render_service: Callable[..., Release]) -> None:
    everything = {
        "interval": "1m",
        "scrapeTimeout": "15s",
        "labels": {"release": "prometheus", "gone": None},
        "jobLabel": "team",
        "scrapeClass": "mesh",
        "scheme": "https",
        "tlsConfig": {
            "insecureSkipVerify": False,
            "serverName": "aaa-api",
            "ca": {"name": "authority", "key": "ca.crt"},
            "cert": {"name": "prometheus", "key": "tls.crt"},
            "keySecret": {"name": "prometheus", "key": "tls.key"},
        },
        "basicAuth": {"username": {"name": "scrape", "key": "user"}, "password": {"name": "scrape", "key": "word"}},
        "limits": {
            "targetLimit": 50,
            "labelNameLengthLimit": 64,
            "labelValueLengthLimit": 1000000,
            "keepDroppedTargets": 5,
            "nativeHistogramBucketLimit": 160,
            "bodySizeLimit": "16MB",
        },
    }
    rendered = render_service(metrics(serviceMonitor=everything, budget={"series": 1000000, "labels": 30}))
    assert rendered.one("ServiceMonitor")["metadata"]["labels"]["release"] == "prometheus"
    assert "gone" not in rendered.one("ServiceMonitor")["metadata"]["labels"]
    assert spec(rendered) == {
        "selector": SELECTOR,
        "jobLabel": "team",
        "scrapeClass": "mesh",
        "sampleLimit": 1000000,
        "labelLimit": 30,
        **everything["limits"],  # type: ignore[dict-item]
        "endpoints": [
            {
                **PAGE,
                "interval": "1m",
                "scrapeTimeout": "15s",
                "scheme": "https",
                "tlsConfig": {
                    "insecureSkipVerify": False,
                    "serverName": "aaa-api",
                    "ca": {"secret": {"name": "authority", "key": "ca.crt"}},
                    "cert": {"secret": {"name": "prometheus", "key": "tls.crt"}},
                    "keySecret": {"name": "prometheus", "key": "tls.key"},
                },
                "basicAuth": everything["basicAuth"],
            }
        ],
    }


def test_a_token(render_service: Callable[..., Release]) -> None:
    (page,) = pages(render_service(monitor(authorization={"type": "Bearer", "credentials": SECRET})))
    assert page == {**PAGE, "authorization": {"type": "Bearer", "credentials": SECRET}}


def test_an_authority_alone(render_service: Callable[..., Release]) -> None:
    (page,) = pages(render_service(monitor(scheme="https", tlsConfig={"ca": SECRET})))
    assert page == {**PAGE, "scheme": "https", "tlsConfig": {"ca": {"secret": SECRET}}}


def test_a_limit_is_removed_by_null(render_service: Callable[..., Release]) -> None:
    limits = {"targetLimit": None, "bodySizeLimit": None, "keepDroppedTargets": 1}
    rendered = render_service(metrics(serviceMonitor={"limits": limits}, budget={"series": 0}))
    assert set(spec(rendered)) == {"selector", "endpoints", "keepDroppedTargets"}


def test_rules_come_in_the_order_of_their_names(render_service: Callable[..., Release]) -> None:
    zone = {"sourceLabels": ["__meta_kubernetes_pod_label_zone"], "regex": "(.+)", "targetLabel": "zone"}
    shard = {"action": "hashmod", "sourceLabels": ["__address__"], "modulus": 4, "targetLabel": "shard"}
    noise = {"action": "drop", "sourceLabels": ["__name__"], "regex": "python_gc_.*|a<b>&c"}
    rules = {"b": zone, "a": shard, "c": None}
    (page,) = pages(render_service(monitor(relabelings=rules, metricRelabelings={"noise": noise})))
    assert page == {**PAGE, "relabelings": [shard, zone], "metricRelabelings": [DROPPED, noise]}


def test_a_label_may_be_kept_and_another_dropped(render_service: Callable[..., Release]) -> None:
    (page,) = pages(render_service(monitor(dropLabels={"user_id": False, "trace_id": None, "email": True})))
    assert page["metricRelabelings"] == [{"action": "labeldrop", "regex": "email|request_id"}]
    keep = dict.fromkeys(("request_id", "trace_id", "user_id"), False)
    (page,) = pages(render_service(monitor(dropLabels=keep)))
    assert "metricRelabelings" not in page


def test_another_page_differs_only_in_what_it_says(render_service: Callable[..., Release]) -> None:
    here, there = {"targetLabel": "zone", "replacement": "a"}, {"targetLabel": "zone", "replacement": "b"}
    settings = {
        "scheme": "https",
        "relabelings": {"here": here},
        "metricRelabelings": {"here": here},
        "endpoints": {
            "proxy": {"port": "admin", "path": "/stats/prometheus", "interval": "1m"},
            "business": {"path": "/business", "relabelings": {"there": there}, "metricRelabelings": {"there": there}},
            "gone": None,
        },
    }
    found = pages(render_service({**monitor(**settings), **workload(extraPorts={"admin": 9901})}))
    own = {**PAGE, "scheme": "https", "relabelings": [here], "metricRelabelings": [DROPPED, here]}
    assert found == [
        own,
        {**own, "path": "/business", "relabelings": [there], "metricRelabelings": [DROPPED, there]},
        {**own, "port": "admin", "path": "/stats/prometheus", "interval": "1m"},
    ]


SETTINGS: dict[str, Any] = {
    "scheme": "https",
    "tlsConfig": {"serverName": "aaa-api"},
    "authorization": {"credentials": SECRET},
    "relabelings": {"zone": {"targetLabel": "zone", "replacement": "a"}},
    "endpoints": {"business": {"path": "/business"}},
    "limits": {"targetLimit": 50},
    "labels": {"release": "prometheus"},
    "scrapeClass": "mesh",
}


def test_a_pod_monitor_says_what_the_service_monitor_would(render_service: Callable[..., Release]) -> None:
    values = {"serviceMonitor": SETTINGS, "budget": {"series": 900}}
    service, pod = render_service(metrics(**values)), render_service(metrics(**values, **POD_MONITOR))
    assert pod.of_kind("ServiceMonitor") == service.of_kind("PodMonitor") == ()
    assert pod.one("PodMonitor")["metadata"] == service.one("ServiceMonitor")["metadata"]
    of_pods, of_services = spec(pod, "PodMonitor"), spec(service)
    found, expected = of_pods.pop("podMetricsEndpoints"), of_services.pop("endpoints")
    assert of_pods == of_services
    assert len(found) == 2
    job = {"targetLabel": "job", "replacement": "aaa-api"}
    assert found == [{**page, "relabelings": [job, *page["relabelings"]]} for page in expected]


def test_a_pod_monitor_whose_job_a_label_names(render_service: Callable[..., Release]) -> None:
    rendered = render_service(metrics(serviceMonitor={"jobLabel": "team"}, **POD_MONITOR))
    assert spec(rendered, "PodMonitor")["podMetricsEndpoints"] == [PAGE]
    assert spec(rendered, "PodMonitor")["jobLabel"] == "team"


def test_only_an_api_keeps_its_service_beside_a_pod_monitor(release: ReleaseFactory) -> None:
    api = release("aaa-api", "production", overrides=metrics(**POD_MONITOR))
    assert [port["name"] for port in api.one("Service")["spec"]["ports"]] == ["http"]
    runner = release("archive-tagger", "production", overrides=metrics(**POD_MONITOR))
    assert runner.of_kind("Service") == ()
    assert spec(runner, "PodMonitor")["podMetricsEndpoints"][0]["port"] == "metrics"
    (prometheus,) = runner.one("NetworkPolicy")["spec"]["ingress"]
    assert prometheus["ports"][0]["port"] == 8080


def test_a_pod_monitor_alone(render_service: Callable[..., Release]) -> None:
    rendered = render_service(metrics(serviceMonitor={"enabled": False}, **POD_MONITOR))
    assert len(spec(rendered, "PodMonitor")["podMetricsEndpoints"]) == 1
    assert rendered.of_kind("ServiceMonitor") == ()


ONE_WAY = {  # create, kinds of the cluster, podMonitor -> the one thing that has the pods scraped
    ("auto", "ServiceMonitor", False): "ServiceMonitor",
    ("auto", "ServiceMonitor", True): "annotations",
    ("auto", "PodMonitor", True): "PodMonitor",
    ("auto", "PodMonitor", False): "annotations",
    ("auto", "", False): "annotations",
    ("auto", "", True): "annotations",
    ("always", "ServiceMonitor", False): "ServiceMonitor",
    ("always", "PodMonitor", True): "PodMonitor",
    ("never", "ServiceMonitor", False): "nothing",
    ("never", "", True): "nothing",
}


@pytest.mark.parametrize(("create", "kind", "pods"), ONE_WAY)
def test_each_pod_is_scraped_once(
    render_service: Callable[..., Release], create: str, kind: str, *, pods: bool
) -> None:
    apis = [f"monitoring.coreos.com/v1/{kind}"] if kind else ["apps/v1"]
    values = metrics(serviceMonitor={"create": create}, podMonitor={"enabled": pods})
    rendered = render_service(values, api_versions=apis)
    found = [kind for kind in ("ServiceMonitor", "PodMonitor") if rendered.of_kind(kind)]
    found += ["annotations"] if pod_annotations(rendered) else []
    assert found == ([] if ONE_WAY[create, kind, pods] == "nothing" else [ONE_WAY[create, kind, pods]])


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_the_group_alone_is_known_to_have_the_kind(render_service: Callable[..., Release], kind: str) -> None:
    rendered = render_service(metrics(podMonitor={"enabled": kind == "PodMonitor"}), api_versions=OPERATOR)
    assert rendered.one(kind)
    assert pod_annotations(rendered) == {}


def test_annotations_follow_the_port(render_service: Callable[..., Release]) -> None:
    values = metrics(port=9102, path="/stats", serviceMonitor={"scheme": "https"})
    assert pod_annotations(render_service(values, api_versions=[])) == {
        "prometheus.io/path": "/stats",
        "prometheus.io/port": "9102",
        "prometheus.io/scheme": "https",
        "prometheus.io/scrape": "true",
    }
    values = {**monitor(port="admin"), **workload(extraPorts={"admin": 9901})}
    assert pod_annotations(render_service(values, api_versions=[]))["prometheus.io/port"] == "9901"


@pytest.mark.parametrize("values", [metrics(enabled=False), standard(PROMETHEUS_BACKEND="otel")])
def test_what_is_not_pulled_is_not_annotated(render_service: Callable[..., Release], values: dict[str, Any]) -> None:
    pulled = standard(PROMETHEUS_BACKEND="prometheus")
    assert pod_annotations(render_service(pulled, "event-recorder", api_versions=[]))
    assert pod_annotations(render_service({**pulled, **values}, "event-recorder", api_versions=[])) == {}


def test_each_unit_has_its_own_monitor(render_service: Callable[..., Release]) -> None:
    units = {"web": {}, "admin": {"port": 9000, "portName": "admin"}}
    for kind, key in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        rendered = render_service(metrics(units=units, podMonitor={"enabled": kind == "PodMonitor"}))
        found = {item["metadata"]["name"]: item["spec"] for item in rendered.of_kind(kind)}
        assert {name: item[key][0]["port"] for name, item in found.items()} == {
            "aaa-api-admin": "admin",
            "aaa-api-web": "http",
        }
        for name, item in found.items():
            labels = item["selector"]["matchLabels"]
            assert labels["app.kubernetes.io/component"] == name.removeprefix("aaa-api-")
            jobs = [rule["replacement"] for rule in item[key][0].get("relabelings", ())]
            assert jobs == ([name] if kind == "PodMonitor" else [])


def test_a_unit_is_not_asked_for_the_page_of_another(render_service: Callable[..., Release]) -> None:
    values = {
        **metrics(units={"api": {}, "web": {}}, serviceMonitor={"endpoints": {"proxy": {"port": "envoy"}}}),
        **workload(units={"web": {"extraPorts": {"envoy": 9901}}}),
    }
    rendered = render_service(values)
    found = {item["metadata"]["name"]: item["spec"]["endpoints"] for item in rendered.of_kind("ServiceMonitor")}
    assert {name: [page["port"] for page in endpoints] for name, endpoints in found.items()} == {
        "aaa-api-api": ["http"],
        "aaa-api-web": ["http", "envoy"],
    }
    with pytest.raises(RenderError) as caught:
        render_service({**values, **workload(units={"web": {"extraPorts": {"proxy": 9901}}})})
    assert caught.value.sentence.startswith('metrics.serviceMonitor.endpoints.proxy.port is "envoy"')


def test_what_a_pod_may_cost_differs_with_the_environment(release: ReleaseFactory) -> None:
    limits = [
        spec(release("aaa-api", environment, overrides=metrics(budget={"series": series})))["sampleLimit"]
        for environment, series in (("staging", 700), ("production", 900))
    ]
    assert limits == [700, 900]
