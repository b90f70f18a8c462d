"""The consumer against a real RabbitMQ: exactly every message, acknowledged, counted, and none lost when it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import aio_pika
import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import StartService, WaitUntil

pytestmark = [pytest.mark.live, pytest.mark.broker, pytest.mark.xdist_group("broker")]  # one server for all

# Not /usr/sbin/rabbitmq-server, which changes to the user and the folders of the system's instance.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
EPMD = Path("/usr/bin/epmd")
MISSING = (
    f"{SERVER} is not there: install RabbitMQ with 'apt-get install --yes --no-install-recommends rabbitmq-server'."
)
MESSAGES = 200


def free_ports(count: int) -> list[int]:
    """Return ports that are free and differ from each other."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start a private RabbitMQ node and stop it afterwards; yield its URL and the file with its log."""
    if not SERVER.exists():
        pytest.fail(MISSING)
    home = tmp_path_factory.mktemp("rabbitmq")
    port, distribution, epmd = free_ports(3)
    (home / "enabled_plugins").write_text("[].")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),  # the Erlang cookie goes there
        "RABBITMQ_NODENAME": f"reference-{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "no-conf-env"),
        "RABBITMQ_CONFIG_FILE": str(home / "no-config"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
        # Erlang's name server is a daemon outside the session; on a port of its own it can be ended with the node.
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    output = home / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [str(SERVER)],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"amqp://guest:guest@127.0.0.1:{port}/", output
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        subprocess.run([str(EPMD), "-kill"], env=environment, check=False, capture_output=True)


@pytest.fixture
def broker(node: tuple[str, Path], wait_until: WaitUntil) -> str:
    """Return the URL of the node, which is up, with an empty queue `events`."""
    url, output = node

    def up() -> bool:
        return "Server startup complete" in output.read_text()

    wait_until(up, f"RabbitMQ is up (its log is {output})", 60.0)
    asyncio.run(publish(url, 0, purge=True))
    return url


async def publish(url: str, count: int, *, purge: bool = False) -> None:
    """Put `count` messages into the queue, each confirmed by the broker."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("events", durable=True)
        if purge:
            await queue.purge()
        for number in range(count):
            await channel.default_exchange.publish(aio_pika.Message(b"event %d" % number), routing_key="events")


async def waiting(url: str) -> int:
    """Return how many messages the queue holds; while no consumer is connected that includes unacknowledged ones."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("events", passive=True)
        return queue.declaration_result.message_count or 0


@pytest.mark.parametrize("backend", ["prometheus", "otel"])
def test_every_message_is_handled_acknowledged_and_counted(
    start_service: StartService, wait_until: WaitUntil, broker: str, backend: str
) -> None:
    asyncio.run(publish(broker, MESSAGES))
    assert asyncio.run(waiting(broker)) == MESSAGES
    service = start_service("amqp-consumer", AMQP_URL=broker, PROMETHEUS_BACKEND=backend)
    wait_until(lambda: len(service.logged(message="message handled")) >= MESSAGES, "all messages are handled")
    assert service.total("amqp_messages_total", queue="events", status="200") == MESSAGES
    assert service.total("amqp_messages_total") == MESSAGES
    assert service.total("amqp_message_duration_seconds_count") == MESSAGES
    assert service.total("amqp_messages_in_progress") == 0
    assert service.stop() == 0
    assert len(service.logged(message="message handled", status=200, queue="events")) == MESSAGES
    assert asyncio.run(waiting(broker)) == 0
    assert "in-process queue" not in service.text()


def test_a_stopped_consumer_leaves_the_rest_to_the_next_one(
    start_service: StartService, wait_until: WaitUntil, broker: str
) -> None:
    first = start_service("amqp-consumer", AMQP_URL=broker)
    asyncio.run(publish(broker, 1))
    wait_until(lambda: first.logged(message="message handled"), "the first consumer works")
    with ThreadPoolExecutor() as pool:
        published = pool.submit(lambda: asyncio.run(publish(broker, MESSAGES)))
        wait_until(lambda: len(first.logged(message="message handled")) > 10, "the first consumer is in the middle")
        assert first.stop() == 0
        published.result()
    by_first = len(first.logged(message="message handled"))
    rest = MESSAGES + 1 - by_first
    # Fewer, and it would have lost messages it had acknowledged; more, and it would have left handled ones behind.
    wait_until(lambda: asyncio.run(waiting(broker)) == rest, f"the queue holds the other {rest} messages")
    second = start_service("amqp-consumer", AMQP_URL=broker)
    wait_until(lambda: len(second.logged(message="message handled")) >= rest, "the second consumer has done the rest")
    assert second.stop() == 0
    assert by_first + len(second.logged(message="message handled")) == MESSAGES + 1
    assert asyncio.run(waiting(broker)) == 0


def test_a_failed_message_does_not_come_again(start_service: StartService, wait_until: WaitUntil, broker: str) -> None:
    asyncio.run(publish(broker, 10))
    service = start_service("amqp-consumer", AMQP_URL=broker, REFERENCE_MISBEHAVE="errors")
    wait_until(lambda: len([line for line in service.log_lines() if "status" in line]) >= 10, "all are dealt with")
    assert service.total("amqp_messages_total", status="200") == 8
    assert service.total("amqp_messages_total", status="500") == 2
    assert service.stop() == 0
    assert asyncio.run(waiting(broker)) == 0


def test_a_broker_that_refuses_is_not_taken_for_a_missing_one(start_service: StartService, broker: str) -> None:
    service = start_service("amqp-consumer", AMQP_URL=broker.replace("guest:guest", "guest:wrong"))
    assert service.process.wait(20) == 1
    [line] = service.logged(level="CRITICAL")
    assert "refuses this service" in line["message"]
    assert "wrong" not in service.text()
    assert "in-process queue" not in service.text()
