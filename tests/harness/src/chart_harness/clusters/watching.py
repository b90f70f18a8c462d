"""Watches several kinds of objects at once and hands out what there is after each change."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from kubernetes.watch import Watch

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.objects import Kind, Object, Objects, WatchBroken

WINDOW_SECONDS = 5
"""How long one request watches before the next goes on from its last version: no thread outlives its wait by more."""

Snapshot = Mapping[Kind, Sequence[Object]]
"""All objects of each kind that is watched, as they were after a change."""


class DeadlinePassed(Exception):
    """Nothing has changed until the deadline."""


@contextmanager
def snapshots(
    cluster: Cluster, namespace: str, kinds: Sequence[Kind], selector: str, deadline: float
) -> Iterator[Iterator[Snapshot]]:
    """Yields an endless iterator of snapshots: the first as soon as every kind is listed, then one after each change.

    `deadline` is a time of `time.monotonic()`; after it the iterator raises DeadlinePassed. It raises ClusterError when the
    cluster stops answering. One thread a kind; they end with the context.
    """
    news: queue.SimpleQueue[tuple[Kind, list[Object]] | Exception] = queue.SimpleQueue()
    watchers = [_Watcher(cluster, namespace, kind, selector, deadline, news) for kind in kinds]
    for watcher in watchers:
        watcher.start()
    try:
        yield _merge(news, len(kinds), deadline)
    finally:
        for watcher in watchers:
            watcher.stop()


def _merge(
    news: queue.SimpleQueue[tuple[Kind, list[Object]] | Exception], kinds: int, deadline: float
) -> Iterator[Snapshot]:
    known: dict[Kind, list[Object]] = {}
    while True:
        try:
            item = news.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise DeadlinePassed from None
        if isinstance(item, Exception):
            raise item
        known[item[0]] = item[1]
        if len(known) == kinds and news.empty():  # several changes at once are one
            yield dict(known)


class _Watcher(threading.Thread):
    """Lists a kind, then watches it from there, until it is stopped or the deadline has passed."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        kind: Kind,
        selector: str,
        deadline: float,
        news: queue.SimpleQueue[tuple[Kind, list[Object]] | Exception],
    ) -> None:
        super().__init__(name=f"watch {kind.plural} in {namespace}", daemon=True)
        self._cluster, self._namespace, self._kind, self._selector = cluster, namespace, kind, selector
        self._deadline, self._news = deadline, news
        self._stopped = threading.Event()
        self._watch = Watch()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Ends the thread soon; does not wait for it, since a request under way may not be interruptible."""
        self._stopped.set()
        self._watch.stop()  # type: ignore[no-untyped-call]

    def run(self) -> None:
        try:
            with Objects(self._cluster) as objects:
                while self._goes_on():
                    self._list_and_watch(objects)
        except Exception as error:
            if self._goes_on():  # else we broke the connection ourselves
                self._news.put(error)

    def _goes_on(self) -> bool:
        return not self._stopped.is_set() and time.monotonic() < self._deadline

    def _list_and_watch(self, objects: Objects) -> None:
        listed, version = objects.listing(self._kind, self._namespace, self._selector)
        known = {_key(item): self._with_kind(item) for item in listed}
        self._news.put((self._kind, list(known.values())))
        while self._goes_on():
            seconds = max(1, min(WINDOW_SECONDS, int(self._deadline - time.monotonic()) + 1))
            try:
                for change, item in objects.changes(
                    self._kind, self._namespace, self._selector, version, seconds, self._watch
                ):
                    version = str(item["metadata"]["resourceVersion"])
                    if change == "BOOKMARK":
                        continue
                    if change == "DELETED":
                        known.pop(_key(item), None)
                    else:
                        known[_key(item)] = self._with_kind(item)
                    self._news.put((self._kind, list(known.values())))
                    if not self._goes_on():
                        return
            except WatchBroken:
                return  # list again

    def _with_kind(self, item: Object) -> Object:
        return {**item, "kind": self._kind.name}  # lists leave it out


def _key(item: Object) -> tuple[str, str]:
    return str(item["metadata"].get("namespace", "")), str(item["metadata"]["name"])
