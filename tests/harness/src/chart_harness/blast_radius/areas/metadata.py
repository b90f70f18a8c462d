"""Labels that say a version: every release changes them, and no selector may hold them."""

from __future__ import annotations

import re

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.row import Row

ROWS = (
    Row(
        (),
        re.compile(r"(?P<place>.*\.)?metadata\.labels\[(?P<name>app\.kubernetes\.io/version|helm\.sh/chart)\]"),
        Kind.LABELS_CHANGED,
        "{name}",
        where="Labels of objects",
    ),
)
