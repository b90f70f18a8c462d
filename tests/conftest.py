"""What every test run of this checkout needs."""

pytest_plugins = ["tests.xdist_groups"]
