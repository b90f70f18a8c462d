"""All backends answer alike: the same methods, descriptions, and pages after any operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

import service_metrics
from service_metrics.exposition import lines

Api = SimpleNamespace
Operation = tuple[str, str | None, str | None, float | None]
KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")


@pytest.mark.parametrize("kind", KINDS)
def test_same_public_methods_and_parameters(kind: str, backends: dict[str, Api]) -> None:
    """Type checkers see the same classes on all backends, so the parameters must be the same."""
    theirs, *others = (getattr(api, kind) for api in backends.values())
    for name, method in inspect.getmembers(theirs, callable):
        if name.startswith("_") and name != "__init__":
            continue
        expected = [parameter for parameter in inspect.signature(method).parameters if not parameter.startswith("_")]
        for ours in others:
            found = inspect.signature(getattr(ours, name)).parameters
            assert [parameter for parameter in found if not parameter.startswith("_")] == expected, name


def test_descriptions_in_text(backends: dict[str, Api]) -> None:
    for kind, arguments in (("Counter", {}), ("Enum", {"states": ["a"]})):
        metrics = [getattr(api, kind)("name", "Help.", registry=None, **arguments) for api in backends.values()]
        assert len({str(metric) for metric in metrics}) == 1
        assert {repr(metric).partition(".metrics.")[2] for metric in metrics} == {f"{kind}(name)"}


labels = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5)
amounts = st.floats(min_value=0, max_value=1e12) | st.integers(0, 10**12)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("counter"), labels, st.just("inc"), amounts),
        st.tuples(st.just("counter"), labels, st.just("reset"), st.none()),
        st.tuples(st.just("gauge"), labels, st.sampled_from(["inc", "dec", "set"]), st.floats()),
        st.tuples(st.just("histogram"), labels, st.just("observe"), st.floats()),
        st.tuples(st.just("summary"), labels, st.just("observe"), st.floats()),
        st.tuples(st.sampled_from(["counter", "gauge", "histogram", "summary"]), labels, st.just("remove"), st.none()),
        st.tuples(st.just("page"), st.none(), st.none(), st.none()),
    ),
    max_size=30,
)


def pages(api: Api, sequence: list[Operation], print_page: Callable[[CollectorRegistry], bytes]) -> list[bytes]:
    """What is printed on the way and at the end."""
    registry = CollectorRegistry()
    metrics = {
        "counter": api.Counter("counter", "C.", ["label"], registry=registry),
        "gauge": api.Gauge("gauge", "G.", ["label"], registry=registry),
        "histogram": api.Histogram("histogram", "H.", ["label"], buckets=[-1, 0, 1, 10], registry=registry),
        "summary": api.Summary("summary", "S.", ["label"], registry=registry),
    }
    printed = []
    for metric, label, method, amount in sequence:
        if metric == "page":
            printed.append(print_page(registry))
        elif method == "remove":
            metrics[metric].remove(label)
        else:
            getattr(metrics[metric].labels(label), str(method))(*([] if amount is None else [amount]))
    return [*printed, print_page(registry)]


@given(sequence=operations, keep_lines=st.booleans())
def test_same_pages_during_any_operations(
    backends: dict[str, Api], sequence: list[Operation], keep_lines: bool
) -> None:
    expected = pages(backends["prometheus"], sequence, prometheus_client.generate_latest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "REMEMBER", keep_lines)
        for backend, api in backends.items():
            assert pages(api, sequence, service_metrics.generate_latest) == expected, backend
            assert pages(api, sequence, prometheus_client.generate_latest) == expected, backend
