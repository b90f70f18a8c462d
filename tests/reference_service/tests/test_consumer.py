"""The consumer's worker: in order, acknowledged when handled, rejected when failed, until the inbox ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import nullcontext

import pytest

from reference_service.consumer import Worker
from reference_service.deliveries import Inbox
from reference_service.misbehave import Switch


class RecordedDelivery:
    """A message that notes what became of it."""

    def __init__(self, number: int, outcomes: list[tuple[int, str]]) -> None:
        self.body = b"message"
        self._number = number
        self._outcomes = outcomes

    async def ack(self) -> None:
        self._outcomes.append((self._number, "ack"))

    async def reject(self) -> None:
        self._outcomes.append((self._number, "reject"))


def work_off(count: int, switches: Iterable[Switch] = ()) -> list[tuple[int, str]]:
    async def scenario() -> list[tuple[int, str]]:
        outcomes: list[tuple[int, str]] = []
        inbox: Inbox = asyncio.Queue()
        for number in range(1, count + 1):
            inbox.put_nowait(RecordedDelivery(number, outcomes))
        inbox.put_nowait(None)
        await Worker(frozenset(switches), track=nullcontext).work_off(inbox)
        return outcomes

    return asyncio.run(scenario())


def test_every_message_is_acknowledged_in_order() -> None:
    assert work_off(6) == [(number, "ack") for number in range(1, 7)]


def test_a_failed_message_is_rejected_and_the_next_one_handled() -> None:
    assert work_off(6, {Switch.ERRORS}) == [(1, "ack"), (2, "ack"), (3, "ack"), (4, "ack"), (5, "reject"), (6, "ack")]


def test_a_fault_in_the_consumer_itself_is_not_swallowed() -> None:
    async def scenario() -> None:
        inbox: Inbox = asyncio.Queue()
        inbox.put_nowait(RecordedDelivery(1, []))

        def broken(queue: str) -> nullcontext[None]:
            raise RuntimeError("tracking broke")

        await Worker(frozenset(), track=broken).work_off(inbox)

    with pytest.raises(RuntimeError, match="tracking broke"):
        asyncio.run(scenario())
