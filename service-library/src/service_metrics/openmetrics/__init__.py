"""prometheus_client.openmetrics: writes and reads OpenMetrics."""
