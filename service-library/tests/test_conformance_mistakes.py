"""The same mistakes raise the same errors on all backends, and prometheus_client's sentence comes first."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

Api = SimpleNamespace
KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")
Mistake = Callable[[Api, CollectorRegistry], Any]
MISTAKES: dict[str, Mistake] = {}


def mistake(function: Mistake) -> Mistake:
    MISTAKES[function.__name__] = function
    return function


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


OTHER_WORDS = {"increment_of_text", "observation_of_text"}
"""Where Python itself complains, of `+` or `<` as the case may be."""


@pytest.mark.parametrize("name", MISTAKES)
def test_same_error(name: str, backend: Api) -> None:
    expected, raised = (_raised(MISTAKES[name], api) for api in (prometheus_client, backend))
    assert type(raised) is type(expected)
    sentence = str(expected).replace("prometheus_client.metrics", backend.Counter.__module__)
    assert sentence
    assert str(raised).startswith(sentence) or name in OTHER_WORDS


def _raised(wrong: Mistake, api: Any) -> BaseException:
    unregistered = {kind: _without_default_registry(getattr(api, kind)) for kind in KINDS}
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the type is what is compared
        wrong(SimpleNamespace(**unregistered), CollectorRegistry())
    return caught.value


def _without_default_registry(kind: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: kind(*args, **{"registry": None, **kwargs})
