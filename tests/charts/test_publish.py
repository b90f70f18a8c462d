"""Publishing the libraries, to a real registry: once for each version, and so that a team gets what is here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from charts import publish

from chart_harness.helm import Helm, HelmError
from chart_harness.manifest import parse

PLAIN = ["--plain-http"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host and port of a registry of our own, from Debian's docker-registry."""
    folder = tmp_path_factory.mktemp("registry")
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n"
    )
    process = subprocess.Popen(["docker-registry", "serve", configuration], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = next(match[1] for line in process.stderr if (match := re.search(r"listening on ([\d.:]+)", line)))
    threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
    yield found
    process.terminate()
    process.wait(10)


@pytest.fixture
def registry(address: str, request: pytest.FixtureRequest) -> str:
    """A folder in the registry for one test."""
    return f"oci://{address}/{re.sub('[^a-z]+', '-', request.node.name).strip('-')}"


@pytest.fixture
def charts(root: Path, tmp_path: Path) -> Path:
    """A copy of the libraries that a test may change."""
    for library in publish.LIBRARIES:
        shutil.copytree(root / "charts" / library, tmp_path / "charts" / library)
    return tmp_path / "charts"


def version(charts: Path, library: str) -> str:
    return str(yaml.safe_load((charts / library / "Chart.yaml").read_text())["version"])


def tags(registry: str, library: str, folder: Path) -> str:
    """What the registry answers for the newest version of a library."""
    return Helm().run(["pull", f"{registry}/{library}", "--destination", str(folder), *PLAIN])


@pytest.mark.live
def test_a_team_gets_what_is_here(registry: str, charts: Path, tmp_path: Path) -> None:
    said = publish.publish(registry, PLAIN, charts=charts)
    assert said == [f"{registry}/{name} {version(charts, name)}: pushed" for name in publish.LIBRARIES]
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    dependency = {"name": "metrics", "version": "^1.1.0", "repository": registry}
    metadata = {"apiVersion": "v2", "name": "shop", "version": "1.0.0", "dependencies": [dependency]}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    (chart / "templates" / "metrics.yaml").write_text('{{ include "metrics.v1.all" . }}\n')
    Helm().run(["dependency", "update", str(chart), *PLAIN])
    text = Helm().run(
        ["template", "shop", str(chart), "--set", "metrics.role=http-api", "--set", "metrics.environment=staging"]
    )
    assert "NetworkPolicy" in {item["kind"] for item in parse(text)}


@pytest.mark.live
def test_the_same_again_pushes_nothing(registry: str, charts: Path) -> None:
    publish.publish(registry, PLAIN, charts=charts)
    (charts / "metrics" / "values.yaml").touch()
    (charts / "metrics" / "examples" / "note").write_text("no part of the package\n")
    assert [sentence.rpartition(": ")[2] for sentence in publish.publish(registry + "/", PLAIN, charts=charts)] == [
        "there already",
        "there already",
    ]


@pytest.mark.live
def test_another_content_under_a_published_version_is_refused(registry: str, charts: Path, tmp_path: Path) -> None:
    """And nothing is pushed: not even the other library, which is new."""
    publish.publish(registry, PLAIN, charts=charts)
    names = charts / "workload" / "templates" / "_deployment.tpl"
    names.write_text(names.read_text() + "\n")
    new = charts / "metrics" / "Chart.yaml"
    published = version(charts, "metrics")
    new.write_text(new.read_text().replace(published, "1.999.0"))
    (charts / "metrics" / "CHANGELOG.md").write_text("# Changelog\n\n## 1.999.0\n")
    with pytest.raises(publish.PublishError) as caught:
        publish.publish(registry, PLAIN, charts=charts)
    assert str(caught.value) == (
        f"{registry}/workload has version {version(charts, 'workload')} already, with another templates/_deployment.tpl: "
        "raise the version in charts/workload/Chart.yaml."
    )
    assert f"metrics:{published}" in tags(registry, "metrics", tmp_path)
    names.write_text(names.read_text().removesuffix("\n"))  # the control: without that change the other one is pushed
    assert publish.publish(registry, PLAIN, charts=charts)[0].endswith("metrics 1.999.0: pushed")
    assert "metrics:1.999.0" in tags(registry, "metrics", tmp_path)


@pytest.mark.live
def test_a_registry_that_cannot_be_asked_is_not_an_empty_one(registry: str, charts: Path) -> None:
    """It speaks no TLS, and is asked to."""
    with pytest.raises(publish.PublishError, match=r"cannot be asked for metrics .*HTTPS client"):
        publish.publish(registry, charts=charts)
    with pytest.raises(HelmError, match="not known to registry"):
        tags(registry, "metrics", charts)


@pytest.mark.live
def test_the_command(registry: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main([registry, *PLAIN]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{registry}/{name} {version(root / 'charts', name)}: pushed" for name in publish.LIBRARIES
    ]


def test_the_same_content_is_the_same_package(charts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = [publish.package(charts / "metrics", tmp_path / name, Helm()) for name in ("one", "two")]
    (charts / "metrics" / "values.yaml").touch()
    made.append(publish.package(charts / "metrics", tmp_path / "three", Helm()))
    assert len({each.archive.read_bytes() for each in made}) == 1
    (charts / "metrics" / "values.yaml").write_text("enabled: false\n")
    assert publish.package(charts / "metrics", tmp_path / "four", Helm()).content() != made[0].content()
    assert publish.main(["--package", str(tmp_path / "here")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list((tmp_path / "here").glob("*.tgz"))) == 2


def test_a_package_holds_what_its_readers_need(charts: Path, tmp_path: Path) -> None:
    for library in publish.LIBRARIES:
        names = publish.package(charts / library, tmp_path, Helm()).content().keys()
        assert {"Chart.yaml", "README.md", "CHANGELOG.md", "values.yaml", "values.schema.json"} <= names
        assert "templates/_all.tpl" in names
        assert not [name for name in names if name.startswith("examples")]


@pytest.mark.parametrize("arguments", [["https://registry.example"], ["registry.example/charts"]])
def test_what_is_no_registry_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main(arguments) == 1
    assert capsys.readouterr().err == (
        f"The registry is {arguments[0]!r}: write it as in oci://registry.example/charts.\n"
    )


def test_nowhere_to_push_to_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        publish.main([])
    assert "say where to" in capsys.readouterr().err


def test_a_version_without_a_word_on_what_it_does_is_refused(charts: Path, tmp_path: Path) -> None:
    path = charts / "metrics" / "CHANGELOG.md"
    path.write_text(path.read_text().replace(f"## {version(charts, 'metrics')}", "## Next"))
    with pytest.raises(publish.PublishError, match=r"has no heading for .*: say what an upgrade to it does\."):
        publish.package(charts / "metrics", tmp_path, Helm())


def test_content_is_what_is_packed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A")
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as packed:
        packed.add(tmp_path / "a", "x/folder/a")
    assert publish.content(tmp_path / "x.tgz") == {"folder/a": b"A"}
