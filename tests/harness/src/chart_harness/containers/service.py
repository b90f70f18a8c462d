"""A service in a container: what it answers, prints and does, and how it ends."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from docker.utils.socket import frames_iter
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategy

from chart_harness.containers.restricted import SCRATCH, SCRATCH_SIZE, restrictions
from chart_harness.containers.state import Process, State, parse_processes


class ServiceContainer:
    """One container. Create it, `start` it, and `remove` it whatever happens. For one thread, except that `get` may be called from many.

    Arguments:
        image: reference of an image that the engine has.
        arguments: what follows the image's entrypoint.
        command: replaces the image's entrypoint and arguments, as `command` of a pod's container does.
        env: the container's environment variables, on top of the image's.
        port: the port that it listens on; the engine gives it one of the host's. None for none.
        memory: the limit, in bytes or as Docker writes it; None for none.
        labels: put on the container.
        options: more arguments of the Docker SDK's `containers.create`, over those of `restrictions`.
    """

    def __init__(
        self,
        image: str,
        *arguments: str,
        command: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        port: int | None = 8080,
        memory: int | str | None = None,
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        testcontainers_config.ryuk_disabled = True  # `owners` does its work
        entrypoint = {"entrypoint": list(command)} if command else {}
        self._port = port
        self._container = DockerContainer(image, env=dict(env or {}), ports=[] if port is None else [port])
        self._container.with_command(list(arguments))
        self._container.with_tmpfs_mount(SCRATCH, f"rw,nosuid,nodev,size={SCRATCH_SIZE},mode=1777")
        self._container.with_kwargs(
            labels=dict(labels or {}), **{**restrictions(memory), **entrypoint, **(options or {})}
        )

    def start(self, wait: WaitStrategy | None) -> None:
        """Starts it and waits until it is ready; None does not wait. Raises ContainerEnded (see `waiting`)."""
        if wait is not None:
            self._container.waiting_for(wait)
        self._container.start()

    def remove(self) -> None:
        """Kills and deletes it; safe when it was never created."""
        self._container.stop(force=True)

    @property
    def _docker(self) -> Any:
        return self._container.get_wrapped_container()

    @property
    def created(self) -> bool:
        """Whether the engine has created it."""
        return self._container.status != "not_started"

    @property
    def id(self) -> str:
        """The first twelve digits of the container's id, which are its host name."""
        return str(self._docker.id)[:12]

    def url(self, path: str = "/") -> str:
        """The address of `path` on the container's port, from this host. Raises ValueError for a container without one."""
        if self._port is None:
            raise ValueError(f"Container {self.id} was started with port=None: give it the port that it listens on.")
        host, port = self._container.get_container_host_ip(), self._container.get_exposed_port(self._port)
        return f"http://{host}:{port}{path}"

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, timeout: float = 10) -> requests.Response:
        """GET over a connection of its own, so that any worker may answer, and never through a proxy. `timeout` in seconds."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url(path), headers={"Connection": "close", **(headers or {})}, timeout=timeout)

    def logs(self) -> str:
        """All it has printed on both outputs."""
        return str(self._docker.logs().decode(errors="replace"))

    def state(self) -> State:
        """The engine's view, now."""
        self._docker.reload()
        return State.of(self._docker.attrs)

    def inspected(self) -> dict[str, Any]:
        """All the engine says about it, now."""
        self._docker.reload()
        return dict(self._docker.attrs)

    def run(self, *command: str) -> tuple[int, str]:
        """Runs `command` in it as its user: exit code and both outputs."""
        code, output = self._docker.exec_run(list(command))
        return int(code), output.decode(errors="replace")

    def feed(self, stdin: bytes, *command: str) -> tuple[int, str]:
        """Runs `command` in it with that input: exit code and both outputs."""
        api = self._docker.client.api
        run = api.exec_create(self._docker.id, list(command), stdin=True)["Id"]
        with contextlib.closing(api.exec_start(run, socket=True)) as stream:
            stream._sock.sendall(stdin)
            stream._sock.shutdown(socket.SHUT_WR)
            output = b"".join(part for _, part in frames_iter(stream, tty=False))
        return int(api.exec_inspect(run)["ExitCode"]), output.decode(errors="replace")

    def environment(self, pid: int = 1) -> dict[str, str]:
        """The environment variables that a process of it was started with. Raises RuntimeError if there is no such process."""
        code, output = self.run("cat", f"/proc/{pid}/environ")
        if code:
            raise RuntimeError(f"Process {pid} of container {self.id} has no environment to read: {output.strip()}")
        return dict(entry.split("=", 1) for entry in output.split("\0") if "=" in entry)

    def processes(self) -> list[Process]:
        """Its processes; those that look are left out."""
        _, output = self.run("sh", "-c", "exec cat /proc/[0-9]*/stat")
        return [process for process in parse_processes(output) if process.name != "cat"]

    def signal(self, name: str) -> None:
        """Sends a signal, e.g. "SIGTERM", to process 1."""
        self._docker.kill(signal=name)

    def stop(self, grace: int) -> State:
        """SIGTERM, `grace` seconds, then SIGKILL, as a kubelet does; returns how it ended."""
        self._docker.stop(timeout=grace)
        return self.state()

    def wait_until_ended(self, seconds: float) -> State:
        """Waits for its end and returns how it ended. Raises TimeoutError when it still runs after `seconds`."""
        try:
            self._docker.wait(timeout=seconds)
        except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError):
            raise TimeoutError(
                f"Container {self.id} still runs after {seconds:g} s; its log ends\n{self.logs()[-2000:]}"
            ) from None
        return self.state()

    def save(self, folder: Path) -> None:
        """Writes its log and all that the engine says about it into `folder`, as <id>.log and <id>.json."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.id}.log").write_text(self.logs(), encoding="utf-8")
        (folder / f"{self.id}.json").write_text(json.dumps(self.inspected(), indent=2), encoding="utf-8")
