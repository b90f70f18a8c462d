"""What is read out of a cluster: processes, pods, queries; and the names and manifests of what is put into one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.caller import manifest as caller_manifest
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.namespaces import Namespace, manifest, unique_name
from chart_harness.clusters.pods import Pod, in_bytes
from chart_harness.clusters.processes import LIST_COMMAND, Process, processes
from chart_harness.clusters.prometheus import selector
from chart_harness.fleet import FleetError

CLUSTER = Cluster("fake", Path("/nowhere/kubeconfig"), "fake")


def listed(*records: tuple[int, int, str, str]) -> str:
    return "".join(f"\x01{pid}\x02{parent}\x02{command}\x02{environ}" for pid, parent, command, environ in records)


def test_processes_are_process_1_and_its_descendants() -> None:
    text = listed(
        (40, 0, "sh\0-c\0list\0", "A=shell\0"),
        (41, 40, "cat\0", "A=shell\0"),
        (7, 1, "worker\0", "A=1\0B=x=y\n\0"),
        (1, 0, "gunicorn\0--config\0c\0", "A=1\0EMPTY=\0"),
        (9, 7, "grandchild\0", ""),
        (10, 1, "", ""),  # a zombie
        (11, "", "gone\0", ""),  # type: ignore[arg-type]
    )
    assert processes(text) == [
        Process(1, 0, ("gunicorn", "--config", "c"), {"A": "1", "EMPTY": ""}),
        Process(7, 1, ("worker",), {"A": "1", "B": "x=y\n"}),
        Process(9, 7, ("grandchild",), {}),
    ]


def test_the_listing_works_in_a_real_shell() -> None:
    """Of this host, whose process 1 is no ancestor of ours in every container: so the parser's parts are asked."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"MARK": "here"}) as child:
        said = subprocess.run(LIST_COMMAND, capture_output=True, check=True).stdout.decode(errors="replace")
        child.communicate(b"\n")
    (record,) = (part for part in said.split("\x01") if part.startswith(f"{child.pid}\x02"))
    assert record.split("\x02")[2:] == [f"{sys.executable}\0-c\0input()\0", "MARK=here\0"]


def pod(**spec: Any) -> Pod:
    return Pod(CLUSTER, {"metadata": {"name": "api-0", "namespace": "test"}, "spec": spec})


def test_the_memory_limit_of_a_pod_is_that_of_its_containers() -> None:
    limits = [{"name": str(n), "resources": {"limits": {"memory": text}}} for n, text in enumerate(("368Mi", "1M"))]
    assert pod(containers=limits).memory_limit == 368 * 1024**2 + 10**6
    with pytest.raises(ClusterError, match="Container bare of pod api-0 has no memory limit: set one"):
        _ = pod(containers=[*limits, {"name": "bare"}]).memory_limit


@pytest.mark.parametrize(
    ("text", "expected"), [("123", 123), ("2Ki", 2048), ("1Gi", 1024**3), ("128974848000m", 128974848)]
)
def test_quantities(text: str, expected: int) -> None:
    assert in_bytes(text) == expected


def test_a_port_is_found_by_name_or_because_it_is_the_only_one() -> None:
    two = pod(containers=[{"ports": [{"name": "http", "containerPort": 80}, {"name": "other", "containerPort": 81}]}])
    assert two.port("metrics", "http") == 80
    assert pod(containers=[{"ports": [{"containerPort": 80}]}]).port("metrics") == 80
    with pytest.raises(ClusterError, match="Pod api-0 has no port named metrics; its ports are"):
        two.port("metrics")


def test_a_selector_escapes_what_is_special() -> None:
    assert selector({"handler": 'a"b\\c'}) == '{handler="a\\"b\\\\c"}'
    assert selector({"a": "1", "b": "2"}) == '{a="1",b="2"}'
    assert selector({}) == ""


@pytest.mark.parametrize("purpose", ["pods_run[aaa-api-Über]", "x" * 200, "", "[]"])
def test_names_are_valid_and_unique(purpose: str) -> None:
    name = unique_name(purpose)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)
    assert name != unique_name(purpose)


def test_namespaces_enforce_restricted_and_callers_pass_it() -> None:
    assert manifest("x", "run")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    spec = caller_manifest("x", "ingress", "image", "run")["spec"]
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["securityContext"]["runAsNonRoot"]


@pytest.mark.parametrize(("named", "name"), [((), "caller"), (("shop-gateway",), "shop-gateway")])
def test_a_caller_is_a_pod_of_the_service_that_policies_name(named: tuple[str, ...], name: str) -> None:
    labels = caller_manifest("x", "shop", "image", "run", *named)["metadata"]["labels"]
    assert (labels["app.kubernetes.io/name"], labels["app.kubernetes.io/instance"]) == (name, "x")


def test_a_service_needs_a_fleet() -> None:
    with pytest.raises(FleetError, match="give the namespace a fleet_root"):
        Namespace(CLUSTER, "test").install("aaa-api", "staging")
