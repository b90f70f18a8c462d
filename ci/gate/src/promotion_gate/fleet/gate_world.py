"""The rollout's world for real: the checkout and its signed verdicts, and `gate verify` and `gate promote` as processes of their own.

Processes, because one that hangs, breaks or fills the memory must not take the rollout with it, and several may run at once.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from promotion_gate.fleet.document import ReleaseStatus, Standing, VerdictStatus
from promotion_gate.fleet.rollout import Refusal, Verified
from promotion_gate.fleet.survey import Records, survey

GATE = (sys.executable, "-c", "from promotion_gate.cli import main; main()")
"""This very gate, whatever is on the PATH."""
_STOPPING = 60.0
"""Seconds for a verification that is told to stop to remove what it started."""
_CODES = frozenset({0, 1, 2})
"""Of a verification that came to a verdict."""


@dataclass
class GateWorld:
    """See `rollout.World`. `verify` is called from one thread at a time."""

    root: Path
    records: Records
    reports: Path
    """A folder for each service's reports and what its verification said."""
    verify_options: Sequence[str] = ()
    """Of `gate verify`: target, key and the like."""
    promote_options: Sequence[str] = ()
    jobs: int = 1
    tell: Callable[[str], None] = lambda _: None
    """Called with what begins."""
    gate: Sequence[str] = GATE
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _stopped: bool = False

    def promoted(self, service: str) -> str | None:
        row = self._row(service, self.records.policy.promotion.destination)
        promotion = _of_kind(row, "promotion")
        return promotion.sha256 if promotion is not None and promotion.standing.stands else None

    def refusal(self, service: str, verdict_sha256: str) -> str:
        row = self._row(service, self.records.policy.promotion.source)
        if row.verdict is not None and row.verdict.sha256 != verdict_sha256:
            return "there is another verdict in the store now"
        return "" if _may_promote(row) else row.reason

    def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="verify") as pool:
            futures: dict[Future[Verified], str] = {pool.submit(self._verify, service): service for service in services}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BaseException:
                self._stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def promote(self, service: str) -> Refusal | None:
        self.tell(f"promoting {service}")
        command = [*self.gate, "promote", service, "--root", str(self.root), *self.promote_options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return None
        code = done.returncode if done.returncode in {1, 2} else 3
        return Refusal(_why(done.stderr) or f"gate promote ended with {done.returncode}", code)

    def _verify(self, service: str) -> Verified:
        source = self.records.policy.promotion.source
        self.tell(f"verifying {service} in {source}")
        self.reports.mkdir(parents=True, exist_ok=True)
        command = [*self.gate, "verify", service, source, "--root", str(self.root)]
        command += ["--reports", str(self.reports / service), *self.verify_options]
        with (self.reports / f"{service}.log").open("w", encoding="utf-8") as log:
            code, errors = self._run(command, log.fileno())
            log.write(errors)
        row = self._row(service, source)
        sha256 = row.verdict.sha256 if row.verdict else None
        if code in _CODES and _may_promote(row):
            return Verified(sha256)
        if code in _CODES:
            return Verified(sha256, row.reason, code or 1)
        return Verified(None, _last_line(errors) or f"gate verify ended with {code}", 3)

    def _run(self, command: Sequence[str], output: int) -> tuple[int, str]:
        with self._lock:
            if self._stopped:
                return 130, "it was not begun"
            # Of its own session: the terminal's Ctrl-C reaches the rollout alone, which then tells each of them once.
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.PIPE, text=True, start_new_session=True, errors="replace"
            )
            self._running.add(process)
        try:
            _, errors = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, errors

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()

    def _row(self, service: str, environment: str) -> ReleaseStatus:
        status = survey(self.root, self.records, datetime.now(UTC), [service])
        return next(row for row in status.releases if row.environment == environment)


def _of_kind(row: ReleaseStatus, kind: str) -> VerdictStatus | None:
    return next((one for one in (row.verdict, *row.others) if one is not None and one.kind == kind), None)


def _may_promote(row: ReleaseStatus) -> bool:
    return row.verdict is not None and row.standing in {Standing.PROVED, Standing.OVERRIDDEN}


def _last_line(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1].removeprefix("gate: ") if lines else ""


def _why(errors: str) -> str:
    """The reasons that `gate promote` tells below the service, else its last sentence."""
    reasons = [line.strip() for line in errors.splitlines() if line.startswith("  ")]
    return " ".join(reasons) or _last_line(errors)
