"""What an OTLP endpoint leads to: a Service of the cluster, or a place outside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.doctor.diagnoses.collector import Endpoint, in_cluster

OWN = "shop"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://collector.monitoring.svc.cluster.local:4318", Endpoint("collector", "monitoring", 4318)),
        ("http://collector.monitoring.svc:4318/v1/metrics", Endpoint("collector", "monitoring", 4318)),
        ("http://collector.monitoring:4317", Endpoint("collector", "monitoring", 4317)),
        ("http://collector:4318", Endpoint("collector", OWN, 4318)),
        ("https://collector.monitoring.svc", Endpoint("collector", "monitoring", 443)),
        ("http://collector", Endpoint("collector", OWN, 80)),
        ("http://localhost:4318", None),
        ("http://127.0.0.1:4318", None),
        ("http://[::1]:4318", None),
        ("https://otlp.example.com:4318", None),
        ("https://otlp.eu.example.com", None),
        ("http://collector:port", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_it_leads_to(url: str, endpoint: Endpoint | None) -> None:
    assert in_cluster(url, OWN) == endpoint


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    found = in_cluster(text, OWN)
    assert found is None or 0 <= found.port <= 65535
