"""Without the harness: what a user's own helm makes of a service is the same."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.helm import Helm
from chart_harness.manifest import parse


@pytest.fixture
def chart(root: Path, tmp_path: Path) -> Path:
    """A service in a copy of charts/, with its dependencies fetched as a user does it."""
    shutil.copytree(root / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("*.tgz", "Chart.lock"))
    folder = tmp_path / "charts" / "services" / "event-recorder"
    (folder / "gate.yaml").write_text("the gate's input: none of the cluster's business\n")
    Helm().run(["dependency", "update", str(folder)])
    return folder


def test_dependency_update_and_template(chart: Path, release: ReleaseFactory) -> None:
    libraries = {
        name: yaml.safe_load((chart / "../.." / name / "Chart.yaml").read_text()) for name in ("metrics", "workload")
    }
    assert {path.name for path in (chart / "charts").iterdir()} == {
        f"{name}-{metadata['version']}.tgz" for name, metadata in libraries.items()
    }
    for environment in ("staging", "production"):
        files = ["-f", str(chart / "values.yaml"), "-f", str(chart / "environments" / environment / "values.yaml")]
        crd = ["--api-versions", "monitoring.coreos.com/v1"]
        text = Helm().run(["template", "event-recorder", str(chart), "--namespace", environment, *files, *crd])
        assert parse(text) == release("event-recorder", environment).objects


def test_the_package_holds_what_is_rendered_and_nothing_else(chart: Path, tmp_path: Path) -> None:
    Helm().run(["package", str(chart), "--destination", str(tmp_path)])
    with tarfile.open(tmp_path / "event-recorder-0.1.0.tgz") as package:
        names = set(package.getnames())
    assert "event-recorder/values.schema.json" in names
    assert "event-recorder/charts/metrics/templates/_env.tpl" in names
    assert "event-recorder/gate.yaml" not in names
    assert not [name for name in names if "/examples/" in name]
