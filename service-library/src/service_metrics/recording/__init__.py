"""The recording core of the `otel` backend: cells without locks behind prometheus_client's API."""
