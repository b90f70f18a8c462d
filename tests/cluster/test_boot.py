"""A boot that is killed at any point leaves a state from which the next one starts cleanly; a whole cluster is used again.

The cluster here is one of its own, without components: a node and its control plane.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker
import psutil
import pytest

from chart_harness.clusters import kind
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.kind_command import MARK
from chart_harness.clusters.loading import node_of
from chart_harness.clusters.owners import Owners
from chart_harness.clusters.session import acquire, delete, folder, release
from cluster_images import engine
from cluster_images.provide import provided

NAME = "boot-test"

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("boot"), pytest.mark.timeout(600)]

# A session that says each line of its boot, goes on when it is told to, and keeps the cluster until it is killed.
SESSION = f"""
import sys
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.session import acquire

def say(line):
    print(line, flush=True)
    sys.stdin.readline()

acquire(KindProvider({NAME!r}, components=(), progress=say))
say("it has the cluster")
"""


@dataclass
class Session:
    """A session in a process that can be killed."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls) -> Session:
        command = [sys.executable, "-c", SESSION]
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def until(self, words: str) -> None:
        """Let the boot go on until it says these words; there it waits."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return
            self.go_on()
        pytest.fail(f"The boot ended with {self.process.wait()} and never said {words!r}.")

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """As the kernel or an impatient person does it: the session cannot clean up."""
        self.process.kill()
        self.process.communicate()


def while_the_engine_makes_the_node(session: Session) -> None:
    client = engine.connect()
    filters = {"type": "container", "event": "create", "container": node_of(NAME)}
    created = client.events(decode=True, filters=filters)
    session.until("images are in the engine")
    session.go_on()
    next(created)


def while_kubeadm_runs(session: Session) -> None:
    session.until("the node's containerd runs")
    session.go_on()
    node = engine.connect().containers.get(node_of(NAME))
    # kubeadm has begun when it has written its first certificate
    code, _ = node.exec_run(
        ["timeout", "60", "sh", "-c", "until [ -e /etc/kubernetes/pki/ca.crt ]; do sleep 0.1; done"]
    )
    assert code == 0


def before_it_is_written_down_that_it_is_whole(session: Session) -> None:
    session.until("kind has created the cluster")


STAGES = (while_the_engine_makes_the_node, while_kubeadm_runs, before_it_is_written_down_that_it_is_whole)


def provider(progress: Callable[[str], None] = lambda _line: None) -> KindProvider:
    return KindProvider(NAME, components=(), progress=progress)


def container() -> str:
    return str(engine.connect().containers.get(node_of(NAME)).id)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Booted by the session after three that were killed, each at a later stage of its boot, over what was left of the one before."""
    provider().stop()
    for stage in STAGES:
        session = Session.begin()
        try:
            stage(session)
        finally:
            session.kill()
        assert provider().find() is None, stage.__name__
    cluster = acquire(provider(), keep=True)
    release(provider())
    try:
        yield cluster
    finally:
        delete(provider())


def test_after_killed_boots_the_next_one_is_whole_and_alone(cluster: Cluster) -> None:
    assert cluster.kubectl("get", "nodes", "--output", "name").split() == [f"node/{node_of(NAME)}"]
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"
    assert not [process.pid for process in psutil.process_iter() if _is_ours(process)]
    assert not Owners(folder(NAME) / "owners.json").alive


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.environ().get(MARK) == NAME
    except psutil.Error:
        return False


def test_a_kept_cluster_is_used_again(cluster: Cluster) -> None:
    before, said = container(), list[str]()
    assert acquire(provider(said.append)) == cluster
    release(provider())
    assert (container(), said) == (before, [])


def test_a_node_that_was_stopped_is_no_cluster(cluster: Cluster) -> None:
    node = engine.connect().containers.get(node_of(NAME))
    assert provider().find() == cluster
    node.pause()
    try:
        assert provider().find() is None
    finally:
        node.unpause()
    assert provider().find() == cluster


@pytest.fixture
def newer_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From here on the table's node image is another one, with the same in it."""
    client: docker.DockerClient = engine.connect()
    recipe = f"FROM {provided('node')['node']}\nLABEL boot-test=newer\n"
    image, _ = client.images.build(fileobj=io.BytesIO(recipe.encode()), tag="boot-test-node:newer", rm=True)
    monkeypatch.setattr(kind, "provided", lambda *names: {**provided(*names), "node": "boot-test-node:newer"})
    yield
    monkeypatch.undo()
    delete(provider())  # its container has the image
    client.images.remove(str(image.id), force=True)


@pytest.mark.usefixtures("newer_node")
def test_a_changed_image_makes_another_cluster_unless_somebody_uses_the_old_one(cluster: Cluster) -> None:
    before = container()
    user = Session.begin()  # which knows nothing of the newer image
    try:
        user.until("it has the cluster")
        with pytest.raises(
            ClusterError, match=rf"other versions of: image node\. process {user.process.pid} .* still uses it"
        ):
            acquire(provider())
        assert container() == before
    finally:
        user.kill()
    try:
        acquire(provider())
        assert container() != before
        assert cluster.kubectl("get", "--raw", "/readyz") == "ok"
    finally:
        release(provider())
