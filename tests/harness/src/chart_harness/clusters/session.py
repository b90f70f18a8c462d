"""One cluster for all who test at once: the first session in boots it, the last one out deletes it, unless somebody keeps it.

A session is a pytest run with all its xdist workers, a run of the gate, or anybody else who calls `acquire`. Sessions of several
processes are told apart by `owners`; one process at a time decides, under a lock that the kernel releases when it is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.owners import Owner, Owners
from chart_harness.clusters.provider import ClusterChanged, ClusterProvider
from cluster_images.cache import cache_folder, exclusive


def acquire(provider: ClusterProvider, owner: Owner | None = None, *, keep: bool = False) -> Cluster:
    """The provider's cluster, booted if need be; it stays until `release`, or until the owner's process ends.

    Arguments:
        owner: who needs it; by default this session. Each worker of a session may acquire it again.
        keep: it stays after its last session too.

    Waits while another process boots it. Raises ClusterError when it cannot be had, or when others use one that no longer fits.
    """
    owner = owner or Owner.of_this_session()
    with exclusive(_lock(provider)):
        owners = Owners(_file(provider))
        others, first = owners.alive - {owner}, owner not in owners.alive
        cluster = _find(provider, others)
        owners.add(owner)
        if keep:
            owners.keep(kept=True)
        try:
            if cluster is None:
                cluster = provider.start()
            elif first and not others:
                provider.tidy(cluster)
        except BaseException:
            if first:
                owners.remove(owner)
            raise
        return cluster


def _find(provider: ClusterProvider, others: frozenset[Owner]) -> Cluster | None:
    try:
        return provider.find()
    except ClusterChanged as changed:
        if others:
            users = " and ".join(sorted(map(str, others)))
            raise ClusterError(f"{changed} {users} still uses it: wait until that has ended, or stop it.") from None
        return None


def release(provider: ClusterProvider, owner: Owner | None = None) -> None:
    """The owner no longer needs the cluster; it is deleted if nobody else does and nobody keeps it. Safe to call again.

    Raises ClusterError when it could not be deleted; the next session will try again.
    """
    owner = owner or Owner.of_this_session()
    with exclusive(_lock(provider)):
        owners = Owners(_file(provider))
        if owner not in owners.alive:
            return
        owners.remove(owner)
        if not owners.alive and not owners.kept:
            provider.stop()


def delete(provider: ClusterProvider) -> None:
    """Deletes the cluster, kept or not. Raises ClusterError when somebody uses it, or when it cannot be deleted."""
    with exclusive(_lock(provider)):
        owners = Owners(_file(provider))
        if owners.alive:
            users = " and ".join(sorted(map(str, owners.alive)))
            raise ClusterError(f"Cluster {provider.name} is in use: {users} must end first.")
        owners.keep(kept=False)
        provider.stop()


@contextmanager
def session_cluster(provider: ClusterProvider, *, keep: bool = False) -> Iterator[Cluster]:
    """`with session_cluster(KindProvider()) as cluster:`, a session of its own, inside another one too. Raises ClusterError."""
    owner = Owner.of_its_own()
    cluster = acquire(provider, owner, keep=keep)
    try:
        yield cluster
    finally:
        release(provider, owner)


def folder(name: str) -> Path:
    """Where the state of the cluster `name` is kept: its kubeconfig, what it was booted from, who uses it."""
    return cache_folder() / "clusters" / name


def _lock(provider: ClusterProvider) -> str:
    return f"cluster-{provider.name}"


def _file(provider: ClusterProvider) -> Path:
    return folder(provider.name) / "owners.json"
