"""Keeps what is meant for a Service inside the node.

A Service's address means something only once kube-proxy has written its rules. A connection that is opened an instant too early leaves
the node by its default route. Mostly it is lost there and tried again. Where the network answers for every address (a transparent
proxy), it is accepted by a stranger and kept alive: the API server then asks that stranger for metrics, for ever.
"""

from __future__ import annotations

import docker
from docker.errors import DockerException

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.node_configuration import SERVICE_SUBNET

# Filter rules are asked after addresses were translated: what still has a Service's address was not.
_COMMANDS = tuple(
    ("iptables", "--append", chain, "--destination", SERVICE_SUBNET, "--jump", "REJECT")
    for chain in ("OUTPUT", "FORWARD")
)


def keep_inside(engine: docker.DockerClient, node: str) -> None:
    """Rejects, on a node that has just started, connections to Services that nobody answers for yet. Raises ClusterError."""
    try:
        container = engine.containers.get(node)
        for command in _COMMANDS:
            code, said = container.exec_run(list(command))
            if code:
                raise ClusterError(
                    f"Node {node} did not take {' '.join(command)}: {said.decode(errors='replace').strip()}."
                )
    except DockerException as error:
        raise ClusterError(f"The engine cannot run iptables in node {node}: {error}.") from error
