"""No log line carries a status of 500 or above."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding, Observation

SERVER_ERROR = 500
_SHOWN = 3


def assess(subject: Subject) -> Finding:
    logs = subject.evidence.logs
    if isinstance(logs, Missing) or not logs:
        return no_evidence("logs", logs)
    observations: list[Observation] = []
    scanned = failed = 0
    for log in logs:
        statuses = [line.status for line in log.lines if line.status is not None]
        errors = [line for line in log.lines if line.status is not None and line.status >= SERVER_ERROR]
        scanned, failed = scanned + len(statuses), failed + len(errors)
        if not statuses:  # a scan that recognised nothing proves nothing: the service may log in another form
            observations.append(
                unproved(log.pod, f"no line with a status among {len(log.lines)}", "lines with a status")
            )
            continue
        seen = f"{len(errors)} of {len(statuses)} lines with a status"
        observations.append(observe(log.pod, seen, "0 with status 500 and above", ok=not errors))
        observations += [observe(log.pod, line.text, "status below 500", ok=False) for line in errors[:_SHOWN]]
    observations += unseen("pods with a log", (log.pod for log in logs), subject)
    summary = f"{failed} of {scanned} log lines with a status say 500 or above"
    return conclude(
        observations,
        good=summary,
        bad=summary,
        remedy="Find the lines in pods/<pod>/log beside the reports and fix what fails; log handled work as JSON with a numeric status.",
    )


CHECK = Check(
    id="error-logs",
    title="No log line with status 500+",
    question="Is there no log line with status 500 or above?",
    reads=("logs",),
    assess=assess,
)
