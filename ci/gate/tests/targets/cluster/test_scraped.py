"""What Prometheus makes of a release: the samples of exactly one scrape, and each rule once it was evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import Objects
from chart_harness.clusters.prometheus import Prometheus, Rule, Series
from ci.gate.tests.targets.cluster.conftest import FakeApi
from promotion_gate.evidence import RuleState, ScrapeTarget
from promotion_gate.targets.cluster import scraped
from promotion_gate.targets.cluster.scraped import newest_report, not_loaded, rules, scrape_targets

HERE = "gate-demo"
AT = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1"
URL = "http://10.0.0.7:8080/metrics"


@pytest.fixture
def prometheus(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prometheus]:
    monkeypatch.setattr(scraped, "EVERY_SECONDS", 0.01)
    with Prometheus(cluster) as found:
        yield found


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{round(seconds % 1 * 1000):03d}Z"


def target(pod: str, last: float, health: str = "up", **more: Any) -> dict[str, Any]:
    labels = {"job": "demo", "instance": "10.0.0.7:8080", "namespace": HERE, "pod": pod, "endpoint": "http"}
    found = {"labels": labels, "health": health, "lastError": "", "lastScrape": moment(last), "scrapeUrl": URL}
    return {**found, **more}


def series(name: str, *values: tuple[float, float]) -> dict[str, Any]:
    return {"metric": {"__name__": name, "pod": "demo-1"}, "values": [[at, str(value)] for at, value in values]}


def report(at: float, up: int, scraped_: int, kept: int) -> list[dict[str, Any]]:
    values = {"up": up, "scrape_samples_scraped": scraped_, "scrape_samples_post_metric_relabeling": kept}
    return [series(name, (at, value)) for name, value in values.items()]


@pytest.fixture
def scrapes(api: FakeApi) -> Callable[..., None]:
    """Prometheus has these targets, this report of the last scrape, and so many series of its time."""

    def put(targets: list[dict[str, Any]], reported: list[dict[str, Any]], stored: int) -> None:
        api.objects[f"{AT}/targets"] = {"data": {"activeTargets": targets}}
        page = [series(f"x{n}", (1.0, n)) for n in range(stored)]

        def answer(query: dict[str, list[str]]) -> dict[str, Any]:
            of_one_time = query["query"][0].endswith("[1ms]")
            assert of_one_time == ("time" in query)
            return {"data": {"resultType": "matrix", "result": page if of_one_time else reported}}

        api.answers[f"{AT}/query"] = answer

    return put


def test_the_samples_of_a_scrape_are_counted_at_its_own_time(
    prometheus: Prometheus, scrapes: Callable[..., None], api: FakeApi
) -> None:
    later = time.time() + 5
    scrapes([target("demo-1", later), target("other", later)], report(later + 0.001, 1, 9, 7), 6)
    found = scrape_targets(prometheus, HERE, lambda: ["demo-1"], 5)
    assert found == (ScrapeTarget("demo-1", URL, "up", "", 9, 7, 6),)
    asked = [query for path, query in api.queries if path == f"{AT}/query"][-1]
    assert float(asked["time"][0]) == pytest.approx(later + 0.001, abs=0.0006)
    assert 'instance="10.0.0.7:8080"' in asked["query"][0]
    assert '__name__!~"up|scrape_samples_scraped|' in asked["query"][0]
    assert "endpoint" not in asked["query"][0]  # a page may have such a label of its own


@pytest.mark.parametrize(
    ("targets", "seen"),
    [
        ([], []),
        ([("other", 5.0, "up")], []),
        ([("demo-1", -5.0, "up")], ["up"]),  # it was scraped before anything was asked of it
        ([("demo-1", -5.0, "unknown")], ["unknown"]),
        ([("demo-1", 5.0, "down")], ["down"]),
        ([("demo-1", 5.0, "up"), ("demo-1", 5.0, "up")], ["up", "up"]),  # two monitors
    ],
)
def test_after_its_patience_it_is_told_as_it_is(
    targets: list[tuple[str, float, str]], seen: list[str], prometheus: Prometheus, scrapes: Callable[..., None]
) -> None:
    now = time.time()
    reported = report(now + 5, int("down" not in seen), 3, 3)
    scrapes([target(pod, now + late, health) for pod, late, health in targets], reported, 3)
    found = scrape_targets(prometheus, HERE, lambda: ["demo-1"], 0.3)
    assert [one.health for one in found] == seen


def test_a_scrape_is_waited_for(prometheus: Prometheus, scrapes: Callable[..., None], api: FakeApi) -> None:
    now = time.time()
    scrapes([target("demo-1", now - 5, "down")], [], 0)

    def scraped_at_last(request: str) -> None:
        if len(api.asked) > 3:
            scrapes([target("demo-1", now + 5)], report(now + 5, 1, 2, 2), 2)

    api.before = scraped_at_last
    assert scrape_targets(prometheus, HERE, lambda: ["demo-1"], 5)[0].health == "up"


def test_without_a_prometheus_nothing_is_known(prometheus: Prometheus, api: FakeApi) -> None:
    api.refuses[f"GET {AT}/targets"] = 503
    with pytest.raises(ClusterError, match="503"):
        scrape_targets(prometheus, HERE, lambda: ["demo-1"], 5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {
                "up": {1: 1, 2: 1},
                "scrape_samples_scraped": {1: 5, 2: 6},
                "scrape_samples_post_metric_relabeling": {1: 5, 2: 4},
            },
            (2, 6, 4),
        ),
        # of the newest scrape not all is there yet
        (
            {
                "up": {1: 1, 2: 1},
                "scrape_samples_scraped": {1: 5, 2: 6},
                "scrape_samples_post_metric_relabeling": {1: 5},
            },
            (1, 5, 5),
        ),
        ({"up": {1: 1}, "scrape_samples_scraped": {2: 5}, "scrape_samples_post_metric_relabeling": {3: 5}}, None),
        ({"up": {1: 1}}, None),
        ({}, None),
    ],
)
def test_the_newest_scrape_of_which_all_is_reported(
    values: Mapping[str, Mapping[float, float]], expected: tuple[float, int, int] | None
) -> None:
    assert newest_report(Series({"__name__": name}, found) for name, found in values.items()) == expected


RULE: dict[str, Any] = {
    "kind": "PrometheusRule",
    "metadata": {"name": "demo", "namespace": HERE},
    "spec": {
        "groups": [
            {"name": "a", "rules": [{"alert": "Down", "expr": "up == 0"}, {"record": "x:rate", "expr": "1"}]},
            {"name": "b", "rules": [{"record": "x:rate", "expr": "2"}]},
        ]
    },
}


def loaded(name: str, kind: str = "recording", health: str = "ok", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "health": health, "lastEvaluation": moment(time.time() + 60), **more}


def has(api: FakeApi, *found: dict[str, Any], uid: str = "u-1", namespace: str = HERE, interval: float = 30) -> None:
    api.objects[f"/apis/monitoring.coreos.com/v1/namespaces/{HERE}/prometheusrules/demo"] = {
        "kind": "PrometheusRule",
        "metadata": {"uid": "u-1"},
    }
    groups = [{"file": f"/etc/rules/{namespace}-demo-{uid}.yaml", "rules": list(found), "interval": interval}]
    api.objects[f"{AT}/rules"] = {"data": {"groups": groups}}


def test_every_rule_of_the_release_with_what_its_alert_says(
    prometheus: Prometheus, api: FakeApi, cluster: Cluster
) -> None:
    alerts = [
        {"state": "pending", "annotations": {"summary": "soon"}, "activeAt": moment(1200)},
        {"state": "firing", "annotations": {"description": "it is down"}, "activeAt": moment(1000)},
    ]
    firing = loaded("Down", "alerting", state="firing", alerts=alerts)
    has(api, firing, loaded("x:rate"), loaded("x:rate", health="err", lastError="no"))
    with Objects(cluster) as objects:
        found = rules(prometheus, objects, HERE, [RULE], 5)
    assert found == (
        RuleState("Down", "alerting", "ok", "", "firing", "it is down", datetime.fromtimestamp(1200, UTC)),
        RuleState("x:rate", "recording", "ok"),
        RuleState("x:rate", "recording", "err", "no"),
    )


@pytest.mark.parametrize(
    ("of", "unknown"),
    [
        ({}, {"Down"}),  # one of three is not evaluated
        ({"uid": "u-2"}, {"Down", "x:rate"}),  # of an object of the same name that was there before
        ({"namespace": f"{HERE}-eu"}, {"Down"}),  # what counts is the uid
    ],
)
def test_a_rule_that_prometheus_does_not_have_or_evaluate_is_of_unknown_health(
    of: dict[str, Any], unknown: set[str], prometheus: Prometheus, api: FakeApi, cluster: Cluster
) -> None:
    has(api, loaded("Down", "alerting", "unknown"), loaded("x:rate"), loaded("x:rate"), **of)
    with Objects(cluster) as objects:
        found = rules(prometheus, objects, HERE, [RULE], 0.2)
    assert len(found) == 3
    assert {one.name for one in found if one.health == "unknown"} == unknown


@pytest.mark.parametrize(
    "first", [{"lastEvaluation": moment(0), "state": "inactive"}, {"state": "pending"}], ids=["old", "pending"]
)
@pytest.mark.parametrize("ends", [True, False])
def test_an_evaluation_from_before_and_a_pending_alert_are_waited_for(
    first: dict[str, str], ends: bool, prometheus: Prometheus, api: FakeApi, cluster: Cluster
) -> None:
    declared = {**RULE, "spec": {"groups": [{"rules": [{"alert": "Down"}]}]}}
    has(api, loaded("Down", "alerting", **first))

    def later(_request: str) -> None:
        if len(api.asked) > 6:
            has(api, loaded("Down", "alerting", state="inactive"))

    api.before = later if ends else api.before
    with Objects(cluster) as objects:
        (found,) = rules(prometheus, objects, HERE, [declared], 10 if ends else 0.2)
    assert found.state == ("inactive" if ends else first["state"])
    assert (len(api.asked) > 6) is ends or not ends


@pytest.mark.parametrize(
    ("kind", "result", "expected"),
    [
        ("recording", [], RuleState("Down", "recording", "ok")),
        ("alerting", [], RuleState("Down", "alerting", "ok", "", "inactive")),
        ("alerting", [{"metric": {}, "value": [1, "1"]}], RuleState("Down", "alerting", "ok", "", "pending")),
    ],
)
def test_a_rule_that_is_seldom_evaluated_is_asked_for(
    kind: str, result: list[Any], expected: RuleState, prometheus: Prometheus, api: FakeApi, cluster: Cluster
) -> None:
    has(api, loaded("Down", kind, "unknown", query="up == 0"), interval=300)
    api.answers[f"{AT}/query"] = lambda _query: {"data": {"resultType": "vector", "result": result}}
    declared = {**RULE, "spec": {"groups": [{"rules": [{"alert" if kind == "alerting" else "record": "Down"}]}]}}
    with Objects(cluster) as objects:
        assert rules(prometheus, objects, HERE, [declared], 5) == (expected,)
        assert api.queries[-1][1]["query"] == ["up == 0"]
        api.refuses[f"GET {AT}/query"] = 400
        (refused,) = rules(prometheus, objects, HERE, [declared], 5)
    assert refused.health == "err"


def test_a_release_without_rules_waits_for_none(prometheus: Prometheus, api: FakeApi, cluster: Cluster) -> None:
    with Objects(cluster) as objects:
        assert rules(prometheus, objects, HERE, [{"kind": "Deployment"}], 5) == ()
    assert not api.asked


def test_of_two_rules_with_one_name_each_must_be_there() -> None:
    one = Rule("x:rate", "ok", "", "recording")
    assert [(state.name, state.kind) for state in not_loaded([RULE], [one])] == [
        ("Down", "alerting"),
        ("x:rate", "recording"),
    ]
    alert = Rule("Down", "ok", "", "alerting")
    assert not_loaded([RULE], [one, one, alert]) == []
    assert [state.name for state in not_loaded([RULE], [one, one, Rule("Down", "ok", "", "recording")])] == ["Down"]
