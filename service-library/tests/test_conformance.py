"""Both backends answer alike: the same operations leave the same families, values and page, the same mistakes raise.

prometheus_client is the reference; a scenario is written once and runs on it and on the core.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

Api = SimpleNamespace
KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")
Scenario = Callable[[Api, CollectorRegistry], Any]
SCENARIOS: dict[str, Scenario] = {}
MISTAKES: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


def mistake(function: Scenario) -> Scenario:
    MISTAKES[function.__name__] = function
    return function


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import service_metrics  # noqa: F401  # disables the `_created` series of prometheus_client

    monkeypatch.setattr("time.time", lambda: 1_700_000_000.25)
    ticks = {name: iter(range(0, 10_000, 3)) for name in ("prometheus", "core")}
    monkeypatch.setattr("prometheus_client.context_managers.default_timer", lambda: float(next(ticks["prometheus"])))
    monkeypatch.setattr("service_metrics.recording.timing.perf_counter", lambda: float(next(ticks["core"])))


@scenario
def counter_without_labels(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("events", "Events \\ of\nall kinds.", registry=registry)
    counter.inc()
    counter.inc(2.5)
    counter.inc(True)  # noqa: FBT003
    counter.inc(Fraction(1, 4))
    counter.inc(0)


@scenario
def counter_with_prefix_and_unit(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("waited_total", "Waited.", (), "shop", "cart", "seconds", registry).inc(3)
    api.Counter("done_seconds_total", "Done.", unit="seconds", registry=registry).inc(10**7)


@scenario
def counter_with_labels(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("http_requests_total", "Requests.", ["method", "status"], registry=registry)
    counter.labels("GET", 200).inc()
    counter.labels("GET", "200").inc()
    counter.labels(status="200", method="GET").inc()
    counter.labels("POST", None).inc(4)
    counter.labels(["unhashable"], True).inc()  # noqa: FBT003
    counter.labels(1, 1.0).inc()
    counter.labels('quote"back\\slash', "new\nline ü 🙂").inc()
    assert counter.labels("GET", 200) is counter.labels(method="GET", status=200)


@scenario
def counter_reset(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("resets", "Resets.", ["a"], registry=registry)
    counter.labels("x").inc(5)
    counter.labels("x").reset()
    counter.labels("x").inc()


@scenario
def counter_with_exemplar(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("traced", "Traced.", registry=registry)
    counter.inc(2, {"trace_id": "abc"})
    counter.inc(1, exemplar={"trace_id": "def"})


@scenario
def declared_but_never_used(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("no_labels", "No labels.", registry=registry)
    api.Counter("labels", "Labels.", ["a"], registry=registry)
    api.Histogram("histogram", "Histogram.", registry=registry)
    api.Summary("summary", "Summary.", registry=registry)
    api.Gauge("gauge", "Gauge.", registry=registry)
    api.Info("info", "Info.", registry=registry)
    api.Enum("enum", "Enum.", states=["a", "b"], registry=registry)


@scenario
def names_that_need_escaping(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("dotted.name", "Dotted.", ["dotted.label"], registry=registry).labels("x").inc()
    api.Gauge("ünïcode", "Unicode.", registry=registry).set(1)


@scenario
def gauge(api: Api, registry: CollectorRegistry) -> None:
    gauge = api.Gauge("queue_size", "Queue size.", ["queue"], registry=registry, multiprocess_mode="livesum")
    gauge.labels("a").inc()
    gauge.labels("a").inc(9)
    gauge.labels("a").dec(2.5)
    gauge.labels("b").set("3.5")
    gauge.labels("c").set_to_current_time()
    gauge.labels("d").set_function(lambda: 17)
    gauge.labels("d").inc()
    gauge.labels("e").set(float("nan"))
    gauge.labels("f").set(float("-inf"))
    gauge.labels("g").set(-0.0)
    gauge.labels("h").set(123456789.5)


@scenario
def gauge_in_progress_and_timed(api: Api, registry: CollectorRegistry) -> None:
    gauge = api.Gauge("in_progress", "In progress.", registry=registry)
    seen = api.Gauge("seen", "Seen.", registry=registry)

    @gauge.track_inprogress()  # type: ignore[untyped-decorator]
    def nested(depth: int) -> None:
        if depth:
            nested(depth - 1)
        else:
            seen.set(registry.get_sample_value("in_progress"))

    nested(3)
    with gauge.track_inprogress():
        pass
    timed = api.Gauge("last_seconds", "Last.", registry=registry)
    with timed.time():
        pass


@scenario
def histogram(api: Api, registry: CollectorRegistry) -> None:
    histogram = api.Histogram("latency_seconds", "Latency.", ["op"], buckets=(0.05, 0.1, 1, "3"), registry=registry)
    for amount in (0, 0.05, 0.050001, 1, 2.9, 3, 3.1, 1e9, True, float("inf"), -1):
        histogram.labels("read").observe(amount)
    histogram.labels("write").observe(0.1, {"trace_id": "abc"})
    histogram.labels("write").observe(7, exemplar={"trace_id": "def"})
    histogram.labels("nan").observe(float("nan"))


@scenario
def histogram_with_default_and_odd_buckets(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("default", "Default.", registry=registry).observe(0.3)
    api.Histogram("below_zero", "Below zero.", buckets=[-1, 0, 1], registry=registry).observe(-0.5)
    api.Histogram("large", "Large.", buckets=[1e6, 1e7, 123456789.0, float("inf")], registry=registry).observe(1e7)
    assert tuple(api.Histogram.DEFAULT_BUCKETS) == prometheus_client.Histogram.DEFAULT_BUCKETS


@scenario
def summary(api: Api, registry: CollectorRegistry) -> None:
    summary = api.Summary("size_bytes", "Sizes.", ["handler"], unit="bytes", registry=registry)
    summary.labels("/").observe(512)
    summary.labels("/").observe(1.5)
    summary.labels("/nan").observe(float("nan"))


@scenario
def info_and_enum(api: Api, registry: CollectorRegistry) -> None:
    api.Info("build", "Build.", registry=registry).info({"version": "1.2", "commit": 'a"b'})
    labelled = api.Info("pool", "Pool.", ["name"], registry=registry)
    labelled.labels("main").info({"size": "3"})
    labelled.labels("empty")
    state = api.Enum("state", "State.", ["task"], "app", states=["idle", "busy"], registry=registry)
    state.labels("a").state("busy")
    state.labels("b")


@scenario
def timing(api: Api, registry: CollectorRegistry) -> None:
    histogram = api.Histogram("took_seconds", "Took.", ["op"], registry=registry)

    @histogram.labels("call").time()  # type: ignore[untyped-decorator]
    def call(a: int, *, b: int = 2) -> int:
        """Documented."""
        return a + b

    assert call(1, b=5) == 6
    assert (call.__name__, call.__doc__) == ("call", "Documented.")
    assert list(inspect.signature(call).parameters) == ["a", "b"]
    with histogram.time() as timer:
        timer.labels("block")
    assert timer.duration == 3.0
    with pytest.raises(KeyError), histogram.labels("failed").time():
        raise KeyError
    summary = api.Summary("summed_seconds", "Summed.", registry=registry)
    with summary.time():
        pass


@scenario
def counting_exceptions(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("failures", "Failures.", ["which"], registry=registry)
    for error in (ValueError, KeyError, KeyboardInterrupt):
        with pytest.raises(error), counter.labels("any").count_exceptions():
            raise error
        with pytest.raises(error), counter.labels("value").count_exceptions(ValueError):
            raise error
        with pytest.raises(error), counter.labels("two").count_exceptions((ValueError, KeyboardInterrupt)):
            raise error

    @counter.labels("called").count_exceptions()  # type: ignore[untyped-decorator]
    def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        fails()
    with counter.labels("none").count_exceptions():
        pass


@scenario
def removing(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("removed", "Removed.", ["a", "b"], registry=registry)
    for a in "xyz":
        for b in (1, 2):
            counter.labels(a, b).inc()
    counter.remove("x", 1)
    counter.remove("never", "there")
    counter.remove_by_labels({"b": "2"})
    counter.remove_by_labels({})
    cleared = api.Gauge("cleared", "Cleared.", ["a"], registry=registry)
    cleared.labels("x").set(1)
    cleared.clear()
    cleared.labels("y").set(1)
    plain = api.Gauge("plain", "Plain.", registry=registry)
    plain.set(3)
    plain.clear()


@scenario
def a_removed_child_records_nowhere(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("removed_child", "Removed child.", ["a"], registry=registry)
    child = counter.labels("x")
    counter.clear()
    child.inc(9)
    counter.labels("x").inc()


@scenario
def unregistered(api: Api, registry: CollectorRegistry) -> None:
    gone = api.Counter("gone", "Gone.", registry=registry)
    registry.unregister(gone)
    api.Gauge("gone", "Now a gauge.", registry=registry).set(1)
    api.Counter("nowhere", "Nowhere.", registry=None).inc()


@scenario
def custom_collectors(api: Api, registry: CollectorRegistry) -> None:
    class Custom:
        def collect(self) -> list[Any]:
            counter = CounterMetricFamily("custom", "Custom.", labels=["a"], created=5.0)
            counter.add_metric(["x"], 3, created=6.0)
            histogram = HistogramMetricFamily("sizes", "Sizes.", buckets=[("1.0", 2), ("+Inf", 3)], sum_value=4.5)
            return [counter, histogram]

    registry.register(Custom())
    api.Counter("beside", "Beside.", registry=registry).inc()


@scenario
def target_info(api: Api, registry: CollectorRegistry) -> None:
    registry.set_target_info({"env": "test"})
    api.Gauge("with_target", "With target.", registry=registry).set(1)


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_families_and_page(name: str, backends: dict[str, Api]) -> None:
    collected, pages = [], []
    for api in backends.values():
        registry = CollectorRegistry(auto_describe=True)
        SCENARIOS[name](api, registry)
        collected.append([_as_text(family) for family in registry.collect()])
        pages.append(generate_latest(registry))
    assert collected[1] == collected[0]
    assert pages[1] == pages[0]
    assert b"# TYPE" in pages[0]


def _as_text(family: prometheus_client.Metric) -> list[str]:
    """Everything about a family, comparable although NaN is not equal to itself and 1 may stand for 1.0."""
    head = f"{family.name} {family.type} {family.unit} {family.documentation}"
    samples = []
    for sample in family.samples:
        exemplar = sample.exemplar and sample.exemplar._replace(value=float(sample.exemplar.value))
        samples.append(repr(sample._replace(value=float(sample.value), exemplar=exemplar)))
    return [head, *samples]


@mistake
def too_few_values(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a", "b"]).labels("x")


@mistake
def too_many_values(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).labels("x", "y")


@mistake
def no_values(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).labels()


@mistake
def unknown_name(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).labels(b="x")


@mistake
def missing_name(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a", "b"]).labels(a="x")


@mistake
def extra_name(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).labels(a="x", b="y")


@mistake
def values_and_names(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a", "b"]).labels("x", b="y")


@mistake
def labels_without_names(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").labels("x")


@mistake
def labels_without_names_and_values(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").labels()


@mistake
def labels_of_a_child(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).labels("x").labels("x")


@mistake
def negative_increment(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").inc(-1)


@mistake
def increment_of_text(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").inc("1")


@mistake
def observation_of_text(api: Api, registry: CollectorRegistry) -> None:
    api.Summary("s", "S.").observe("1")


@mistake
def gauge_set_to_no_number(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.").set("many")


@mistake
def counter_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).inc()


@mistake
def gauge_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.", ["a"]).set(1)


@mistake
def gauge_decrement_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.", ["a"]).dec()


@mistake
def histogram_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.", ["a"]).observe(1)


@mistake
def summary_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Summary("s", "S.", ["a"]).observe(1)


@mistake
def function_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.", ["a"]).set_function(lambda: 1)


@mistake
def tracking_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.", ["a"]).track_inprogress()


@mistake
def counting_exceptions_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).count_exceptions()


@mistake
def state_without_its_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Enum("e", "E.", ["a"], states=["s"]).state("s")


@mistake
def unknown_state(api: Api, registry: CollectorRegistry) -> None:
    api.Enum("e", "E.", states=["a", "b"]).state("c")


@mistake
def no_states(api: Api, registry: CollectorRegistry) -> None:
    api.Enum("e", "E.")


@mistake
def enum_name_as_label(api: Api, registry: CollectorRegistry) -> None:
    api.Enum("e", "E.", ["e"], states=["a"])


@mistake
def info_overlapping_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Info("i", "I.", ["a"]).labels("x").info({"a": "y"})


@mistake
def info_of_none(api: Api, registry: CollectorRegistry) -> None:
    api.Info("i", "I.").info({"a": None})


@mistake
def info_with_unit(api: Api, registry: CollectorRegistry) -> None:
    api.Info("i", "I.", unit="bytes")


@mistake
def reserved_label(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["__name__"])


@mistake
def le_of_a_histogram(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.", ["le"])


@mistake
def quantile_of_a_summary(api: Api, registry: CollectorRegistry) -> None:
    api.Summary("s", "S.", ["quantile"])


@mistake
def unsorted_buckets(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.", buckets=[2, 1])


@mistake
def no_buckets(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.", buckets=[])


@mistake
def empty_name(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("", "C.")


@mistake
def unknown_multiprocess_mode(api: Api, registry: CollectorRegistry) -> None:
    api.Gauge("g", "G.", multiprocess_mode="average")


@mistake
def duplicated_name(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", registry=registry)
    api.Gauge("c_total", "C.", registry=registry)


@mistake
def duplicated_suffix(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.", registry=registry)
    api.Gauge("h_sum", "H.", registry=registry)


@mistake
def unregistered_twice(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("c", "C.", registry=registry)
    registry.unregister(counter)
    registry.unregister(counter)


@mistake
def removed_with_too_few_values(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a", "b"]).remove("x")


@mistake
def removed_without_labels(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").remove()


@mistake
def removed_by_unknown_label(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).remove_by_labels({"b": "x"})


@mistake
def removed_by_no_dict(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.", ["a"]).remove_by_labels("x")


@mistake
def long_exemplar(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("c", "C.").inc(1, {"trace_id": "x" * 128})


@mistake
def reserved_exemplar_label(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("h", "H.").observe(1, {"__trace": "x"})


@pytest.mark.parametrize("name", MISTAKES)
def test_same_error(name: str, backends: dict[str, Api]) -> None:
    raised = []
    for label, api in backends.items():
        real = {kind: _without_default_registry(getattr(api, kind)) for kind in KINDS}
        with pytest.raises(Exception) as caught:  # noqa: PT011  # the type is what is compared
            MISTAKES[name](SimpleNamespace(**real), CollectorRegistry())
        assert str(caught.value), f"{label} says nothing"
        raised.append(caught.type)
    assert raised[1] is raised[0]


def _without_default_registry(kind: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: kind(*args, **{"registry": None, **kwargs})


@pytest.mark.parametrize("kind", KINDS)
def test_same_public_methods_and_parameters(kind: str, backends: dict[str, Api]) -> None:
    """Type checkers see the core's classes on both backends, so the parameters must be the same."""
    theirs, ours = (getattr(api, kind) for api in backends.values())
    for name, method in inspect.getmembers(theirs, callable):
        if name.startswith("_") and name != "__init__":
            continue
        expected = [parameter for parameter in inspect.signature(method).parameters if not parameter.startswith("_")]
        assert list(inspect.signature(getattr(ours, name)).parameters) == expected, name


