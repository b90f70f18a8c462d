"""`make service`: what it writes passes what every service must pass, at once; what it refuses leaves nothing behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from charts import new_service

from chart_harness.checks import POLICIES
from chart_harness.fleet import environments, service_release, services
from promotion_gate.plan import load_plan

from .conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the library charts and one service."""
    charts = tmp_path / "charts"
    for name in ("metrics", "workload", "services/aaa-api"):
        shutil.copytree(ROOT / "charts" / name, charts / name)
    shutil.copy(ROOT / "charts" / "derive_schemas.py", charts)
    shutil.copy(ROOT / "values-schema.json", tmp_path)
    return tmp_path


def everything(project: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(project)): p.read_bytes() for p in project.rglob("*") if p.is_file() and p.suffix != ".pyc"
    }


@pytest.mark.parametrize("role", ["http-api", "amqp-consumer", "task-runner"])
def test_a_new_service_passes_at_once(project: Path, role: str) -> None:
    folder = new_service.write(project, "invoices", role)
    assert folder == project / "charts" / "services" / "invoices"
    assert services(project) == ["aaa-api", "invoices"]
    assert environments(project, "invoices") == ["production", "staging"]
    for environment in environments(project, "invoices"):
        release = service_release(project, "invoices", environment)
        assert len(release.of_kind("Deployment")) == 1
        problems = {policy.name: policy.assess(release) for policy in POLICIES}
        assert {name: found for name, found in problems.items() if found} == {}


@pytest.mark.parametrize("role", ["http-api", "amqp-consumer", "task-runner"])
def test_its_schema_has_not_drifted_and_the_gate_reads_its_plan(project: Path, role: str) -> None:
    folder = new_service.write(project, "invoices", role)
    command = [sys.executable, str(project / "charts" / "derive_schemas.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "invoices" not in done.stdout
    # the control: a schema of its own would be found
    (folder / "values.schema.json").write_text("{}\n")
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "invoices/values.schema.json: out of date" in again.stdout
    assert (len(load_plan(folder / "gate.yaml").requests) > 0) == (role == "http-api")


def test_what_is_written_is_like_what_is_there() -> None:
    for service in ("aaa-api", "archive-tagger", "event-recorder"):
        role = {"aaa-api": "http-api", "archive-tagger": "task-runner"}.get(service, "amqp-consumer")
        written = new_service.files(service, role)
        real = ROOT / "charts" / "services" / service
        names = {
            str(path.relative_to(real)) for path in real.rglob("*") if path.is_file() and path.parts[-2] != "charts"
        }
        assert {*written, "values.schema.json"} == names
        assert {name for name in written if written[name] != (real / name).read_text()} <= {
            "Chart.yaml",  # its description
            "values.yaml",
            "environments/production/values.yaml",
            "environments/staging/values.yaml",
        }


@pytest.mark.parametrize(
    ("name", "role", "sentence"),
    [
        ("Invoices", "http-api", "NAME is 'Invoices': use at most 53 lower-case letters"),
        ("7up", "http-api", "a letter first"),
        ("a-", "http-api", "no hyphen last"),
        ("a" * 54, "http-api", "at most 53"),
        ("../x", "http-api", "NAME is '../x'"),
        ("", "http-api", "NAME is ''"),
        ("metrics", "http-api", "NAME is 'metrics', the name of a library chart: choose another."),
        ("invoices", "cron", "ROLE is 'cron': choose one of http-api, amqp-consumer, task-runner."),
        ("aaa-api", "http-api", "There is a service aaa-api already, in "),
    ],
)
def test_what_is_refused_leaves_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, role: str, sentence: str
) -> None:
    before = everything(project)
    assert new_service.main([name, role], project) == 1
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert everything(project) == before


def test_a_failure_on_the_way_leaves_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "charts" / "metrics" / "values.yaml").write_text("[")
    before = everything(project)
    assert new_service.main(["invoices", "http-api"], project) == 1
    assert "values.yaml is malformed" in capsys.readouterr().err
    assert everything(project) == before
    assert [path.name for path in (project / "charts").iterdir() if path.name.startswith(".")] == []


def test_it_says_what_comes_next(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_service.main(["invoices", "http-api"], project) == 0
    assert capsys.readouterr().out.startswith("charts/services/invoices is written.")


def test_the_make_target_asks_for_both() -> None:
    for given in ([], ["NAME=invoices"], ["ROLE=http-api"]):
        done = subprocess.run(
            ["make", "--no-print-directory", "-C", str(ROOT), "-o", ".venv/complete", "service", *given],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "Say which: make service NAME=" in done.stderr
