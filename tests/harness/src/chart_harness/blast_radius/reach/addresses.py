"""Address blocks as spans of one line of numbers: IPv6 first, IPv4 behind it, so that neither is ever part of the other."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from chart_harness.blast_radius.reach.boxes import Axis
from chart_harness.blast_radius.reach.sets import Spans

_V4_STARTS = 2**128
ADDRESS = Axis("address", Spans.of((0, _V4_STARTS + 2**32 - 1)))


def addresses(block: Mapping[str, Any]) -> Spans:
    """The addresses of an ipBlock: its cidr without its exceptions. Raises ValueError for what is no CIDR."""
    held = _span(str(block["cidr"]))
    for excepted in block.get("except") or ():
        held -= _span(str(excepted))
    return held


def _span(cidr: str) -> Spans:
    network = ipaddress.ip_network(cidr, strict=False)  # the API server takes 10.0.0.1/8, too
    start = _V4_STARTS if network.version == 4 else 0
    return Spans.of((start + int(network.network_address), start + int(network.broadcast_address)))


def words(block: Mapping[str, Any]) -> str:
    """The block for a person: `addresses 10.0.0.0/8 but 10.1.0.0/16`."""
    excepted = ", ".join(sorted(map(str, block.get("except") or ())))
    return f"addresses {block['cidr']}" + (f" but {excepted}" if excepted else "")
