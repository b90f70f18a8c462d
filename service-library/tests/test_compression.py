"""Accept-Encoding as RFC 9110 reads it."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_metrics.compression import accepts_gzip, compressed


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip; Q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip, *;q=0", True),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=2", False),
        ("gzip;q=high", False),
        ("gzipped", False),
        (" , ,", False),
    ],
)
def test_negotiation(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected


@given(st.text())
def test_any_header_gets_an_answer(header: str) -> None:
    assert accepts_gzip(header) in (True, False)


@given(st.lists(st.binary()))
def test_what_is_compressed_comes_back(slices: list[bytes]) -> None:
    assert gzip.decompress(b"".join(compressed(slices))) == b"".join(slices)
