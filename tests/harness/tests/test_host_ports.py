"""A lent port is nobody else's: no other lease, no other process, until it is given back or its holder is gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chart_harness import host_ports
from chart_harness.host_ports import NoFreePort, PortLease

HOLDER = """
import sys
from chart_harness import host_ports
host_ports._RANGE = range(int(sys.argv[1]), int(sys.argv[2]))
try:
    lease = host_ports.PortLease()
    print(lease.port, flush=True)
except host_ports.NoFreePort:
    print("none", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def two_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> range:
    """All that there is to lend: two ports that were free a moment ago, in a folder of their own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for start in range(40_000, 60_000, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("0.0.0.0", start))
                other.bind(("0.0.0.0", start + 1))
            except OSError:
                continue
            break
    ports = range(start, start + 2)
    monkeypatch.setattr(host_ports, "_RANGE", ports)
    return ports


@pytest.fixture
def holder(two_ports: range) -> Iterator[subprocess.Popen[str]]:
    """Another process that takes a lease and says which."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(two_ports.start), str(two_ports.stop)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_leases_differ_and_there_is_no_third(two_ports: range) -> None:
    leases = [PortLease(), PortLease()]
    assert [lease.port for lease in leases] == list(two_ports)
    with pytest.raises(NoFreePort, match=r"No port between .* is free"):
        PortLease()
    leases[0].release()
    leases[0].release()
    assert PortLease().port == two_ports.start
    leases[1].release()


def test_another_process_does_not_get_it_until_it_is_given_back(
    two_ports: range, holder: subprocess.Popen[str]
) -> None:
    assert said(holder) == str(two_ports.start)
    mine = PortLease()
    assert mine.port == two_ports.start + 1
    with pytest.raises(NoFreePort):
        PortLease()
    mine.release()


def test_the_kernel_gives_it_back_when_its_holder_is_killed(two_ports: range, holder: subprocess.Popen[str]) -> None:
    assert said(holder) == str(two_ports.start)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    lease = PortLease()
    assert lease.port == two_ports.start
    lease.release()


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
def test_a_port_that_somebody_listens_on_is_not_lent(address: str, two_ports: range) -> None:
    with socket.create_server((address, two_ports.start)):
        lease = PortLease()
    assert lease.port == two_ports.start + 1
    lease.release()


def test_a_service_can_listen_on_it(two_ports: range) -> None:
    lease = PortLease()
    socket.create_server(("0.0.0.0", lease.port)).close()
    lease.release()
