"""The fleet renders for Kubernetes 1.29 and each later version whose schemas are at hand, and each would take what is rendered for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart_harness.fleet_render import render_fleet
from chart_harness.frozen import thaw
from chart_harness.render import RenderError, render
from chart_harness.schemas.builtin import minors
from tests.charts.conftest import PILOTS
from tests.harness.tests.conftest import write

OLDEST = (1, 29)
SUPPORTED = [minor for minor in minors() if tuple(map(int, minor.split("."))) >= OLDEST]
RELEASES = [(pilot, environment) for pilot in PILOTS for environment in ("production", "staging")]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c}], resources: {limits: {cpu: 1}}}\n"


def test_the_versions() -> None:
    assert SUPPORTED[0] == "1.29"
    assert [int(minor.removeprefix("1.")) for minor in SUPPORTED] == list(range(29, 29 + len(SUPPORTED)))
    assert len(SUPPORTED) >= 9


@pytest.mark.parametrize("minor", SUPPORTED)
def test_each_role_is_valid(root: Path, minor: str) -> None:
    fleet = render_fleet(root, releases=RELEASES, kube_version=f"{minor}.0")
    assert fleet.errors == {}
    assert list(fleet.releases) == RELEASES


def test_only_the_wait_before_the_end_depends_on_the_version(root: Path) -> None:
    """A pod that others call waits before it ends, where the kubelet can: from 1.30."""

    def objects(minor: str) -> list[object]:
        fleet = render_fleet(root, releases=RELEASES, kube_version=f"{minor}.0")
        return [thaw(release.objects) for release in fleet.releases.values()]

    newest = objects(SUPPORTED[-1])
    assert [minor for minor in SUPPORTED if objects(minor) != newest] == ["1.29"]
    assert ["preStop" in str(found) for found in (objects("1.29"), newest)] == [False, True]


def test_a_field_that_came_later_is_refused_before(tmp_path: Path) -> None:
    """The control: resources of a whole pod came in 1.32."""
    chart = write(
        tmp_path / "pod", {"Chart.yaml": "apiVersion: v2\nname: pod\nversion: 0.1.0\n", "templates/pod.yaml": POD}
    )
    assert render(chart, name="pod", kube_version=f"{SUPPORTED[-1]}.0").objects
    with pytest.raises(RenderError, match=r"spec\.resources is not a known field"):
        render(chart, name="pod", kube_version="1.29.0")
