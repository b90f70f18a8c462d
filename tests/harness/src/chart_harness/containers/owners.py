"""Who started a container, so that the next run removes what a killed one left behind.

A run holds a lock on a file of its own as long as it lives; the kernel lets go of it however the run ends. The containers carry the
file's path as a label. testcontainers' Ryuk does the same with a container of its own, whose image not every host can pull.
"""

from __future__ import annotations

import fcntl
import platform
import uuid
from pathlib import Path

import docker
from docker.errors import APIError

from cluster_images.cache import cache_folder

OWNER = "chart-harness/owner"
HOST = "chart-harness/host"
_GONE_OR_GOING = {404, 409}  # another run removes it too


class Owner:
    """This process as the owner of containers, until `release`: keep the object, as the lock goes with it. Not for forked children."""

    def __init__(self) -> None:
        folder = cache_folder() / "owners"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / uuid.uuid4().hex
        self._lock = self._path.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def labels(self) -> dict[str, str]:
        """What every container of ours carries."""
        return {OWNER: str(self._path), HOST: platform.node()}

    def release(self) -> None:
        """Call it when no container is left."""
        self._path.unlink(missing_ok=True)
        self._lock.close()


def lives(owner: Path) -> bool:
    """Whether the run that holds the lock on that file is still there."""
    try:
        with owner.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def remove_orphans(client: docker.DockerClient) -> list[str]:
    """Removes the containers of runs on this host that have ended; returns their names. Safe beside other runs that do the same."""
    removed = []
    for container in client.containers.list(
        all=True, filters={"label": f"{HOST}={platform.node()}"}, ignore_removed=True
    ):
        owner = Path(container.labels[OWNER])
        if lives(owner):
            continue
        try:
            container.remove(force=True, v=True)
        except APIError as error:
            if error.status_code not in _GONE_OR_GOING:
                raise
        removed.append(container.name)
        owner.unlink(missing_ok=True)
    return removed
