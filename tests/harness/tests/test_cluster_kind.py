"""A kind cluster is booted whole or not at all, found again while it fits, and its failures are sentences.

kind, docker and kubectl are scripts here; the live ones are in tests/cluster/test_boot.py.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound, NotFound

from chart_harness.clusters.booted import Booted
from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.components import Component
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.provider import ClusterChanged
from chart_harness.clusters.session import folder
from cluster_images.engine import EngineError
from cluster_images.provide import ImageError

KIND = """#!/bin/sh
echo "kind $1 $2" >> {calls}
case "$1 $2" in
  "create cluster")
    echo " * Starting control-plane ..."
    [ -z "$INTERRUPT" ] || kill -INT $PPID
    [ -z "$FAIL" ] || {{ echo "ERROR: $FAIL"; exit 1; }}
    while [ "$1" != --kubeconfig ]; do shift; done
    echo "apiVersion: v1" > "$2" ;;
esac
"""
DOCKER = """#!/bin/sh
cat > /dev/null
echo "docker $1 $3" >> {calls}
[ -z "$NO_IMPORT" ] || {{ echo "ctr: $NO_IMPORT" >&2; exit 1; }}
"""
KUBECTL = """#!/bin/sh
[ -z "$NO_ANSWER" ] || {{ echo "connection refused" >&2; exit 1; }}
"""


@dataclass
class FakeImage:
    id: str
    labels: dict[str, str] = field(default_factory=dict)

    def save(self, **_: Any) -> Iterator[bytes]:
        yield self.id.encode()


@dataclass
class FakeContainer:
    id: str = "c1"
    status: str = "running"

    def exec_run(self, command: list[str]) -> tuple[int, bytes]:
        return (0, b"") if command[0] == "iptables" else (127, b"not found")


@dataclass
class FakeEngine:
    """An engine's images and containers, by name."""

    stock: dict[str, FakeImage]
    container: FakeContainer | None = field(default_factory=FakeContainer)

    @property
    def images(self) -> FakeEngine:
        return self

    @property
    def containers(self) -> _Containers:
        return _Containers(self)

    def get(self, reference: str) -> FakeImage:
        if reference not in self.stock:
            raise ImageNotFound(reference)
        return self.stock[reference]


@dataclass
class _Containers:
    engine: FakeEngine

    def get(self, name: str) -> FakeContainer:
        assert name == "fake-control-plane"
        if self.engine.container is None:
            raise NotFound(name)
        return self.engine.container


@dataclass
class Host:
    """What the provider finds on its host, and what it called."""

    engine: FakeEngine
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def provider(self, *components: Component) -> KindProvider:
        return KindProvider("fake", components=components, progress=self.said.append, logs=self.folder / "logs")


@pytest.fixture
def host(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (("kind", KIND), ("docker", DOCKER), ("kubectl", KUBECTL)):
        (programs / name).write_text(script.format(calls=tmp_path / "calls"))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    for variable in ("KIND", "KUBECTL", "FAIL", "INTERRUPT", "NO_IMPORT", "NO_ANSWER"):
        monkeypatch.delenv(variable, raising=False)
    engine = FakeEngine(
        {"kindest/node:v1": FakeImage("sha256:node"), "reference-service:1": FakeImage("sha256:service")}
    )
    references = {"node": "kindest/node:v1", "reference-service": "reference-service:1"}
    monkeypatch.setattr(
        "chart_harness.clusters.kind.provided", lambda *names: {name: references[name] for name in names}
    )
    monkeypatch.setattr("chart_harness.clusters.kind.engine.connect", lambda: engine)
    return Host(engine, tmp_path)


def record() -> Path:
    return folder("fake") / "booted.json"


def booted(host: Host) -> Booted:
    read = Booted.read(record())
    assert read is not None
    return read


def test_a_boot_clears_the_way_creates_and_is_then_found_again(host: Host) -> None:
    cluster = host.provider().start()
    assert host.calls == ["kind delete cluster", "kind create cluster"]
    assert (cluster.name, cluster.context, cluster.kubeconfig.exists()) == ("fake", "kind-fake", True)
    assert host.provider().find() == cluster
    assert host.calls == ["kind delete cluster", "kind create cluster"]
    assert [line.split(")  ")[1] for line in host.said] == [
        "1 images are in the engine",
        "the node's containerd runs",
        "kind has created the cluster",
    ]


def test_stopping_it_leaves_nothing_to_find(host: Host) -> None:
    cluster = host.provider().start()
    host.provider().stop()
    assert host.calls[-1] == "kind delete cluster"
    assert not cluster.kubeconfig.exists()
    assert host.provider().find() is None


def test_a_boot_that_fails_says_why_keeps_the_logs_and_leaves_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "kubelet is not healthy")
    with pytest.raises(ClusterError) as error:
        host.provider().start()
    assert str(error.value).startswith(
        f"Cluster fake did not boot. The logs of its node and pods are in {host.folder}/logs/fake.\nkind create cluster failed:"
    )
    assert str(error.value).endswith("ERROR: kubelet is not healthy")
    assert host.calls == ["kind delete cluster", "kind create cluster", "kind export logs", "kind delete cluster"]
    assert host.provider().find() is None


