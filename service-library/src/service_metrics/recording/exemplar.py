"""Exemplars: one observed example kept beside a counter or a bucket (OpenMetrics 1.0, "Exemplars")."""

from __future__ import annotations

import time

from prometheus_client.samples import Exemplar
from prometheus_client.validation import _validate_exemplar


def make_exemplar(labels: dict[str, str], value: float) -> Exemplar:
    """Return an exemplar of `value`, seen now.

    Raises:
        ValueError: a label name is reserved, or names and values are longer than 128 characters together.
    """
    _validate_exemplar(labels)  # type: ignore[no-untyped-call]
    return Exemplar(labels, value, time.time())
