"""A change of one value changes the line it is on, or adds lines, and nothing else; what cannot be changed alone is refused."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from chart_harness.fleet import environments, services
from promotion_gate.promotion.values_file import ABSENT, ValuesError, changed

ROOT = Path(__file__).resolve().parents[4]
BACKEND = "env.standard.PROMETHEUS_BACKEND"


def files() -> list[Path]:
    folders = ROOT / "charts" / "services"
    return [
        path
        for service in services(ROOT)
        for path in (
            folders / service / "values.yaml",
            *(folders / service / "environments" / name / "values.yaml" for name in environments(ROOT, service)),
        )
    ]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_in_every_file_of_the_fleet_a_value_is_set_and_removed_again(path: Path) -> None:
    text = path.read_text()
    data = yaml.safe_load(text)
    assert changed(text, {}, "it") == text
    assert changed(text, {"metrics.environment": data["metrics"].get("environment", ABSENT)}, "it") == text
    backend = data.get("env", {}).get("standard", {}).get("PROMETHEUS_BACKEND", ABSENT)
    for value in ("shadow", "prometheus"):
        with_it = changed(text, {BACKEND: value}, "it")
        removed = [line for line in difflib.ndiff(text.splitlines(), with_it.splitlines()) if line.startswith("- ")]
        assert len(removed) == (backend is not ABSENT)
        assert yaml.safe_load(with_it)["env"]["standard"]["PROMETHEUS_BACKEND"] == value
        assert changed(with_it, {BACKEND: backend}, "it") == text


PRODUCTION = """\
# What production differs in.
metrics:
  environment: production  # the label

  budget: { series:  3000 }   # odd spaces stay

workload:
    replicas: 3
