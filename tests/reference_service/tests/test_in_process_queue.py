"""Where no broker answers, the consumer reads from an in-process queue and says so once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import StartService, WaitUntil

pytestmark = pytest.mark.live


@pytest.fixture(params=["not set", "refused", "silent"])
def amqp_url(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """AMQP_URL missing, or of a port that refuses connections, or of one that accepts and never answers."""
    if request.param == "not set":
        yield {}
        return
    with socket.socket() as listener:
        # Bound but not listening refuses, and nobody else can take the port meanwhile.
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":
            listener.listen()
        yield {"AMQP_URL": f"amqp://guest:guest@127.0.0.1:{listener.getsockname()[1]}/"}


def test_it_is_announced_once_and_feeds_itself(
    start_service: StartService, wait_until: WaitUntil, amqp_url: dict[str, str]
) -> None:
    service = start_service("amqp-consumer", **amqp_url)
    wait_until(lambda: len(service.logged(message="message handled", status=200, queue="events")) >= 5, "it works")
    assert service.stop() == 0
    announced = [line for line in service.log_lines() if "in-process queue" in line["message"]]
    assert [line["level"] for line in announced] == ["WARNING"]
    assert "no broker is reachable" in announced[0]["message"]
    assert {line["message"] for line in service.logged(level="ERROR")} == set()


def test_every_delivered_message_is_handled_before_the_end(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_service("amqp-consumer")
    wait_until(lambda: service.logged(message="message handled"), "it works")
    assert service.stop() == 0
    messages = [line["message"] for line in service.log_lines()]
    assert messages[-1] in {"message handled", "stopping: no new messages, 0 delivered ones left"}
