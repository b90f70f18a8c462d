"""Who may connect can, and who may not cannot."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    connections = subject.evidence.connections
    if isinstance(connections, Missing) or not connections:
        return no_evidence("attempts to connect", connections)
    observations = [
        observe(
            f"{c.source} to {c.destination}",
            "connected" if c.reached else "not connected",
            "connected" if c.allowed else "not connected",
            ok=c.reached == c.allowed,
        )
        for c in connections
    ]
    # Each kind is the control of the other: without a policy everything is reached, without a network nothing is.
    for allowed, what in ((True, "attempts that are allowed"), (False, "attempts that are forbidden")):
        if not any(c.allowed == allowed for c in connections):
            observations.append(unproved(what, 0, "1 at least"))
    shut = sum(c.allowed and not c.reached for c in connections)
    leaking = sum(c.reached and not c.allowed for c in connections)
    opened, closed = (sum(c.allowed == allowed for c in connections) for allowed in (True, False))
    return conclude(
        observations,
        good=f"{opened} of {opened} allowed connections made, {closed} of {closed} forbidden ones refused",
        bad=f"{shut} of {opened} allowed connections not made, {leaking} of {closed} forbidden ones made",
        remedy="Allowed and not made: look for a port's name or a peer's label that differs (metrics.networkPolicy.peers, egress). "
        "Forbidden and made: look for a policy that selects no pod, and whether the cluster enforces NetworkPolicies at all.",
    )


CHECK = Check(
    id="network-reach",
    title="NetworkPolicies let the right ones through",
    question="Can those connect that may, and those not that may not?",
    reads=("connections",),
    assess=assess,
)
