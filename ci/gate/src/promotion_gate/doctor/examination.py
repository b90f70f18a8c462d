"""A walk through the diagnoses: what each says of one view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from promotion_gate.doctor.view import View


@dataclass(frozen=True)
class Diagnosis:
    """Something is wrong."""

    seen: tuple[str, ...]
    """What was seen, a sentence or a quoted line each."""
    expected: str
    remedy: str
    """What to do, with the command where there is one."""


@dataclass(frozen=True)
class CannotTell:
    """What would show it was not to be had; the reason is a clause."""

    reason: str


Answer = Diagnosis | CannotTell | None
"""None: this is not what is wrong."""


@dataclass(frozen=True)
class Examination:
    """One thing that can be wrong. `diagnose` is pure: same view, same answer; it may raise, which `examine` turns into CannotTell."""

    id: str
    title: str
    diagnose: Callable[[View], Answer]

    @property
    def documentation(self) -> str:
        return f"docs/doctor.md#{self.id}"


@dataclass(frozen=True)
class Result:
    """What one examination said."""

    examination: Examination
    answer: Answer


@dataclass(frozen=True)
class Report:
    """All answers, in the order in which one thing is the cause of another."""

    results: tuple[Result, ...]

    @property
    def found(self) -> tuple[Result, ...]:
        """What is wrong, the first cause first."""
        return tuple(result for result in self.results if isinstance(result.answer, Diagnosis))

    @property
    def unseen(self) -> tuple[Result, ...]:
        """What could not be told."""
        return tuple(result for result in self.results if isinstance(result.answer, CannotTell))

    @property
    def exit_code(self) -> int:
        """0 nothing is wrong, 1 something is; 3 nothing was found, but not everything could be looked at."""
        if self.found:
            return 1
        return 3 if self.unseen else 0


def examine(view: View, examinations: Sequence[Examination]) -> Report:
    """Asks each; never raises for what one does wrong."""
    return Report(tuple(Result(examination, _ask(examination, view)) for examination in examinations))


def _ask(examination: Examination, view: View) -> Answer:
    try:
        return examination.diagnose(view)
    except Exception as error:  # an object that nobody thought of must not hide what the others find
        return CannotTell(f"the doctor itself failed, which is a bug to report: {type(error).__name__}: {error}")
