"""Ask all siblings at once, in one thread, with one deadline for all."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

from service_metrics.workers.directory import address_of

HEADER_BYTES = 8
_CHUNK = 1 << 16


def gather(siblings: Mapping[int, Path], request: bytes, *, seconds: float) -> tuple[list[bytes], list[int]]:
    """Return the pages of the workers that answered in order of `siblings`, and the ids of those that did not.

    A worker that refuses the connection is dead; its socket is removed and it is in neither list.

    Args:
        siblings: Socket paths by process id.
        request: What to say to each; shorter than any socket buffer.
        seconds: The most to wait, for all together.
    """
    received: dict[int, bytearray] = {}
    silent: list[int] = []
    deadline = monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        try:
            for pid, path in siblings.items():
                try:
                    connection = _connect(path)
                except BlockingIOError:  # alive, but with a full queue
                    silent.append(pid)
                    continue
                if connection is not None:
                    with suppress(OSError):  # it ends just now: reading says so
                        connection.sendall(request)
                    selector.register(connection, selectors.EVENT_READ, pid)
                    received[pid] = bytearray()
            while selector.get_map() and (left := deadline - monotonic()) > 0:
                for key, _ in selector.select(left):
                    if not _read(key.fileobj, received[key.data]):  # type: ignore[arg-type]  # only sockets registered
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr]
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
    pages = []
    for pid, answer in received.items():
        if _is_whole(answer):
            pages.append(bytes(memoryview(answer)[HEADER_BYTES:]))
        else:
            silent.append(pid)
    return pages, sorted(silent)


def _connect(path: Path) -> socket.socket | None:
    try:
        asked = path.lstat().st_ino
    except FileNotFoundError:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(0)
    try:
        with address_of(path) as address:
            connection.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        connection.close()
        with suppress(FileNotFoundError):
            if path.lstat().st_ino == asked:  # not the socket of a new worker with a reused process id
                path.unlink()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: socket.socket, answer: bytearray) -> bool:
    """Take what has arrived; False when nothing more will, or is needed."""
    try:
        chunk = connection.recv(_CHUNK)
    except OSError:
        return False
    answer += chunk
    return bool(chunk) and not _is_whole(answer)


def _is_whole(answer: bytearray) -> bool:
    return len(answer) >= HEADER_BYTES and len(answer) - HEADER_BYTES == int.from_bytes(answer[:HEADER_BYTES], "big")
