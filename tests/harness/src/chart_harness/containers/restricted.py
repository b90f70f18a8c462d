"""What a pod under the PodSecurity standard `restricted` gets, said to a container engine."""

from __future__ import annotations

from typing import Any

SCRATCH = "/tmp"  # noqa: S108 - the one folder of the container that can be written to
SCRATCH_SIZE = "64m"


def restrictions(memory: int | str | None = None) -> dict[str, Any]:
    """Arguments of the Docker SDK's `containers.create`.

    `memory` is the limit, in bytes or as Docker writes it ("368m"); swap does not come on top, as there is none in a pod.
    """
    options: dict[str, Any] = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
    }
    if memory is not None:
        options |= {"mem_limit": memory, "memswap_limit": memory}
    return options
