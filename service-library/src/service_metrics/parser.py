"""prometheus_client.parser's public names: reads the text format."""

from __future__ import annotations

from prometheus_client.parser import text_fd_to_metric_families, text_string_to_metric_families

__all__ = ["text_fd_to_metric_families", "text_string_to_metric_families"]
