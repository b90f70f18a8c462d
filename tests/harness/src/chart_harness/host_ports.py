"""Ports of this host, lent to processes that would each have their own network in a pod."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path

_RANGE = range(21000, 29000)  # below the ports that the kernel hands to outgoing connections


class NoFreePort(Exception):
    """Every port that could be lent is in use; the message says what to do."""


class PortLease:
    """A port that nobody else who leases on this host hands out while this lease is held; the kernel drops the lock if we die."""

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"chart-harness-ports-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        for port in _RANGE:
            self._lock = (folder / str(port)).open("w")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._lock.close()
                continue
            if _is_free(port):
                self.port = port
                return
            self._lock.close()
        raise NoFreePort(f"No port between {_RANGE.start} and {_RANGE.stop} is free on this host; stop what uses them.")

    def release(self) -> None:
        """Gives the port back; safe to call twice."""
        self._lock.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's leftovers do not count
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True
