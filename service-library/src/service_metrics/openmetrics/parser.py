"""prometheus_client.openmetrics.parser's public names, with types: reads OpenMetrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TextIO

from prometheus_client import Metric
from prometheus_client.openmetrics import parser

__all__ = ["text_fd_to_metric_families", "text_string_to_metric_families"]

text_fd_to_metric_families: Callable[[TextIO], Iterator[Metric]] = parser.text_fd_to_metric_families
text_string_to_metric_families: Callable[[str], Iterator[Metric]] = parser.text_string_to_metric_families
