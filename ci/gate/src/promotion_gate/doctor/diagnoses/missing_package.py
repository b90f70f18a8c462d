"""The service ends at its start because a package is not in its image: most often the library's [otel] extra."""

from __future__ import annotations

import re

from promotion_gate.doctor.diagnoses.crashes import keeps_crashing, quoted
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Pod, View
from promotion_gate.evidence import Missing

EXTRA = re.compile(r"the OpenTelemetry SDK is not installed|is not installed; install 'service-metrics\[otel\]'")
"""What the library itself says (service_metrics/backend.py and otlp/exporter.py)."""
_IMPORT = re.compile(r"(?:ModuleNotFoundError: No module named|ImportError: cannot import name) ['\"]?([\w.]+)")


def lines(pod: Pod) -> list[str]:
    """The log lines of a pod that keeps crashing that name a missing package."""
    if not keeps_crashing(pod):
        return []
    return [line.text for line in pod.lines() if EXTRA.search(line.text) or _IMPORT.search(line.text)]


def diagnose(view: View) -> Answer:
    """No pod crashes with an import that fails."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    seen = {f"{pod.name}: {quoted(found[-1])}": found[-1] for pod in view.pods if (found := lines(pod))}
    if not seen:
        return None
    said = next(iter(seen.values()))
    names = _IMPORT.search(said)
    if EXTRA.search(said) or (names and names[1].startswith("opentelemetry")):
        backend = view.declared.literal("PROMETHEUS_BACKEND", "prometheus")
        remedy = (
            "Install service-metrics[otel] in the image, not service-metrics alone, and build it again; until then set "
            f"env.standard.PROMETHEUS_BACKEND to prometheus (the chart has {backend})."
        )
    else:
        remedy = (
            f"Add the package that has {names[1] if names else 'it'} to the image's requirements and build it again."
        )
    return Diagnosis(tuple(seen), "an image with every package that the service imports", remedy)


EXAMINATION = Examination("missing-package", "Crash loop: a package is missing in the image", diagnose)
