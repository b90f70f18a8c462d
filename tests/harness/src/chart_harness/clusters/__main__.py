"""`python -m chart_harness.clusters up|down|status`: a cluster that stays between test runs."""

from __future__ import annotations

import argparse
import sys

from chart_harness.clusters.booted import Booted
from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.owners import Owners
from chart_harness.clusters.session import acquire, delete, folder, release


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chart_harness.clusters", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    command = parser.parse_args(arguments).command
    provider = KindProvider()
    try:
        if command == "up":
            cluster = acquire(provider, keep=True)
            release(provider)
            _say(f"Cluster {cluster.name} runs, and stays until make cluster-down. To look at it:")
            _say(f"  export KUBECONFIG={cluster.kubeconfig}")
        elif command == "down":
            delete(provider)
            _say(f"Cluster {provider.name} is deleted.")
        else:
            _say(status(provider.name))
    except ClusterError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def status(name: str) -> str:
    """What is known of the cluster without asking it."""
    booted, owners = Booted.read(folder(name) / "booted.json"), Owners(folder(name) / "owners.json")
    if booted is None:
        return f"There is no cluster {name}; make cluster boots it."
    kept = "kept" if owners.kept else "deleted when its last session ends"
    users = ", ".join(map(str, owners.alive)) or "nobody"
    return f"Cluster {name}: booted in {booted.seconds:.0f} s, {kept}, used by {users}."


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
