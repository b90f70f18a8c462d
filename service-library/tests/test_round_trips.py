"""Any name, label value and float survives each text format and prometheus_client's parser of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.negotiation import Exposition
from service_metrics.exposition.openmetrics import OPENMETRICS
from service_metrics.exposition.text import TEXT

Parse = Callable[[str], Iterable[Metric]]
FORMATS = [pytest.param(TEXT, parse_text, id="text"), pytest.param(OPENMETRICS, parse_openmetrics, id="openmetrics")]

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
# prometheus_client takes a line break at the end of a name for no reason to quote the name
names = texts.filter(lambda name: name != "" and not name.endswith("\n"))
helps = texts.filter(lambda text: text == text.strip())  # the parsers strip it
label_names = names.filter(lambda name: not name.startswith("__"))


@pytest.mark.parametrize(("exposition", "parse"), FORMATS)
@given(
    name=names,
    label=label_names,
    help_text=helps,
    recorded=st.dictionaries(texts, st.floats(), max_size=5),
    custom=texts,
)
def test_names_label_values_help_and_floats_survive(
    exposition: Exposition,
    parse: Parse,
    backends: dict[str, SimpleNamespace],
    name: str,
    label: str,
    help_text: str,
    recorded: dict[str, float],
    custom: str,
) -> None:
    labels = ConstantLabels({"custom": custom}, {"id": "me"})
    for backend in backends.values():
        registry = CollectorRegistry()
        gauge = backend.Gauge(name, help_text, [label], registry=registry)
        for value, number in recorded.items():
            gauge.labels(value).set(number)
        page = b"".join(exposition.render(registry.collect(), labels, ALLOWUTF8)).decode()
        [family] = parse(page)
        assert (family.name, family.documentation, family.type) == (name, help_text, "gauge")
        found = {sample.labels[label]: sample.value for sample in family.samples}
        assert found.keys() == recorded.keys()
        for sample in family.samples:
            expected = recorded[sample.labels[label]]
            assert sample.labels == labels.on({label: sample.labels[label]})
            assert sample.value == expected or (math.isnan(sample.value) and math.isnan(expected))
