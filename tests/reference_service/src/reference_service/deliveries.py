"""Where the consumer's messages come from: a broker's queue, or an in-process queue where no broker is reachable.

Both put deliveries into one `asyncio.Queue`, the inbox, and put None last, after `close()`: the consumer handles what
is before it and ends. Everything here belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Protocol

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection
from aiormq import exceptions as amqp

log = logging.getLogger(__name__)

QUEUE_NAME = "events"
CONNECT_SECONDS = 3.0
PREFETCH = 16
MESSAGES_PER_SECOND = 10

# What an operation raises whose connection is gone; ChannelInvalidStateError is a RuntimeError, not an AMQPError.
LOST = (amqp.AMQPError, amqp.ChannelInvalidStateError, OSError)


class Delivery(Protocol):
    """One message, to be acknowledged or rejected exactly once."""

    @property
    def body(self) -> bytes:
        """The payload."""

    async def ack(self) -> None:
        """Say that the message was handled."""

    async def reject(self) -> None:
        """Say that the message failed and must not come again."""


Inbox = asyncio.Queue[Delivery | None]


class Source(Protocol):
    """Fills an inbox until it is closed."""

    async def close(self) -> None:
        """Stop to fill the inbox and put None behind what is in it."""

    async def disconnect(self) -> None:
        """Release the connection, after the inbox has been worked off."""


class BrokerRefusedError(Exception):
    """The broker is there but does not let this service in. Its text is one sentence."""


async def open_source(url: str | None, inbox: Inbox) -> Source:
    """Start to fill `inbox` from the broker at `url`, or from an in-process queue where none answers within 3 s.

    Raises `BrokerRefusedError` when a broker answers and refuses: a wrong password must not look like a missing broker.
    """
    if url is None:
        log.warning("no broker is reachable, messages come from an in-process queue: AMQP_URL is not set")
        return InProcessSource(inbox)
    try:
        connection = await aio_pika.connect_robust(url, timeout=CONNECT_SECONDS)
    except (
        amqp.AuthenticationError,
        amqp.ProbableAuthenticationError,
        amqp.ConnectionClosed,
        amqp.IncompatibleProtocolError,
    ) as error:
        reason = type(error).__name__
        raise BrokerRefusedError(
            f"The broker of AMQP_URL refuses this service ({reason}): check user, password and virtual host."
        ) from error
    except (amqp.AMQPConnectionError, OSError) as error:
        reason = str(error) or type(error).__name__
        log.warning("no broker is reachable, messages come from an in-process queue: %s", reason)
        return InProcessSource(inbox)
    return await BrokerSource.open(connection, inbox)


class BrokerSource:
    """The queue `events` of a broker, with at most 16 unacknowledged messages; reconnects by itself."""

    def __init__(self, connection: AbstractRobustConnection, queue: AbstractQueue, tag: str, inbox: Inbox) -> None:
        self._connection = connection
        self._queue = queue
        self._tag = tag
        self._inbox = inbox

    @classmethod
    async def open(cls, connection: AbstractRobustConnection, inbox: Inbox) -> BrokerSource:
        """Declare the queue (durable) and start to consume from it."""
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(QUEUE_NAME, durable=True)

        async def receive(message: AbstractIncomingMessage) -> None:
            await inbox.put(BrokerDelivery(message))

        tag = await queue.consume(receive)
        return cls(connection, queue, tag, inbox)

    async def close(self) -> None:
        """Tell the broker to send no more, then end the inbox."""
        try:
            await self._queue.cancel(self._tag, timeout=CONNECT_SECONDS)
        except LOST as error:
            log.warning("the broker did not confirm the end of consuming: %s", error)
        await self._inbox.put(None)

    async def disconnect(self) -> None:
        """Close the connection; the broker gives unacknowledged messages to another consumer."""
        await self._connection.close()


class BrokerDelivery:
    """A message of a broker."""

    def __init__(self, message: AbstractIncomingMessage) -> None:
        self._message = message
        self.body = message.body

    async def ack(self) -> None:
        """Acknowledge; when the connection was lost meanwhile, say so: the broker delivers the message again."""
        try:
            await self._message.ack()
        except LOST as error:
            log.warning("a handled message could not be acknowledged and will come again: %s", error)

    async def reject(self) -> None:
        """Reject without requeueing; a lost connection is treated as in `ack`."""
        try:
            await self._message.reject(requeue=False)
        except LOST as error:
            log.warning("a failed message could not be rejected and will come again: %s", error)


class InProcessSource:
    """A queue that feeds itself ten messages a second."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._feeder = asyncio.create_task(self._feed(), name="in-process queue")

    async def _feed(self) -> None:
        for number in itertools.count(1):
            await self._inbox.put(InProcessDelivery(b"message %d" % number))
            await asyncio.sleep(1 / MESSAGES_PER_SECOND)

    async def close(self) -> None:
        """Stop the feeder, then end the inbox."""
        self._feeder.cancel()
        await asyncio.gather(self._feeder, return_exceptions=True)
        await self._inbox.put(None)

    async def disconnect(self) -> None:
        """Nothing to release."""


class InProcessDelivery:
    """A message of the in-process queue; there is nobody to acknowledge to."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def ack(self) -> None:
        """Do nothing."""

    async def reject(self) -> None:
        """Do nothing."""
