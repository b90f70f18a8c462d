"""`helm lint --strict`, and the shape of the template files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chart_harness.assembly import assemble
from chart_harness.fleet import services
from chart_harness.helm import Helm, HelmError
from tests.charts.conftest import ROOT

DEFINED = re.compile(r'{{-? define "([^"]+)"')


def lint(root: Path, service: str, environment: str, *arguments: str) -> str:
    chart = root / "charts" / "services" / service
    values = [str(chart / "values.yaml"), "-f", str(chart / "environments" / environment / "values.yaml")]
    return Helm().run(["lint", "--strict", str(assemble(chart)), "-f", *values, *arguments])


def test_every_service(root: Path) -> None:
    folders = [str(assemble(root / "charts" / "services" / service)) for service in services(root)]
    said = Helm().run(["lint", "--strict", "--set", "metrics.environment=test", *folders])  # one process: 4 s, not 15
    assert f"{len(folders)} chart(s) linted, 0 chart(s) failed" in said


def test_each_role_with_its_files(root: Path, pilot: str, environment: str) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in lint(root, pilot, environment)


def test_lint_can_fail(root: Path) -> None:
    with pytest.raises(HelmError, match=r"metrics:\n- at '/port': got string, want integer"):
        lint(root, "aaa-api", "staging", "--set-string", "metrics.port=x")


@pytest.mark.parametrize("library", ["metrics", "workload"])
def test_libraries(root: Path, library: str) -> None:
    assert "0 chart(s) failed" in Helm().run(["lint", "--strict", str(root / "charts" / library)])


@pytest.mark.parametrize("library", ["metrics", "workload"])
def test_templates_are_short_and_carry_the_major_version(root: Path, library: str) -> None:
    files = sorted((root / "charts" / library / "templates").iterdir())
    names = [name for path in files for name in DEFINED.findall(path.read_text())]
    assert len(names) > 5
    assert len(names) == len(set(names))
    assert [name for name in names if not name.startswith(f"{library}.v1.")] == []
    assert [
        path.name for path in files if len(path.read_text().splitlines()) > 100 or not path.name.startswith("_")
    ] == []
    assert [path.name for path in files if path.read_text().count("\nkind: ") > 1] == []


def test_library_templates_use_what_maps_keep_in_order(root: Path) -> None:
    text = "".join(path.read_text() for path in (root / "charts").glob("*/templates/*.tpl"))
    assert not re.search(r"\bmerge \$|\| merge\b|\(merge ", text)
    assert not re.search(r"\brange .*\bkeys\b(?!.*sortAlpha)", text)


@pytest.mark.parametrize("service", services(ROOT))
def test_a_services_templates_are_one_line(root: Path, service: str) -> None:
    files = sorted((root / "charts" / "services" / service / "templates").iterdir())
    assert {path.name: path.read_text() for path in files} == {
        "metrics.yaml": '{{ include "metrics.v1.all" . }}\n',
        "workload.yaml": '{{ include "workload.v1.all" . }}\n',
    }
