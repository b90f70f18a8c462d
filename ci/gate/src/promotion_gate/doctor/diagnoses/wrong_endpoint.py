"""The release pushes to another place than the chart says, or to one that does not exist."""

from __future__ import annotations

from promotion_gate.doctor.deviation import Stage, deviations, remedy
from promotion_gate.doctor.diagnoses.collector import ENDPOINT, in_cluster
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Around, View
from promotion_gate.evidence import Missing

NAMES = (ENDPOINT, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL")


def diagnose(view: View) -> Answer:
    """Every process has the chart's endpoint and protocol, and there is such a Service with such a port."""
    if not view.declared.pushes or not view.metrics_on:
        return None
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    if found := list(deviations(view, NAMES)):
        expected = f"{ENDPOINT}={view.declared.literal(ENDPOINT)} in every process"
        return Diagnosis(tuple(f"{one.sentence}." for one in found), expected, remedy(view, found[0].since))
    if isinstance(view.collector, Missing):
        return CannotTell(view.collector.reason)
    seen = "" if view.collector is None else _nobody_there(view, view.collector)
    if not seen:
        return None
    return Diagnosis(
        (seen,),
        f"a collector at {view.declared.literal(ENDPOINT)}",
        f"Start the collector, or set metrics.otlp.endpoint to where it is. {remedy(view, Stage.CHECKOUT)}",
    )


def _nobody_there(view: View, collector: Around) -> str:
    endpoint = in_cluster(view.declared.literal(ENDPOINT), view.namespace)
    if endpoint is None:
        return ""
    where = f"Service {endpoint.service} in namespace {endpoint.namespace}"
    if collector.service is None:
        return f"There is no {where}."
    ports = [port["port"] for port in collector.service["spec"].get("ports") or ()]
    if endpoint.port not in ports:
        return f"{where} has the port {', '.join(map(str, ports))}, not {endpoint.port}."
    return "" if collector.pods else f"{where} selects no pod: the collector does not run."


EXAMINATION = Examination("wrong-endpoint", "The endpoint for pushes is wrong", diagnose)
