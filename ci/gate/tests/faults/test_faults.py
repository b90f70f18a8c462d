"""No fault between evidence and promotion lets a release through, and without one it goes through."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.signer import Signer

from ci.gate.tests.faults.cluster_faults import CLUSTER, traffic
from ci.gate.tests.faults.evidence_faults import EVIDENCE
from ci.gate.tests.faults.proof_faults import CHART, CLOCK, KEY, VERDICT_FILE
from ci.gate.tests.faults.world import Fault, World, checkout, commit
from ci.gate.tests.test_verification import ScriptedTarget
from promotion_gate import checks
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import CpuUse, Evidence, MemoryUse, Missing

FAULTS = [*CLUSTER, *EVIDENCE, *VERDICT_FILE, *CHART, *CLOCK, *KEY]


@pytest.fixture(scope="module")
def original(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signer]:
    folder = tmp_path_factory.mktemp("original") / "checkout"
    return folder, checkout(root, folder)


@pytest.fixture
def world(original: tuple[Path, Signer], pull: Subject, tmp_path: Path) -> World:
    """A clean release of aaa-api in a checkout of its own."""
    folder, signer = original
    shutil.copytree(folder, tmp_path / "checkout", symlinks=True)
    return World(tmp_path / "checkout", pull, signer, ScriptedTarget(pull.evidence))


def test_a_clean_release_is_promoted_and_another_after_it(world: World) -> None:
    """The control: all that the faults spoil is good, also beside a release that was promoted before."""
    assert world.promoted(), world.told
    commit(world.root)
    verdict = world.verdict()
    assert verdict.baseline is not None
    assert {"latency-regression", "memory-regression", "cpu-regression"} <= set(verdict.required_checks)
    assert world.promoted(), world.told


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.area}: {fault.what}")
def test_a_fault_is_refused(fault: Fault, world: World) -> None:
    fault.inject(world)
    assert not world.promoted()
    assert fault.says in world.told[0], world.told


def slower(world: World) -> None:
    took = world.subject.evidence.traffic
    assert not isinstance(took, Missing)
    traffic(latencies=tuple((at, 2 * seconds) for at, seconds in took.latencies))(world)


def larger(world: World) -> None:
    uses = world.subject.evidence.memory
    assert not isinstance(uses, Missing)
    grown = tuple(MemoryUse(u.pod, tuple((at, int(size * 1.5)) for at, size in u.samples)) for u in uses)
    world.evidence(memory=grown)


def busier(world: World) -> None:
    uses = world.subject.evidence.cpu
    assert not isinstance(uses, Missing)
    world.evidence(cpu=tuple(CpuUse(u.pod, tuple((at, 2 * used) for at, used in u.samples)) for u in uses))


REGRESSIONS = [
    Fault("regression", "twice as slow as before", slower, "latency-regression"),
    Fault("regression", "half as much memory again", larger, "memory-regression"),
    Fault("regression", "twice the CPU time", busier, "cpu-regression"),
]


@pytest.mark.parametrize("fault", REGRESSIONS, ids=lambda fault: fault.what)
def test_a_release_that_is_worse_than_the_last_is_refused(fault: Fault, world: World) -> None:
    assert world.promoted(), world.told
    commit(world.root)
    fault.inject(world)
    assert not world.promoted()
    assert fault.says in world.told[0], world.told


def test_figures_of_another_place_prove_nothing(world: World) -> None:
    assert world.promoted(), world.told
    commit(world.root)
    world.target = replace(world.target, identity="another cluster")
    assert not world.promoted()
    assert "regression" in world.told[0]


def test_no_fault_passes_for_want_of_the_promotion(world: World) -> None:
    """Each refused world is promoted once its fault is gone: here one for all, the released evidence put back."""
    good: Evidence = world.subject.evidence
    for fault in CLUSTER[:3]:
        fault.inject(world)
        assert not world.promoted()
        world.evidence(**{part: getattr(good, part) for part in ("pods", "memory", "traffic")})
    assert world.promoted(), world.told


def test_there_are_faults_in_every_place_where_something_can_be_wrong() -> None:
    """The live ones (service, chart) are in tests/gate/test_faults_live.py."""
    areas = Counter(fault.area for fault in [*FAULTS, *REGRESSIONS])
    assert len(FAULTS) >= 40
    assert set(areas) == {"cluster", "evidence", "verdict file", "chart", "clock", "key", "regression"}
    assert min(areas.values()) >= 3
    names = [(fault.area, fault.what) for fault in FAULTS]
    assert len(set(names)) == len(names)


def test_every_check_that_the_policy_asks_of_an_api_is_failed_by_a_fault(world: World) -> None:
    """`environment`, `metrics-contract` and others of live processes by tests/gate/test_misbehaviour.py too."""
    said = {fault.says for fault in [*FAULTS, *REGRESSIONS]}
    elsewhere = {"library-logs", "forbidden-labels", "series-budget", "worker-series", "backend-parity"}
    assert {check.id for check in checks.ALL} <= said | elsewhere
