"""What the rollout makes of the real commands' exit codes and sentences, of the files that they leave, and of a state's file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from promotion_gate.fleet.errors import FleetStateError
from promotion_gate.fleet.gate_world import GateWorld
from promotion_gate.fleet.rollout import Refusal, Verified
from promotion_gate.fleet.rollout_state import RolloutState, ServiceProgress, Stage, begun, load, save
from promotion_gate.fleet.survey import load_records
from promotion_gate.verdict import Outcome

from .conftest import NOW, Checkout


def world(checkout: Checkout, script: str, jobs: int = 1) -> GateWorld:
    """A world whose `gate` is a script; it finds its arguments in `sys.argv`."""
    records = load_records(checkout.root, None, checkout.store, None)
    gate = (sys.executable, "-c", script)
    return GateWorld(
        checkout.root, records, checkout.root / "build" / "rollout", ["--target", "t"], ["--x"], jobs, gate=gate
    )


def fresh(checkout: Checkout, **outcomes: Outcome) -> None:
    checkout.keep(checkout.verdict(at=datetime.now(UTC), outcomes=outcomes))


END = "import sys; print('gate: it rained.', file=sys.stderr); sys.exit({code})"


@pytest.mark.parametrize(
    ("code", "outcomes", "expected"),
    [
        (0, {}, None),
        (1, {"memory": Outcome.FAIL}, ("memory is FAIL", 1)),
        (2, {"memory": Outcome.INCONCLUSIVE}, ("memory is INCONCLUSIVE", 2)),
        (0, {"memory": Outcome.FAIL}, ("memory is FAIL", 1)),  # the signed verdict is believed, not the exit code
        (3, {}, ("it rained.", 3)),  # an older verdict may still be there
        (130, {}, ("it rained.", 3)),
    ],
)
def test_a_verification_is_what_its_signed_verdict_says(
    code: int, outcomes: dict[str, Outcome], expected: tuple[str, int] | None, checkout: Checkout
) -> None:
    fresh(checkout, **outcomes)
    there = world(checkout, END.format(code=code))
    ((service, result),) = there.verify(["aaa-api"])
    assert service == "aaa-api"
    if expected is None:
        assert result.refusal == ""
        assert there.refusal("aaa-api", str(result.verdict_sha256)) == ""
        assert there.refusal("aaa-api", "0" * 64) == "there is another verdict in the store now"
    else:
        assert (result.refusal, result.exit_code) == expected
    assert "it rained" in (there.reports / "aaa-api.log").read_text()


def test_a_verification_that_leaves_no_verdict_proves_nothing(checkout: Checkout) -> None:
    assert list(world(checkout, "").verify(["aaa-api"])) == [("aaa-api", Verified(None, "no verdict", 1))]
    assert world(checkout, "").refusal("aaa-api", "0" * 64) == "no verdict"


def test_the_commands_are_asked_as_a_person_would(checkout: Checkout) -> None:
    there = world(checkout, "import sys; print(sys.argv[1:])")
    list(there.verify(["aaa-api"]))
    said = (there.reports / "aaa-api.log").read_text()
    reports = there.reports / "aaa-api"
    assert said.strip() == str(
        ["verify", "aaa-api", "staging", "--root", str(checkout.root), "--reports", str(reports), "--target", "t"]
    )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", None),
        (END.format(code=1), Refusal("it rained.", 1)),
        (END.format(code=130), Refusal("it rained.", 3)),
        ("import sys; sys.exit(5)", Refusal("gate promote ended with 5", 3)),
        (
            "import sys; sys.exit('aaa-api: refused\\n  It is old.\\n  It is red.\\ngate: nothing was changed.')",
            Refusal("It is old. It is red.", 1),
        ),
    ],
)
def test_a_promotion_ends_as_its_command_does(script: str, expected: Refusal | None, checkout: Checkout) -> None:
    assert world(checkout, script).promote("aaa-api") == expected


def test_several_are_verified_at_a_time(checkout: Checkout) -> None:
    """Each waits for the other's file: one after the other would wait for ever."""
    folder = checkout.root / "build" / "meet"
    folder.mkdir(parents=True)
    script = f"""
import sys, time, pathlib
folder = pathlib.Path({str(folder)!r})
(folder / sys.argv[2]).touch()
deadline = time.monotonic() + 60
while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
    time.sleep(0.02)
sys.exit(0 if len(list(folder.iterdir())) == 2 else 3)
"""
    results = dict(world(checkout, script, jobs=2).verify(["aaa-api", "asset-monitor"]))
    assert {result.refusal for result in results.values()} == {"no verdict"}


def test_what_runs_is_stopped_when_the_rollout_ends_early(checkout: Checkout) -> None:
    there = world(checkout, "import sys, time\nif sys.argv[2] == 'aaa-api': sys.exit(1)\ntime.sleep(600)", jobs=2)
    results = there.verify(["aaa-api", "asset-monitor", "archive-tagger"])
    assert next(results)[0] == "aaa-api"
    running = set(there._running)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    assert not there._running
    assert all(process.returncode is not None for process in running)


def test_a_promotion_is_that_of_the_file_in_the_checkout(checkout: Checkout) -> None:
    there = world(checkout, "")
    assert there.promoted("aaa-api") is None
    checkout.promote(checkout.verdict())
    assert there.promoted("aaa-api")
    values = checkout.root / "charts" / "services" / "aaa-api" / "values.yaml"
    values.write_text(values.read_text() + "\n# changed\n")
    assert there.promoted("aaa-api") is None


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "wave-1.json"
    assert load(path) is None
    state = begun(1, ["http-api"], ["a", "b"], NOW).with_progress(
        "a", ServiceProgress(stage=Stage.FAILED, at=NOW, reason="r", exit_code=2)
    )
    save(state, path)
    assert load(path) == state


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Invalid JSON"),
        ("{}", "Field required"),
        ('{"schema_version": "2"}', "malformed, schema_version"),
        (
            '{"wave": 1, "roles": [], "started_at": "2025-11-21T12:00:00Z", "services": {"a": {"stage": "promoted"}}}',
            "names its verdict",
        ),
        (
            '{"wave": 1, "roles": [], "started_at": "2025-11-21T12:00:00Z", "services": {"a": {"stage": "failed"}}}',
            "says why",
        ),
    ],
)
def test_a_state_that_is_none_is_told(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "wave-1.json"
    path.write_text(text)
    with pytest.raises(FleetStateError, match="begin anew with --restart") as caught:
        load(path)
    assert says in str(caught.value)


def test_the_weightiest_failure_is_the_exit_code() -> None:
    def state(*codes: int) -> RolloutState:
        services = {
            str(n): ServiceProgress(stage=Stage.FAILED, reason="r", exit_code=code) for n, code in enumerate(codes)
        }
        return begun(1, ["r"], (), NOW).model_copy(update={"services": services})

    assert [state(2, 3, 1).exit_code, state(2, 3).exit_code, state(2).exit_code, state().exit_code] == [1, 3, 2, 0]
