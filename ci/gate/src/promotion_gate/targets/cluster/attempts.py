"""Which connections are worth trying around a release: pure functions from its NetworkPolicies to what they should let through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promotion_gate.targets.cluster.policies import Place, lets_through, selects, types

Object = Mapping[str, Any]

LISTENER_PORT = 9999
"""Where the pod listens that a release should not call: no chart names this port."""


@dataclass(frozen=True)
class Attempt:
    """A connection to try, and whether the policies should let it through; immutable."""

    source: Place
    target: Place
    port: int
    allowed: bool


@dataclass(frozen=True)
class Callee:
    """Whom an egress rule names by selectors, and the TCP ports of it; immutable."""

    namespace_selector: Object | None
    """None: the namespace of the policy."""
    pod_selector: Object
    ports: tuple[int, ...]
    """Empty: every port."""


def named_callers(policies: Iterable[Object], release: Place) -> tuple[Mapping[str, str], ...]:
    """The labels of the pods of the release's own namespace that its policies let in, where they are named by labels alone."""
    peers = (peer for rule in _rules(policies, release, "Ingress") for peer in rule.get("from") or ())
    found = (
        (peer.get("podSelector") or {})
        for peer in peers
        if "podSelector" in peer and "namespaceSelector" not in peer and "ipBlock" not in peer
    )
    labels = (dict(one["matchLabels"]) for one in found if one.get("matchLabels") and not one.get("matchExpressions"))
    return tuple({tuple(sorted(one.items())): one for one in labels}.values())


def named_callees(policies: Iterable[Object], release: Place) -> tuple[Callee, ...]:
    """Whom the release's policies let it call, where they are named by selectors."""
    return tuple(
        Callee(
            peer.get("namespaceSelector"),
            peer.get("podSelector") or {},
            tuple(
                int(port["port"])
                for port in rule.get("ports") or ()
                if port.get("protocol", "TCP") == "TCP" and isinstance(port.get("port"), int)
            ),
        )
        for rule in _rules(policies, release, "Egress")
        for peer in rule.get("to") or ()
        if "ipBlock" not in peer
    )


def closes_egress(policies: Iterable[Object], release: Place) -> bool:
    """Whether the release may call only whom its policies name."""
    return any(selects(policy, release) and "Egress" in types(policy) for policy in policies)


def attempts(
    policies: Sequence[Object],
    release: Sequence[Place],
    ports: Sequence[int],
    stranger: Place,
    callers: Sequence[Place],
    listener: Place | None,
    callees: Sequence[tuple[Place, int]],
) -> tuple[Attempt, ...]:
    """What to try.

    Arguments:
        policies: those of every namespace concerned, the release's own as they were rendered.
        release: its pods; `ports` those on which they listen.
        stranger: a pod that no policy knows; `callers`: pods with the labels of `named_callers`.
        listener: a pod that nobody may call without a reason, on LISTENER_PORT.
        callees: pods that an egress rule names, and a port on which each listens.

    Beside every connection that must not come about is one that must: each pod reaches its own ports (so they are open), and the
    stranger reaches the listener. Left out is what depends on the network (see lets_through).
    """
    wanted = [
        *((pod, pod, port) for pod in release for port in ports),
        *((source, pod, port) for source in (stranger, *callers) for pod in release for port in ports),
        *(((source, listener, LISTENER_PORT) for source in (stranger, *release)) if listener else ()),
        *((pod, callee, port) for pod in release for callee, port in callees),
    ]
    return tuple(_judged(policies, wanted))


def _judged(policies: Sequence[Object], wanted: Iterable[tuple[Place, Place, int]]) -> Iterator[Attempt]:
    for source, target, port in wanted:
        allowed = lets_through(policies, source, target, port)
        if allowed is not None:
            yield Attempt(source, target, port, allowed)


def _rules(policies: Iterable[Object], release: Place, side: str) -> Iterator[Object]:
    for policy in policies:
        if selects(policy, release) and side in types(policy):
            yield from policy["spec"].get(side.lower()) or ()
