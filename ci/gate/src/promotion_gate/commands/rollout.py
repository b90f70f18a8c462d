"""`gate rollout`: verifies and promotes the services of a wave, and goes on where it stopped."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from promotion_gate.attestation.keys import signer_of
from promotion_gate.checkout import commit_of
from promotion_gate.commands.ending import give_up, one_sentence
from promotion_gate.commands.options import KEY, POLICY, ROOT, TRUSTED_KEYS, VERDICTS, WINDOW
from promotion_gate.fleet import rollout_state
from promotion_gate.fleet.checkout import commit_paths
from promotion_gate.fleet.document import FleetStatus
from promotion_gate.fleet.errors import FleetStateError
from promotion_gate.fleet.gate_world import GateWorld
from promotion_gate.fleet.rollout import reconciled, roll_out
from promotion_gate.fleet.rollout_state import RolloutState, Stage
from promotion_gate.fleet.rollout_table import print_changes, print_plan, print_rollout
from promotion_gate.fleet.survey import Records, load_records, survey
from promotion_gate.fleet.waves import hold_to_order, services_by_wave
from promotion_gate.targets.choice import EMBEDDED, KIND
from promotion_gate.verdicts import promotion_file

_REHEARSALS = {EMBEDDED, KIND}
"""Targets whose verdicts never promote."""


@click.command("rollout")
@ROOT
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    default=None,
    help="Which wave, from 1; the policy's `waves` has the roles of each.",
)
@click.option("--all", "every", is_flag=True, help="Wave after wave, until one is not complete; needs --commit.")
@click.option(
    "--target",
    default=None,
    metavar="context:NAME|kind|embedded",
    help="Where staging is verified, as in `gate verify`; with kind and embedded nothing is promoted, it is a rehearsal.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many services are verified at a time."
)
@click.option("--resume", is_flag=True, help="Go on with a rollout that was begun; refuse if there is none.")
@click.option("--restart", is_flag=True, help="Begin anew: verify and promote also what was promoted before.")
@click.option("--commit", is_flag=True, help="Commit what was promoted, after each wave.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--state",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/rollout"),
    show_default=True,
    help="Folder for the state of each wave, and for the reports of its services.",
)
@click.option("--ready-timeout", type=click.IntRange(1, 3600), default=None, help="As in `gate verify`.")
@WINDOW
@POLICY
@KEY
@VERDICTS
@TRUSTED_KEYS
def command(
    root: Path,
    wave: int | None,
    every: bool,
    target: str | None,
    jobs: int,
    resume: bool,
    restart: bool,
    commit: bool,
    dry_run: bool,
    folder: Path,
    ready_timeout: int | None,
    window: int | None,
    policy: Path | None,
    key: Path | None,
    verdicts: Path,
    trusted_keys: Path | None,
) -> None:
    """Verify the services of a wave in staging, then promote those that are proved.

    All of a wave are verified before the first is promoted, and one that fails holds up no other of its wave; but no wave begins
    before every service of the earlier ones is promoted. Killed or failed, it goes on where it stopped when it is run again.

    Ends with 0 if the wave is complete, 1 if a service was refused, 2 if one was inconclusive, 3 if it could not be carried through.
    """
    if (wave is None) is not every:
        give_up("Say which: --wave N for one wave, or --all for one after the other.")
    if resume and restart:
        give_up("--resume goes on and --restart begins anew: leave one of the two out.")
    if every and not (commit or dry_run):
        give_up("--all needs --commit: what a wave promoted has to be in a commit before the next one is verified.")
    if target is None and not dry_run:
        give_up("Say where staging is verified: --target context:NAME, with a context of your kubeconfig.")
    console = Console()
    with one_sentence("the state is kept; run the same again to go on."):
        records = load_records(root, policy, verdicts, trusted_keys)
        if not dry_run:
            _hold_to_key(key, records)
        paths = [("--policy", policy), ("--trusted-keys", trusted_keys), ("--verdicts", verdicts)]
        shared = [part for option, path in paths if path is not None for part in (option, str(path))]
        numbers = [("--ready-timeout", ready_timeout), ("--window", window)]
        verifying = [*shared, "--target", target or "", *(["--key", str(key)] if key else [])]
        verifying += [part for option, number in numbers if number is not None for part in (option, str(number))]
        order = _Order(
            root, records, folder, verifying, shared, jobs, resume, restart, commit, target in _REHEARSALS, console
        )
        waves = range(1, len(records.policy.waves) + 1) if every else [wave or 0]
        code = 0
        if dry_run:
            for number in waves:
                order.show(number, alone=not every)
        else:
            with _alone(folder):
                for number in waves:
                    code = order.carry(number)
                    if code:
                        break
    sys.exit(code)


@dataclass(frozen=True)
class _Order:
    """What the command line says."""

    root: Path
    records: Records
    folder: Path
    verifying: Sequence[str]
    promoting: Sequence[str]
    jobs: int
    resume: bool
    restart: bool
    commit: bool
    rehearsal: bool
    console: Console

    def carry(self, wave: int) -> int:
        """Rolls the wave out as far as it goes; the exit code."""
        status, services = self._survey(wave)
        path = self.folder / f"wave-{wave}.json"
        state = self._begin(wave, services, status, path)
        world = self._world(wave)
        keep = _Keeping(path, state, self.console)
        self._hold_to_commit(state, world, status)
        keep(state)
        state = roll_out(state, world, keep, lambda: datetime.now(UTC))
        print_rollout(state, self.console, world.reports)
        if self.commit:
            self._commit(state)
        return state.exit_code

    def show(self, wave: int, *, alone: bool) -> None:
        """Says what `carry` would do."""
        status, services = self._survey(wave, order=alone)
        state = self._begin(wave, services, status, self.folder / f"wave-{wave}.json")
        print_plan(reconciled(state, self._world(wave), lambda _: None, lambda: datetime.now(UTC)), self.console)

    def _survey(self, wave: int, *, order: bool = True) -> tuple[FleetStatus, Sequence[str]]:
        promotion = self.records.policy.promotion
        status = survey(self.root, self.records, datetime.now(UTC))
        waves = services_by_wave(status, promotion)
        if order:
            hold_to_order(wave, waves, status, promotion)
        return status, waves[wave - 1]

    def _begin(self, wave: int, services: Sequence[str], status: FleetStatus, path: Path) -> RolloutState:
        earlier = None if self.restart else rollout_state.load(path)
        if earlier is None:
            if self.resume:
                raise FleetStateError(
                    f"There is no rollout of wave {wave} to go on with in {path}: leave out --resume."
                )
            return rollout_state.begun(wave, status.waves[wave - 1], services, datetime.now(UTC), anew=self.restart)
        if earlier.wave != wave:
            raise FleetStateError(f"{path} is about wave {earlier.wave}: move it away, or begin anew with --restart.")
        return rollout_state.taken_up(earlier, services)

    def _world(self, wave: int) -> GateWorld:
        return GateWorld(
            root=self.root,
            records=self.records,
            reports=self.folder / f"wave-{wave}",
            verify_options=self.verifying,
            promote_options=self.promoting,
            jobs=self.jobs,
            tell=lambda text: self.console.print(f"… {text}", markup=False, highlight=False),
        )

    def _hold_to_commit(self, state: RolloutState, world: GateWorld, status: FleetStatus) -> None:
        """That verdicts of now could promote; a rehearsal's never do."""
        if self.rehearsal:
            self.console.print("A rehearsal: verdicts of this target never promote.", markup=False)
            return
        planned = reconciled(state, world, lambda _: None, lambda: datetime.now(UTC))
        left = [name for name, at in planned.services.items() if at.stage in {Stage.PENDING, Stage.FAILED}]
        if left and (status.commit is None or commit_of(self.root)[1]):
            what = "is in no commit" if status.commit is None else "has changes that no commit holds"
            raise FleetStateError(
                f"The checkout {what}, so that no verdict of it could promote {', '.join(left[:5])}:"
                " commit (what a wave promoted: --commit), then run the same again."
            )

    def _commit(self, state: RolloutState) -> None:
        promoted = [name for name, progress in state.services.items() if progress.stage is Stage.PROMOTED]
        destination = self.records.policy.promotion.destination
        paths = [promotion_file(name, destination).parent for name in promoted]
        made = commit_paths(self.root, paths, f"Promote wave {state.wave} to {destination}: {', '.join(promoted)}")
        if made:
            self.console.print(f"Committed what was promoted: {made[:12]}", markup=False, highlight=False)


class _Keeping:
    """Keeps each state, and tells what changed."""

    def __init__(self, path: Path, state: RolloutState, console: Console) -> None:
        self._path = path
        self._state = state
        self._console = console

    def __call__(self, state: RolloutState) -> None:
        rollout_state.save(state, self._path)
        print_changes(self._state, state, self._console)
        self._state = state


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, so that no two rollouts work on one checkout. Raises FleetStateError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FleetStateError(f"Another rollout is at work in {folder}: wait for its end.") from None
        yield


def _hold_to_key(key: Path | None, records: Records) -> None:
    """That there is a key, and one whose verdicts will be believed. Raises FleetStateError or AttestationError."""
    signer = signer_of(key)
    if signer is None:
        raise FleetStateError(
            "A rollout needs a key, for only a signed verdict promotes: give --key FILE, or GATE_SIGNING_KEY."
        )
    if signer.public_key.keyid not in records.keys.ids:
        raise FleetStateError(
            f"{records.keys.where} does not trust the key that would sign, so nothing could be promoted: add its public key there."
        )
