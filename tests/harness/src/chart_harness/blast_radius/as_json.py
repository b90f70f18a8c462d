"""The report for programs."""

from __future__ import annotations

import json

from chart_harness.blast_radius.outcome import Outcome


def as_json(outcome: Outcome) -> str:
    """The outcome as JSON; keys are only ever added."""
    return json.dumps(
        {
            "base": outcome.sides.base,
            "head": outcome.sides.head,
            "releases": {"before": len(outcome.sides.before), "after": len(outcome.sides.after)},
            "notes": list(outcome.notes),
            "open": [one.identity for one in outcome.open],
            "changes": [
                {
                    "id": one.identity,
                    "kind": one.difference.kind.key,
                    "blocks": one.blocks,
                    "acknowledged": one.identity in outcome.acknowledged,
                    "object": one.difference.where,
                    "what": one.difference.what,
                    "before": one.difference.before,
                    "after": one.difference.after,
                    "releases": [{"service": service, "environment": name} for service, name in one.releases],
                }
                for one in outcome.groups
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
