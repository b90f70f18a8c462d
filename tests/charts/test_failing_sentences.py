"""Values that cannot work stop the rendering with one sentence that names the value and says what to do.

The tables are the modules of tests/charts/sentences, one a topic.
"""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release, RenderError
from tests.charts import sentences
from tests.charts.sentences import Sentence

TOPICS: dict[str, ModuleType] = {
    module.name: import_module(f"{sentences.__name__}.{module.name}")
    for module in pkgutil.iter_modules(sentences.__path__)
}
TABLES = ("SENTENCES", "WITHOUT_CRDS", "ELSEWHERE")


def rows(table: str) -> dict[str, Sentence]:
    """All rows of the tables of this name, by the topic and the sentence's first word."""
    found = {topic: getattr(module, table, []) for topic, module in TOPICS.items()}
    named = [(f"{topic}-{row[2].split()[0]}", row) for topic, table_rows in found.items() for row in table_rows]
    seen: Counter[str] = Counter()
    by_name = {}
    for name, row in named:
        seen[name] += 1
        by_name[f"{name}-{seen[name]}"] = row
    return by_name


SENTENCES = rows("SENTENCES")
WITHOUT_CRDS = rows("WITHOUT_CRDS")
ELSEWHERE = [sentence for module in TOPICS.values() for sentence in getattr(module, "ELSEWHERE", [])]


@pytest.mark.parametrize(("service", "overrides", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_sentence(release: ReleaseFactory, service: str, overrides: dict[str, Any], sentence: str) -> None:
    release(service, "staging")  # the same without the overrides renders
    with pytest.raises(RenderError) as caught:
        release(service, "staging", overrides=overrides)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize(("service", "overrides", "sentence"), WITHOUT_CRDS.values(), ids=WITHOUT_CRDS)
def test_sentence_where_the_cluster_lacks_the_kinds(
    render_service: Callable[..., Release], service: str, overrides: dict[str, Any], sentence: str
) -> None:
    render_service(overrides, service)  # with the kinds it renders
    with pytest.raises(RenderError) as caught:
        render_service(overrides, service, api_versions=["apps/v1"])
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_a_table(topic: str) -> None:
    assert any(getattr(TOPICS[topic], table, None) for table in TABLES)


TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
WRITTEN = re.compile(rf"\bfail (?:\(printf )?{TEXT.pattern}")
COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)


def untested(template: str, tested: list[str]) -> list[str]:
    """The sentences of a template that no table has; ValueError when one is not written down in one piece."""
    code = COMMENT.sub("", template)
    written = WRITTEN.findall(code)
    if len(written) != len(re.findall(r"\bfail\b", TEXT.sub("", code))):
        raise ValueError("A `fail` is followed by something else than one text: write the whole sentence behind it.")
    return [sentence for sentence in written if not any(re.fullmatch(pattern(sentence), said) for said in tested)]


def pattern(sentence: str) -> str:
    """What a sentence of a template may become when its values are filled in."""
    literal = re.escape(sentence.replace('\\"', '"'))
    return literal.replace("%q", '".*"').replace("%d", "[0-9]+").replace("%s", ".*").replace("%v", ".*")


def test_every_sentence_of_the_templates_is_tested(root: Path) -> None:
    tested = [sentence for _, _, sentence in [*SENTENCES.values(), *WITHOUT_CRDS.values()]] + ELSEWHERE
    templates = sorted((root / "charts").glob("*/templates/*.tpl"))
    assert len(templates) > 20
    assert {path.name: missing for path in templates if (missing := untested(path.read_text(), tested))} == {}


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ('{{ fail "a is wrong: mend it." }}', []),
        ('{{ fail "b is wrong: mend it." }}', ["b is wrong: mend it."]),
        ('{{ fail (printf "%s is wrong: %q." .a .b) }}', ["%s is wrong: %q."]),
        ('{{ fail (printf "%s is wrong: %s." .a .b) }}', []),
        ('{{/* to fail is human */}}{{ include "fail.nothing" . }}', []),
    ],
)
def test_a_sentence_that_no_table_has_is_found(template: str, missing: list[str]) -> None:
    assert untested(template, ["a is wrong: mend it."]) == missing


def test_a_sentence_that_cannot_be_read_is_found() -> None:
    with pytest.raises(ValueError, match="write the whole sentence"):
        untested("{{ fail $sentence }}", [])
