"""The libraries' README: its tables are derived, its examples are valid, and what it names is there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from charts import derive_readme

from chart_harness.checks import POLICIES

LIBRARIES = ("metrics", "workload")
PAGES = ("charts/metrics/README.md", "charts/workload/README.md", "charts/metrics/examples/README.md", "docs/charts.md")
FENCED = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def copy(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the tables are derived from, in a folder that a test may change; the script works there."""
    for library in LIBRARIES:
        (tmp_path / "charts" / library).mkdir(parents=True)
        for name in ("README.md", "values.yaml"):
            shutil.copy(root / "charts" / library / name, tmp_path / "charts" / library)
    shutil.copy(root / "values-schema.json", tmp_path)
    monkeypatch.setattr(derive_readme, "__file__", str(tmp_path / "charts" / "derive_readme.py"))
    assert derive_readme.main([]) == 0  # its drift, if there is any, is another test's
    return tmp_path


def test_no_table_has_drifted(root: Path) -> None:
    derived = derive_readme.derive(root)
    assert [path.parent.name for path in derived] == list(LIBRARIES)
    assert {path: path.read_text(encoding="utf-8") for path in derived} == derived


@pytest.mark.parametrize(
    ("changed", "old", "new"),
    [
        ("values-schema.json", "Path of the metrics page", "Path of the page"),
        ("charts/metrics/values.yaml", "path: /metrics", "path: /numbers"),
        ("charts/metrics/README.md", "| `path` | text |", "| `path` | number |"),
    ],
)
def test_drift_is_found_and_mended(
    copy: Path, capsys: pytest.CaptureFixture[str], changed: str, old: str, new: str
) -> None:
    assert derive_readme.main(["--check"]) == 0
    capsys.readouterr()
    path = copy / changed
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert derive_readme.main(["--check"]) == 1
    assert capsys.readouterr().out == "charts/metrics/README.md: out of date, run `make schema`\n"
    assert derive_readme.main([]) == 0
    assert derive_readme.main(["--check"]) == 0


def test_what_is_written_by_hand_stays(copy: Path) -> None:
    path = copy / "charts" / "metrics" / "README.md"
    path.write_text("# Mine\n\n" + derive_readme.MARKER)
    assert derive_readme.main([]) == 0
    assert path.read_text().startswith("# Mine\n\n" + derive_readme.MARKER + "\n### `metrics`\n")


@pytest.mark.parametrize(
    ("changed", "old", "new", "says"),
    [
        ("charts/metrics/README.md", "<!-- From", "<!-- from", "put it where the tables of values belong"),
        ("values-schema.json", '"$ref": "#/definitions/tls"', '"$ref": "#/definitions/ssl"', "does not define: add it"),
    ],
)
def test_a_broken_source_is_one_sentence(
    copy: Path, capsys: pytest.CaptureFixture[str], changed: str, old: str, new: str, says: str
) -> None:
    path = copy / changed
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert derive_readme.main([]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_missing_file_is_one_sentence(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "charts" / "workload" / "values.yaml").unlink()
    assert derive_readme.main([]) == 1
    assert "cannot be read (No such file or directory)" in capsys.readouterr().err


def named(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The dotted path of every key that a derived schema names, `<name>` for a name of the user's choice."""
    for key, inner in schema.get("properties", {}).items():
        below = f"{path}.{key}".lstrip(".")
        yield below
        yield from named(inner, below)
    for free in (*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")):
        if isinstance(free, dict):
            yield from named(free, f"{path}.<name>")


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_key_is_told_and_only_once(root: Path, library: str) -> None:
    """Itself, or by a table that says it is as another."""
    folder = root / "charts" / library
    table = re.findall(r"^\| `(\S+)` \| (.*?) \| ", (folder / "README.md").read_text(), re.MULTILINE)
    told = dict(table)
    assert len(told) == len(table)
    alike = {key: match[1] for key, takes in table if (match := re.fullmatch(r"as `(\S+)`", takes))}
    assert set(alike.values()) <= set(told)
    schema = json.loads((folder / "values.schema.json").read_text())
    headings = {name for name, node in schema["properties"].items() if "properties" in node}
    wanted = [key for key in named(schema) if key.partition(".")[0] != "global" and key not in headings]
    assert len(wanted) > 30
    missing = [key for key in wanted if key not in told and not any(f"{other}." in key for other in alike)]
    assert missing == []


def test_yaml_in_the_pages_is_what_a_service_may_write(root: Path) -> None:
    schema = json.loads((root / "values-schema.json").read_text())
    found = [(page, yaml.safe_load(text)) for page in PAGES for text in FENCED.findall((root / page).read_text())]
    values = [(page, each) for page, each in found if {"metrics", "workload", "env"} & set(each)]
    assert len(values) >= 3
    for page, each in values:
        problems = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(each)]
        assert problems == [], page
    with pytest.raises(jsonschema.ValidationError, match="'prot' was unexpected"):  # the control
        jsonschema.validate({"metrics": {"prot": 1}}, schema)


def test_templates_in_the_pages_are_there(root: Path) -> None:
    files = root.glob("charts/*/templates/*.tpl")
    defined = {name for path in files for name in re.findall(r'define "([^"]+)"', path.read_text())}
    for page in PAGES:
        named_here = set(re.findall(r"\b(?:metrics|workload)\.v1\.\w+", (root / page).read_text()))
        assert named_here <= defined, page
        assert named_here or "/README" not in page or "examples" in page


def test_links_in_the_pages_lead_somewhere(root: Path) -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (root / page).read_text())]
    assert len(links) > 5
    assert [(page, link) for page, link in links if not (root / page).parent.joinpath(link).exists()] == []


def test_the_page_names_every_variable_that_the_chart_sets(root: Path) -> None:
    template = (root / "charts" / "metrics" / "templates" / "_validate_env.tpl").read_text()
    _, _, owners = template.partition('{{- define "metrics.v1.envOwners" -}}')
    variables = set(re.findall(r"^([A-Z0-9_]+): ", owners, re.MULTILINE))
    assert len(variables) > 15
    page = (root / "docs" / "charts.md").read_text()
    assert {name for name in variables if f"`{name}`" not in page} == {"ENABLE_METRICS"}  # an old name of another one


def test_the_page_names_every_policy(root: Path) -> None:
    _, _, section = (root / "docs" / "charts.md").read_text().partition("## What every service is held to\n")
    told = re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    assert sorted(told) == sorted(policy.name for policy in POLICIES)
    assert len(told) > 10


def test_the_page_names_every_alert(root: Path) -> None:
    told = set(re.findall(r"`(Service[A-Z]\w+)`", (root / "docs" / "charts.md").read_text())) - {"ServiceMonitor"}
    assert told == {path.stem for path in (root / "docs" / "runbooks").glob("Service*.md")}
    assert len(told) > 5
