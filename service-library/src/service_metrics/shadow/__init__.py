"""PROMETHEUS_BACKEND=shadow: prometheus_client's metrics, with ours recording beside them and compared at each scrape."""
