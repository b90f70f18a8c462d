"""The page survives a round trip through prometheus_client's parser, and pages merge into one valid page."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import UNDERSCORES
from prometheus_client.parser import text_string_to_metric_families

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.merging import merge_lines
from service_metrics.exposition.text import TEXT


def render(registry: CollectorRegistry, *, defaults: dict[str, str], identity: dict[str, str]) -> bytes:
    return b"".join(TEXT.render(registry.collect(), ConstantLabels(defaults, identity), UNDERSCORES))


def merge(pages: list[bytes]) -> bytes:
    return b"".join(merge_lines(pages))


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
values = st.floats()


def parse(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    samples = [s for family in text_string_to_metric_families(page.decode()) for s in family.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples), "a series is on the page twice"
    return found


@given(recorded=st.dictionaries(texts, values, max_size=5), custom=texts)
def test_label_values_and_floats_survive(
    backends: dict[str, SimpleNamespace], recorded: dict[str, float], custom: str
) -> None:
    for backend in backends.values():
        registry = CollectorRegistry()
        gauge = backend.Gauge("gauge", "Help with \\ and \n in it.", ["label"], registry=registry)
        for label, value in recorded.items():
            gauge.labels(label).set(value)
        found = parse(render(registry, defaults={"custom": custom}, identity={"id": "me"}))
        assert len(found) == len(recorded)
        for label, value in recorded.items():
            series = ("gauge", (("custom", custom), ("id", "me"), ("label", label)))
            assert found[series] == value or (math.isnan(found[series]) and math.isnan(value))


def test_constant_labels(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    backend.Counter("c", "C.", ["team", "id"], registry=registry).labels("own", "own").inc()
    backend.Histogram("h", "H.", buckets=[1], registry=registry).observe(0.5)
    found = parse(render(registry, defaults={"team": "default"}, identity={"id": "me"}))
    assert found["c_total", (("id", "me"), ("team", "own"))] == 1
    assert found["h_bucket", (("id", "me"), ("le", "1.0"), ("team", "default"))] == 1
    assert found["h_count", (("id", "me"), ("team", "default"))] == 1


def worker_page(backend: SimpleNamespace, identity: str, *, more: bool = False) -> bytes:
    registry = CollectorRegistry()
    backend.Counter("requests", "Requests\nof all kinds.", ["path"], registry=registry).labels("# HELP x\n").inc(2)
    if more:
        backend.Gauge("only_here", "Only here.", registry=registry).set(4)
    backend.Summary("size", "", registry=registry).observe(1)
    return render(registry, defaults={}, identity={"id": identity})


def test_merged_pages_have_each_family_once_and_all_series(backend: SimpleNamespace) -> None:
    pages = [worker_page(backend, "one"), worker_page(backend, "two", more=True), worker_page(backend, "three")]
    merged = merge(pages)
    expected = {series: value for page in pages for series, value in parse(page).items()}
    assert parse(merged) == expected
    assert len(expected) == 3 * 3 + 1
    for family in (b"requests_total", b"only_here", b"size"):
        assert merged.count(b"# TYPE %s " % family) == 1
        assert merged.count(b"# HELP %s " % family) == 1
    families = list(text_string_to_metric_families(merged.decode()))
    assert [family.name for family in families] == ["requests", "size", "only_here"]


def test_merging_one_page_changes_nothing(backend: SimpleNamespace) -> None:
    page = worker_page(backend, "one", more=True)
    assert merge([page]) == page


def test_workers_that_disagree_about_a_type_still_make_a_readable_page() -> None:
    pages = [b'# HELP x Old.\n# TYPE x counter\nx{id="1"} 1\n', b'# HELP x New.\n# TYPE x gauge\nx{id="2"} 2\n']
    assert merge(pages) == b'# HELP x Old.\n# TYPE x counter\nx{id="1"} 1\nx{id="2"} 2\n'


@pytest.mark.parametrize("pages", [[], [b""], [b"", b""]])
def test_nothing_merges_to_nothing(pages: list[bytes]) -> None:
    assert merge(pages) == b""
