"""The fast way to render the fleet gives to the byte what `helm template` gives, and refuses what `render` refuses."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chart_harness import fleet_check
from chart_harness.assembly import assemble
from chart_harness.fleet import service_release, values_files
from chart_harness.fleet_check import Problem
from chart_harness.fleet_render import pairs, render_fleet
from chart_harness.helm import Helm
from chart_harness.render import PROMETHEUS_OPERATOR_CRDS, RenderError


def helm_template(root: Path, service: str, environment: str) -> str:
    """What a user's own helm prints."""
    chart, values = values_files(root, service, environment)
    apis = [word for api in PROMETHEUS_OPERATOR_CRDS for word in ("--api-versions", api)]
    files = [word for path in values for word in ("--values", str(path))]
    command = ["template", service, str(assemble(chart)), "--namespace", environment, "--kube-version", "1.34.0"]
    return Helm().run([*command, *apis, *files])


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """Three services in a folder that a test may change."""
    for name in ("metrics", "workload", "services/aaa-api", "services/aaa-gateway", "services/archive-tagger"):
        shutil.copytree(root / "charts" / name, tmp_path / "charts" / name)
    return tmp_path


def test_every_release_is_what_helm_template_prints(root: Path) -> None:
    fleet = render_fleet(root)
    assert not fleet.errors
    asked = pairs(root)
    with ThreadPoolExecutor(2) as threads:
        printed = dict(zip(asked, threads.map(lambda pair: helm_template(root, *pair), asked), strict=True))
    different = [pair for pair in asked if fleet.texts[pair] != printed[pair]]
    assert different == []
    assert len({*printed.values()}) == len(asked) >= 84


def test_hooks_notes_ignored_files_and_crds_too(copy: Path) -> None:
    chart = copy / "charts" / "services" / "archive-tagger"
    hook = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n  annotations: {{helm.sh/hook: {}}}\n"
    files = {
        "templates/hook.yaml": hook.format("before", "pre-install"),
        "templates/test.yaml": hook.format("tried", "test"),
        "templates/several.yaml": "---\n# first\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n---\n\n",
        "templates/NOTES.txt": "Nobody reads this.",
        "templates/hidden.yaml": "no: object",
        "data/hidden/words.txt": "not here",
        "data/words.txt": "ünïcode <no value> \u2028 & <b>",
        "templates/files.yaml": (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: files}\n"
            'data: {all: {{ range $name, $_ := .Files.Glob "data/**" }}{{ $name }} {{ end }},'
            ' words: {{ .Files.Get "data/words.txt" | quote }}, helm: {{ .Capabilities.HelmVersion.Version }},'
            " revision: {{ .Release.Revision | quote }}, path: {{ .Template.Name }}}\n"
        ),
        ".helmignore": "gate.yaml\nhidden.yaml\nhidden/\n",
        "crds/kite.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: kite}\n",
    }
    for name, content in files.items():
        path = chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    text = render_fleet(copy, releases=[("archive-tagger", "staging")]).texts["archive-tagger", "staging"]
    assert text == helm_template(copy, "archive-tagger", "staging")
    assert [word in text for word in ("name: before", "name: tried", "ünïcode", "kind: Namespace")] == [True] * 4
    assert [word in text for word in ("Nobody", "no: object", "not here", "hidden", "CustomResource")] == [False] * 5


@pytest.mark.parametrize(
    ("file", "content"),
    [
        pytest.param("environments/staging/values.yaml", "metrics: {environment: ''}", id="a fail of a template"),
        pytest.param(
            "environments/staging/values.yaml", "metrics: {environment: staging, prot: 1}", id="an unknown key"
        ),
        pytest.param("environments/staging/values.yaml", "a: {b: 1\n c", id="no YAML"),
        pytest.param(
            "templates/more.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {contaners: []}\n",
            id="an object that the API server refuses",
        ),
        pytest.param("templates/more.yaml", "{{ if }}", id="a template that is none"),
        pytest.param("templates/more.yaml", "a: {b: 1\n c", id="no YAML of a template"),
        pytest.param(
            "Chart.yaml",
            "apiVersion: v2\nname: aaa-api\nversion: 0.1.0\ndependencies: [{name: gone, repository: 'file://../gone'}]\n",
            id="a dependency that is not there",
        ),
        pytest.param(
            "Chart.yaml",
            "apiVersion: v2\nname: aaa-api\nversion: 0.1.0\ndependencies: [{name: redis, repository: 'oci://x/y'}]\n",
            id="a dependency that was not fetched",
        ),
    ],
)
def test_refused_in_the_same_sentence(copy: Path, file: str, content: str) -> None:
    (copy / "charts" / "services" / "aaa-api" / file).write_text(content)
    with pytest.raises(RenderError) as slow:
        service_release(copy, "aaa-api", "staging")
    fast = render_fleet(copy, releases=[("aaa-api", "staging"), ("aaa-gateway", "staging")])
    assert fast.errors == {("aaa-api", "staging"): slow.value.sentence}
    assert list(fast.releases) == list(fast.texts) == [("aaa-gateway", "staging")]


def test_the_same_objects_as_rendered_one_by_one(root: Path) -> None:
    wanted = [("aaa-api", "production"), ("event-recorder", "staging"), ("archive-tagger", "staging")]
    fast = render_fleet(root, releases=wanted)
    assert list(fast.releases) == wanted
    for pair in wanted:
        assert fast.releases[pair] == service_release(root, *pair)


class TestCheck:
    def test_the_fleet_has_no_problem(self, root: Path) -> None:
        assert fleet_check.check(root) == (len(pairs(root)), [])

    def test_each_problem_names_service_environment_and_policy(
        self, copy: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        services = copy / "charts" / "services"
        (services / "aaa-api" / "environments" / "staging" / "values.yaml").write_text("metrics: {prot: 1}")
        production = services / "archive-tagger" / "environments" / "production" / "values.yaml"
        production.write_text("metrics: {environment: production}\nworkload: {image: {tag: 1.0.0-rc.1}}\n")
        assert fleet_check.main([str(copy)]) == 1
        printed = capsys.readouterr().out.splitlines()
        assert any(line.startswith("aaa-api/staging [render] metrics.prot ") for line in printed)
        assert any(line.startswith("archive-tagger/production [image_tags] ") for line in printed)
        assert not any(
            line.startswith(("aaa-gateway", "aaa-api/production", "archive-tagger/staging")) for line in printed
        )
        assert printed[-1].startswith("fleet: 6 releases ")

    def test_no_service_is_a_problem(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert fleet_check.main([str(tmp_path)]) == 1
        assert capsys.readouterr().out.startswith("There is no service under ")

    def test_what_many_have_in_common_is_told_once(self) -> None:
        found = [
            Problem(name, "staging", "render", f"({name}/x.tpl:1) is wrong.") for name in ("a-api", "b", "c", "d", "e")
        ]
        own = Problem("b", "production", "rollout", "Deployment b is slow.")
        assert fleet_check.lines([*found, own]) == [
            "5 releases (a-api/staging, b/staging, c/staging, d/staging, …) [render] (<service>/x.tpl:1) is wrong.",
            "b/production [rollout] Deployment b is slow.",
        ]
