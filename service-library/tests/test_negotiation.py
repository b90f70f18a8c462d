"""Accept as RFC 9110 reads it, on what Prometheus and others send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES

from service_metrics.exposition.negotiation import Exposition, negotiate
from service_metrics.exposition.openmetrics import OPENMETRICS
from service_metrics.exposition.protobuf import PROTOBUF
from service_metrics.exposition.text import TEXT

TEXT_0 = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8"
OM = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTO = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

PROTO_RANGE = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
OM_RANGES = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5"
TEXT_RANGES = "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
PROMETHEUS_3 = f"{OM_RANGES},{TEXT_RANGES}"
PROMETHEUS_3_PROTO = f"{PROTO_RANGE};escaping=allow-utf-8;q=0.7,{PROMETHEUS_3}"
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.mark.parametrize(
    ("accept", "exposition", "content_type", "escaping"),
    [
        pytest.param(PROMETHEUS_3, OPENMETRICS, OM, ALLOWUTF8, id="Prometheus 3"),
        pytest.param(PROMETHEUS_3_PROTO, PROTOBUF, PROTO, ALLOWUTF8, id="Prometheus 3 that prefers protobuf"),
        pytest.param(TEXT_RANGES, TEXT, TEXT_1, ALLOWUTF8, id="Prometheus 3 that wants text"),
        pytest.param(PROMETHEUS_2, OPENMETRICS, OM, UNDERSCORES, id="Prometheus 2"),
        pytest.param("text/plain;version=1.0.0;escaping=dots", TEXT, TEXT_1, DOTS, id="dots"),
        pytest.param(f"{PROTO_RANGE};escaping=values", PROTOBUF, PROTO, VALUES, id="values"),
        pytest.param("text/plain;version=1.0.0;escaping=other", TEXT, TEXT_1, UNDERSCORES, id="unknown scheme"),
    ],
)
def test_a_client_that_knows_escaping_hears_which(
    accept: str, exposition: Exposition, content_type: str, escaping: str
) -> None:
    choice = negotiate(accept)
    assert (choice.exposition, choice.escaping) == (exposition, escaping)
    assert choice.content_type == f"{content_type}; escaping={escaping}"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT_0),
        ("*/*", TEXT_0),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT_0),
        ("text/plain", TEXT_0),
        ("text/plain;version=0.0.4;escaping=allow-utf-8", TEXT_0),  # has no escaping
        ("text/*", TEXT_0),
        ("*/*, text/plain", TEXT_0),  # equally welcome: what is named
        ("TEXT/PLAIN; Charset=UTF-8", TEXT_0),
        ("application/openmetrics-text", OM),
        ("application/openmetrics-text;escaping=allow-utf-8", OM),  # as prometheus_client answers it
        ("application/openmetrics-text;q=0.4, text/plain;q=0.3", OM),
        ("application/openmetrics-text;q=0.3, text/plain;q=0.4", TEXT_0),
        ("application/openmetrics-text, text/plain", OM),  # equally welcome: the first
        ("text/plain, application/openmetrics-text", TEXT_0),
        ("application/*", OM),
        ("text/plain;q=0.1, */*;q=0.5", OM),  # the closest range decides, not the best
        ("*/*, text/plain;q=0, application/openmetrics-text;q=0", PROTO),
        ("application/openmetrics-text;q=0, */*", TEXT_0),
        ("text/plain;q=0", TEXT_0),  # nothing we have: better than nothing at all
        ("application/json", TEXT_0),
        ("application/openmetrics-text;version=0.0.1", TEXT_0),
        ("application/openmetrics-text;version=2.0.0", TEXT_0),
        (PROTO_RANGE, PROTO),
        ("application/vnd.google.protobuf", PROTO),
        ('application/vnd.google.protobuf;proto="io.prometheus.client.MetricFamily";encoding="delimited"', PROTO),
        ("application/vnd.google.protobuf;encoding=text", TEXT_0),
        (" , application/openmetrics-text ;q=0.5 ,, ", OM),
        ("application/openmetrics-text;", OM),
        ("application/openmetrics-text;q=2", TEXT_0),
        ("application/openmetrics-text;q=high", TEXT_0),
        ("application/openmetrics-text application/openmetrics-text", TEXT_0),
        ('application/openmetrics-text;note="', TEXT_0),
        ("openmetrics", TEXT_0),
    ],
)
def test_other_clients(accept: str, content_type: str) -> None:
    choice = negotiate(accept)
    assert (choice.content_type, choice.escaping) == (content_type, UNDERSCORES)


RANGES = st.sampled_from(
    ["*/*", "text/plain", "text/*;q=0.5", *PROMETHEUS_3_PROTO.split(","), f"{PROTO_RANGE};escaping=dots"]
)


@given(st.lists(RANGES).map(",".join) | st.text())
def test_a_content_type_is_understood_by_a_sibling(accept: str) -> None:
    choice = negotiate(accept)
    heard = negotiate(choice.content_type)
    assert (heard.exposition, heard.escaping) == (choice.exposition, choice.escaping)