def test_descriptions_in_text(backends: dict[str, Api]) -> None:
    for kind, arguments in (("Counter", {}), ("Enum", {"states": ["a"]})):
        theirs, ours = (getattr(api, kind)("name", "Help.", registry=None, **arguments) for api in backends.values())
        assert str(ours) == str(theirs)
        assert repr(ours).endswith(f".{kind}(name)")
        assert repr(theirs).endswith(f".{kind}(name)")


labels = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5)
amounts = st.floats(min_value=0, max_value=1e12) | st.integers(0, 10**12)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("counter"), labels, st.just("inc"), amounts),
        st.tuples(st.just("gauge"), labels, st.sampled_from(["inc", "dec", "set"]), st.floats()),
        st.tuples(st.just("histogram"), labels, st.just("observe"), st.floats()),
        st.tuples(st.just("summary"), labels, st.just("observe"), st.floats()),
        st.tuples(st.sampled_from(["counter", "gauge", "histogram", "summary"]), labels, st.just("remove"), st.none()),
    ),
    max_size=30,
)


@given(sequence=operations)
def test_same_page_after_any_operations(
    backends: dict[str, Api], sequence: list[tuple[str, str, str, float | None]]
) -> None:
    pages = []
    for api in backends.values():
        registry = CollectorRegistry()
        metrics = {
            "counter": api.Counter("counter", "C.", ["label"], registry=registry),
            "gauge": api.Gauge("gauge", "G.", ["label"], registry=registry),
            "histogram": api.Histogram("histogram", "H.", ["label"], buckets=[-1, 0, 1, 10], registry=registry),
            "summary": api.Summary("summary", "S.", ["label"], registry=registry),
        }
        for metric, label, method, amount in sequence:
            if method == "remove":
                metrics[metric].remove(label)
            else:
                getattr(metrics[metric].labels(label), method)(amount)
        pages.append(generate_latest(registry))
    assert pages[1] == pages[0]
