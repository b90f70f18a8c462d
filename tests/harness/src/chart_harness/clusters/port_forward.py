"""A local port that leads to a port of a pod, through the API server: no NetworkPolicy stands in its way."""

from __future__ import annotations

import re
import subprocess
import threading

from chart_harness.clusters.cluster import Cluster, ClusterError

OPEN_SECONDS = 20.0
_OPENED = re.compile(r"^Forwarding from 127\.0\.0\.1:(\d+) ->")

# Runs the rest of its arguments until its own input ends: also when this process is killed, which leaves kubectl alone in the
# world otherwise. The reader goes first where kubectl ended by itself: its process id may be another's by the time we close.
_UNTIL_INPUT_ENDS = """
exec 3<&0
"$@" 3<&- & child=$!
{ cat <&3; kill "$child"; } >/dev/null 2>&1 & reader=$!
wait "$child"
kill "$reader" 2>/dev/null
"""


class PortForward:
    """`kubectl port-forward` to one port of one pod, as a context manager.

    Many connections may use it at once, from any thread. kubectl ends when the pod goes, and when a connection to the pod
    fails: `url` says so then, and a new PortForward has to be made.
    """

    def __init__(self, cluster: Cluster, namespace: str, pod: str, port: int) -> None:
        """Start it and wait until it listens. Raises ClusterError with what kubectl said when it does not."""
        self._what = f"The port-forward to port {port} of pod {namespace}/{pod}"
        self._said: list[str] = []
        self._port = 0
        self._opened = threading.Event()
        # kubectl asks the kernel for a free port: nobody else can take it between the choice and its use
        options = ["--namespace", namespace, "--address", "127.0.0.1"]
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_INPUT_ENDS, "sh", *cluster.kubectl_command, "port-forward", *options, pod, f":{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name=self._what, daemon=True)
        self._reader.start()
        try:
            if not self._opened.wait(OPEN_SECONDS) or not self._port:
                raise ClusterError(f"{self._what} did not open: {self._last_words()}")
        except BaseException:  # an interrupt, too: nobody has this object yet who could close it
            self.close()
            raise

    def __enter__(self) -> PortForward:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The local port, on 127.0.0.1. Raises ClusterError when kubectl has ended."""
        if self._process.poll() is not None:
            raise ClusterError(f"{self._what} has ended: {self._last_words()}")
        return self._port

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`. Raises ClusterError when kubectl has ended."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Ends kubectl; safe to call twice."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:  # until kubectl ends; an unread pipe would block it
                if found := _OPENED.match(line):
                    self._port = int(found[1])
                    self._opened.set()
                elif not line.startswith("Handling connection"):
                    self._said = [*self._said[-9:], line.strip()]
        self._opened.set()

    def _last_words(self) -> str:
        return " ".join(self._said) or f"kubectl said nothing in {OPEN_SECONDS:.0f} s."
