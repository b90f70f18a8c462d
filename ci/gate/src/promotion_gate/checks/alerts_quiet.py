"""No alert of the release fires, and its rules are evaluated."""

from __future__ import annotations

from datetime import datetime

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved
from promotion_gate.counted import counted
from promotion_gate.evidence import Missing, RuleState
from promotion_gate.verdict import Finding, Observation


def assess(subject: Subject) -> Finding:
    rules = subject.evidence.rules
    if isinstance(rules, Missing) or not rules:
        return no_evidence("rules", rules)
    created = _created(subject)
    observations = [_rule(rule, created) for rule in rules]
    alerts = [rule for rule in rules if rule.kind == "alerting"]
    if not alerts:
        observations.append(unproved("alerting rules", f"0 of {counted(len(rules), 'rule')}", "1 at least"))
    fire = [rule for rule in alerts if rule.state == "firing"]
    earlier = [rule.name for rule in fire if _is_earlier(rule, created)]
    firing = [rule.name for rule in fire if not _is_earlier(rule, created)]
    pending = [rule.name for rule in alerts if rule.state == "pending"]
    broken = [rule.name for rule in rules if rule.health != "ok"]
    parts = {"firing": firing, "firing since before": earlier, "pending": pending, "not evaluated": broken}
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
    return conclude(
        observations,
        good=f"{counted(len(alerts), 'alert')} quiet, {counted(len(rules), 'rule')} evaluated",
        bad=said or f"{counted(len(rules), 'rule')} and no alert among them",
        remedy="Follow the alert's page in docs/runbooks; wait for a pending one to end, or for one of an earlier release (gate deploy "
        "--keep-inconclusive keeps the release that mends it); a rule that is not evaluated says why.",
    )


def _created(subject: Subject) -> datetime | None:
    """When the oldest of the release's pods was created; None where that is not known."""
    pods = subject.evidence.pods
    moments = [] if isinstance(pods, Missing) else [pod.created_at for pod in pods]
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None


def _is_earlier(rule: RuleState, created: datetime | None) -> bool:
    """Whether the alert's condition has held since before there was any of the release's pods, so that they did not bring it about.

    They may keep it up all the same: it proves nothing.
    """
    return created is not None and rule.active_since is not None and rule.active_since < created


def _rule(rule: RuleState, created: datetime | None) -> Observation:
    expected = "evaluated, inactive" if rule.kind == "alerting" else "evaluated"
    if rule.health != "ok":
        seen = f"health {rule.health}{': ' if rule.last_error else ''}{rule.last_error}"
        if rule.health == "err":
            return observe(rule.name, seen, expected, ok=False)
        return unproved(rule.name, seen, expected)
    if rule.kind == "recording":
        return observe(rule.name, "evaluated", expected, ok=True)
    seen = f"{rule.state or 'of no known state'}{': ' if rule.says else ''}{rule.says}"
    if rule.state == "firing" and _is_earlier(rule, created):
        return unproved(
            rule.name, f"{seen}, since before its pods were created ({rule.active_since:%H:%M:%S} UTC)", expected
        )
    if rule.state in {"inactive", "firing"}:
        return observe(rule.name, seen, expected, ok=rule.state == "inactive")
    return unproved(rule.name, seen, expected)


CHECK = Check(
    id="alerts-quiet",
    title="Alerts quiet",
    question="Are the release's rules evaluated, and does none of its alerts fire?",
    reads=("rules",),
    assess=assess,
)
