"""Each thing that can be wrong: the doctor names it first, says what it saw, and says nothing of a release that is well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.prometheus import Target
from ci.gate.tests.doctor.conftest import NOW, PULLED, PUSHES, ROOT, Spoil, changed, healthy, pods
from ci.gate.tests.doctor.spoiling import (
    both,
    families,
    log,
    manifest_env,
    objects,
    process_env,
    status,
    valued,
    waits,
    without,
)
from promotion_gate.doctor.diagnoses import ALL
from promotion_gate.doctor.examination import CannotTell, Diagnosis, Examination, examine
from promotion_gate.doctor.view import Dial, Installed, View
from promotion_gate.evidence import Missing, Sample

OTEL = "SettingsError: PROMETHEUS_BACKEND is 'otel' but the OpenTelemetry SDK is not installed; install 'service-metrics[otel]' or unset"


@dataclass(frozen=True)
class Case:
    """What is spoiled, of which release, what is found first, and a part of what must be said (pattern) of what was seen or to do."""

    service: str
    spoil: Spoil
    first: str
    says: str


def target(**change: Any) -> Spoil:
    def spoil(view: View) -> View:
        assert not isinstance(view.targets, Missing)
        return replace(view, targets=tuple(replace(one, **change) for one in view.targets))

    return spoil


def installed(**change: Any) -> Spoil:
    def spoil(view: View) -> View:
        assert isinstance(view.installed, Installed)
        return replace(view, installed=replace(view.installed, **change))

    return spoil


def older_image(view: View) -> View:
    def older(pod: Any) -> Any:
        item = {**pod.object, "spec": {**pod.object["spec"]}}
        container = {**item["spec"]["containers"][0], "image": "reference-service:0.0.9"}
        item["spec"]["containers"] = [container]
        return replace(pod, object=item, current=False)

    return pods(view, older)


def deny_all(policy: dict[str, Any]) -> None:
    policy["spec"] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def young(view: View) -> View:
    return replace(view, taken_at=NOW - timedelta(hours=1) + timedelta(seconds=10))


CASES: Mapping[str, Case] = {
    "no release": Case(PULLED, without("installed", None), "not-installed", "no release aaa-api in namespace shop"),
    "no deployment": Case(PULLED, without("deployment", None), "not-installed", "no Deployment aaa-api"),
    "scaled to nothing": Case(
        PULLED,
        lambda view: replace(view, pods=(), deployment={**view.deployment, "spec": {"replicas": 0}}),  # type: ignore[dict-item]
        "no-pods",
        "kubectl scale deployment/aaa-api --replicas=2",
    ),
    "refused by PodSecurity": Case(
        PULLED,
        both(
            without("pods"),
            without(
                "replica_sets",
                (
                    {
                        "metadata": {"name": "aaa-api-1"},
                        "spec": {"replicas": 2},
                        "status": {
                            "conditions": [
                                {"type": "ReplicaFailure", "status": "True", "reason": "Forbidden", "message": "root"}
                            ]
                        },
                    },
                ),
            ),
        ),
        "no-pods",
        r"Forbidden \(root\)",
    ),
    "no image": Case(
        PULLED,
        waits("ImagePullBackOff", "not found"),
        "image-pull",
        "reference-service:0.1.0: ImagePullBackOff not found",
    ),
    "no image name": Case(PUSHES, waits("InvalidImageName"), "image-pull", "pull secret"),
    "the otel extra is missing": Case(
        PUSHES,
        both(waits("CrashLoopBackOff", exit_code=1), log(OTEL, previous=True)),
        "missing-package",
        r"service-metrics\[otel\] in the image",
    ),
    "an opentelemetry module is missing": Case(
        PULLED,
        both(
            waits("CrashLoopBackOff", exit_code=1),
            log("ModuleNotFoundError: No module named 'opentelemetry'", previous=True),
        ),
        "missing-package",
        r"service-metrics\[otel\] in the image",
    ),
    "another module is missing": Case(
        PULLED,
        both(
            waits("CrashLoopBackOff", exit_code=1), log("ModuleNotFoundError: No module named 'fastapi'", previous=True)
        ),
        "missing-package",
        "Add the package that has fastapi",
    ),
    "out of memory": Case(
        PULLED, waits("CrashLoopBackOff", exit_code=137, ended="OOMKilled"), "out-of-memory", "limit of 368Mi"
    ),
    "out of memory once, and up again": Case(
        PULLED,
        status(
            lambda c: c.update(
                {"restartCount": 1, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
            )
        ),
        "out-of-memory",
        "started again 1 times",
    ),
    "it crashes": Case(
        PUSHES,
        both(waits("CrashLoopBackOff", exit_code=2), log("no such queue", previous=True)),
        "crash-loop",
        "archive-tagger-0: no such queue",
    ),
    "a secret is missing": Case(
        PUSHES, waits("CreateContainerConfigError", 'secret "otlp" not found'), "not-ready", 'secret "otlp" not found'
    ),
    "its probe fails": Case(
        PULLED, status(lambda c: c.update({"ready": False})), "not-ready", "readiness or startup probe"
    ),
    "no pods at all": Case(PULLED, without("pods"), "not-ready", "No pod has the labels"),
    "the image is older": Case(PULLED, older_image, "old-image", "aaa-api-0, aaa-api-1 of an earlier revision"),
    "metrics off by hand": Case(
        PULLED,
        both(
            manifest_env("deployment", PROMETHEUS_METRICS_ENABLE="false"),
            manifest_env("pods", PROMETHEUS_METRICS_ENABLE="false"),
            process_env(PROMETHEUS_METRICS_ENABLE="false"),
        ),
        "metrics-off",
        "Somebody changed the Deployment after Helm had",
    ),
    "metrics off by their alias": Case(
        PUSHES, process_env(PROMETHEUS_METRICS_ENABLE=None, ENABLE_METRICS="0"), "metrics-off", "ENABLE_METRICS=0"
    ),
    "no page": Case(
        PULLED,
        lambda view: pods(view, lambda pod: replace(pod, page=changed(pod.page, status=404, families=()))),
        "metrics-off",
        "answers 404 on /metrics",
    ),
    "another backend since the Deployment": Case(
        PULLED,
        both(
            *(manifest_env(part, PROMETHEUS_BACKEND="prometheus") for part in ("deployment", "pods")),
            process_env(PROMETHEUS_BACKEND="prometheus"),
        ),
        "wrong-backend",
        "the Deployment is the first that does not",
    ),
    "another backend since the pod": Case(
        PULLED,
        both(manifest_env("pods", PROMETHEUS_BACKEND="prometheus"), process_env(PROMETHEUS_BACKEND="prometheus")),
        "wrong-backend",
        "The pod is of an earlier revision",
    ),
    "no backend in the process": Case(
        PULLED,
        process_env(PROMETHEUS_BACKEND=None),
        "wrong-backend",
        "PROMETHEUS_BACKEND=not set; the chart says 'otel'",
    ),
    "another endpoint": Case(
        PUSHES,
        process_env(OTEL_EXPORTER_OTLP_ENDPOINT="http://elsewhere:4318"),
        "wrong-endpoint",
        "OTEL_EXPORTER_OTLP_ENDPOINT='http://elsewhere:4318'",
    ),
    "no collector": Case(
        PUSHES,
        lambda view: replace(view, collector=changed(view.collector, service=None)),
        "wrong-endpoint",
        "There is no Service opentelemetry-collector",
    ),
    "no pod of the collector": Case(
        PUSHES,
        lambda view: replace(view, collector=changed(view.collector, pods=())),
        "wrong-endpoint",
        "the collector does not run",
    ),
    "another port of the collector": Case(
        PUSHES,
        lambda view: replace(view, collector=changed(view.collector, service={"spec": {"ports": [{"port": 4317}]}})),
        "wrong-endpoint",
        "has the port 4317, not 4318",
    ),
    "the Service's port has another name": Case(
        PULLED,
        objects("services", lambda s: s["spec"]["ports"][0].update({"name": "web"})),
        "port-name",
        "no port of that name, but web",
    ),
    "the Service leads to another port": Case(
        PULLED,
        objects("services", lambda s: s["spec"]["ports"][0].update({"targetPort": "web"})),
        "port-name",
        "leads to port 'web'; aaa-api-0 has http=8080",
    ),
    "the Service leads to another number": Case(
        PULLED,
        objects("services", lambda s: s["spec"]["ports"][0].update({"targetPort": 9})),
        "port-name",
        "its page on METRICS_PORT=8080",
    ),
    "the monitor asks for another path": Case(
        PULLED,
        objects("monitors", lambda m: m["spec"]["endpoints"][0].update({"path": "/stats"})),
        "port-name",
        "asks for /stats",
    ),
    "no monitor": Case(PULLED, without("monitors"), "monitor-not-selected", "Somebody deleted it"),
    "the monitor selects no Service": Case(
        PULLED,
        objects("monitors", lambda m: m["spec"].update({"selector": {"matchLabels": {"app": "other"}}})),
        "monitor-not-selected",
        "ServiceMonitor aaa-api selects app=other",
    ),
    "the monitor looks into another namespace": Case(
        PULLED,
        objects("monitors", lambda m: m["spec"].update({"namespaceSelector": {"matchNames": ["elsewhere"]}})),
        "monitor-not-selected",
        "in namespace elsewhere",
    ),
    "Prometheus looks for another label": Case(
        PULLED,
        objects(
            "prometheuses", lambda p: p["spec"].update({"serviceMonitorSelector": {"matchLabels": {"release": "kps"}}})
        ),
        "monitor-not-selected",
        "takes those with release=kps",
    ),
    "Prometheus selects no monitor": Case(
        PULLED,
        objects("prometheuses", lambda p: p["spec"].pop("serviceMonitorSelector")),
        "monitor-not-selected",
        "has no serviceMonitorSelector",
    ),
    "Prometheus looks into its own namespace": Case(
        PULLED,
        objects("prometheuses", lambda p: p["spec"].pop("serviceMonitorNamespaceSelector")),
        "monitor-not-selected",
        "its own namespace only",
    ),
    "Prometheus looks into other namespaces": Case(
        PULLED,
        objects(
            "prometheuses",
            lambda p: p["spec"].update({"serviceMonitorNamespaceSelector": {"matchLabels": {"team": "a"}}}),
        ),
        "monitor-not-selected",
        "namespaces with team=a, and shop is none",
    ),
    "the Service selects no pod": Case(
        PULLED,
        objects("services", lambda s: s["spec"].update({"selector": {"app": "x"}})),
        "monitor-not-selected",
        "selects app=x",
    ),
    "a policy lets nobody in": Case(
        PULLED, objects("policies", deny_all), "network-policy", "prometheus-0 .* call aaa-api-0 on TCP 8080"
    ),
    "a policy lets another Prometheus in": Case(
        PULLED,
        objects(
            "policies",
            lambda p: p["spec"]["ingress"][0]["from"][0]["podSelector"].update({"matchLabels": {"app": "other"}}),
        ),
        "network-policy",
        "NetworkPolicy aaa-api in namespace shop decides",
    ),
    "a policy lets nobody out": Case(
        PUSHES,
        objects("policies", deny_all),
        "network-policy",
        "archive-tagger-0 call pod opentelemetry-collector-0 .* TCP 4318",
    ),
    "the collector does not answer": Case(
        PUSHES,
        without("dials", (Dial("archive-tagger-0", "http://c:4318", reached=False, said="timed out"),)),
        "collector-unreachable",
        "http://c:4318: timed out",
    ),
    "the collector refuses": Case(
        PUSHES,
        log("Pushing metrics to http://c:4318 fails (401 Unauthorized); trying again every 15 s."),
        "collector-unreachable",
        r"fails \(401 Unauthorized\)",
    ),
    "nothing is stored": Case(PUSHES, without("pushed"), "not-stored", "no series that archive-tagger-0 pushed"),
    "too many samples": Case(
        PULLED, target(health="down", last_error="sample limit exceeded"), "series-rejected", "sample limit exceeded"
    ),
    "the budget is used up": Case(
        PUSHES,
        valued("service_metrics_dropped_series_total", 4, family="task_runs_total"),
        "series-rejected",
        "task_runs_total lost 4 series",
    ),
    "the target is down": Case(
        PULLED,
        target(health="down", last_error="context deadline exceeded"),
        "target-down",
        "context deadline exceeded",
    ),
    "no target": Case(PULLED, without("targets"), "target-down", "no target aaa-api-0"),
    "work that is not counted": Case(
        PULLED, valued("http_requests_total", 0), "work-not-counted", "logged 2 units of work"
    ),
    "no work yet": Case(
        PULLED, both(valued("http_requests_total", 0), log("started")), "not-fired", "Send a request to a route"
    ),
    "no message yet": Case(PUSHES, both(valued("task_runs_total", 0), log("started")), "not-fired", "first run"),
    "a family of its own is missing": Case(
        PULLED,
        families(lambda f: None if f.name == "items_served_total" else f),
        "not-fired",
        "items_served_total has no series",
    ),
    "a family without series": Case(
        PULLED,
        families(lambda f: replace(f, samples=()) if f.name == "items_served_total" else f),
        "not-fired",
        "items_served_total has no series",
    ),
    "half applied": Case(PULLED, installed(status="failed"), "release-differs", "is 'failed'"),
    "older than the checkout": Case(
        PULLED,
        lambda view: replace(
            view,
            rendered=view.rendered[1:],
            values={"metrics": {"budget": {"series": 900}}},
        ),
        "release-differs",
        "metrics.budget.series is 1500 there and 900 here",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_cause_is_named(name: str) -> None:
    case = CASES[name]
    report = examine(case.spoil(healthy(case.service)), ALL)
    assert report.exit_code == 1
    assert [result.examination.id for result in report.found][:1] == [case.first], report.found
    answer = report.found[0].answer
    assert isinstance(answer, Diagnosis)
    assert re.search(case.says, "\n".join((*answer.seen, answer.remedy))), answer
    assert answer.expected
    assert all(text[-1] not in " \n" and text for text in (*answer.seen, answer.expected, answer.remedy))


def test_nothing_is_found_where_nothing_is_wrong(view: View) -> None:
    report = examine(view, ALL)
    assert [(r.examination.id, r.answer) for r in report.results if r.answer is not None] == []
    assert report.exit_code == 0


def test_of_a_release_that_is_not_there_nothing_else_is_said() -> None:
    nothing = both(
        without("installed", None),
        without("deployment", None),
        without("pods"),
        without("services"),
        without("monitors"),
    )
    report = examine(nothing(healthy(PULLED)), ALL)
    assert [result.examination.id for result in report.found] == ["not-installed"]


def test_every_diagnosis_is_made_by_a_case() -> None:
    assert {case.first for case in CASES.values()} == {examination.id for examination in ALL}


PARTS = [
    field.name
    for field in fields(View)
    if "Missing" in str(field.type)  # what may be missing
]


@pytest.mark.parametrize("part", PARTS)
def test_what_could_not_be_seen_is_never_nothing_wrong(view: View, part: str) -> None:
    """Of a part that this release needs. A release that is scraped has no use for a collector, nor one that pushes for targets."""
    needless = {
        PULLED: {"pushed", "collector", "dials"},
        PUSHES: {"services", "monitors", "prometheuses", "prometheus", "targets"},
    }
    spoiled = changed(view, **{part: Missing("the cluster did not say")})
    if part == "replica_sets":
        spoiled = replace(spoiled, pods=Missing("the cluster did not say"))  # as `looking` has it
    report = examine(spoiled, ALL)
    assert report.found == ()
    if part in needless[view.service]:
        assert report.exit_code == 0
        return
    assert report.exit_code == 3
    assert {result.answer.reason for result in report.unseen if isinstance(result.answer, CannotTell)} == {
        "the cluster did not say"
    }


@pytest.mark.parametrize("part", ["environments", "page"])
def test_a_pod_that_cannot_be_looked_into_is_not_well(part: str) -> None:
    view = pods(healthy(PULLED), lambda pod: changed(pod, **{part: Missing("it has no shell")}))
    report = examine(view, ALL)
    assert (report.exit_code, report.found) == (3, ())


@pytest.mark.parametrize(("service", "spoil"), [(PUSHES, without("pushed")), (PULLED, without("targets"))])
def test_what_has_just_started_is_given_time(service: str, spoil: Spoil) -> None:
    report = examine(young(spoil(healthy(service))), ALL)
    assert (report.exit_code, report.found) == (3, ())
    assert any("a moment ago" in str(result.answer) for result in report.unseen)


def test_pushes_that_work_again_are_no_finding() -> None:
    lines = (
        "Pushing metrics to http://c fails (refused); trying again every 15 s.",
        "Pushing metrics to http://c works again after 2 failures.",
    )
    assert examine(log(*lines)(healthy(PUSHES)), ALL).found == ()


def test_an_import_that_failed_and_was_caught_is_no_finding() -> None:
    spoiled = log("ModuleNotFoundError: No module named 'uvloop'", "INFO started")(healthy(PULLED))
    assert "missing-package" not in {result.examination.id for result in examine(spoiled, ALL).found}


def test_a_release_that_is_switched_off_is_told_so_and_nothing_else() -> None:
    view = healthy(PULLED)
    env = tuple(replace(v, value="false") if v.name == "PROMETHEUS_METRICS_ENABLE" else v for v in view.declared.env)
    off = replace(view, declared=replace(view.declared, env=env))
    assert [r.examination.id for r in examine(process_env(PROMETHEUS_METRICS_ENABLE="false")(off), ALL).found] == [
        "metrics-off"
    ]


def test_a_diagnosis_that_raises_is_told_and_hides_no_other() -> None:
    def raises(_: View) -> None:
        raise KeyError("spec")

    broken = Examination("broken", "It is broken", raises)
    report = examine(without("installed", None)(healthy(PULLED)), [broken, *ALL])
    assert "KeyError: 'spec'" in str(report.unseen[0].answer)
    assert report.found[0].examination.id == "not-installed"


def test_every_diagnosis_has_its_row_in_the_page_and_its_file() -> None:
    page = (ROOT / "docs" / "doctor.md").read_text()
    headings = re.findall(r"^### ([a-z-]+)$", page, re.MULTILINE)
    assert headings == [examination.id for examination in ALL]  # in the order of the list
    folder = Path(str(ROOT)) / "ci/gate/src/promotion_gate/doctor/diagnoses"
    files = {path.stem for path in folder.glob("*.py") if "EXAMINATION = " in path.read_text()}
    assert files == {examination.id.replace("-", "_") for examination in ALL}


def test_a_value_with_a_sample_of_another_name_is_not_the_familys() -> None:
    """The control of `has_series`: a name that only begins like the family's."""
    spoiled = families(
        lambda f: (
            replace(f, samples=(Sample("items_served_total_created", {}, 1.0),))
            if f.name == "items_served_total"
            else f
        )
    )(healthy(PULLED))
    assert [r.examination.id for r in examine(spoiled, ALL).found] == ["not-fired"]


def test_unknown_targets_are_waited_for() -> None:
    view = healthy(PULLED)
    unscraped = replace(view, targets=tuple(Target({"pod": f"aaa-api-{n}"}, "unknown", "", 0.0) for n in range(2)))
    assert examine(unscraped, ALL).exit_code == 3
