"""gate.yaml: what a service may ask of the gate, and one sentence for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from promotion_gate.plan import MetricSpec, Plan, PlanError, Request, load_plan


def test_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(
        "requests:\n"
        "  - {path: /items/7}\n"
        "  - {method: POST, path: /items, body: {name: seven}}\n"
        "requests_per_pod: 5\n"
        "concurrency: 2\n"
        "metrics:\n"
        "  items_total: {type: counter, labels: [kind]}\n"
        "  items_seconds: {type: histogram, buckets: [1, 2.5]}\n"
    )
    assert load_plan(file) == Plan(
        requests=(Request(path="/items/7"), Request(method="POST", path="/items", body={"name": "seven"})),
        requests_per_pod=5,
        concurrency=2,
        metrics={
            "items_total": MetricSpec(type="counter", labels=frozenset({"kind"})),
            "items_seconds": MetricSpec(type="histogram", buckets=(1, 2.5)),
        },
    )


def test_none_and_an_empty_one_are_an_empty_plan(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text("# nothing yet\n")
    assert load_plan(tmp_path / "gate.yaml") == load_plan(tmp_path / "none.yaml") == Plan()
    assert not Plan().requests


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("requests: [", "is not YAML"),
        ("a: b: c", "is not YAML"),
        ("- requests", "dictionary"),
        ("request: []", "request: Extra inputs"),
        ("requests: [{path: items}]", "requests.0.path: String should match pattern"),
        ("requests: [{path: /x, method: BREW}]", "requests.0.method: Input should be 'GET'"),
        ("requests: [{method: GET}]", "requests.0.path: Field required"),
        ("requests: [{path: /x, header: y}]", "requests.0.header: Extra"),
        ("requests_per_pod: 0", "requests_per_pod: Input should be greater"),
        ("requests_per_pod: many", "requests_per_pod"),
        ("concurrency: 257", "concurrency: Input should be less"),
        ("metrics: {x: {type: info}}", "metrics.x.type: Input should be 'counter'"),
        ("metrics: {x: {type: histogram, buckets: [a]}}", "metrics.x.buckets.0"),
        ("concurrency: 0\nrequests_per_pod: 0", "(1 more)"),
    ],
)
def test_what_cannot_be_used_gives_one_sentence_with_file_and_key(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(text)
    message = _sentence(file)
    assert says in message


def test_what_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_bytes(b"# caf\xe9\n")
    assert "is not UTF-8" in _sentence(file)


def _sentence(file: Path) -> str:
    with pytest.raises(PlanError) as caught:
        load_plan(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert "\n" not in message
    return message
