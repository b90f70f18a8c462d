"""The service ends again and again, for a reason that is in its log."""

from __future__ import annotations

from promotion_gate.doctor.diagnoses import missing_package, out_of_memory
from promotion_gate.doctor.diagnoses.crashes import exit_codes, keeps_crashing, last_words
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing


def diagnose(view: View) -> Answer:
    """No pod keeps crashing, those apart whose reason another diagnosis has named."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    seen: list[str] = []
    for pod in view.pods:
        if keeps_crashing(pod) and not missing_package.lines(pod) and not out_of_memory.killed(pod):
            codes = exit_codes(pod)
            ended = f"ended with exit code {codes[-1]}" if codes else "cannot be started"
            seen += [f"{pod.name} keeps crashing: its container {ended}.", *last_words(pod)]
    if not seen:
        return None
    return Diagnosis(
        tuple(seen),
        "containers that run until they are told to stop",
        f"The last lines of the log say why; all of it: kubectl logs POD --previous --namespace {view.namespace}.",
    )


EXAMINATION = Examination("crash-loop", "Crash loop", diagnose)
