"""The way from the monitor to the page is broken at a port: its name, its number, or the page's path."""

from __future__ import annotations

from collections.abc import Iterator

from promotion_gate.doctor.diagnoses.scraping import Finding, findings
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Object, Pod, View, app_container, literal
from promotion_gate.evidence import Missing


def diagnose(view: View) -> Answer:
    """The monitor names a port of the Service, the Service one of the container, and there is the page."""
    if not view.pulled:
        return None
    for part in (view.services, view.monitors, view.pods):
        if isinstance(part, Missing):
            return CannotTell(part.reason)
    seen = tuple(dict.fromkeys(sentence for finding in findings(view) for sentence in _broken(view, finding)))
    if not seen:
        return None
    return Diagnosis(
        seen,
        "one name for one port: monitor, Service and container, as metrics.port declares it",
        f"The chart renders all three from one value, so something else changed one: deploy the checkout again, "
        f"gate deploy {view.service} {view.environment}, and see who edits it by hand.",
    )


def _broken(view: View, finding: Finding) -> Iterator[str]:
    for position, endpoint in enumerate(finding.endpoints):
        named = endpoint.get("port")
        if finding.monitor["kind"] == "PodMonitor":
            yield from _at_pods(view, finding.name, named, endpoint, own_page=position == 0)
            continue
        for service in finding.services:
            name, ports = service["metadata"]["name"], service["spec"].get("ports") or ()
            port = next((port for port in ports if port.get("name") == named), None)
            if port is None:
                has = ", ".join(str(port.get("name") or port["port"]) for port in ports)
                yield f"{finding.name} scrapes port {named!r}; Service {name} has no port of that name, but {has}."
                continue
            where = f"{finding.name} over port {named!r} of Service {name}"
            yield from _at_pods(view, where, port.get("targetPort", port["port"]), endpoint, own_page=position == 0)


def _at_pods(view: View, where: str, target: object, endpoint: Object, *, own_page: bool) -> Iterator[str]:
    for pod in () if isinstance(view.pods, Missing) else view.pods:
        if not pod.current:
            continue
        number = _number(pod, target)
        if number is None:
            has = ", ".join(f"{port.get('name')}={port['containerPort']}" for port in _ports(pod))
            yield f"{where} leads to port {target!r}; {pod.name} has {has or 'no port'}."
        elif own_page:
            yield from _at_the_page(where, pod, number, str(endpoint.get("path") or "/metrics"))


def _at_the_page(where: str, pod: Pod, number: int, path: str) -> Iterator[str]:
    listens, page = literal(pod.object, "METRICS_PORT"), literal(pod.object, "METRICS_PATH")
    if listens and listens != str(number):
        yield f"{where} leads to port {number}; {pod.name} has its page on METRICS_PORT={listens}."
    if page and page != path:
        yield f"{where} asks for {path}; {pod.name} has its page on METRICS_PATH={page}."


def _number(pod: Pod, target: object) -> int | None:
    """The container port that a target names; a number needs no declaration, in Kubernetes as here."""
    if isinstance(target, int):
        return target
    return next((int(port["containerPort"]) for port in _ports(pod) if port.get("name") == target), None)


def _ports(pod: Pod) -> tuple[Object, ...]:
    return tuple(app_container(pod.object).get("ports") or ())


EXAMINATION = Examination("port-name", "A port name is in the way", diagnose)
