"""Every check is in a table, with evidence for each of the three outcomes."""

from __future__ import annotations

import pytest

from ci.gate.tests import (
    test_checks_table,
    test_cluster_checks_table,
    test_library_logs_table,
    test_metrics_checks_table,
    test_regression_checks_table,
    test_work_checks_table,
)
from ci.gate.tests.conftest import REAL_POLICY
from promotion_gate import checks
from promotion_gate.verdict import Outcome

TABLES = (
    test_checks_table,
    test_cluster_checks_table,
    test_library_logs_table,
    test_metrics_checks_table,
    test_regression_checks_table,
    test_work_checks_table,
)
ROWS = [row for table in TABLES for row in table.ROWS]
IDS = [check.id for check in checks.ALL]


@pytest.mark.parametrize("check", IDS)
def test_a_check_has_rows_of_every_outcome(check: str) -> None:
    assert {row.outcome for row in ROWS if row.check == check} == set(Outcome)


def test_the_rows_are_of_checks_that_there_are_and_differ() -> None:
    assert {row.check for row in ROWS} == set(IDS)
    assert len({(row.check, row.what, row.role) for row in ROWS}) == len(ROWS)


def test_no_two_checks_have_one_id() -> None:
    assert len(set(IDS)) == len(IDS)


def test_the_policy_asks_for_each_of_the_checks_and_for_no_other() -> None:
    assert set().union(*REAL_POLICY.inventory.values()) == set(IDS)
    assert set(REAL_POLICY.inventory["cluster"]) == set(REAL_POLICY.inventory["live"]) == set(IDS)
