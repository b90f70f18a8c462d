"""Verdicts as a release would really give them: one that passes, one with everything that makes a report long, one without evidence.

Deterministic: the figures come from formulas, never from a generator of random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from promotion_gate.measurements import Measurements, Series
from promotion_gate.verdict import (
    SCHEMA_VERSION,
    BaselineRecord,
    CheckRecord,
    Finding,
    Observation,
    Outcome,
    Override,
    PolicyRecord,
    ReleaseRecord,
    TargetRecord,
    Verdict,
    WindowRecord,
)

STARTED = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)
CLUSTER = "8f0c7a52-61de-4f43-9b0c-0a1d1f6f2b7e"

CHECKS = (
    ("pods-ready", "Pods are Ready", "Is every pod that the chart asks for Ready?", "2 of 2 pods are Ready"),
    ("restarts", "No restarts", "Did a container restart?", "no container of 2 pods restarted in 30 s"),
    ("oom-kills", "No OOM kills", "Did the kernel kill a process for want of memory?", "no kill in 2 pods"),
    ("memory", "Memory", "Does every pod stay under its memory limit?", "63.2 MiB of 128 MiB at most, in 2 pods"),
    ("error-logs", "No error logs", "Does a log hold an error or an answer of 5xx?", "no error in 412 lines"),
    ("server-errors", "No server errors", "Did a request end with 5xx?", "none of 240 answers is 5xx"),
    (
        "library-logs",
        "Library's logs",
        "Does the metrics library say that it could not do its work?",
        "it says nothing",
    ),
    ("image", "Image", "Does the image run that the chart names?", "reference-service:0.1.0 in 2 of 2 pods"),
    ("environment", "Environment", "Has every process the env vars of the chart?", "23 variables in 6 processes"),
    ("metrics-contract", "Metrics contract", "Are the role's metrics there?", "11 families on 4 pages"),
    (
        "worker-series",
        "Series per worker",
        "Has every worker its own series, and is no work lost?",
        "4 workers, 240 of 240",
    ),
    ("forbidden-labels", "Forbidden labels", "Is a label there that makes a series a user?", "none in 11 families"),
    ("series-budget", "Series budget", "Are there fewer series than the budget allows?", "312 of 2000 series"),
    ("backend-parity", "Backend parity", "Do both backends say the same?", "no mismatch in 44 comparisons"),
    (
        "prometheus-target",
        "Prometheus' target",
        "Does Prometheus scrape every pod?",
        "2 targets up, no sample rejected",
    ),
    ("alerts-quiet", "Alerts are quiet", "Does an alert of the service fire?", "5 rules, all inactive"),
    ("network-reach", "Network reach", "Can reach it who shall, and nobody else?", "4 of 4 connections as declared"),
    ("latency-regression", "Latency", "Is it slower than the release promoted last?", "p = 0.41, Cliff's delta 0.02"),
    ("memory-regression", "Memory growth", "Does it take more than the release promoted last?", "p = 0.38, delta 0.05"),
    ("cpu-regression", "CPU growth", "Does it use more CPU than the release promoted last?", "p = 0.22, delta 0.11"),
)
"""Id, title, question, and what a good release shows; not the gate's own registry, which grows without these samples."""

LONG = "otel-exporter-otlp-proto-http-1.45.2-cp311-manylinux_2_28_x86_64.whl"
"""No space to break at."""

Found = Mapping[str, tuple[Outcome, str, tuple[tuple[str, str, str], ...], str]]
"""By check: outcome, summary, observations (subject, observed, expected) and remedy, where it is not what a good release shows."""

