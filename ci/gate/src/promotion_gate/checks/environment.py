"""The environment of every process is the one that the chart renders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import Missing, ProcessEnvironment
from promotion_gate.verdict import Finding, Observation, Outcome
from promotion_gate.workload import Workload, resolve_env

OWNED = re.compile(r"PROMETHEUS_|METRICS_|OTEL_|_OTEL_|ENABLE_METRICS$|CUSTOM_LABELS$")
"""Variables that only the chart may set: one that it did not render changes how metrics behave."""


_SECRET_NAME = re.compile(r"HEADERS|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_KEY$")
_SECRET_VALUE = re.compile(r"//[^/@]*:[^/@]*@")  # a password inside a URL


def _shown(name: str, value: str, secrets: Iterable[str] = ()) -> str:
    """The value, unless reports must not repeat it: for its looks, or because one of `secrets` is in it."""
    secret = _SECRET_NAME.search(name) or _SECRET_VALUE.search(value) or any(s and s in value for s in secrets)
    return "(a secret, not shown)" if secret else value


def assess(subject: Subject) -> Finding:
    environments, pods = subject.evidence.environments, subject.evidence.pods
    if isinstance(environments, Missing):
        return no_evidence("process environments", environments)
    if isinstance(pods, Missing):
        return no_evidence("process environments", pods)
    if not environments:
        return no_evidence("process environments", environments)
    facts = {pod.name: pod.facts for pod in pods}
    observations: list[Observation] = []
    for process in environments:
        observations += _compare(process, subject.workload, facts.get(process.pod, {}))
    for pod in sorted(facts.keys() - {process.pod for process in environments}):
        observations.append(unproved(pod, "no process", "a process whose environment can be read"))
    observations += unseen("pods seen", facts, subject)
    wrong = [o for o in observations if o.outcome is not Outcome.PASS]
    names = ", ".join(sorted({o.subject.split(" ")[0] for o in wrong}))
    return conclude(
        observations,
        good=f"{len(subject.workload.env)} variables as rendered in {counted(len(environments), 'process')}",
        bad=f"not as rendered: {names}",
        remedy="Look for an entrypoint, wrapper or image that sets or unsets the variable; the chart's value must reach the process.",
    )


def _compare(process: ProcessEnvironment, workload: Workload, facts: Mapping[str, str]) -> list[Observation]:
    """One observation per difference, or a single good one for the process."""
    who = f"in {process.pod} pid {process.pid} ({process.command})"
    replaced = {s.name: s.actual for s in process.substitutions}
    secrets = _secrets(process, workload)
    expected = {
        name: value
        for name, value in resolve_env(workload.env, facts, secrets | replaced).items()
        if name not in secrets
    }
    differences = [
        observe(
            f"{name} {who}",
            _shown(name, process.variables.get(name, "not set"), secrets.values()),
            _shown(name, value, secrets.values()),
            ok=False,
        )
        for name, value in expected.items()
        if process.variables.get(name) != value
    ]
    rendered = {var.name for var in workload.env}
    differences += [
        observe(f"{name} {who}", _shown(name, value), "not set, as the chart does not render it", ok=False)
        for name, value in sorted(process.variables.items())
        if OWNED.match(name) and name not in rendered
    ]
    for var in workload.env:
        if var.secret and not var.optional and var.name not in process.variables:
            differences.append(observe(f"{var.name} {who}", "not set", f"from the secret {var.secret}", ok=False))
    if differences:
        return differences
    changed = "; ".join(
        f"{s.name}={_shown(s.name, s.actual)} for {_shown(s.name, s.declared)}, {s.why}" for s in process.substitutions
    )
    seen = f"{len(expected)} as rendered" + (f" (the target replaced {changed})" if changed else "")
    return [observe(f"environment {who}", seen, f"{len(expected)} as rendered", ok=True)]


def _secrets(process: ProcessEnvironment, workload: Workload) -> dict[str, str]:
    """The values that the process got from secrets: they are known from nowhere else, and other variables may refer to them."""
    rendered = {var.name: var for var in workload.env}  # of two with one name the later counts
    return {
        var.name: process.variables[var.name]
        for var in rendered.values()
        if var.secret and var.name in process.variables
    }


CHECK = Check(
    id="environment",
    title="Environment as rendered",
    question="Does every process have the environment that the chart renders?",
    reads=("environments", "pods"),
    assess=assess,
)
