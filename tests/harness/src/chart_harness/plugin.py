"""The pytest plugin. It only names the modules that hold fixtures and options, and uses no name of pytest-helm-charts."""

pytest_plugins = [
    "chart_harness.fixtures.rendering",
    "chart_harness.fixtures.containers",
    "chart_harness.fixtures.clusters",
    "chart_harness.fixtures.outcome",
]