FAILURES: Found = {
    "memory": (
        Outcome.FAIL,
        "126.9 MiB of 128 MiB in aaa-api-7c9d8f6b5d-x2x8q: 99 % of its limit",
        (("aaa-api-7c9d8f6b5d-x2x8q", "126.9 MiB at its highest", "115.2 MiB at most (90 % of 128 MiB)"),),
        "Raise resources.limits.memory, or find what grows: `gate doctor aaa-api staging` shows the memory by worker.",
    ),
    "error-logs": (
        Outcome.FAIL,
        "aaa-api-7c9d8f6b5d-x2x8q logged \"ModuleNotFoundError: No module named 'opentelemetry.exporter'\" and 17 more lines",
        tuple(
            (
                f"aaa-api-7c9d8f6b5d-x2x8q, line {line}",
                f'{{"level":"error","message":"could not import <{LONG}>","path":"/usr/lib/python3/dist-packages/{LONG}/{line}"}}',
                "no line of level error",
            )
            for line in range(18)
        ),
        "Install service-metrics[otel] in the image: the exporter is an extra, which `pip install service-metrics` leaves out.",
    ),
    "environment": (
        Outcome.FAIL,
        "OTEL_RESOURCE_ATTRIBUTES differs in 6 of 6 processes",
        (
            (
                "OTEL_RESOURCE_ATTRIBUTES of process 14 (gunicorn: worker)",
                "service.namespace=staging," + ",".join(f"k8s.label.{n}={'x' * 24}" for n in range(12)),
                "service.namespace=staging,k8s.pod.name=aaa-api-7c9d8f6b5d-x2x8q",
            ),
        ),
        "Take OTEL_RESOURCE_ATTRIBUTES out of the image: what the chart sets must win.",
    ),
    "latency-regression": (
        Outcome.INCONCLUSIVE,
        "too few answers to say so: 12 of at least 20",
        (("answers drawn", "12", "20 at least"),),
        "Send more (requests_per_pod in gate.yaml).",
    ),
}


def good() -> Verdict:
    """Twenty checks that pass on a named cluster: it promotes."""
    return _verdict({}, _figures(pods=2, slowest=31.0))


def bad() -> Verdict:
    """Twenty checks of which three fail and one lacks samples, long texts, overrides, an interrupted window, many pods."""
    overrides = (
        Override(
            service="aaa-api",
            environment="staging",
            check="memory",
            actor="Kim Example <kim@example.org>",
            reason="The limit is raised in the next release; the pods have had this headroom since March. " * 2,
            ticket="OPS-4711",
            given_at=STARTED - timedelta(hours=2),
            expires_at=STARTED + timedelta(days=2),
        ),
        Override(
            service="aaa-api",
            environment="staging",
            check="a-check-of-old",
            actor="sre-on-call",
            reason="It was taken out of the inventory.",
            ticket="OPS-1",
            given_at=STARTED - timedelta(hours=1),
            expires_at=STARTED + timedelta(hours=1),
        ),
    )
    verdict = _verdict(FAILURES, _figures(pods=8, slowest=3100.0))
    window = WindowRecord(
        began_at=STARTED + timedelta(seconds=41),
        seconds=30.4,
        interruptions=("aaa-api-7c9d8f6b5d-x2x8q was restarted", "aaa-api-7c9d8f6b5d-k5v7p runs another image"),
    )
    release = verdict.release.model_copy(
        update={"image_digests": tuple(f"sha256:{digit * 64}" for digit in "0123456"), "uncommitted_changes": True}
    )
    return verdict.model_copy(update={"overrides": overrides, "window": window, "release": release})


def unknown() -> Verdict:
    """A local run that saw next to nothing: no digest, no window, no figures, and a check that did not run."""
    nothing = "no pod became Ready within 25 s"
    found: Found = {
        check: (Outcome.INCONCLUSIVE, f"no evidence of {check}: {nothing}", (), "Look at the checks that failed first.")
        for check in ("memory", "error-logs", "metrics-contract")
    }
    verdict = _verdict(found, Measurements())
    return verdict.model_copy(
        update={
            "checks": tuple(record for record in verdict.checks if record.id in found),
            "required_checks": ("memory", "error-logs", "metrics-contract", "worker-series"),
            "target": TargetRecord(
                name="embedded",
                kind="embedded",
                fit_for_promotion=False,
                note="Local processes: no limit is enforced, and no Prometheus scrapes them.",
            ),
            "release": verdict.release.model_copy(
                update={"image_digests": (), "commit": None, "set_values": ("workload.replicas=1",)}
            ),
            "window": None,
            "baseline": None,
        }
    )


