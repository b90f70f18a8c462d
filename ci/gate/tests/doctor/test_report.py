"""The report: the first cause first, what could not be told apart, nothing from the cluster obeyed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from ci.gate.tests.doctor.conftest import PULLED, PUSHES, ROOT, healthy
from ci.gate.tests.doctor.spoiling import both, log, process_env, waits, without
from promotion_gate.cli import main
from promotion_gate.doctor.diagnoses import ALL
from promotion_gate.doctor.examination import examine
from promotion_gate.doctor.report import as_json, print_report
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing


def printed(view: View, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_report(view, examine(view, ALL), Console(file=stream, width=80))
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_the_first_cause_is_above_what_follows_from_it() -> None:
    spoiled = both(process_env(PROMETHEUS_BACKEND=None), without("targets"))(healthy(PULLED))
    text = printed(spoiled)
    assert text.index("✗ The wrong backend") < text.index("Found too") < text.index("✗ Prometheus cannot scrape it")
    assert "docs/doctor.md#wrong-backend" in text
    assert text.rstrip().endswith(
        "aaa-api of staging in namespace shop: the wrong backend (21 things looked at, 2 found)."
    )


def test_what_cannot_be_told_is_not_nothing() -> None:
    text = printed(without("policies", Missing("it may not be listed"))(healthy(PULLED)))
    assert "? A NetworkPolicy is in the way: it may not be listed" in text
    assert "nothing found, but 1 of 21 things could not be told" in text


def test_a_release_that_is_well() -> None:
    assert (
        printed(healthy(PUSHES)).strip()
        == "archive-tagger of staging in namespace shop: nothing found (21 things looked at)."
    )


def test_text_of_the_cluster_is_shown_and_not_obeyed() -> None:
    spoiled = both(waits("CrashLoopBackOff", exit_code=1), log("[bold]\x1b[2Jgone", previous=True))(healthy(PULLED))
    text = printed(spoiled)
    assert "[bold]" in text
    assert "\x1b" not in text


def test_a_console_that_knows_no_unicode() -> None:
    assert "\\u2717 The wrong backend" in printed(process_env(PROMETHEUS_BACKEND="shadow")(healthy(PULLED)), "ascii")


def test_the_document_says_all() -> None:
    spoiled = both(process_env(PROMETHEUS_BACKEND=None), without("policies", Missing("it may not be listed")))(
        healthy(PULLED)
    )
    document = json.loads(json.dumps(as_json(spoiled, examine(spoiled, ALL))))
    assert document["first_cause"] == "wrong-backend"
    by_id = {result["id"]: result for result in document["results"]}
    assert list(by_id) == [examination.id for examination in ALL]
    assert by_id["wrong-backend"]["found"]
    assert by_id["network-policy"]["cannot_tell"] == "it may not be listed"
    assert by_id["port-name"] == {
        "id": "port-name",
        "title": "A port name is in the way",
        "see": "docs/doctor.md#port-name",
        "found": False,
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("aaa-api", "staging", "--target", "embedded"), "has no release that stays"),
        (
            ("aaa-api", "staging", "--target", "minikube"),
            "There is no cluster 'minikube' to look at: choose kind, or context:NAME",
        ),
        (("aaa-api", "staging", "--target", "context:"), "There is no cluster 'context:' to look at"),
        (("aaa-api", "staging", "--target", "context:nowhere"), "There is no context 'nowhere'"),
        (("aaa-api", "moon", "--target", "kind"), "has no environment 'moon'"),
        (("shop", "staging", "--target", "kind"), "There is no service 'shop'"),
        (("aaa-api", "staging", "--target", "kind", "--set", "x"), "is not KEY=VALUE"),
    ],
)
def test_what_cannot_be_looked_at_is_one_sentence(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = CliRunner().invoke(main, ["doctor", *arguments, "--root", str(ROOT)])
    assert result.exit_code == 3
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_kind_cluster_is_booted_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_METRICS_CACHE", str(tmp_path))
    result = CliRunner().invoke(main, ["doctor", "aaa-api", "staging", "--target", "kind", "--root", str(ROOT)])
    assert result.exit_code == 3
    assert "boot it with make cluster" in result.stderr
