"""When a container is ready: testcontainers' wait strategies, ended at once by a container that has ended."""

from __future__ import annotations

import time

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import ExecWaitStrategy, HttpWaitStrategy
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from chart_harness.containers.state import State

_LOOK_SECONDS = 1
"""How often a container that is not ready yet is asked whether it still runs."""

_POLL_SECONDS = 0.1
_KILLED = 137


class ContainerEnded(Exception):
    """The container ended, or did not get ready in time; the message says how and shows the last lines of its log."""


def answers(path: str, *, port: int = 8080, seconds: float = 30) -> WaitStrategy:
    """Ready when GET `path` on the container's `port` is answered with 200."""
    return UnlessItEnds(HttpWaitStrategy(port, path), seconds)


def succeeds(*command: str, seconds: float = 30) -> WaitStrategy:
    """Ready when `command`, run in the container, exits 0."""
    return UnlessItEnds(ExecWaitStrategy(list(command)), seconds)


class UnlessItEnds(WaitStrategy):
    """Waits as `strategy` does, for `seconds` at most, and raises ContainerEnded as soon as the container has ended."""

    def __init__(self, strategy: WaitStrategy, seconds: float) -> None:
        super().__init__()
        self._strategy = strategy.with_startup_timeout(_LOOK_SECONDS).with_poll_interval(_POLL_SECONDS)
        self._seconds = seconds

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Return when it is ready. Raises ContainerEnded."""
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                self._strategy.wait_until_ready(container)
            except (TimeoutError, ConnectionError) as error:  # ConnectionError: an ended container has no port any more
                state = _state(container)
                if not state.running:
                    raise ContainerEnded(_sentence(container, f"ended with {_how(state)}")) from None
                if time.monotonic() >= deadline:
                    why = f"was not ready within {self._seconds:g} s: {error}"
                    raise ContainerEnded(_sentence(container, why)) from None
            else:
                return


def _how(state: State) -> str:
    if state.oom_killed:
        return f"{state.exit_code} by the kernel, over its memory limit"
    if state.exit_code == _KILLED:
        return (
            f"{state.exit_code}, killed: perhaps over its memory limit, as the engine misses that in the first moment"
        )
    return str(state.exit_code)


def _state(container: WaitStrategyTarget) -> State:
    wrapped = container.get_wrapped_container()
    wrapped.reload()
    return State.of(wrapped.attrs)


def _sentence(container: WaitStrategyTarget, what: str) -> str:
    image = container.image if isinstance(container, DockerContainer) else "?"
    output = "".join(part.decode(errors="replace") for part in container.get_logs())
    return f"The container of {image} {what}\nIts last lines:\n" + "\n".join(output.splitlines()[-15:])
