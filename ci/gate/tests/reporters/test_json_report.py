"""verdict.json: written whole, valid against its published schema, and read back with care."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate import schema
from promotion_gate.reporters import json_report
from promotion_gate.reporters.json_report import VerdictError
from promotion_gate.schema.__main__ import main as rewrite_schema
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


@pytest.fixture(scope="module")
def published() -> jsonschema.Draft202012Validator:
    document = json.loads(schema.PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("outcome", Outcome)
def test_it_reads_back_as_it_was_written(tmp_path: Path, make_verdict: MakeVerdict, outcome: Outcome) -> None:
    verdict = make_verdict(Outcome.PASS, outcome, absent=["memory"] if outcome is Outcome.INCONCLUSIVE else [])
    json_report.write(verdict, tmp_path / "verdict.json")
    assert json_report.read(tmp_path / "verdict.json") == verdict
    text = (tmp_path / "verdict.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema_version": "2",\n')
    assert text.endswith("}\n")
    assert json.loads(text)["outcome"] == outcome


@given(text=st.text(), outcomes=st.lists(st.sampled_from(Outcome), max_size=3), fit=st.booleans())
def test_any_verdict_is_valid_against_the_schema(
    make_verdict: MakeVerdict,
    published: jsonschema.Draft202012Validator,
    text: str,
    outcomes: list[Outcome],
    fit: bool,
) -> None:
    rendered = json_report.render(make_verdict(*outcomes, text=text, fit=fit, absent=["memory"], overrides=1, pods=1))
    published.validate(json.loads(rendered))
    rendered.encode("utf-8")


def test_a_byte_that_is_not_utf_8_is_spelled_out(tmp_path: Path, make_verdict: MakeVerdict) -> None:
    json_report.write(make_verdict(Outcome.FAIL, text="caf\udce9"), tmp_path / "verdict.json")
    assert json_report.read(tmp_path / "verdict.json").checks[0].finding.summary == r"summary 0 caf\udce9"


def _rubbish() -> list[tuple[str, Callable[[dict[str, Any]], object]]]:
    return [
        ("another version", lambda d: d.update(schema_version="3")),
        ("no version", lambda d: d.pop("schema_version")),
        ("no checks", lambda d: d.pop("checks")),
        ("no outcome", lambda d: d.pop("outcome")),
        ("an unknown outcome", lambda d: d.update(outcome="MAYBE")),
        ("a skipped check", lambda d: d["checks"][0]["finding"].update(outcome="SKIPPED")),
        ("a field of its own", lambda d: d.update(approved_by="me")),
        ("an observation without what was expected", lambda d: d["checks"][0]["finding"]["observations"][0].clear()),
        ("fitness as text", lambda d: d["target"].update(fit_for_promotion="yes")),
    ]


@pytest.mark.parametrize(("what", "spoil"), _rubbish(), ids=lambda value: value if isinstance(value, str) else "")
def test_rubbish_is_not_valid(
    make_verdict: MakeVerdict,
    published: jsonschema.Draft202012Validator,
    what: str,
    spoil: Callable[[dict[str, Any]], object],
) -> None:
    document = json.loads(json_report.render(make_verdict(Outcome.FAIL)))
    assert published.is_valid(document)
    spoil(document)
    assert not published.is_valid(document), what


def test_the_published_schema_is_that_of_the_model() -> None:
    assert schema.PUBLISHED.read_text(encoding="utf-8") == schema.text(), "run `python -m promotion_gate.schema`"
    assert json_report.verdict_schema()["$id"] == "urn:promotion-gate:verdict:2"
    assert json_report.verdict_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_drifted_schema_is_told_and_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(schema, "PUBLISHED", file)
    monkeypatch.setattr("promotion_gate.schema.__main__.PUBLISHED", file)
    checked = CliRunner().invoke(rewrite_schema, ["--check"])
    assert checked.exit_code == 1
    assert "run `python -m promotion_gate.schema`" in checked.output
    assert file.read_text(encoding="utf-8") == "{}"
    assert CliRunner().invoke(rewrite_schema).exit_code == 0
    assert file.read_text(encoding="utf-8") == schema.text()
    assert CliRunner().invoke(rewrite_schema, ["--check"]).exit_code == 0


def _read_error(path: Path) -> str:
    with pytest.raises(VerdictError) as caught:
        json_report.read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_missing_file(tmp_path: Path) -> None:
    assert "run the gate first" in _read_error(tmp_path / "verdict.json")


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in _read_error(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"PASS", b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "verdict.json"
    path.write_bytes(content)
    assert "is not JSON" in _read_error(path)


@pytest.mark.parametrize("content", ["[]", '"PASS"', "null"])
def test_json_that_is_no_object(tmp_path: Path, content: str) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(content, encoding="utf-8")
    assert "is not a JSON object" in _read_error(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": "1"}, 'schema_version "1" and this gate reads "2"'),
        ({"schema_version": 1}, "schema_version 1 and"),
        ({"schema_version": None}, "schema_version none and"),
        ({"release": {}}, "malformed, release.service: Field required (4 more)"),
        ({"checks": [{}]}, "malformed, checks.0.id"),
        ({"signature": "x"}, "malformed, signature"),
        ({"outcome": "PASS"}, 'contradicts itself: it claims outcome "PASS" and its checks say "FAIL"'),
        ({"promotes": True}, "contradicts itself: it claims promotes true and its checks say false"),
        ({"promotes": 0}, "contradicts itself: it claims promotes 0"),
        ({"outcome": {"x": 1}}, "contradicts itself"),
    ],
)
def test_a_document_that_cannot_be_trusted(
    tmp_path: Path, make_verdict: MakeVerdict, changes: dict[str, Any], words: str
) -> None:
    path = tmp_path / "verdict.json"
    document = json.loads(json_report.render(make_verdict(Outcome.PASS, Outcome.FAIL)))
    path.write_text(json.dumps(document | changes), encoding="utf-8")
    assert words in _read_error(path)


def test_a_check_that_is_turned_green_alone_is_a_contradiction(tmp_path: Path, make_verdict: MakeVerdict) -> None:
    path = tmp_path / "verdict.json"
    document = json.loads(json_report.render(make_verdict(Outcome.FAIL)))
    finding = document["checks"][0]["finding"]
    finding.update(outcome="PASS", remedy="", observations=[{**finding["observations"][0], "outcome": "PASS"}])
    path.write_text(json.dumps(document), encoding="utf-8")
    _read_error(path)
