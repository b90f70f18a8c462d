"""The rollout's engine: what it does, in a table, and what never happens, whenever it is killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from promotion_gate.fleet.rollout import Refusal, Verified, roll_out, unfinished
from promotion_gate.fleet.rollout_state import RolloutState, ServiceProgress, Stage, begun, taken_up

NOW = datetime(2025, 11, 21, 10, 42, 7, tzinfo=UTC)
SERVICES = ("aaa", "bbb", "ccc")
PENDING, VERIFIED, PROMOTED, FAILED = Stage


class Killed(BaseException):
    """The process is gone."""


class Fleet:
    """A fleet in memory, that notes what was done to it and can be killed before and after each effect."""

    def __init__(self) -> None:
        self.good = dict.fromkeys(SERVICES, True)
        self.refuses_promotion: set[str] = set()
        self.stored: dict[str, tuple[str, bool]] = {}  # digest, and whether it may promote
        self.age_meanwhile: set[str] = set()  # services whose verdict stops to hold while others are verified
        self.stale: set[str] = set()  # digests that do not hold any more
        self.production: dict[str, str] = {}
        self.log: list[tuple[str, str]] = []
        self.lives = -1  # effects until it is killed
        self._digests = (f"{number:064x}" for number in count(1))

    def effect(self) -> None:
        self.lives -= 1
        if self.lives == 0:
            raise Killed

    def promoted(self, service: str) -> str | None:
        digest = self.production.get(service)
        return None if digest in self.stale else digest

    def refusal(self, service: str, verdict_sha256: str) -> str:
        digest, good = self.stored.get(service, ("", False))
        if digest != verdict_sha256:
            return "there is another verdict now"
        return "too old" if digest in self.stale else "" if good else "memory FAIL"

    def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
        for service in services:
            self.effect()
            self.log.append(("verify", service))
            digest = next(self._digests)
            self.stored[service] = digest, self.good[service]
            self.stale.update(self.stored[name][0] for name in self.age_meanwhile if name in self.stored)
            self.effect()
            yield service, Verified(digest) if self.good[service] else Verified(digest, "memory FAIL", 1)

    def promote(self, service: str) -> Refusal | None:
        self.effect()
        digest, good = self.stored[service]
        assert good, "promoted without a PASS"
        assert digest not in self.stale, "promoted with a verdict that does not hold any more"
        assert self.production.get(service) != digest, "promoted twice"
        if service in self.refuses_promotion:
            return Refusal("production is frozen", 1)
        self.log.append(("promote", service))
        self.production[service] = digest
        self.effect()
        return None


class Disk:
    """The state's file; like `save`, it is replaced whole or not at all."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.state: RolloutState | None = None

    def keep(self, state: RolloutState) -> None:
        self.fleet.effect()
        self.state = RolloutState.model_validate_json(state.model_dump_json())


def run(fleet: Fleet, state: RolloutState | None = None, *, anew: bool = False) -> RolloutState:
    disk = Disk(fleet)
    return roll_out(state or begun(1, ["r"], SERVICES, NOW, anew=anew), fleet, disk.keep, lambda: NOW)


def stages(state: RolloutState) -> list[Stage]:
    return [progress.stage for progress in state.services.values()]


def test_all_are_verified_before_the_first_is_promoted() -> None:
    fleet = Fleet()
    state = run(fleet)
    assert fleet.log == [("verify", name) for name in SERVICES] + [("promote", name) for name in SERVICES]
    assert (state.complete, state.exit_code) == (True, 0)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_one_that_fails_holds_up_none_of_its_wave(code: int) -> None:
    fleet = Fleet()
    fleet.good["bbb"] = False

    class OtherCode(Fleet):
        def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
            for service, result in Fleet.verify(self, services):
                yield service, Verified(result.verdict_sha256, result.refusal, code) if result.refusal else result

    fleet = OtherCode()
    fleet.good["bbb"] = False
    state = run(fleet)
    assert stages(state) == [PROMOTED, FAILED, PROMOTED]
    assert state.services["bbb"].reason == "memory FAIL"
    assert (state.complete, state.exit_code) == (False, code)
    assert ("promote", "bbb") not in fleet.log


def test_a_verification_that_writes_no_verdict_is_never_a_pass() -> None:
    class Mute(Fleet):
        def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
            return ((service, Verified(None)) for service in services)

    state = run(Mute())
    assert stages(state) == [FAILED] * 3
    assert state.exit_code == 1


def test_a_verification_that_says_nothing_of_a_service_leaves_it_pending() -> None:
    class Forgetful(Fleet):
        def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
            yield from Fleet.verify(self, [name for name in services if name != "bbb"])

    state = run(Forgetful())
    assert stages(state) == [PROMOTED, PENDING, PROMOTED]
    assert (state.complete, state.exit_code) == (False, 3)


def test_a_refused_promotion_is_told_and_the_others_go_on() -> None:
    fleet = Fleet()
    fleet.refuses_promotion = {"aaa"}
    state = run(fleet)
    assert stages(state) == [FAILED, PROMOTED, PROMOTED]
    assert (state.services["aaa"].reason, state.exit_code) == ("production is frozen", 1)


def test_a_verdict_that_ends_while_the_others_are_verified_does_not_promote() -> None:
    fleet = Fleet()
    fleet.age_meanwhile = {"aaa"}
    state = run(fleet)
    assert stages(state) == [FAILED, PROMOTED, PROMOTED]
    assert state.services["aaa"].reason == "too old"


@pytest.mark.parametrize("anew", [False, True])
def test_what_was_promoted_before_is_left_alone_unless_it_is_begun_anew(anew: bool) -> None:
    fleet = Fleet()
    fleet.production["aaa"] = "f" * 64
    state = run(fleet, anew=anew)
    assert (("promote", "aaa") in fleet.log) is anew
    assert state.complete


