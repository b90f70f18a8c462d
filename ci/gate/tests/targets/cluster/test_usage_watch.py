"""The watch over all containers of a namespace: each is sampled from its start, and a gap is not taken for little memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from ci.gate.tests.targets.cluster.test_pods import CRASHED, KILLED, pod
from promotion_gate.targets.cluster import usage
from promotion_gate.targets.cluster.usage import UsageWatch

HERE = "gate-demo"
PODS = f"{NAMESPACES}/{HERE}/pods"
LIMIT = 1000

Wait = Callable[[Callable[[], bool]], None]


class Shell:
    """The shell in the container: prints its lines, then stays silent, or ends if it was told to."""

    def __init__(self, lines: Sequence[str], *, ends: bool) -> None:
        self._lines, self._ends = list(lines), ends

    def is_open(self) -> bool:
        return bool(self._lines) or not self._ends

    def readline_channel(self, _channel: int, timeout: float) -> bytes:
        if self._lines:
            return self._lines.pop(0).encode()
        threading.Event().wait(timeout / 100)
        return b""

    def read_channel(self, channel: int) -> bytes:
        return b"sh: not found" if channel == 2 else b""


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Shell]]:
    """The shells that a pod gets, one after the other; without any left it cannot be reached."""
    found: dict[str, list[Shell]] = {}

    @contextmanager
    def running(_cluster: Cluster, namespace: str, name: str, _command: Sequence[str]) -> Iterator[Shell]:
        assert namespace == HERE
        if not found.get(name):
            raise ClusterError(f"no command can be run in {name}")
        yield found[name].pop(0)

    monkeypatch.setattr(usage, "running", running)
    monkeypatch.setattr(usage, "LOOK_SECONDS", 0.01)
    return found


@pytest.fixture
def watch(cluster: Cluster, shells: dict[str, list[Shell]]) -> Iterator[UsageWatch]:
    """A watch whose threads have ended before `shells` goes: a late one would take a shell of the next test."""
    made = UsageWatch(cluster, HERE, "", LIMIT)
    yield made
    made.stop()
    made.stop()
    if made._thread.is_alive():
        made._thread.join()
    for sampler in made._samplers:
        sampler.join()


def sizes(watch: UsageWatch, api: FakeApi) -> dict[str, list[int]]:
    uses = watch.memory([item for path, item in api.objects.items() if path.startswith(PODS)])
    return {use.pod: [size for _, size in use.samples] for use in uses}


def put(api: FakeApi, name: str, **container: Any) -> None:
    api.objects[f"{PODS}/{name}"] = pod(container, name=name)


def test_each_pod_has_its_own_samples(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 100 0 1000000", "500 100 0 1000000"], ends=False)]
    shells["b"] = [Shell(["90 0 0 1000000"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [200, 400]})
    put(api, "b", containerID="containerd://2")
    wait(lambda: sizes(watch, api) == {"a": [200, 400], "b": [90]})


def test_a_container_that_is_started_again_is_sampled_again(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 1000000"], ends=True), Shell(["50 0 0 1000000"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [300, 50]})


@pytest.mark.parametrize(
    ("container", "seen"),
    [
        ({}, [300]),
        ({"restartCount": 1, "lastState": CRASHED}, [300]),
        ({"restartCount": 1, "lastState": KILLED}, [300, LIMIT]),
    ],
)
def test_a_container_that_the_kernel_killed_was_at_its_limit(
    container: dict[str, Any],
    seen: list[int],
    watch: UsageWatch,
    api: FakeApi,
    shells: dict[str, list[Shell]],
    wait: Wait,
) -> None:
    put(api, "a", **container)
    shells["a"] = [Shell(["300 0 0 1000000"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": seen})


def test_cpu_time_begins_again_with_the_container(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 1500000", "300 0 0 2500000"], ends=True), Shell(["50 0 0 100000"], ends=False)]
    watch.start()
    wait(lambda: cpu(watch, api) == {"a": [1.5, 2.5, 0.1]})


def cpu(watch: UsageWatch, api: FakeApi) -> dict[str, list[float]]:
    uses = watch.cpu([item for path, item in api.objects.items() if path.startswith(PODS)])
    return {use.pod: [seconds for _, seconds in use.samples] for use in uses}


def test_a_cgroup_that_tells_no_cpu_time_is_no_evidence_of_it(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 -"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [300]})
    with pytest.raises(ClusterError, match="the cgroup of a does not tell its CPU time"):
        cpu(watch, api)


def test_what_the_cgroup_counted_as_killed_is_told(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 1", "200 0 2 1"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [300, LIMIT]})
    (use,) = watch.memory([api.objects[f"{PODS}/a"]])
    assert use.oom_kills == 2


def test_a_kill_that_nobody_explains_is_no_evidence(watch: UsageWatch, api: FakeApi) -> None:
    put(api, "a", lastState={"terminated": {"reason": "Error", "exitCode": 137}})
    with pytest.raises(ClusterError, match="a was killed, and the runtime does not say whether for want of memory"):
        sizes(watch, api)


@pytest.mark.parametrize(
    ("shell", "says"),
    [
        (list, "no command can be run in a"),
        (lambda: [Shell([], ends=True)], "sh: not found"),
        (lambda: [Shell(["300"], ends=False)], "values to unpack"),
    ],
)
def test_a_container_that_cannot_be_read_is_no_evidence(
    shell: Callable[[], list[Shell]],
    says: str,
    watch: UsageWatch,
    api: FakeApi,
    shells: dict[str, list[Shell]],
    wait: Wait,
) -> None:
    put(api, "a")
    shells["a"] = shell() * 1000
    watch.start()

    def told() -> bool:
        try:
            sizes(watch, api)
        except ClusterError as error:
            return "the memory of a could not be read" in str(error) and says in str(error)
        return False

    wait(told)


def test_a_container_that_could_be_read_only_at_first_is_no_evidence(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 1000000"], ends=True)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [300]})
    monkeypatch.setattr(usage, "SILENT_SECONDS", -1.0)
    with pytest.raises(ClusterError, match="the memory of a was not watched to the end"):
        sizes(watch, api)


def test_a_container_that_ends_while_it_is_asked_for_could_be_read(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api, "a")
    asked = threading.Event()

    class Late(Shell):
        def readline_channel(self, channel: int, timeout: float) -> bytes:
            return super().readline_channel(channel, timeout) if asked.wait(timeout) else b""

    def meanwhile(_pod: Any) -> bool:
        asked.set()
        watch._samplers[0].join()
        return False

    shells["a"] = [Late(["300 0 0 1000000"], ends=True)]
    watch.start()
    wait(lambda: bool(watch._samplers) and not shells["a"])
    monkeypatch.setattr(usage, "was_out_of_memory", meanwhile)
    assert sizes(watch, api) == {"a": []}
    assert sizes(watch, api) == {"a": [300]}


def test_a_watch_that_broke_is_no_evidence(
    watch: UsageWatch, api: FakeApi, shells: dict[str, list[Shell]], wait: Wait
) -> None:
    put(api, "a")
    shells["a"] = [Shell(["300 0 0 1000000"], ends=False)]
    watch.start()
    wait(lambda: sizes(watch, api) == {"a": [300]})
    api.refuses[f"GET {PODS}"] = 500

    def told() -> bool:
        try:
            sizes(watch, api)
        except ClusterError as error:
            return "memory was not watched to the end" in str(error)
        return False

    wait(told)


def test_a_pod_that_nothing_is_known_of_has_no_samples(watch: UsageWatch, api: FakeApi) -> None:
    put(api, "a")
    assert sizes(watch, api) == {"a": []}
