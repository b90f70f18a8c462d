"""The syntaxes of names, labels and quantities: what is in them, what is just outside, and that kubernetes' own reader agrees."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from chart_harness.schemas.formats import FORMATS

# syntax: texts that have it, texts that just do not
TABLE: dict[str, tuple[list[str], list[str]]] = {
    "dns-label": (["a", "0", "a-b", "a--b", "9x", "a" * 63], ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n", "é"]),
    "dns-1035-label": (["a", "a-b", "a9", "a" * 63], ["", "9a", "-a", "a-", "A", "a.b", "a" * 64, "a\n"]),
    "dns-subdomain": (
        ["a", "a.b", "1.2.3", "a-b.c-d", "a" * 253],
        ["", ".a", "a.", "a..b", "a.-b", "A", "a_b", "a" * 254, "a\n"],
    ),
    "path-segment": (["system:node", "A b", "...", ".a"], ["", ".", "..", "a/b", "a%b"]),
    "port-name": (
        ["", "http", "a", "1a", "http-metrics", "a-b-c", "a" * 15],
        ["80", "1-2", "-a", "a-", "a--b", "Http", "a_b", "a" * 16, "a\n"],
    ),
    "label-key": (
        ["a", "A", "a_b.c-d", "example.com/a", "a" * 63, "a" * 253 + "/" + "b" * 63],
        [
            "",
            "/a",
            "a/",
            "a/b/c",
            "-a",
            "a-",
            "a b",
            "Example.com/a",
            "a" * 64,
            "a" * 254 + "/b",
            "a/" + "b" * 64,
            "a\n",
        ],
    ),
    "annotation-key": (
        ["a", "Example.com/a", "a" * 253 + "/" + "b" * 63],
        ["", "/a", "a/", "a/b/c", "-a", "a b", "a" * 64, "a" * 254 + "/b"],
    ),
    "label-value": (["", "a", "A_b.c-d", "1.2.3", "a" * 63], ["-", "a-", ".a", "a b", "a/b", "a" * 64, "a\n", "é"]),
    "file-name": (["a", "config.yaml", ".env", "A_B", "a..b"], ["", ".", "..", "..a", "a/b", "a b", "a" * 254]),
    "quantity": (
        ["0", "1", "1.5", ".5", "1.", "-1", "+1", "250m", "368Mi", "1k", "2E", "1e3", "1E-3", "5n", "7u"],
        [
            "",
            " ",
            "Mi",
            "1MB",
            "1mi",
            "1ki",
            "1K",
            "1 Gi",
            "1e",
            "1e1.5",
            "1_000",
            "1,5",
            "NaN",
            "Infinity",
            "0x1",
            ".",
            "--1",
        ],
    ),
    "byte": (["", "YQ==", "YWI=", "YWJj", "YWJj\nYWJj"], ["a", "YQ=", "YQ", "Y Q==", "plain text", "é"]),
}


def test_every_format_is_in_the_table() -> None:
    assert TABLE.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", TABLE)
def test_what_a_format_takes(name: str) -> None:
    right, wrong = TABLE[name]
    assert [text for text in right if not FORMATS[name].accepts(text)] == []
    assert [text for text in wrong if FORMATS[name].accepts(text)] == []


numbers = st.from_regex(r"[-+]?([0-9]{1,9}(\.[0-9]{0,6})?|\.[0-9]{1,6})", fullmatch=True).filter(str.isascii)
units = st.sampled_from(["", *"numkMGTPE", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E3", "e-3", "e+2"])


@given(numbers, units)
def test_every_quantity_is_read_by_the_kubernetes_client(number: str, unit: str) -> None:
    assert FORMATS["quantity"].accepts(number + unit)
    parse_quantity(number + unit)  # type: ignore[no-untyped-call]


@given(st.text("0123456789.+-eEmkKMGi _x", max_size=6))
def test_what_the_kubernetes_client_cannot_read_is_no_quantity(text: str) -> None:
    try:
        parse_quantity(text)  # type: ignore[no-untyped-call]
    except ValueError:
        assert not FORMATS["quantity"].accepts(text)


_ALPHANUMERIC = string.ascii_letters + string.digits


@given(st.text(_ALPHANUMERIC + "-_. /é\n", max_size=70))
def test_a_label_value_is_what_the_documentation_says(text: str) -> None:
    # "63 characters or less (can be empty); unless empty, must begin and end with an alphanumeric character"
    ends = not text or (text[0] in _ALPHANUMERIC and text[-1] in _ALPHANUMERIC)
    documented = len(text) <= 63 and ends and set(text) <= set(_ALPHANUMERIC + "-_.")
    assert FORMATS["label-value"].accepts(text) == documented


@given(st.text("ab9-.A", max_size=12), st.text("ab9-_.A", max_size=12))
def test_a_label_key_is_a_name_and_at_will_a_dns_prefix(prefix: str, name: str) -> None:
    named = bool(name) and FORMATS["label-value"].accepts(name)
    assert FORMATS["label-key"].accepts(name) == named
    key = f"{prefix}/{name}"
    assert FORMATS["label-key"].accepts(key) == (named and FORMATS["dns-subdomain"].accepts(prefix))
    assert FORMATS["annotation-key"].accepts(key) == (named and FORMATS["dns-subdomain"].accepts(prefix.lower()))
