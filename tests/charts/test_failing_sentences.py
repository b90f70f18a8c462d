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


def test_every_sentence_of_the_templates_is_tested(root: Path) -> None:
    tested = [sentence for _, _, sentence in [*SENTENCES.values(), *WITHOUT_CRDS.values()]] + ELSEWHERE
    templates = [path.read_text() for path in sorted((root / "charts").glob("*/templates/*.tpl"))]
    code = [re.sub(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", "", text, flags=re.DOTALL) for text in templates]
    written = [found for text in code for found in re.findall(r'\bfail (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)]
    assert len(written) == sum(len(re.findall(r"\bfail\b", re.sub(r'"(?:[^"\\]|\\.)*"', "", t))) for t in code) > 20
    unseen = []
    for sentence in written:
        parts = re.split("%[qsdv]", sentence.replace('\\"', '"'))
        if not any(all(part in whole for part in parts) for whole in tested):
            unseen.append(sentence)
    assert unseen == []
