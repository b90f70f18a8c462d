"""Closing a source keeps what was delivered and puts the end of the inbox behind it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection
from aiormq.exceptions import ChannelInvalidStateError

from reference_service.deliveries import BrokerDelivery, BrokerSource, Inbox, InProcessDelivery, InProcessSource


class LastMomentQueue:
    """A broker's queue that delivers one more message while the subscription ends, and may then lose the connection."""

    def __init__(self, inbox: Inbox, error: Exception | None = None) -> None:
        self._inbox = inbox
        self._error = error

    async def cancel(self, *_: object, **__: object) -> None:
        await self._inbox.put(InProcessDelivery(b"last"))
        if self._error is not None:
            raise self._error


class LostMessage:
    """A broker's message whose connection is gone."""

    body = b"lost"

    async def ack(self) -> None:
        raise ChannelInvalidStateError("gone")

    async def reject(self, *, requeue: bool) -> None:
        assert not requeue
        raise ChannelInvalidStateError("gone")


def contents(inbox: Inbox) -> list[bytes | None]:
    deliveries = [inbox.get_nowait() for _ in range(inbox.qsize())]
    return [None if delivery is None else delivery.body for delivery in deliveries]


def closed_broker_source(error: Exception | None = None) -> list[bytes | None]:
    async def scenario() -> list[bytes | None]:
        inbox: Inbox = asyncio.Queue()
        await inbox.put(InProcessDelivery(b"first"))
        queue = cast(AbstractQueue, cast(Any, LastMomentQueue(inbox, error)))
        await BrokerSource(cast(AbstractRobustConnection, None), queue, "tag", inbox).close()
        return contents(inbox)

    return asyncio.run(scenario())


def test_a_broker_source_ends_the_inbox_behind_the_last_delivery() -> None:
    assert closed_broker_source() == [b"first", b"last", None]


def test_a_lost_connection_ends_the_inbox_all_the_same() -> None:
    assert closed_broker_source(ChannelInvalidStateError("gone")) == [b"first", b"last", None]


def test_a_message_of_a_lost_connection_is_a_warning_not_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        delivery = BrokerDelivery(cast(AbstractIncomingMessage, cast(Any, LostMessage())))
        await delivery.ack()
        await delivery.reject()

    asyncio.run(scenario())
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert all("will come again" in record.getMessage() for record in caplog.records)


def test_the_in_process_source_feeds_at_once_and_ends_the_inbox() -> None:
    async def scenario() -> list[bytes | None]:
        inbox: Inbox = asyncio.Queue()
        await inbox.put(InProcessDelivery(b"before"))
        source = InProcessSource(inbox)
        await asyncio.sleep(0)
        await source.close()
        await source.disconnect()
        return contents(inbox)

    assert asyncio.run(scenario()) == [b"before", b"message 1", None]
