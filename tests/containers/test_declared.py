"""The comparison of a page with its declaration sees every kind of difference."""

from __future__ import annotations

import pytest

from promotion_gate.exposition import parse_page
from promotion_gate.plan import MetricSpec
from tests.containers.declared import differences

DECLARED = {
    "work_total": MetricSpec(type="counter", labels=frozenset({"kind"})),
    "work_seconds": MetricSpec(type="histogram", buckets=(1.0, 5.0)),
    "work_bytes": MetricSpec(type="summary"),
}
PAGE = """\
# TYPE work_total counter
work_total{kind="read",service="a"} 1.0
# TYPE work_seconds histogram
work_seconds_bucket{le="1.0",service="a"} 1.0
work_seconds_bucket{le="5.0",service="a"} 1.0
work_seconds_bucket{le="+Inf",service="a"} 1.0
work_seconds_count{service="a"} 1.0
work_seconds_sum{service="a"} 1.0
# TYPE work_bytes summary
work_bytes_count{service="a"} 1.0
work_bytes_sum{service="a"} 1.0
"""


def seen(page: str) -> list[str]:
    return differences(parse_page(page), DECLARED, frozenset({"service"}))


def test_the_declared_page_does_not_differ() -> None:
    assert seen(PAGE) == []


@pytest.mark.parametrize(
    ("written", "instead", "clause"),
    [
        ("work_total", "works_total", "work_total is there 0 times"),
        (
            "# TYPE work_bytes",
            "# TYPE more_total counter\nmore_total 1.0\n# TYPE work_bytes",
            "more_total is not declared",
        ),
        ("work_total counter", "work_total gauge", "work_total is a gauge, not a counter"),
        ('kind="read",', "", "work_total has the labels [['service']]"),
        ('kind="read"', 'kind="read",user="7"', "work_total has the labels [['kind', 'service', 'user']]"),
        ('work_bytes_sum{service="a"}', "work_bytes_sum", "work_bytes has the labels [[], ['service']]"),
        ('work_bytes_sum{service="a"} 1.0\n', "", "work_bytes has the samples ['_count']"),
        ('le="5.0"', 'le="6.0"', "work_seconds has other buckets"),
        ('work_seconds_bucket{le="1.0",service="a"} 1.0\n', "", "work_seconds has other buckets"),
    ],
)
def test_every_change_of_the_page_is_a_difference(written: str, instead: str, clause: str) -> None:
    assert written in PAGE
    assert clause in seen(PAGE.replace(written, instead))
