"""NetworkPolicies that would allow more, or less, than anybody means."""

from __future__ import annotations

from typing import Any

from tests.charts.blocks import policy
from tests.charts.sentences import Sentence

NOTHING: dict[str, Any] = {"matchLabels": {"kubernetes.io/metadata.name": None, "app.kubernetes.io/name": None}}
NOBODY = {"namespaceSelector": NOTHING, "podSelector": NOTHING}
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
OPEN = (
    "selects nothing, which would allow everyone: set its namespaceSelector.matchLabels or podSelector.matchLabels, "
    "its service or its ipBlock."
)
EVERYONE = "which would allow everyone: name the addresses that are meant."
NO_NETWORK = "which is no network: write its first address and the bits all have in common, as in 203.0.113.0/24."
OUTSIDE = "correct it, or leave it out."


def addresses(cidr: str, *outside: str) -> dict[str, Any]:
    """A peer of addresses."""
    return {"ipBlock": {"cidr": cidr, **({"except": list(outside)} if outside else {})}}


def database(**peer: Any) -> dict[str, Any]:
    """A callee with a port."""
    return policy(egress={"db": {**peer, "ports": {"sql": 5432}}})


TWO_WAYS: list[Sentence] = [
    (
        "aaa-api",
        policy(peers={"web": {"service": "web", **peer}}),
        f"metrics.networkPolicy.peers.web has {ways}, but only one of them can say where it runs: "
        "keep one, and set a default's label to null.",
    )
    for peer, ways in [
        (WEB, "service and podSelector"),
        (addresses("10.0.0.0/8"), "service and ipBlock"),
        ({**addresses("10.0.0.0/8"), **WEB}, "service and ipBlock and podSelector"),
    ]
]
NETWORKS: list[Sentence] = [
    ("aaa-api", policy(peers={"web": addresses(cidr)}), f"metrics.networkPolicy.peers.web.ipBlock.cidr is {rest}")
    for cidr, rest in [
        ("0.0.0.0/0", f"0.0.0.0/0, {EVERYONE}"),
        ("::/0", f"::/0, {EVERYONE}"),
        ("0:0::0/0", f"0:0::0/0, {EVERYONE}"),
        ("10.1.2.3/8", f'"10.1.2.3/8", {NO_NETWORK}'),
        ("300.0.0.0/8", f'"300.0.0.0/8", {NO_NETWORK}'),
        ("10.0.0.0/33", f'"10.0.0.0/33", {NO_NETWORK}'),
        ("10.0.0/8", f'"10.0.0/8", {NO_NETWORK}'),
        ("fd00::1/64", f'"fd00::1/64", {NO_NETWORK}'),
        ("fd00::1::/64", f'"fd00::1::/64", {NO_NETWORK}'),
        ("fd00:1/64", f'"fd00:1/64", {NO_NETWORK}'),
        ("::/129", f'"::/129", {NO_NETWORK}'),
    ]
]
EXCEPTS: list[Sentence] = [
    (
        "event-recorder",
        database(**addresses(cidr, "10.0.0.0/16" if ":" not in cidr else "fd00:0:0:1::/80", outside)),
        f'metrics.networkPolicy.egress.db.ipBlock.except has "{outside}", which is no network inside {cidr}: {OUTSIDE}',
    )
    for cidr, outside in [
        ("10.0.0.0/8", "11.0.0.0/16"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8", "10.0.0.0/7"),
        ("10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.0/8", "a00::/16"),
        ("fd00::/16", "fe00::/32"),
    ]
]
SENTENCES: list[Sentence] = [
    ("aaa-api", policy(prometheus=NOBODY), f"metrics.networkPolicy.prometheus {OPEN}"),
    ("event-recorder", policy(collector=NOBODY), f"metrics.networkPolicy.collector {OPEN}"),
    ("event-recorder", policy(dns=NOBODY), f"metrics.networkPolicy.dns {OPEN}"),
    ("aaa-api", policy(defaultDeny=True, dns=NOBODY), f"metrics.networkPolicy.dns {OPEN}"),
    ("aaa-api", policy(peers={"web": {}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": {"namespaceSelector": {}}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": NOBODY}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": {"service": ""}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": {"ipBlock": {}}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("event-recorder", database(), f"metrics.networkPolicy.egress.db {OPEN}"),
    (
        "event-recorder",
        policy(egress={"rabbitmq": {"ports": {"amqp": None}}}),
        "metrics.networkPolicy.egress.rabbitmq.ports is empty, which would open every port: "
        "name the ports, as in `ports: {amqp: 5672}`.",
    ),
    (
        "aaa-api",
        policy(egress={"assets": {"service": "assets-api"}}),
        "metrics.networkPolicy.egress.assets.ports is empty, which would open every port: "
        "name the ports, as in `ports: {amqp: 5672}`.",
    ),
    (
        "event-recorder",
        policy(peers={"web": WEB}),
        "metrics.networkPolicy.peers.web may call the service, but the service has no port: "
        "remove the peer, or declare a port in workload.extraPorts.",
    ),
    (
        "aaa-api",
        policy(peers={"web": {"service": "Web API"}}),
        'metrics.networkPolicy.peers.web.service is "Web API", which no service can be called: '
        "write its name, in small letters, digits and dashes.",
    ),
    (
        "aaa-api",
        policy(prometheus=addresses("10.0.0.0/8")),
        "metrics.networkPolicy.prometheus has ipBlock and namespaceSelector and podSelector, but only one of them can say "
        "where it runs: keep one, and set a default's label to null.",
    ),
    (
        "aaa-api",
        policy(prometheus={**NOBODY, **addresses("0.0.0.0/0")}),
        f"metrics.networkPolicy.prometheus.ipBlock.cidr is 0.0.0.0/0, {EVERYONE}",
    ),
    *TWO_WAYS,
    *NETWORKS,
    *EXCEPTS,
]