def test_an_interrupt_leaves_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERRUPT", "yes")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            host.provider().start()
    finally:
        signal.signal(signal.SIGINT, before)
    assert host.calls == ["kind delete cluster", "kind create cluster", "kind delete cluster"]
    assert host.provider().find() is None


def test_a_cluster_that_was_only_half_booted_is_not_found(host: Host) -> None:
    host.provider().start()
    record().unlink()  # it is written last
    assert host.provider().find() is None


@pytest.mark.parametrize(
    "container", [None, FakeContainer(id="another"), FakeContainer(status="exited")], ids=["gone", "another", "stopped"]
)
def test_a_cluster_whose_node_is_not_the_one_that_was_booted_is_not_found(
    host: Host, container: FakeContainer | None
) -> None:
    host.provider().start()
    host.engine.container = container
    assert host.provider().find() is None


def test_a_cluster_that_does_not_answer_is_not_found(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.provider().start()
    monkeypatch.setenv("NO_ANSWER", "yes")
    assert host.provider().find() is None


def test_another_node_image_is_another_cluster(host: Host) -> None:
    host.provider().start()
    host.engine.stock["kindest/node:v1"] = FakeImage("sha256:newer")
    with pytest.raises(ClusterChanged, match=r"^Cluster fake was booted from other versions of: image node\.$"):
        host.provider().find()


def test_other_components_are_another_cluster(host: Host) -> None:
    host.provider().start()
    with pytest.raises(ClusterChanged, match=r"other versions of: manifests\."):
        host.provider(Component("namespaces")).find()


def test_another_host_is_another_cluster(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chart_harness.clusters.kind.engine.lacks_capabilities", lambda: True)
    host.provider().start()
    monkeypatch.setattr("chart_harness.clusters.kind.engine.lacks_capabilities", lambda: False)
    with pytest.raises(ClusterChanged, match=r"other versions of: configuration of kind\."):
        host.provider().find()


@pytest.fixture
def with_service(monkeypatch: pytest.MonkeyPatch) -> Component:
    """A component that runs the image under test, in a cluster that needs no API to be ready."""
    monkeypatch.setattr("chart_harness.clusters.kind.until_ready", lambda *_: _node_is_ready())
    return Component("publisher", ("reference-service",))


def _node_is_ready() -> dict[Any, Any]:
    from chart_harness.clusters.components import NODE

    condition = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {NODE: [{"status": {"conditions": [condition]}}]}


def test_a_newer_image_under_test_goes_into_the_running_cluster_once(host: Host, with_service: Component) -> None:
    host.provider(with_service).start()
    assert host.calls.count("docker exec fake-control-plane") == 1
    assert host.provider(with_service).find() is not None
    assert host.calls.count("docker exec fake-control-plane") == 1

    host.engine.stock["reference-service:1"] = FakeImage("sha256:newer")
    assert host.provider(with_service).find() is not None
    assert host.provider(with_service).find() is not None
    assert host.calls.count("docker exec fake-control-plane") == 2
    assert booted(host).loaded == {"reference-service:1": "sha256:newer"}
    assert host.calls.count("kind create cluster") == 1


def test_a_node_that_does_not_take_an_image_is_a_boot_that_failed(
    host: Host, with_service: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_IMPORT", "no space left on device")
    with pytest.raises(
        ClusterError, match=r"did not import .*reference-service-1@service.tar: ctr: no space left on device\."
    ):
        host.provider(with_service).start()
    assert host.calls[-2:] == ["kind export logs", "kind delete cluster"]


def test_no_engine_is_one_sentence(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> FakeEngine:
        raise EngineError("No Docker engine answers: start one, or run make engine.")

    monkeypatch.setattr("chart_harness.clusters.kind.engine.connect", none)
    with pytest.raises(ClusterError, match=r"^No Docker engine answers: start one, or run make engine\.$"):
        host.provider().stop()


def test_images_that_cannot_be_had_are_named(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: str) -> dict[str, str]:
        raise ImageError("kindest/node:v1 could not be pulled: no route to host.")

    monkeypatch.setattr("chart_harness.clusters.kind.provided", none)
    with pytest.raises(
        ClusterError, match=r"^Cluster fake has not all its images\. kindest/node:v1 could not be pulled"
    ):
        host.provider().start()
    assert host.calls == []


def test_each_cache_folder_has_a_cluster_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise two users of one engine would delete each other's cluster as a left-over of their own."""
    names = set()
    for user in ("one", "two", "two"):
        monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path / user))
        names.add(KindProvider().name)
    assert len(names) == 2
    assert all(name.startswith("service-metrics-") for name in names)
