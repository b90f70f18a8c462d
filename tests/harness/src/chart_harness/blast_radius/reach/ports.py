"""Ports of a NetworkPolicy rule. A name is resolved where the pod is known, so there all ports are numbers; the port of another
side's pod is a number or stays a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart_harness.blast_radius.reach.boxes import Axis, Box, box
from chart_harness.blast_radius.reach.sets import Spans, Values

PROTOCOLS = ("SCTP", "TCP", "UDP")
PROTOCOL = Axis("protocol", Spans.of((0, len(PROTOCOLS) - 1)))
NAMED = Axis("port is a name", Spans.of((0, 1)))
NUMBER = Axis("port number", Spans.of((1, 65535)))
NAME = Axis("port name", Values.but())

PortNames = Mapping[tuple[str, str], int]
"""The number of each port of a pod, by its name and protocol."""


def port_box(port: Mapping[str, Any], names: PortNames | None) -> Box:
    """One entry of a rule's `ports`.

    Arguments:
        names: the ports of the pod that is called; None where it is not known, as for egress. A name the pod has not is a
            port that nobody can reach.
    """
    protocol = str(port.get("protocol") or "TCP")
    which = (PROTOCOL, Spans.points([PROTOCOLS.index(protocol)]))
    value = port.get("port")
    if value is None:
        return box(which)
    if names is None:
        if isinstance(value, str):
            return box(which, (NAMED, Spans.points([1])), (NAME, Values.of(value)))
        return box(which, (NAMED, Spans.points([0])), (NUMBER, _numbers(port)))
    if isinstance(value, str):
        number = names.get((value, protocol))
        return box(which, (NUMBER, Spans.points([] if number is None else [number])))
    return box(which, (NUMBER, _numbers(port)))


def _numbers(port: Mapping[str, Any]) -> Spans:
    return Spans.of((int(port["port"]), int(port.get("endPort") or port["port"])))


def words(port: Mapping[str, Any], names: PortNames | None) -> str:
    """The entry for a person: `TCP 8080`, `TCP 8000-8010`, `every UDP port`."""
    protocol, value = str(port.get("protocol") or "TCP"), port.get("port")
    if value is None:
        return f"every {protocol} port"
    if isinstance(value, str):
        number = None if names is None else names.get((value, protocol))
        return f"{protocol} {value}" + ("" if number is None else f" ({number})")
    end = port.get("endPort")
    return f"{protocol} {value}" + (f"-{end}" if end and end != value else "")
