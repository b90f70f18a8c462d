"""Programs that run in a calling pod and send requests: Python as it comes, given to `python3 -c`.

Each ends when all is answered, or when its standard input ends, and then writes what it has seen as one JSON object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from chart_harness.clusters.commands import RunningCommand
from chart_harness.clusters.pods import Pod

_REQUEST = """
import asyncio, json, sys
host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])

async def request():
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 5)
    try:
        writer.write(f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        await writer.drain()
        sent()
        answer = await asyncio.wait_for(reader.read(), 60)
        return answer.split(b" ", 2)[1].decode() if answer else "closed without an answer"
    finally:
        writer.close()

async def attempt():
    try:
        return await request()
    except (OSError, asyncio.TimeoutError, IndexError) as error:
        return repr(error)

answers = {}
def count_answer(answer):
    answers[answer] = answers.get(answer, 0) + 1

async def until_input_ends():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
"""

_HOLD = (
    _REQUEST
    + """
outstanding = count
def sent():
    global outstanding
    outstanding -= 1
    if outstanding == 0:
        print("all sent", flush=True)

async def main():
    for answer in await asyncio.gather(*(attempt() for _ in range(count))):
        count_answer(answer)

asyncio.run(main())
print(json.dumps(answers))
"""
)

_KEEP_ASKING = (
    _REQUEST
    + """
def sent():
    pass

async def main():
    ended = asyncio.create_task(until_input_ends())
    async def ask():
        while not ended.done():
            count_answer(await attempt())
            if sum(answers.values()) == 1:
                print("asking", flush=True)
            await asyncio.sleep(0.02)
    await asyncio.gather(*(ask() for _ in range(count)))

asyncio.run(main())
print(json.dumps(answers))
"""
)


@dataclass(frozen=True)
class Answers:
    """How many requests got each answer: a status such as 200, or what went wrong instead."""

    by_kind: dict[str, int]

    @property
    def good(self) -> int:
        """Requests that were answered with 200."""
        return self.by_kind.get("200", 0)

    @property
    def failed(self) -> dict[str, int]:
        """All others."""
        return {kind: count for kind, count in self.by_kind.items() if kind != "200"}


class Traffic(RunningCommand):
    """Requests from a calling pod, as a context manager."""

    def __init__(self, caller: Pod, program: str, host: str, port: int, path: str, count: int) -> None:
        super().__init__(caller, "python3", "-c", program, host, str(port), path, str(count))

    def answers(self) -> Answers:
        """End it, where it does not end by itself, and say what came back."""
        return Answers(json.loads(self.finish().splitlines()[-1]))


def hold(caller: Pod, host: str, port: int, *, requests: int, seconds: int) -> Traffic:
    """Sends so many requests at once that the service takes `seconds` to answer; `line()` returns when all are sent."""
    return Traffic(caller, _HOLD, host, port, f"/hold?seconds={seconds}", requests)


def keep_asking(caller: Pod, host: str, port: int, *, path: str = "/items/1", at_once: int = 4) -> Traffic:
    """Sends requests, `at_once` at a time and each on its own connection, until its end; `line()` returns after the first."""
    return Traffic(caller, _KEEP_ASKING, host, port, path, at_once)


def ask(caller: Pod, host: str, port: int, *, times: int, path: str = "/items/1") -> Answers:
    """Send so many requests, all at once, and wait for their answers."""
    with Traffic(caller, _HOLD, host, port, path, times) as requests:
        return requests.answers()
