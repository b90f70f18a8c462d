"""kubectl as a child process: its errors, its output, its port-forwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from chart_harness.clusters import port_forward
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.port_forward import PortForward

CLUSTER = Cluster("fake", Path("/nowhere/kubeconfig"), "fake")
Kubectl = Callable[[str], None]


def test_it_is_told_which_cluster(kubectl: Kubectl) -> None:
    kubectl('echo "$@"; cat')
    said = CLUSTER.kubectl("get", "pods", stdin="from stdin")
    assert said == "--kubeconfig /nowhere/kubeconfig --context fake get pods\nfrom stdin"


def test_a_failure_says_everything(kubectl: Kubectl) -> None:
    kubectl("echo out; echo Forbidden >&2; exit 1")
    with pytest.raises(ClusterError, match="kubectl get pods failed: Forbidden\nout"):
        CLUSTER.kubectl("get", "pods")


def test_bytes_that_are_no_text_do_not_cost_the_rest(kubectl: Kubectl) -> None:
    kubectl(r"printf 'caf\351 closed'")
    assert CLUSTER.kubectl("logs", "x") == r"caf\xe9 closed"


def test_a_time_limit_ends_it(kubectl: Kubectl) -> None:
    kubectl("exec sleep 60")
    with pytest.raises(ClusterError, match="kubectl exec x did not end within 0 s"):
        CLUSTER.kubectl("exec", "x", timeout=0.2)


def test_a_missing_kubectl_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL", "/nowhere/kubectl")
    with pytest.raises(ClusterError, match="install kubectl, or set KUBECTL to its path"):
        CLUSTER.kubectl("get", "pods")


def test_a_kubeconfig_that_is_not_there_says_so() -> None:
    with pytest.raises(ClusterError, match="/nowhere/kubeconfig gives no access to context 'fake'"):
        CLUSTER.client()


def test_a_port_forward_knows_its_port_and_ends_with_its_context(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl(f'echo $$ > {tmp_path}/pid; echo "Forwarding from 127.0.0.1:45678 -> 8080"; exec sleep 60')
    with PortForward(CLUSTER, "test", "api-0", 8080) as forward:
        assert forward.url == "http://127.0.0.1:45678"
        pid = (tmp_path / "pid").read_text().strip()
        assert Path("/proc", pid).exists()
    assert not Path("/proc", pid).exists()


def test_a_port_forward_ends_with_the_process_that_started_it(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl(f'echo $$ > {tmp_path}/pid; echo "Forwarding from 127.0.0.1:45678 -> 8080"; exec sleep 60')
    program = (
        "import os, signal\nfrom pathlib import Path\n"
        "from chart_harness.clusters.cluster import Cluster\n"
        "from chart_harness.clusters.port_forward import PortForward\n"
        "forward = PortForward(Cluster('fake', Path('/nowhere'), 'fake'), 'test', 'api-0', 8080)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=30).returncode == -signal.SIGKILL
    _, alive = psutil.wait_procs(running((tmp_path / "pid").read_text()), timeout=5)
    assert alive == []


def running(pid: str) -> list[psutil.Process]:
    try:
        return [psutil.Process(int(pid))]
    except psutil.NoSuchProcess:
        return []


def test_a_port_forward_that_does_not_open_says_why(kubectl: Kubectl) -> None:
    kubectl('echo "error: unable to forward port because pod is not running" >&2; exit 1')
    with pytest.raises(ClusterError, match="port 8080 of pod test/api-0 did not open: error: unable to forward port"):
        PortForward(CLUSTER, "test", "api-0", 8080)


def test_a_port_forward_that_says_nothing_is_given_up(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_forward, "OPEN_SECONDS", 0.2)
    kubectl("exec sleep 60")
    with pytest.raises(ClusterError, match="did not open"):
        PortForward(CLUSTER, "test", "api-0", 8080)


def test_a_port_forward_that_has_ended_says_so_when_it_is_used(kubectl: Kubectl, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    kubectl(
        f'mkfifo {gate}; echo "Forwarding from 127.0.0.1:45678 -> 8080"; read x < {gate}; echo "lost connection to pod"'
    )
    forward = PortForward(CLUSTER, "test", "api-0", 8080)
    with gate.open("w") as opened:
        opened.write("\n")
    forward._process.wait(5)
    forward._reader.join(5)
    with pytest.raises(ClusterError, match="has ended: lost connection to pod"):
        _ = forward.url
    forward.close()
    forward.close()
