"""Where the workers of a service meet: `<tempdir>/service-metrics-<uid>/<process group>/<pid>.sock`.

The process group is the key because gunicorn's workers share their master's, a container has a file system of its own,
and a shell or supervisor gives each service its own group.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_LONGEST_ADDRESS = 107  # bytes in sockaddr_un.sun_path without its terminating zero (unix(7))
_DESCRIPTORS = Path("/proc/self/fd")


class WorkerDirectoryError(RuntimeError):
    """One sentence that says why the workers cannot meet."""


@dataclass(frozen=True)
class WorkerDirectory:
    """The directory of one service's sockets."""

    path: Path

    @classmethod
    def of_this_service(cls) -> WorkerDirectory:
        """Return the directory of the calling process's user and process group; it need not exist yet."""
        return cls(Path(tempfile.gettempdir()) / f"service-metrics-{os.getuid()}" / str(os.getpgrp()))

    def create(self) -> None:
        """Create the directory, for its owner only.

        Raises:
            WorkerDirectoryError: somebody else owns it or can write to it.
            OSError: it cannot be created.
        """
        for path in (self.path.parent, self.path):
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
                raise WorkerDirectoryError(
                    f"{path} is not a directory that user {os.getuid()} alone can use; remove it or set TMPDIR."
                )

    def remove_if_empty(self) -> None:
        """Remove the directory after the last worker."""
        with suppress(OSError):
            self.path.rmdir()

    def socket_of(self, pid: int) -> Path:
        """Return the path of a worker's socket."""
        return self.path / f"{pid}.sock"

    def workers(self) -> list[int]:
        """Return the process ids that have a socket here, in ascending order, the dead ones included."""
        return sorted(int(path.stem) for path in self.path.glob("*.sock") if path.stem.isdigit())


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Give an address for `bind` and `connect` that fits a Unix-domain socket, however long the path is.

    Raises:
        WorkerDirectoryError: the path is too long and the system has no /proc to shorten it.
    """
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    if not _DESCRIPTORS.is_dir():
        raise WorkerDirectoryError(
            f"{path} is longer than the {_LONGEST_ADDRESS} bytes of a socket address; set TMPDIR to a shorter path."
        )
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(descriptor) / path.name)
    finally:
        os.close(descriptor)
