"""Exemplars: one observed example kept beside a counter or a bucket (OpenMetrics 1.0, "Exemplars")."""

from __future__ import annotations

import re
import time

from prometheus_client.samples import Exemplar

_RESERVED = re.compile("__.*")


def make_exemplar(labels: dict[str, str], value: float) -> Exemplar:
    """Return an exemplar of `value`, seen now.

    Raises:
        ValueError: a label name is reserved, or names and values are longer than 128 characters together.
    """
    if any(_RESERVED.match(name) for name in labels):
        raise ValueError(f"The exemplar labels {sorted(labels)} contain a name that starts with two underscores.")
    if sum(len(name) + len(text) for name, text in labels.items()) > 128:
        raise ValueError(f"The exemplar labels {sorted(labels)} are longer than 128 characters with their values.")
    return Exemplar(labels, value, time.time())
