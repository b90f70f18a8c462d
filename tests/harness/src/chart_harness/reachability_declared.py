"""Who may reach whom, as the services' values declare it: read from the values files alone, without a template.

The chart turns the same values into NetworkPolicies by another way (Helm's merge, the templates), so where the two tables differ,
one of them is wrong. A call between two services is declared on both sides: the called one names its peer, the caller its egress.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from chart_harness.fleet import environments, services, values_files
from chart_harness.reachability import Call, Sides, tried
from chart_harness.reachability_places import NAME, NAMESPACE, Place, Port

Values = Mapping[str, Any]
DNS_PORTS = (Port(53, "UDP"), Port(53))


@dataclass(frozen=True)
class Declared:
    """What a service's values say about its calls in one environment, or those of one of its units; immutable."""

    name: str
    """The service's name; of a unit, the name of its Deployment."""
    service: str
    namespace: str
    ports: Mapping[str, int]
    """Its ports by name."""
    scraped: bool
    pushes_to: int | None
    """The collector's port, where the service pushes."""
    closed: bool
    """Whether it may call only whom it names."""
    peers: Mapping[str, Values]
    egress: Mapping[str, Values]
    prometheus: Values
    collector: Values
    dns: Values
    page: int

    def admits(self, source: Place, port: Port) -> bool:
        """Whether it lets the place in on the port."""
        if port.protocol != "TCP":
            return False
        if self.scraped and port.number == self.page and _is(source, self.prometheus, self.namespace):
            return True
        return port.number in self.ports.values() and any(
            _is(source, peer, self.namespace) for peer in self.peers.values()
        )

    def calls(self, target: Place, port: Port) -> bool:
        """Whether it may call the place on the port."""
        if not self.closed:
            return True
        if Port(port.number, port.protocol) in DNS_PORTS and _is(target, self.dns, self.namespace):
            return True
        if port.protocol != "TCP":
            return False
        if port.number == self.pushes_to and _is(target, self.collector, self.namespace):
            return True
        return any(
            port.number in (entry.get("ports") or {}).values() and _is(target, entry, self.namespace)
            for entry in self.egress.values()
        )


def declared(root: Path, environment: str) -> dict[str, Declared]:
    """What every service that has values for the environment declares, by its name; of one with units, what each does."""
    defaults = _read(root / "charts" / "metrics" / "values.yaml")
    found = {}
    for service in services(root):
        if environment in environments(root, service):
            _, files = values_files(root, service, environment)
            values: Values = {"metrics": defaults}
            for path in files:
                values = _over(values, _read(path))
            found.update({one.name: one for one in _units(service, environment, values)})
    return found


def expected(known: Mapping[str, Declared], places: Sequence[Place]) -> Sides:
    """Every call that the values let through, as each side has it."""
    calls = tried(places)
    return Sides(
        sent=frozenset(
            Call(source.name, target.name, port)
            for source, target, port in calls
            if not source.service or known[source.name].calls(target, port)
        ),
        admitted=frozenset(
            Call(source.name, target.name, port)
            for source, target, port in calls
            if not target.service or known[target.name].admits(source, port)
        ),
    )


def one_sided(known: Mapping[str, Declared]) -> list[str]:
    """Calls between services that only one of the two declares, or to a port that the called one has not."""
    there = {one.service for one in known.values()}
    named = {(one.service, str(peer["service"])) for one in known.values() for peer in _of_services(one.peers)}
    asked = {
        (one.service, str(entry["service"]), int(port))
        for one in known.values()
        for entry in _of_services(one.egress)
        for port in (entry.get("ports") or {}).values()
    }
    told = {(caller, callee) for caller, callee, _ in asked}
    ports = {(one.service, port) for one in known.values() for port in one.ports.values()}
    problems = [
        f"{callee} names {caller} as a caller, but there is no such service: correct it."
        if caller not in there
        else f"{callee} names {caller} as a caller, but {caller} does not say that it calls {callee}: "
        f"add it to metrics.networkPolicy.egress of {caller}, or remove the peer."
        for callee, caller in sorted(named)
        if (caller, callee) not in told
    ]
    problems += [
        f"{caller} says it calls {callee}, but there is no such service: correct it."
        if callee not in there
        else f"{caller} says it calls {callee}, but {callee} does not name it as a caller: "
        f"add it to metrics.networkPolicy.peers of {callee}, or remove the egress."
        for caller, callee in sorted(told)
        if (callee, caller) not in named
    ]
    problems += [
        f"{caller} calls {callee} on port {port}, which {callee} has not: correct it."
        for caller, callee, port in sorted(asked)
        if callee in there and (callee, port) not in ports
    ]
    return problems


