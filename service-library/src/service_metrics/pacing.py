"""A page in slices: how the thread that makes them leaves the interpreter to the event loop, and how they become one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TypeVar

Slice = TypeVar("Slice", bound=bytes | memoryview)

_PAUSE = 5e-5  # seconds; sleep(0) would let this thread win the GIL again before the loop's thread has woken


def pause() -> None:
    """Let the event loop's thread run; for a thread of its own."""
    time.sleep(_PAUSE)


def paced(slices: Iterable[Slice]) -> Iterator[Slice]:
    """Pass the slices on and sleep for a moment after each; for a thread of its own, never for the event loop's."""
    for piece in slices:
        yield piece
        pause()


def whole(slices: Iterable[bytes | memoryview]) -> bytes:
    """Return the slices as one; unlike joining a list of them, this never holds the page twice."""
    buffer = BytesIO()
    buffer.writelines(slices)
    return buffer.getvalue()  # the buffer's own memory
