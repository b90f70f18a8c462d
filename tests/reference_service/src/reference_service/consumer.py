"""The amqp-consumer role: handles messages of the queue `events` one by one, instrumented in the documented way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import service_metrics
from reference_service import heartbeat
from reference_service.deliveries import QUEUE_NAME, BrokerRefusedError, Delivery, Inbox, open_source
from reference_service.leak import start_leak
from reference_service.misbehave import EveryFifth, Switch
from reference_service.settings import amqp_url, leak_bytes
from reference_service.stop_signals import STOP_SIGNALS, let_through
from reference_service.tracking import Track, message_tracker
from reference_service.user_label import UserLabel

log = logging.getLogger(__name__)


class MessageFailedError(Exception):
    """The `errors` switch asked for this message to fail."""


def run(environ: Mapping[str, str], switches: frozenset[Switch]) -> int:
    """Consume until SIGTERM or SIGINT, work off what has been delivered, push a last time; return the exit status."""
    with service_metrics.publish():
        try:
            asyncio.run(_consume(environ, switches))
        except BrokerRefusedError as error:
            log.critical("%s", error)
            return 1
    return 0


async def _consume(environ: Mapping[str, str], switches: frozenset[Switch]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    let_through()
    if Switch.LEAK in switches:
        start_leak(leak_bytes(environ), processes=1)

    inbox: Inbox = asyncio.Queue()
    worker = Worker(switches)
    source = await open_source(amqp_url(environ), inbox)
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(_beat(environ), name="heartbeat")
        working = tasks.create_task(worker.work_off(inbox), name="work")
        await stop.wait()
        log.info("stopping: no new messages, %d delivered ones left", inbox.qsize())
        await source.close()
        await working
        beating.cancel()
    await source.disconnect()


async def _beat(environ: Mapping[str, str]) -> None:
    # On the loop that handles messages: when that is stuck, the heartbeat stops too.
    while True:
        heartbeat.beat(environ)
        await asyncio.sleep(heartbeat.BEAT_SECONDS)


class Worker:
    """Handles deliveries one at a time, on one event loop."""

    def __init__(self, switches: frozenset[Switch], track: Track | None = None) -> None:
        self._failures = EveryFifth(switches)
        self._users = UserLabel("messages_by_user_total", switches)
        self._track = track or message_tracker(switches)

    async def work_off(self, inbox: Inbox) -> None:
        """Handle deliveries until the inbox yields None."""
        while (delivery := await inbox.get()) is not None:
            await self._handle(delivery)

    async def _handle(self, delivery: Delivery) -> None:
        try:
            with self._track(QUEUE_NAME):
                await self._do(delivery)
        except MessageFailedError as error:
            await delivery.reject()
            log.error("message failed", extra={"status": 500, "queue": QUEUE_NAME, "reason": str(error)})  # noqa: TRY400
        else:
            await delivery.ack()
            log.info("message handled", extra={"status": 200, "queue": QUEUE_NAME})

    async def _do(self, delivery: Delivery) -> None:
        """Stand for the work of a real service, which would await a database here."""
        await asyncio.sleep(0)
        self._users.add(f"user-{len(delivery.body)}")
        if self._failures.must_fail():
            raise MessageFailedError("Every fifth message fails because REFERENCE_MISBEHAVE=errors.")
