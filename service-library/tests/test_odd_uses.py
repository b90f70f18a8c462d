"""What services and their tests do with metrics besides recording works on every backend."""

from __future__ import annotations

import copy
import pickle
import weakref
from types import SimpleNamespace
from unittest.mock import patch

from prometheus_client import CollectorRegistry, Metric, generate_latest

Api = SimpleNamespace


def test_a_method_is_replaced_for_a_test(backend: Api) -> None:
    plain = backend.Counter("plain", "P.", registry=None)
    labelled = backend.Counter("labelled", "L.", ["kind"], registry=None)
    with patch.object(plain, "inc") as inc, patch.object(labelled, "labels") as labels:
        plain.inc(2)
        labelled.labels("a").inc()
    inc.assert_called_once_with(2)
    labels.assert_called_once_with("a")

    plain.inc()
    labelled.labels("a").inc()
    assert [
        sample.value for metric in (plain, labelled) for family in metric.collect() for sample in family.samples
    ] == [1, 1]


def test_a_metric_has_attributes_and_weak_references(backend: Api) -> None:
    for labelnames in ([], ["kind"]):
        metric = backend.Histogram("h", "H.", labelnames, registry=None)
        metric.owner = "team-a"
        assert metric.owner == "team-a"
        assert weakref.ref(metric)() is metric


def test_a_child_is_an_instance_of_its_metrics_class(backend: Api) -> None:
    class Orders(backend.Counter):  # type: ignore[name-defined,misc]
        def last(self) -> str:
            return "x"

    for cls in (backend.Counter, backend.Gauge, backend.Summary, backend.Histogram, Orders):
        metric = cls("m", "M.", ["kind"], registry=None)
        assert isinstance(metric, cls)
        assert isinstance(metric.labels("a"), cls)
    assert Orders("o", "O.", ["kind"], registry=None).labels("a").last() == "x"


def test_a_family_is_sent_to_another_process(backend: Api) -> None:
    metric = backend.Counter("c", "C.", ["kind"], registry=None)
    metric.labels("a").inc(2)
    [family] = metric.collect()
    for sent in (pickle.loads(pickle.dumps(family)), copy.copy(family), copy.deepcopy(family)):  # noqa: S301
        assert isinstance(sent, Metric)
        assert sent == family
        assert (sent.samples, sent.documentation) == (family.samples, "C.")


def test_label_names_may_be_given_twice(backend: Api) -> None:
    registry = CollectorRegistry()
    backend.Counter("c", "C.", ["kind", "kind"], registry=registry).labels("a", "b").inc()
    assert generate_latest(registry).endswith(b'c_total{kind="b"} 1.0\n')


def test_names_that_code_in_the_wild_reads(backend: Api) -> None:
    metric = backend.Counter("orders_total", "O.", ["kind"], namespace="shop", registry=None)
    found = (metric._name, metric._labelnames, metric._type, metric._documentation, metric.labels("a")._labelvalues)
    assert found == ("shop_orders", ("kind",), "counter", "O.", ("a",))
    assert backend.Histogram("h", "H.", buckets=[1], registry=None)._upper_bounds == [1.0, float("inf")]