def _of_services(entries: Mapping[str, Values]) -> list[Values]:
    return [entry for entry in entries.values() if entry.get("service")]


def _units(service: str, environment: str, values: Values) -> Iterator[Declared]:
    metrics, workload = values["metrics"], values.get("workload", {})
    units = metrics["units"]
    if not units:
        yield _declared(service, service, environment, values)
    for unit, differing in units.items():
        own = {
            **values,
            "metrics": _over(metrics, differing),
            "workload": _over(workload, workload.get("units", {}).get(unit, {})),
        }
        yield _declared(f"{service}-{unit}", service, environment, own)


def _declared(name: str, service: str, environment: str, values: Values) -> Declared:
    metrics = values["metrics"]
    policy = metrics["networkPolicy"]
    backend = values.get("env", {}).get("standard", {}).get("PROMETHEUS_BACKEND", "prometheus")
    is_api = metrics["role"] == "http-api"
    pushes = metrics["enabled"] and not is_api and backend != "prometheus" and metrics["otlp"]["enabled"]
    pulled = metrics["serviceMonitor"]["enabled"] or metrics["podMonitor"]["enabled"]
    scraped = metrics["enabled"] and not pushes and pulled
    own = metrics["portName"] or ("http" if is_api else "metrics")
    ports = {own: metrics["port"]} if is_api or scraped else {}
    return Declared(
        name=name,
        service=service,
        namespace=environment,
        ports={**ports, **values.get("workload", {}).get("extraPorts", {})},
        scraped=scraped,
        pushes_to=_port_of(metrics["otlp"]["endpoint"]) if pushes else None,
        closed=not is_api or bool(policy["egress"]) or policy["defaultDeny"],
        peers=policy["peers"],
        egress=policy["egress"],
        prometheus=policy["prometheus"],
        collector=policy["collector"],
        dns=policy["dns"],
        page=metrics["port"],
    )


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def _is(place: Place, wanted: Values, namespace: str) -> bool:
    """Whether the place is the one that a peer or an egress names, by service, by address, or by the names of namespace and pod."""
    if wanted.get("service"):
        return place.namespace == namespace and place.labels.get(NAME) == wanted["service"]
    block = wanted.get("ipBlock")
    if block:
        address = ipaddress.ip_address(place.ip)
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(part) for part in block.get("except", ())
        )
    spaces = wanted.get("namespaceSelector", {}).get("matchLabels", {})
    pods = wanted.get("podSelector", {}).get("matchLabels", {})
    unknown = sorted({*spaces, *pods} - {NAMESPACE, NAME})
    if unknown or not (spaces or pods):
        raise ValueError(f"{dict(wanted)} names its place by {unknown or 'nothing'}: this table knows names only.")
    return bool(place.namespace) and (
        place.namespace == spaces.get(NAMESPACE, namespace)
        and place.labels.get(NAME) == pods.get(NAME, place.labels.get(NAME))
    )


def _read(path: Path) -> Values:
    return _parsed(path.read_text(encoding="utf-8"))


@cache  # the fleet is read once for each environment, and again by each test
def _parsed(text: str) -> Values:
    return yaml.safe_load(text) or {}


def _over(below: Values, above: Values) -> Values:
    """Values over values, as Helm has it: maps are merged, null removes, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _over(known if isinstance(known, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged
