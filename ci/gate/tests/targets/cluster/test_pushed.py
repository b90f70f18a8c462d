"""Pages out of what Prometheus has: the newest push that is whole, with the worker's own labels and the types that show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from promotion_gate.evidence import INSTANCE_LABEL, MetricsPage, Sample
from promotion_gate.targets.cluster.pushed import families, pages, selector

WORKER = "demo-1-pid-1"
RESOURCE = {
    "k8s_pod_name": "demo-1",
    "k8s_namespace_name": "gate-demo",
    "telemetry_sdk_name": "opentelemetry",
    "service_version": "0.1.0",
}


def series(name: str, values: Iterable[tuple[float, float]], worker: str = WORKER, **labels: str) -> dict[str, Any]:
    """A series of a range vector, as the query API gives it."""
    identity = {
        "job": "gate-demo/demo",
        "instance": worker,
        "service_name": "demo",
        "service_namespace": "gate-demo",
        "service_instance_id": worker,
    }
    metric = {"__name__": name, **identity, **RESOURCE, **labels}
    return {"metric": metric, "values": [[time, str(value)] for time, value in values]}


def info(worker: str = WORKER) -> dict[str, Any]:
    metric = {"__name__": "target_info", "job": "gate-demo/demo", "instance": worker, **RESOURCE}
    return {"metric": metric, "values": [[100.0, "1"]]}


def page(*found: dict[str, Any]) -> MetricsPage:
    (one,) = pages(found)
    return one


def test_a_page_for_each_worker() -> None:
    found = [series("x_total", [(100.0, 1)], worker, kind="a") for worker in ("b-pid-1", "a-pid-1")]
    first, second = pages([*found, info("a-pid-1"), info("b-pid-1")])
    assert [sorted(one.instances) for one in (first, second)] == [["a-pid-1"], ["b-pid-1"]]
    assert first.pod == "demo-1"
    assert (first.how, first.status, first.fault) == ("push", 200, "")
    assert first.taken_at == datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)
    assert first.readable


def test_only_the_metrics_own_labels_and_the_worker_are_left() -> None:
    one = page(series("x_total", [(100.0, 1)], kind="a", otel_scope_name="lib", __type__="counter"), info())
    (family,) = one.families
    assert [dict(sample.labels) for sample in family.samples] == [{"kind": "a", INSTANCE_LABEL: WORKER}]


def test_without_target_info_the_labels_cannot_be_told_apart() -> None:
    one = page(series("x_total", [(100.0, 1)]))
    assert not one.readable
    assert one.fault == "the collector wrote no target_info for this worker"
    assert one.pod == ""


def test_a_worker_that_has_pushed_nothing_yet_has_no_page() -> None:
    assert pages([info()]) == ()
    assert pages([]) == ()


@pytest.mark.parametrize(
    ("values", "moment", "seen"),
    [
        ({"a": [(100, 1), (115, 2)], "b": [(100, 3), (115, 4)]}, 115, {"a": 2, "b": 4}),
        # the newest push is still on its way
        ({"a": [(100, 1), (115, 2)], "b": [(100, 3)]}, 100, {"a": 1, "b": 3}),
        # a series that is only now there for the first time
        ({"a": [(100, 1), (115, 2)], "new": [(115, 3)]}, 115, {"a": 2, "new": 3}),
        ({"a": [(100, 1), (115, 2)], "b": [(100, 3)], "new": [(115, 3)]}, 100, {"a": 1, "b": 3}),
        # a series that the service itself took away, two pushes ago
        ({"a": [(100, 1), (115, 2), (130, 3)], "gone": [(100, 9)]}, 130, {"a": 3}),
        ({"a": [(100, 1)]}, 100, {"a": 1}),
    ],
)
def test_it_is_the_newest_push_that_has_arrived_whole(
    values: dict[str, list[tuple[float, float]]], moment: float, seen: dict[str, float]
) -> None:
    one = page(*(series(name, points) for name, points in values.items()), info())
    assert one.taken_at.timestamp() == moment
    assert {sample.name: sample.value for family in one.families for sample in family.samples} == seen


def sample(name: str, **labels: str) -> Sample:
    return Sample(name, labels, 1)


def test_names_and_labels_tell_the_types() -> None:
    histogram = [sample("h_bucket", le="0.5"), sample("h_bucket", le="+Inf"), sample("h_count"), sample("h_sum")]
    others = [sample("c_total"), sample("g"), sample("n_count"), sample("n_sum"), sample("n_bucket")]
    found = {family.name: family for family in families([*histogram, *others])}
    assert {name: family.type for name, family in found.items()} == {
        "h": "histogram",
        "c_total": "counter",
        "g": "gauge",
        "n_count": "gauge",
        "n_sum": "gauge",
        "n_bucket": "gauge",
    }
    assert found["h"].samples == tuple(histogram)


def test_the_query_selects_one_namespace_only() -> None:
    assert selector("gate-demo-staging-0123abcd") == '{job=~"gate-demo-staging-0123abcd/.*"}'
