"""prometheus_client.bridge: metrics for systems other than Prometheus."""
