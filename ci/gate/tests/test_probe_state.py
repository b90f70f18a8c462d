"""Probes count as a kubelet counts them: so many of one result in a row change the state, and one of the other starts anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.targets.embedded.probes import ProbeState
from promotion_gate.workload import Probe


def states(results: str, *, healthy: bool, success: int = 1, failure: int = 3) -> tuple[str, str]:
    """Records results (`+` and `-`) and returns the state after each: healthy or not, and failed for good or not."""
    state = ProbeState(Probe(success_threshold=success, failure_threshold=failure), due=0, healthy=healthy)
    seen = []
    for result in results:
        state.record("" if result == "+" else "it said no", 1)
        seen.append(("+" if state.healthy else "-", "!" if state.failed else "."))
    return "".join(one for one, _ in seen), "".join(other for _, other in seen)


@pytest.mark.parametrize(
    ("results", "success", "failure", "healthy", "failed"),
    [
        ("+", 1, 3, "+", "."),
        ("-+", 1, 3, "-+", ".."),
        ("++", 2, 3, "-+", ".."),
        ("+-++", 2, 3, "---+", "...."),
        ("+--", 1, 3, "+++", "..."),
        ("+---", 1, 3, "+++-", "...!"),
        ("+--+--", 1, 3, "++++++", "......"),
        ("+---+", 1, 3, "+++-+", "...!."),
        ("+---+-", 2, 3, "------", "...!!!"),
        ("---", 1, 3, "---", "..!"),
        ("-", 1, 1, "-", "!"),
        ("-+-+-", 1, 2, "-+++" + "+", "....."),
    ],
)
def test_a_probe_that_starts_unhealthy(results: str, success: int, failure: int, healthy: str, failed: str) -> None:
    assert states(results, healthy=False, success=success, failure=failure) == (healthy, failed)


@pytest.mark.parametrize(
    ("results", "failure", "healthy", "failed"),
    [("--", 3, "++", ".."), ("---", 3, "++-", "..!"), ("-+--", 3, "++++", "...."), ("--+---", 3, "+++++-", ".....!")],
)
def test_a_liveness_probe_starts_healthy(results: str, failure: int, healthy: str, failed: str) -> None:
    assert states(results, healthy=True, failure=failure) == (healthy, failed)


@given(results=st.text("+-", max_size=12), success=st.integers(1, 4), failure=st.integers(1, 4), start=st.booleans())
def test_the_state_is_that_of_the_last_run_that_was_long_enough(
    results: str, success: int, failure: int, start: bool
) -> None:
    def after(seen: str) -> bool:
        for end in range(len(seen), 0, -1):
            if seen[:end].endswith("+" * success):
                return True
            if seen[:end].endswith("-" * failure):
                return False
        return start

    healthy, failed = states(results, healthy=start, success=success, failure=failure)
    for length in range(1, len(results) + 1):
        assert healthy[length - 1] == ("+" if after(results[:length]) else "-")
    assert ("!" in failed) == ("-" * failure in results)


def test_it_is_due_a_period_after_it_ran_and_keeps_the_reason() -> None:
    state = ProbeState(Probe(period=7), due=0, healthy=False)
    state.record("it said no", 100.5)
    assert (state.due, state.last_failure) == (107.5, "it said no")
    state.record("", 200)
    assert (state.due, state.last_failure) == (207, "")