def _verdict(found: Found, figures: Measurements) -> Verdict:
    return Verdict(
        schema_version=SCHEMA_VERSION,
        release=ReleaseRecord(
            service="aaa-api",
            environment="staging",
            role="http-api",
            image="registry.example.org/platform/aaa-api:2026.11.3",
            image_digests=(f"sha256:{'d1ce' * 16}",),
            manifests_sha256="9f2c61d7" * 8,
            chart_sha256="51c0ffee" * 8,
            values={"env.standard.PROMETHEUS_BACKEND": "otel"},
            commit="0123456789abcdef0123456789abcdef01234567",
        ),
        target=TargetRecord(name="context:staging", kind="cluster", identity=CLUSTER, fit_for_promotion=True),
        policy=PolicyRecord(version="2026.1", sha256="ab" * 32),
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=74.3),
        window=WindowRecord(began_at=STARTED + timedelta(seconds=12), seconds=30.4),
        required_checks=tuple(check for check, *_ in CHECKS),
        checks=tuple(_record(number, *check, found) for number, check in enumerate(CHECKS)),
        measurements=figures,
        baseline=BaselineRecord(
            commit="fedcba9876543210fedcba9876543210fedcba98",
            finished_at=STARTED - timedelta(days=6),
            manifests_sha256="0ddba11" * 9 + "0",
            target_identity=CLUSTER,
            medians={"latency": 7.9, "memory": 58.4, "cpu": 0.061},
        ),
    )


def _record(
    number: int,
    check: str,
    title: str,
    question: str,
    summary: str,
    found: Found,
) -> CheckRecord:
    outcome, said, seen, remedy = found.get(check, (Outcome.PASS, summary, ((title, summary, "the same"),), ""))
    return CheckRecord(
        id=check,
        title=title,
        question=question,
        documentation=f"docs/checks/{check}.md",
        asked_at=STARTED + timedelta(seconds=45 + number),
        finding=Finding(
            outcome=outcome,
            summary=said,
            remedy=remedy,
            observations=tuple(
                Observation(subject=subject, observed=observed, expected=expected, outcome=outcome)
                for subject, observed, expected in seen
            ),
        ),
    )


def _figures(pods: int, slowest: float) -> Measurements:
    names = [
        f"aaa-api-7c9d8f6b5d-{suffix}"
        for suffix in ("x2x8q", "k5v7p", "m4n2d", "9qz7l", "b6c8f", "t3t5h", "w8r2s", "z7j4g")
    ]

    def memory(pod: int) -> Series:
        return tuple(
            (float(at), round(41 + 9 * pod + 22 * (1 - math.exp(-at / 9)) + math.sin(at / 2 + pod), 1))
            for at in range(75)
        )

    def cpu(pod: int) -> Series:
        return tuple(
            (float(at), round(0.06 + 0.02 * math.sin(at / 5 + pod) + (0.24 if 14 <= at <= 19 else 0), 4))
            for at in range(1, 75)
        )

    answers = [(round(n / 100, 2), round(7.5 + 3 * math.sin(n * 1.7) + (n % 37) / 6, 2)) for n in range(590)]
    return Measurements(
        latency_ms=(*answers, (5.91, slowest)),
        memory_mib={name: memory(pod) for pod, name in enumerate(names[:pods])},
        memory_limit_mib=128.0,
        cpu_cores={name: cpu(pod) for pod, name in enumerate(names[:pods])},
    )
