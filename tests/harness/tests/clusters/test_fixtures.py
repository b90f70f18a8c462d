"""The plugin's cluster option; what its fixtures do is tested with a cluster, in tests/cluster."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("wanted", ["minikube", "kind:x"])
def test_a_cluster_that_is_none_is_refused_before_any_test(pytester: pytest.Pytester, wanted: str) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    run = pytester.runpytest_inprocess("--cluster", wanted)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines([f"ERROR: There is no cluster '{wanted}': write kind, or context:NAME *"])
    assert "Traceback" not in run.stderr.str() + run.stdout.str()


def test_a_run_without_a_cluster_boots_none(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(pytester.path / "cache"))
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    assert not (pytester.path / "cache" / "clusters").exists()
