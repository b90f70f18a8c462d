"""Each worker serves its own page to its siblings, and asks them for theirs.

One daemon thread a process listens on a Unix-domain socket. Who asks sends one line, the content type of the page it
makes; the answer is eight bytes of length and this worker's page of that type. The length tells a whole answer from a cut
one, and ends it even where a forked child holds a copy of the connection.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from service_metrics.workers.directory import WorkerDirectory, WorkerDirectoryError, address_of
from service_metrics.workers.gather import HEADER_BYTES, gather

logger = logging.getLogger("service_metrics")

_ANSWER_SECONDS = 2.0
_LONGEST_REQUEST = 1024


class Exchange:
    """This process's place among its siblings.

    Safe in threads. A forked child drops its parent's socket and, where the parent had joined, joins by itself.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._page: Callable[[str], bytes] | None = None
        self._joined = False
        self._listener: socket.socket | None = None
        self._path: Path | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._start_in_child)
        atexit.register(self.leave)

    def join(self, page: Callable[[str], bytes]) -> None:
        """Serve what `page` returns for a content type to siblings until the process ends.

        Of several pages in one process the last is served.
        Never raises: where the workers cannot meet, one log line says why and each answers for itself.
        """
        with self._lock:
            self._page = page
            if self._joined:
                return
            try:
                self._listen()
            except (OSError, WorkerDirectoryError) as error:
                logger.warning("Each worker's metrics page shows that worker only: %s", error)
            self._joined = True

    def leave(self) -> None:
        """Stop serving and remove the socket; joining again is possible."""
        with self._lock:
            listener, path = self._listener, self._path
            self._joined, self._listener, self._path = False, None, None
            if listener is None or path is None:
                return
            with suppress(OSError):
                path.unlink()
            WorkerDirectory(path.parent).remove_if_empty()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closing alone does not
            listener.close()

    @property
    def joined(self) -> bool:
        """Whether this process serves its page to siblings."""
        return self._listener is not None

    def ask_siblings(self, content_type: str = "") -> list[bytes]:
        """Return the pages of all other live workers; blocks for two seconds at most.

        Args:
            content_type: Of the pages; the empty string is text 0.0.4.
        """
        directory = WorkerDirectory.of_this_service()
        siblings = {pid: directory.socket_of(pid) for pid in directory.workers() if pid != os.getpid()}
        if not siblings:
            return []
        pages, silent = gather(siblings, content_type.encode() + b"\n", seconds=_ANSWER_SECONDS)
        if silent:
            logger.warning("The metrics page lacks the workers %s: they did not answer in time.", silent)
        return pages

    def _listen(self) -> None:
        directory = WorkerDirectory.of_this_service()
        path = directory.socket_of(os.getpid())
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            for last_attempt in (False, True):
                directory.create()
                try:
                    _bind(listener, path)
                    break
                except FileNotFoundError:  # the last sibling left and removed the directory just now
                    if last_attempt:
                        raise
        except BaseException:
            listener.close()
            raise
        self._listener, self._path = listener, path
        Thread(target=self._serve, args=(listener,), name="service-metrics-exchange", daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        failing = False
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # left
                return
            with connection:
                try:
                    connection.settimeout(_ANSWER_SECONDS)
                    with connection.makefile("rb") as request:
                        content_type = request.readline(_LONGEST_REQUEST).decode("latin-1").strip()
                    page = self._page(content_type) if self._page else b""
                    connection.sendall(len(page).to_bytes(HEADER_BYTES, "big"))
                    connection.sendall(page)
                    failing = False
                except OSError:  # the sibling is gone, or waits no longer
                    pass
                except Exception:
                    if not failing:
                        logger.exception("This worker is missing on the metrics page: a collector raised.")
                    failing = True

    def _start_in_child(self) -> None:
        """Runs in a forked child, where only the forking thread exists; must not log, wait or take a lock."""
        self._lock = Lock()
        listener, self._listener, self._path, self._joined = self._listener, None, None, False
        if listener is not None and self._page is not None:
            listener.close()
            Thread(target=self.join, args=(self._page,), name="service-metrics-join", daemon=True).start()


def _bind(listener: socket.socket, path: Path) -> None:
    """Listen under a name nobody asks yet, then take the real one: a refused connection always means a dead worker."""
    unready = path.with_suffix(".new")
    unready.unlink(missing_ok=True)
    with address_of(unready) as address:
        listener.bind(address)
    listener.listen(128)
    unready.replace(path)  # over what an earlier process of this id left behind


EXCHANGE = Exchange()