def test_a_promotion_that_does_not_stand_any_more_is_done_again() -> None:
    fleet = Fleet()
    done = run(fleet)
    fleet.stale.add(fleet.production["bbb"])
    fleet.log.clear()
    assert run(fleet, done).complete
    assert fleet.log == [("verify", "bbb"), ("promote", "bbb")]


def test_a_finished_rollout_does_nothing_again() -> None:
    fleet = Fleet()
    done = run(fleet)
    fleet.log.clear()
    assert run(fleet, done) == done
    assert fleet.log == []


def test_a_verdict_that_was_replaced_by_hand_is_verified_again() -> None:
    fleet = Fleet()
    fleet.stored["aaa"] = "e" * 64, True
    state = begun(1, ["r"], SERVICES, NOW).with_progress(
        "aaa", ServiceProgress(stage=VERIFIED, verdict_sha256="d" * 64, at=NOW)
    )
    run(fleet, state)
    assert ("verify", "aaa") in fleet.log


def test_a_verified_service_is_not_verified_twice() -> None:
    fleet = Fleet()
    fleet.stored["aaa"] = "e" * 64, True
    state = begun(1, ["r"], SERVICES, NOW).with_progress(
        "aaa", ServiceProgress(stage=VERIFIED, verdict_sha256="e" * 64, at=NOW)
    )
    assert run(fleet, state).complete
    assert ("verify", "aaa") not in fleet.log
    assert fleet.production["aaa"] == "e" * 64


def test_services_join_and_leave_the_wave() -> None:
    fleet = Fleet()
    done = run(fleet)
    state = taken_up(done, ["bbb", "ddd"])
    assert list(state.services) == ["bbb", "ddd"]
    assert stages(state) == [PROMOTED, PENDING]


def test_earlier_waves_come_first() -> None:
    waves, promoted = [("a", "b"), ("c",), ("d",)], {"a": "1" * 64, "c": "2" * 64}
    assert unfinished(waves, 1, promoted.get) == {}
    assert unfinished(waves, 2, promoted.get) == {1: ("b",)}
    assert unfinished(waves, 3, promoted.get) == {1: ("b",)}
    assert unfinished(waves, 3, {"a": "1" * 64}.get) == {1: ("b",), 2: ("c",)}


class AnyInterleaving(RuleBasedStateMachine):
    """Rollouts that are killed anywhere and taken up again, while verdicts go stale and services go bad and good.

    `Fleet.promote` itself asserts that nothing is promoted without a PASS that holds, and nothing twice.
    """

    @initialize(anew=st.booleans(), before=st.sets(st.sampled_from(SERVICES)))
    def begin(self, anew: bool, before: set[str]) -> None:
        self.fleet = Fleet()
        self.anew = anew
        for service in before:
            self.fleet.production[service] = f"{'before' + service:0<64}".encode().hex()[:64]
        self.before = dict(self.fleet.production)
        self.disk = Disk(self.fleet)
        self.now = NOW

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def go_on(self, lives: int) -> None:
        state = self.disk.state or begun(1, ["r"], SERVICES, NOW, anew=self.anew)
        self.fleet.lives, self.fleet.log = lives, []
        try:
            self.result = roll_out(state, self.fleet, self.disk.keep, self.clock)
        except Killed:
            pass
        finally:
            self.fleet.lives = -1

    @rule(lives=st.integers(1, 22))
    def killed(self, lives: int) -> None:
        self.go_on(lives)

    @rule()
    def carried_through(self) -> None:
        stale = set(self.fleet.stale)
        self.go_on(-1)
        kept = self.disk.state or begun(1, ["r"], SERVICES, NOW)
        assert kept.services == self.result.services
        for service, progress in self.result.services.items():
            if progress.stage is PROMOTED:
                assert self.fleet.production[service] == progress.verdict_sha256
                assert progress.verdict_sha256 not in stale
                assert not (self.anew and progress.verdict_sha256 in self.before.values())
            else:
                assert progress.stage is FAILED
                was_told = service in self.fleet.refuses_promotion or progress.reason == "too old"
                assert was_told or not self.fleet.good[service]

    @rule(service=st.sampled_from(SERVICES), good=st.booleans())
    def turns(self, service: str, good: bool) -> None:
        self.fleet.good[service] = good

    @rule(service=st.sampled_from(SERVICES), refuses=st.booleans())
    def is_frozen(self, service: str, refuses: bool) -> None:
        (self.fleet.refuses_promotion.add if refuses else self.fleet.refuses_promotion.discard)(service)

    @rule(services=st.sets(st.sampled_from(SERVICES), max_size=1))
    def ages_meanwhile(self, services: set[str]) -> None:
        self.fleet.age_meanwhile = services

    @precondition(lambda self: self.fleet.stored)
    @rule(service=st.sampled_from(SERVICES))
    def files_change(self, service: str) -> None:
        if service in self.fleet.stored:
            self.fleet.stale.add(self.fleet.stored[service][0])

    @invariant()
    def nothing_is_promoted_before_all_are_verified(self) -> None:
        kinds = [kind for kind, _ in self.fleet.log]
        assert kinds == sorted(kinds, reverse=True)  # verify…, promote…

    @invariant()
    def no_run_touches_a_service_twice(self) -> None:
        assert len(self.fleet.log) == len(set(self.fleet.log))

    @invariant()
    def what_was_promoted_before_is_replaced_only_anew(self) -> None:
        if not self.anew:
            kept = {name: digest for name, digest in self.before.items() if digest not in self.fleet.stale}
            assert kept.items() <= self.fleet.production.items()


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=300, stateful_step_count=20, deadline=None)
