"""The plugin in a project of its own, beside pytest-helm-charts."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

FILES = {
    "charts/services/shop/Chart": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "charts/services/shop/values": "",
    "charts/services/shop/environments/staging/values": "color: red\n",
    "charts/services/shop/templates/map": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {color: {{ .Values.color }}}\n"
    ),
}
TEST = """
def test_color(release):
    assert release("shop", "staging").one("ConfigMap")["data"]["color"] == "red"
    assert release("shop", "staging", overrides={"color": "blue"}).one("ConfigMap")["data"]["color"] == "blue"

def test_wrong_color(release):
    assert release("shop", "staging").one("ConfigMap")["data"]["color"] == "green"
"""


def write_project(pytester: pytest.Pytester, under: str = "") -> None:
    for name, content in FILES.items():
        path = pytester.path / under / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    pytester.makepyfile(TEST)


def test_the_fixture_renders_and_its_tests_can_fail(pytester: pytest.Pytester) -> None:
    write_project(pytester)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_the_fleet_may_lie_elsewhere(pytester: pytest.Pytester, how: str) -> None:
    write_project(pytester, "platform")
    arguments = ["-k", "test_color"]
    if how == "option":
        arguments += ["--fleet-root", "platform"]
    else:
        pytester.makeini("[pytest]\nfleet_root = platform\n")
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1, deselected=1)


def test_it_lives_with_pytest_helm_charts(pytester: pytest.Pytester) -> None:
    write_project(pytester)
    fixtures = pytester.runpytest_inprocess(
        "--fixtures", "--cluster-type", "existing", "--fleet-root", "."
    ).stdout.str()
    names = [line.split()[0] for line in fixtures.splitlines() if line[:1].isalpha()]
    assert {"release", "fleet_root", "kube_cluster", "chart_version"} <= set(names)
    assert names.count("release") == names.count("fleet_root") == 1
