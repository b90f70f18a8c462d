"""What charts/workload refuses."""

from __future__ import annotations

from tests.charts.blocks import workload
from tests.charts.sentences import Sentence

SENTENCES: list[Sentence] = [
    (
        "aaa-api",
        workload(preStopSeconds=30),
        "workload.preStopSeconds is 30 and workload.terminationGracePeriodSeconds 30, so no time is left to finish the work: "
        "raise the second.",
    ),
    ("aaa-api", workload(image={"repository": ""}), "workload.image.repository is not set: name the image to run."),
    (
        "event-recorder",
        workload(probes={"command": []}),
        "workload.probes.command is empty, and role amqp-consumer has no port to probe: "
        "set the command that exits with 0 when the process is healthy.",
    ),
]

ELSEWHERE = [  # test_required_values.py
    "workload.image.tag is not set and Chart.yaml has no appVersion: set one of the two.",
    "workload.resources.limits.memory is not set: set it, the promotion gate measures against it.",
]