"""

CASES: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "maps are made, apart from the others as they are apart": (
        PRODUCTION, {BACKEND: "otel"}, PRODUCTION + "\nenv:\n  standard:\n    PROMETHEUS_BACKEND: otel\n",
    ),
    "nothing in the file": ("", {BACKEND: "otel"}, "env:\n  standard:\n    PROMETHEUS_BACKEND: otel\n"),
    "only a comment": ("# nothing yet\n", {"a": 1}, "# nothing yet\na: 1\n"),
    "no newline at the end": ("a: 1", {"b": 2}, "a: 1\nb: 2\n"),
    "Windows' newlines": ("a: 1\r\n", {"b.c": 2}, "a: 1\r\nb:\r\n  c: 2\r\n"),
    "the comment stays on its line": ("a: old  # why\n", {"a": "new"}, "a: new  # why\n"),
    "double quotes stay": ('a: "old"\n', {"a": "new"}, 'a: "new"\n'),
    "single quotes stay": ("a: 'old'\n", {"a": "it's"}, "a: 'it''s'\n"),
    "after the last key, before comments of the next": (
        "a:\n  b: 1  # one\n  # of c\n\nd: 1\n", {"a.e": 2}, "a:\n  b: 1  # one\n  e: 2\n  # of c\n\nd: 1\n",
    ),
    "wide indentation": ("a:\n    b:\n        c: 1\n", {"x.z": 1}, "a:\n    b:\n        c: 1\nx:\n    z: 1\n"),
    "in a flow map": ("a: { b: 1 }\n", {"a.c.d": 2}, "a: { b: 1, c: {d: 2} }\n"),
    "in an empty flow map": ("a: {}\n", {"a.c": 2}, "a: {c: 2}\n"),
    "in a file that is an empty map": ("{}\n", {"a.c": 2}, "{a: {c: 2}}\n"),
    "a value in a flow map": ("a: {b: 1, c: x}\n", {"a.c": "z"}, "a: {b: 1, c: z}\n"),
    "a null that is not said": ("a:\nb: 1\n", {"a.c": 2}, "a:\n  c: 2\nb: 1\n"),
    "a null that is said": ("a: ~  # off\nb: 1\n", {"a.c": 2}, "a:  # off\n  c: 2\nb: 1\n"),
    "a value where none was": ("a:  # none yet\n", {"a": 1}, "a: 1  # none yet\n"),
    "null": ("a: 1\n", {"a": None}, "a: null\n"),
    "a block scalar": ("a: |\n  one\n  two\n\nb: 1\n", {"a": "x"}, "a: x\n\nb: 1\n"),
    "after a block scalar": ("a:\n  b: |\n    one\n\nc: 1\n", {"a.d": "x"}, "a:\n  b: |\n    one\n  d: x\n\nc: 1\n"),
    "a list": ("a: 1\n", {"a": ["x", 1, True]}, "a: [x, 1, true]\n"),
    "a map for a map": ("a:\n  b: 1\n  c: 2\nd: 1\n", {"a": {"e": "x"}}, "a: {e: x}\nd: 1\n"),
    "anchors elsewhere stay": ("x: &x {a: 1}\ny: *x\nz: 1\n", {"z": 2}, "x: &x {a: 1}\ny: *x\nz: 2\n"),
    "keys that look like others": ("a.b: 1\na:\n  b: 2\n", {"a.b": 3}, "a.b: 1\na:\n  b: 3\n"),
    "removed": ("a: 1\nb: 2  # why\nc: 3\n", {"b": ABSENT}, "a: 1\nc: 3\n"),
    "a key of the long form": ("? a\n: 1\nb: 2\n", {"a": ABSENT}, "b: 2\n"),
    "removed with maps that are empty then": ("a: 1\n\nb:\n  c:\n    d: 1\n", {"b.c.d": ABSENT}, "a: 1\n"),
    "removed between two": ("a: 1\n\nb:\n  c: 1\n\nd: 1\n", {"b.c": ABSENT}, "a: 1\n\nd: 1\n"),
    "removed from a flow map": ("a: {b: 1, c: 2, d: 3}\n", {"a.c": ABSENT}, "a: {b: 1, d: 3}\n"),
    "removed at the end of a flow map": ("a: {b: 1, c: 2}\n", {"a.c": ABSENT}, "a: {b: 1}\n"),
    "removed with its flow map": ("a: {b: 1}\nc: 1\n", {"a.b": ABSENT}, "c: 1\n"),
    "removed with all that there is": ("a:\n  b: 1\n", {"a.b": ABSENT}, ""),
    "removed where it is not": ("a: {b: 1}\n", {"a.c": ABSENT, "b.c": ABSENT, "a.b.c": ABSENT}, "a: {b: 1}\n"),
    "several at once": ("a: 1\n", {"b": 2, "a": ABSENT, "c.d": 3}, "b: 2\nc:\n  d: 3\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "changes", "after"), CASES.values(), ids=CASES)
def test_what_comes_out(text: str, changes: Mapping[str, Any], after: str) -> None:
    assert changed(text, changes, "it") == after
    assert changed(after, changes, "it") == after


@pytest.mark.parametrize(
    "value",
    ["yes", "NO", "on", "null", "~", "1", "1e3", "0x1f", "1:30", "2026-11-26", "", " a", "a: b", "a #b", "é", "\n"],
)
def test_a_string_stays_a_string_for_every_reader(value: str) -> None:
    for text in ("a: x\n", "a: 'x'\n", 'a: "x"\n', "a: {b: 1}\n"):
        after = changed(text, {"a": value}, "it")
        assert yaml.safe_load(after) == {"a": value}
        assert after.count("\n") == 1
        assert after[3] in "\"'"


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        ("a: 1\na: 2\n", {"b": 1}, r"it has a key twice \(a, line 2\)"),
        ("b:\n  a: 1\n  a: 2\n", {"c": 1}, "it has a key twice"),
        ("a: [\n", {"b": 1}, "it is not YAML"),
        ("a: 1\n---\nb: 1\n", {"b": 1}, "it is not YAML"),
        ("- a\n", {"b": 1}, "it is not a map of values, but a list"),
        ("text\n", {"b": 1}, "it is not a map of values, but a str"),
        ("a: text\n", {"a.b": 1}, "it has a plain value at a, where a map with b belongs"),
        ("a: [1]\n", {"a.b.c": 1}, r"it has a plain value at a, where a map with b\.c belongs"),
        ("a: &x {b: 1}\nc: *x\n", {"a.b": 2}, r"it shares values by anchors, where a\.b is"),
        ("a: &x {b: 1}\nc: *x\n", {"c.b": 2}, r"it shares values by anchors, where c\.b is"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", {"c.b": 2}, r"it shares values by anchors, where c\.b is"),
        ("a: &x 1\nc: *x\n", {"c": 2}, "it shares values by anchors, where c is"),
        ("a:\n  b: 1\n  # why\n  c: 2\n", {"a": 1}, "it has comments in a, which would be lost"),
        ("a:\n  b: 1\n  # why\n  c: 2\nd: 1\n", {"a": ABSENT}, "it has comments in a, which would be lost"),
        ("1: x\n", {"1": "z"}, "it is written in a way in which 1 cannot be changed alone"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, changes: Mapping[str, Any], says: str) -> None:
    with pytest.raises(ValuesError, match=says) as error:
        changed(text, changes, "it")
    assert "\n" not in str(error.value)


KEY = st.sampled_from(["a", "b", "metrics", "x-y", "PROMETHEUS_BACKEND"])
SCALAR = st.sampled_from(
    [
        "otel",
        "3",
        "'3'",
        '"on"',
        "512Mi",
        "true",
        "~",
        "[a, b]",
        "{b: 1,  c: 2}",
        "{}",
        "# empty",
        "|\n@  text\n\n@  more",
    ]
)
TREE = st.recursive(SCALAR, lambda inner: st.dictionaries(KEY, inner, min_size=1, max_size=3), max_leaves=8)
COMMENTS = st.lists(st.sampled_from(["", "", "", "# said", "\n"]), min_size=40, max_size=40)


def as_written(tree: Any, step: int, notes: list[str], column: int = 0) -> str:
    """Block YAML as people write it: comments behind and above, blank lines."""
    lines = []
    for key, value in tree.items():
        above, behind, indent = notes.pop(), notes.pop(), " " * column
        lines.append("\n" if above == "\n" else f"{indent}{above}\n" if above else "")
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:{f'  {behind}' if behind == '# said' else ''}\n")
            lines.append(as_written(value, step, notes, column + step))
        else:
            text = value.replace("@", indent)
            lines.append(f"{indent}{key}: {text}{f'  {behind}' if behind == '# said' and '|' not in text else ''}\n")
    return "".join(lines)


def at(data: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(data, dict) or part not in data:
            return ABSENT
        data = data[part]
    return data


@given(
    tree=st.dictionaries(KEY, TREE, max_size=3),
    step=st.sampled_from([2, 4]),
    notes=COMMENTS,
    path=st.lists(KEY, min_size=1, max_size=3).map(".".join),
    value=st.sampled_from(["otel", "a: b", 3, True, None, ["x"]]),
)
def test_of_any_file_only_that_line_changes(tree: Any, step: int, notes: list[str], path: str, value: Any) -> None:
    text = as_written(tree, step, [*notes, *notes])
    data = yaml.safe_load(text) or {}
    old = at(data, path)
    assert changed(text, {path: old}, "it") == text
    try:
        after = changed(text, {path: value}, "it")
    except ValuesError as error:
        if "plain value at" not in str(error) and "would be lost" not in str(error):
            raise
        return
    assert at(yaml.safe_load(after), path) == value
    diff = difflib.unified_diff(text.splitlines(), after.splitlines(), n=0, lineterm="")
    lost = [line for line in list(diff)[2:] if line.startswith("-")]
    assume(not isinstance(old, dict) and not (isinstance(old, str) and "\n" in old))
    assert len(lost) <= 1, (text, after)
    if old is ABSENT and "{" not in text and "~" not in text and "# empty" not in text:
        assert lost == []
        assert changed(after, {path: ABSENT}, "it") == text
