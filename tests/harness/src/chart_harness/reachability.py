"""Who can reach whom on which port, as the rendered NetworkPolicies of a whole environment have it.

cyclonus decides (ci/toolchain/reachability, a small program around its matcher); what is rendered is then compared with what the
services' values declare, which `reachability_declared` reads without looking at a template.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart_harness.frozen import thaw
from chart_harness.reachability_places import Place, Port
from chart_harness.render import Release
from cluster_images.go_modules import build
from cluster_images.modules import REACHABILITY

TIMEOUT_SECONDS = 60


class ReachabilityError(RuntimeError):
    """The question cannot be answered; the message is one sentence."""


@dataclass(frozen=True)
class Call:
    """A connection from one place to a port of another; immutable."""

    source: str
    target: str
    port: Port

    def __str__(self) -> str:
        return f"{self.source} → {self.target}:{self.port}"


def tried(places: Sequence[Place]) -> list[tuple[Place, Place, Port]]:
    """Every call to or from a service's pods that is judged. What the platform does among itself is not the fleet's."""
    return [
        (source, target, port)
        for source in places
        for target in places
        if source is not target and (source.service or target.service)
        for port in target.tried()
    ]


@dataclass(frozen=True)
class Sides:
    """The calls of a table as each side has it; immutable."""

    sent: frozenset[Call]
    """Those that the callers' egress lets out."""
    admitted: frozenset[Call]
    """Those that the called ones' ingress lets in."""

    @property
    def possible(self) -> frozenset[Call]:
        """Those that both let through."""
        return self.sent & self.admitted


def reachable(releases: Iterable[Release], places: Sequence[Place]) -> Sides:
    """Every call that the releases' NetworkPolicies let through.

    Raises ReachabilityError when a policy cannot be judged, GoBuildError where the program cannot be built.
    """
    policies = [thaw(policy) for release in releases for policy in release.of_kind("NetworkPolicy")]
    return let_through(policies, places)


def let_through(policies: Sequence[Mapping[str, Any]], places: Sequence[Place]) -> Sides:
    """As `reachable`, for policies of any source, each with its namespace."""
    calls = tried(places)
    position = {id(place): index for index, place in enumerate(places)}
    question = {
        "policies": list(policies),
        "places": [
            {
                "name": place.name,
                "ip": place.ip,
                "namespace": place.namespace,
                "namespaceLabels": place.namespace_labels,
                "labels": dict(place.labels),
            }
            for place in places
        ],
        "calls": [
            {
                "from": position[id(source)],
                "to": position[id(target)],
                "port": port.number,
                "portName": port.name,
                "protocol": port.protocol,
            }
            for source, target, port in calls
        ],
    }
    answer = _ask(question)
    return Sides(sent=_those(calls, answer["egress"]), admitted=_those(calls, answer["ingress"]))


def _those(calls: Sequence[tuple[Place, Place, Port]], fine: Sequence[bool]) -> frozenset[Call]:
    if len(fine) != len(calls):
        raise ReachabilityError(f"{len(calls)} calls were asked for and {len(fine)} were judged: that cannot be.")
    judged = zip(calls, fine, strict=True)
    return frozenset(Call(source.name, target.name, port) for (source, target, port), yes in judged if yes)


def _ask(question: Mapping[str, Any]) -> Mapping[str, Any]:
    binary = build(REACHABILITY)["reachability"]
    try:
        done = subprocess.run(
            [str(binary)],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReachabilityError(f"{binary} did not answer within {TIMEOUT_SECONDS} s and was stopped.") from error
    if done.returncode != 0:
        raise ReachabilityError(" ".join(done.stderr.split()) or f"{binary} ended with {done.returncode}, silently.")
    answer: Mapping[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":  # `make test` builds the program before the tests, none of which should wait for a compiler
    build(REACHABILITY)
