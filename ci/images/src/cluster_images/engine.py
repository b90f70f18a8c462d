"""The Docker engine that images are built with and clusters run on: `python -m cluster_images.engine [stop]`.

An ordinary host has one: it answers, and nothing is done here. A restricted host (root on Debian, no engine, perhaps not every
capability) gets one of its own: Debian's docker.io, started with its data in the cache folder and its socket in /run, with
host/runc-within-bounds as its runtime where the host lacks capabilities. No file of the host's own configuration is written, and
`make engine-stop` ends it. docs/clusters.md tells the whole story.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from cluster_images.cache import cache_folder, exclusive
from cluster_images.errors import ImagesError

HOST = Path(__file__).resolve().parents[2] / "host"
RUN = Path("/run/service-metrics-platform")
SOCKET = RUN / "docker.sock"
START_SECONDS = 60.0
_RUNTIME = "runc-within-bounds"

_ALL_CAPABILITIES = (1 << 25) - 1
"""The capabilities up to CAP_SYS_RESOURCE: those that a node of a cluster asks for on every kernel."""


class EngineError(ImagesError):
    """There is no engine and none can be started; the message says what to install."""


def connect() -> docker.DockerClient:
    """A client of the engine that answers: the user's own, else ours.

    Sets DOCKER_HOST for this process and its children when it is ours, so that kind and testcontainers find it too.
    Raises EngineError when none answers.
    """
    try:
        return _client()
    except DockerException as error:
        if "DOCKER_HOST" in os.environ or not SOCKET.exists():
            raise EngineError(
                f"No Docker engine answers ({_first_line(error)}): start one, or run make engine."
            ) from None
    os.environ["DOCKER_HOST"] = f"unix://{SOCKET}"
    try:
        return _client()
    except DockerException as error:
        del os.environ["DOCKER_HOST"]
        raise EngineError(
            f"The engine at {SOCKET} no longer answers ({_first_line(error)}): run make engine."
        ) from None


def _client() -> docker.DockerClient:
    client = docker.from_env(timeout=600)
    client.ping()
    return client


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def provide() -> docker.DockerClient:
    """A client of an engine that runs, started here if there was none. One process at a time. Raises EngineError."""
    with exclusive("engine"):
        try:
            return connect()
        except EngineError as error:
            if "DOCKER_HOST" in os.environ:  # the user has chosen an engine; another would surprise
                raise EngineError(f"{error} DOCKER_HOST is {os.environ['DOCKER_HOST']}.") from None
        _install()
        _start()
        return connect()


def _install() -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if shutil.which("dockerd", path=path) and shutil.which("runc", path=path):
        return
    # Debian's package does what must be done; this asks for it in one place, with a sentence where it cannot be had.
    packages = Path(__file__).resolve().parents[3] / "toolchain" / "system_packages.py"
    done = subprocess.run([sys.executable, str(packages), "docker.io", "iptables"], check=False)
    if done.returncode:
        raise EngineError("No Docker engine answers, and none could be installed: install Docker, then run make again.")


def _start() -> None:
    if os.getuid() != 0:
        raise EngineError("No Docker engine answers, and only root can start one: start Docker, then run make again.")
    for folder in (RUN, data := cache_folder() / "docker"):
        folder.mkdir(parents=True, exist_ok=True)
    configuration = RUN / "daemon.json"
    configuration.write_text(json.dumps(_configuration(data), indent=2))
    log = data / "dockerd.log"
    _say(f"starting {shutil.which('dockerd') or 'dockerd'} with its data in {data}; its log is {log}")
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            ["dockerd", "--config-file", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # a Ctrl-C of the build must not stop the engine
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            break
        try:
            docker.DockerClient(base_url=f"unix://{SOCKET}").ping()
        except DockerException:
            time.sleep(0.1)
        else:
            return
    daemon.kill()
    raise EngineError(f"dockerd did not start:\n{_tail(log)}\nInstall and start Docker by hand, then run make again.")


def _configuration(data: Path) -> dict[str, object]:
    configuration: dict[str, object] = {
        "hosts": [f"unix://{SOCKET}"],
        "data-root": str(data / "data"),
        "exec-root": str(RUN / "exec"),
        "pidfile": str(RUN / "dockerd.pid"),
        "storage-driver": "overlay2",
        "log-driver": "json-file",
    }
    if lacks_capabilities():
        # A copy beside the data, for the engine outlives the checkout that it was started from.
        runtime = shutil.copy(HOST / _RUNTIME, data / _RUNTIME)
        configuration["runtimes"] = {_RUNTIME: {"path": str(runtime)}}
        configuration["default-runtime"] = _RUNTIME
    return configuration


def lacks_capabilities() -> bool:
    """Whether this host cannot give a privileged container all that it asks for."""
    with Path("/proc/self/status").open() as status:
        bounding = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd:"))
    return bounding & _ALL_CAPABILITIES != _ALL_CAPABILITIES


def stop() -> None:
    """Stops our own engine, and with it every container that it runs; the user's engine is left alone."""
    pidfile = RUN / "dockerd.pid"
    if not pidfile.exists():
        _say("none of ours runs")
        return
    pid = int(pidfile.read_text())
    try:
        os.kill(pid, 15)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
    except ProcessLookupError:
        pidfile.unlink(missing_ok=True)
        _say("stopped")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _say(text: str) -> None:
    print(f"engine: {text}", flush=True)  # noqa: T201


def main(arguments: list[str]) -> None:
    if arguments == ["stop"]:
        stop()
        return
    try:
        client = provide()
    except EngineError as error:
        sys.exit(str(error))
    _say(f"Docker {client.version()['Version']} answers at {client.api.base_url}")


if __name__ == "__main__":
    main(sys.argv[1:])
