"""The one sentence in Helm's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart_harness.errors import RenderError
from chart_harness.sentence import sentence_of

SCHEMA = {
    "properties": {
        "metrics": {
            "properties": {
                "port": {"description": "The port. One for all."},
                "path": {"description": "The page."},
                "global": {},
            }
        },
        "ports": {"patternProperties": {"^[a-z]+$": {"description": "A port."}}, "additionalProperties": False},
    }
}


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "values.schema.json").write_text(json.dumps(SCHEMA))
    return folder


def helm_says(*lines: str) -> str:
    return "\n".join(
        ["Error: values don't meet the specifications of the schema(s) in the following chart(s):", *lines]
    )


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            [
                "shop:",
                "- at '/metrics/port': got string, want integer",
                "metrics:",
                "- at '/port': got string, want integer",
            ],
            "metrics.port is a text, but must be a whole number (The port).",
        ),
        (
            ["metrics:", "- at '/port': got null, want integer"],
            "metrics.port is null, but must be a whole number (The port).",
        ),
        (
            ["shop:", "- at '/metrics': additional properties 'prot' not allowed"],
            "metrics.prot is not a known value: perhaps metrics.port was meant.",
        ),
        (
            ["shop:", "- at '/metrics': additional properties 'b', 'zzz' not allowed"],
            "metrics.b is not a known value: the known ones are path, port; "
            "metrics.zzz is not a known value: the known ones are path, port.",
        ),
        (
            ["shop:", "- at '/ports': additional properties 'A.b' not allowed"],
            'ports["A.b"] is not a known value: its name must look like ^[a-z]+$.',
        ),
        (
            ["shop:", "- at '': additional properties 'zzz' not allowed"],
            "zzz is not a known value: the known ones are metrics, ports.",
        ),
        (["shop:", "- at '/a~1b/c': value must be one of 'x', 'y', <nil>"], "a/b.c must be one of x, y."),
        (
            ["shop:", "- at '/metrics': missing property 'port'"],
            "metrics.port must be set: null removes the chart's default, so leave the null out.",
        ),
        (["shop:", "- at '/p': maximum: got 70,000, want 65,535"], "p is 70000, more than the largest allowed, 65535."),
        (["shop:", "- at '/p': minimum: got 0, want 1"], "p is 0, less than the smallest allowed, 1."),
        (["shop:", "- at '/p': exclusiveMinimum: got 0, want 0"], "p is 0, and must be more than 0."),
        (["shop:", "- at '/p': exclusiveMaximum: got 100, want 100"], "p is 100, and must be less than 100."),
        (["shop:", "- at '/p': maxSomething: got 2, want 1"], "p: maxSomething: got 2, want 1."),
        (
            ["shop:", "- at '/ports/web': got string, want integer"],
            "ports.web is a text, but must be a whole number (A port).",
        ),
        (["shop:", "- at '/p': maxLength: got 70, want 63"], "p has 70 characters, and may have 63 at most."),
        (
            ["shop:", "- at '/metrics/path': 'it's' does not match pattern '^/.*$'"],
            'metrics.path is "it\'s", but must look like ^/.*$ (The page).',
        ),
        (
            ["shop:", "- at '/z': something new", "- at '/a': got array, want string or null"],
            "a is a list, but must be a text or null; z: something new.",
        ),
    ],
)
def test_schema_errors(chart: Path, lines: list[str], sentence: str) -> None:
    assert sentence_of(helm_says(*lines), chart) == sentence


def test_a_nested_list_is_read(chart: Path) -> None:
    nested = [
        "- at '/metrics': validation failed",
        "  - at '/metrics/port': got null, want string",
        "  - at '/metrics/x': new",
    ]
    assert (
        sentence_of(helm_says("shop:", *nested), chart)
        == "metrics.port is null, but must be a text (The port); metrics.x: new."
    )


def test_the_schema_of_a_library_is_asked_too(tmp_path: Path) -> None:
    library = tmp_path / "charts" / "metrics"
    library.mkdir(parents=True)
    (library / "values.schema.json").write_text(json.dumps(SCHEMA["properties"]["metrics"]))
    text = helm_says("metrics:", "- at '': additional properties 'prot' not allowed")
    assert sentence_of(text, tmp_path) == "metrics.prot is not a known value: perhaps metrics.port was meant."


def test_a_librarys_schema_says_more_than_the_services(chart: Path) -> None:
    (chart / "values.schema.json").write_text(json.dumps({"properties": {"metrics": {"description": "All of it."}}}))
    library = chart / "charts" / "metrics"
    library.mkdir(parents=True)
    (library / "values.schema.json").write_text(json.dumps(SCHEMA["properties"]["metrics"]))
    for lines in (
        ["metrics:", "- at '/port': got null, want integer"],
        ["shop:", "- at '/metrics': got null, want object"],
    ):
        purpose = {"metrics:": "metrics.port is null, but must be a whole number (The port)."}
        wanted = purpose.get(lines[0], "metrics is null, but must be a mapping (All of it).")
        assert sentence_of(helm_says(*lines), chart) == wanted


def test_order_does_not_matter(chart: Path) -> None:
    lines = ["- at '/b': got null, want string", "- at '/a': got null, want string"]
    assert sentence_of(helm_says("shop:", *lines), chart) == sentence_of(helm_says("shop:", *reversed(lines)), chart)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Error: execution error at (shop/templates/x.yaml:1:3): a is b: do c.\n\nUse --debug flag to render out invalid YAML",
            "a is b: do c.",
        ),
        ("Error: execution error at (shop/templates/x.yaml:1:3): a is b: (do) c.", "a is b: (do) c."),
        (
            "Error: failed to parse /x/values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: oops",
            "The values file /x/values.yaml is not valid YAML: line 2: oops.",
        ),
        ('level=INFO msg="warning: x"\nError: open /x: no such file\n', "open /x: no such file"),
        ("It is broken: mend it.", "It is broken: mend it."),
    ],
)
def test_other_errors(text: str, sentence: str) -> None:
    assert sentence_of(text) == sentence


@given(st.text() | st.text().map(helm_says) | st.text().map(lambda text: helm_says("shop:", f"- at '/a': {text}")))
def test_any_text_gives_one_line(text: str) -> None:
    sentence = RenderError(text).sentence
    assert "\n" not in sentence
    assert bool(sentence) or not text.split() or text.startswith(("level=", "time=", "Error:", "Use --debug"))


def test_an_unreadable_schema_explains_nothing(tmp_path: Path) -> None:
    (tmp_path / "values.schema.json").write_text("{")
    text = helm_says(f"{tmp_path.name}:", "- at '/a': got null, want string")
    assert sentence_of(text, tmp_path) == "a is null, but must be a text."
