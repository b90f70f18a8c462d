from __future__ import annotations

import pytest

from chart_harness.samples import Page, Sample, by_label, total

TEXT = """\
# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{kind="a",worker="1"} 2.0
jobs_total{kind="a",worker="2"} 3.0
jobs_total{kind="b",worker="1"} 4.0
# TYPE load gauge
load 0.5
"""


def test_series_are_selected_by_name_and_labels() -> None:
    page = Page(TEXT)
    assert page.series("load") == [Sample("load", {}, 0.5)]
    assert [sample.value for sample in page.series("jobs_total", kind="a")] == [2.0, 3.0]
    assert page.series("jobs_total", kind="c") == []
    assert page.series("jobs_total", color="red") == []
    assert page.families == {"jobs": "counter", "load": "gauge"}


def test_sums() -> None:
    jobs = Page(TEXT).series("jobs_total")
    assert total(jobs) == 9
    assert by_label(jobs, "worker") == {"1": 6, "2": 3}
    assert by_label(jobs, "nothing") == {"": 9}
    assert total([]) == 0


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(ValueError, match="html"):
        Page("<html>not found</html>")
