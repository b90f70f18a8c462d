"""The state of the fleet as table, document and page: complete, legible, and deaf to what files ask of a terminal or a browser."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from promotion_gate import schema
from promotion_gate.cli import main
from promotion_gate.fleet import document, html, rollout_state, sentences
from promotion_gate.fleet.document import FleetStatus, ReleaseStatus, Standing, VerdictStatus
from promotion_gate.fleet.terminal import print_status
from promotion_gate.verdict import Outcome

from .conftest import Checkout

AT = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)
LONGEST = "outage-validation-task-manager"


def release(
    standing: Standing = Standing.PROVED,
    reason: str = "",
    *,
    service: str = "aaa-api",
    environment: str = "staging",
    wave: int | None = 1,
    backend: str = "otel",
    minutes: float = 90,
) -> ReleaseStatus:
    verdict = VerdictStatus(
        kind="verification",
        path="build/verdicts/x.dsse.json",
        standing=standing,
        reasons=(reason,) if reason else (),
        outcome=Outcome.PASS,
        target="context:staging",
        finished_at=AT - timedelta(minutes=minutes),
        commit="c" * 40,
        sha256="a" * 64,
    )
    return ReleaseStatus(
        service=service,
        environment=environment,
        role="http-api",
        wave=wave,
        backend=backend,
        standing=standing,
        reason=reason,
        verdict=None if standing is Standing.UNPROVED else verdict,
    )


def fleet(*releases: ReleaseStatus) -> FleetStatus:
    return FleetStatus(
        at=AT,
        commit="c" * 40,
        uncommitted_changes=False,
        policy_version="2026.1",
        policy_sha256="b" * 64,
        waves=(("http-api",), ("amqp-consumer", "task-runner")),
        releases=releases,
    )


def mixed() -> FleetStatus:
    """Every standing, in both environments, and the longest names."""
    rows = []
    for number, standing in enumerate(Standing):
        reason = "" if standing is Standing.PROVED else f"reason {number}"
        service = LONGEST if number == 3 else f"service-{number}"
        rows.append(release(standing, reason, service=service, wave=1 + number % 2))
        rows.append(
            release(
                standing, reason, service=service, wave=1 + number % 2, environment="production", backend="prometheus"
            )
        )
    return fleet(*rows)


def printed(status: FleetStatus, width: int = 80, *, encoding: str = "utf-8", terminal: bool = False) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_status(
        status, Console(file=file, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None)
    )
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(width: int) -> None:
    text = printed(mixed(), width)
    lines = [line.rstrip() for line in text.splitlines()]
    assert max(map(len, lines)) <= width
    line = next(line for line in lines if line.startswith(LONGEST))
    assert line.split() == [LONGEST, "otel", "✗", "blocked", "1h", "prometheus", "✗", "blocked", "1h"]
    for standing in Standing:  # nothing is cut or wrapped
        assert len([line for line in lines if f" {standing}" in line]) >= 1
    assert "\x1b" not in text


def test_a_reason_stands_below_its_service_and_none_below_what_has_no_verdict() -> None:
    lines = [line.rstrip() for line in printed(mixed()).splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith(LONGEST))
    assert lines[at + 1 : at + 3] == ["  staging: reason 3", "  production: reason 3"]
    assert "reason 4" not in "\n".join(lines)


def test_the_sums_come_last() -> None:
    lines = [line.rstrip() for line in printed(mixed()).splitlines()]
    sums = " ".join(lines[-4:]) if len(lines[-1]) < 60 else " ".join(lines[-2:])
    assert " ".join(sums.split()) == (
        "staging 5 services, 5 on otel; 1 proved, 1 overridden, 1 aged, 1 blocked, 1 unproved."
        " production 5 services, 0 on otel; 1 proved, 1 overridden, 1 aged, 1 blocked, 1 unproved."
    )


def test_waves_come_in_their_order_and_what_is_in_none_last() -> None:
    text = printed(fleet(release(wave=None, service="z"), release(wave=2, service="b"), release(wave=1, service="c")))
    assert [line.split("  ")[0] for line in text.splitlines() if line.startswith(("Wave", "In"))] == [
        "Wave 1: http-api",
        "Wave 2: amqp-consumer, task-runner",
        "In no wave",
    ]


def test_a_terminal_without_unicode_sees_symbols_and_words() -> None:
    text = printed(mixed(), encoding="ascii")
    assert "x blocked" in text
    assert "+ proved" in text


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "now"),
        (-5, "now"),
        (1, "1m"),
        (59, "59m"),
        (60, "1h"),
        (47 * 60 + 59, "47h"),
        (48 * 60, "2d"),
        (90 * 1440, "90d"),
    ],
)
def test_ages(minutes: float, said: str) -> None:
    assert sentences.age(AT - timedelta(minutes=minutes), AT) == said


EVIL = st.text(max_size=40) | st.sampled_from(
    ["\x1b]0;x\x07", "<script>alert(1)</script>", "[bold]x", "a\nb", "\u202egnp"]
)


@given(reason=EVIL, backend=EVIL.filter(bool))
def test_no_text_is_obeyed(reason: str, backend: str) -> None:
    status = fleet(release(Standing.BLOCKED, reason, backend=backend))
    text = printed(status, 120)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold]" in text or "[bold]" not in reason + backend
    page = html.render(status)
    assert "<script" not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
    jsonschema.validate(json.loads(document.render(status)), document.schema())


def test_the_page_is_whole_and_loads_nothing() -> None:
    page = html.render(mixed())
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert page.count("<tbody") == 2
    assert all(f'badge {standing.value}"' in page for standing in Standing)
    assert "reason 4" in page
    assert "2025-11-21 12:00:00 UTC" in page


def test_the_document_comes_back_as_it_was() -> None:
    status = mixed()
    assert document.read(document.render(status)) == status
    claimed = json.loads(document.render(status))
    claimed["summary"][0]["standings"]["proved"] = 5
    with pytest.raises(ValueError, match="summary"):
        document.read(json.dumps(claimed))


def test_the_published_schemas_are_those_of_the_models() -> None:
    assert schema.drifted() == {}, "run `python -m promotion_gate.schema`"
    names = {path.name: make for path, make in schema.OTHERS.items()}
    assert {"fleet-status-v1.schema.json", "rollout-v1.schema.json"} <= names.keys()
    for path in schema.OTHERS:
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
    state = rollout_state.begun(1, ["r"], ["a"], AT)
    jsonschema.validate(json.loads(rollout_state.render(state)), rollout_state.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, document.schema())


def test_the_command_prints_one_of_them_and_writes_the_page(checkout: Checkout) -> None:
    arguments = ["status", "--root", str(checkout.root), "--verdicts", str(checkout.store)]
    page = checkout.root / "build" / "fleet.html"
    done = CliRunner().invoke(main, [*arguments, "--json", "--html", str(page)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(document.read(done.stdout).releases) == 6
    assert "archive-tagger" in page.read_text()
    done = CliRunner().invoke(main, [*arguments, "--service", "aaa-api"])
    assert done.exit_code == 0
    assert "archive-tagger" not in done.output
    assert "staging     1 service, 1 on otel; 1 unproved." in done.output
