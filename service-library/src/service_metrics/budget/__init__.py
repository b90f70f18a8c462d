"""METRICS_SERIES_BUDGET: no process prints more series than it may, whatever label values it meets."""
