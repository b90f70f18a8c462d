"""Makes `--dist loadgroup` group again: pytest-xdist 3.8 names a test's group in `_nodeid`, which pytest 9.2 no longer reads.

Without it every worker runs tests of every group, and what a group should share is made once for each worker, or at the same time.
tests/test_xdist_groups.py fails when a newer pair no longer needs this.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)  # after xdist's own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each test the id that xdist has meant it to have, in the worker processes, where xdist does so."""
    for item in items:
        meant = getattr(item, "_nodeid", item.nodeid)
        if meant != item.nodeid:
            item._id = type(item.id).parse(meant)
