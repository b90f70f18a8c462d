"""`gate override` takes nothing that is empty, unknown, over or too long, and appends what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result

from ci.gate.tests.promotion_checkout import Checkout
from promotion_gate.promotion.audit_log import AUDIT_LOG, load_log

SOON = datetime.now(UTC) + timedelta(days=5)
GOOD = {
    "--environment": "staging",
    "--actor": "sam",
    "--reason": "the node was drained",
    "--ticket": "OPS-1",
    "--expires": f"{SOON:%Y-%m-%d}",
}


def give(
    checkout: Checkout, options: Mapping[str, str] = GOOD, service: str = "aaa-api", check: str = "restarts"
) -> Result:
    return checkout.gate("override", service, check, *(word for pair in options.items() for word in pair))


def test_it_is_appended(checkout: Checkout) -> None:
    assert give(checkout).exit_code == 0
    result = give(checkout, {**GOOD, "--actor": " kim\nlee "}, check="memory")
    assert result.exit_code == 0
    assert result.output.startswith("Overridden: memory by kim lee (the node was drained; OPS-1; until ")
    first, second = load_log(checkout.root / AUDIT_LOG)
    assert (first.check, first.actor, first.service, first.environment) == ("restarts", "sam", "aaa-api", "staging")
    assert first.expires_at == SOON.replace(hour=0, minute=0, second=0, microsecond=0)
    assert second.actor == "kim lee"


def days(number: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=number):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("changed", "service", "check", "says"),
    [
        ({}, "nobody-api", "restarts", "There is no service 'nobody-api'"),
        ({}, "aaa-api", "restart", "There is no check 'restart' in the policy: choose one of alerts-quiet, "),
        ({"--environment": "stagign"}, "aaa-api", "restarts", "has no environment 'stagign'"),
        ({"--actor": ""}, "aaa-api", "restarts", "--actor is empty"),
        ({"--reason": " "}, "aaa-api", "restarts", "--reason is empty"),
        ({"--ticket": "\t"}, "aaa-api", "restarts", "--ticket is empty"),
        ({"--expires": days(0)}, "aaa-api", "restarts", "is past: name a time to come"),
        ({"--expires": days(-400)}, "aaa-api", "restarts", "is past"),
        ({"--expires": days(40)}, "aaa-api", "restarts", "for more than the 30 days that the policy allows"),
        ({"--expires": "soon"}, "aaa-api", "restarts", "Invalid value for '--expires'"),
    ],
)
def test_what_is_refused(checkout: Checkout, changed: dict[str, str], service: str, check: str, says: str) -> None:
    result = give(checkout, GOOD | changed, service, check)
    assert result.exit_code == 3, result.output
    assert says in result.stderr
    assert not (checkout.root / AUDIT_LOG).exists()


@pytest.mark.parametrize("option", GOOD)
def test_nothing_may_be_left_out(checkout: Checkout, option: str) -> None:
    result = give(checkout, {key: value for key, value in GOOD.items() if key != option})
    assert result.exit_code == 3
    assert f"Missing option '{option}'" in result.stderr
