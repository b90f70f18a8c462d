"""Real processes of a release whose service or chart is at fault: its promotion is refused. Clean ones are promoted, twenty of twenty.

The embedded target never promotes, which would make every refusal here worth nothing. So it is dressed up as a place that may; all else
is as users have it, from the chart in a repository to production's values file.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from securesystemslib.signer import Signer

from chart_harness.layers import over
from ci.gate.tests.faults.world import PRODUCTION, SERVICE, checkout, commit
from promotion_gate.admission import State
from promotion_gate.attestation.envelope import seal
from promotion_gate.attestation.keys import KEYS_FOLDER, trusted_keys
from promotion_gate.evidence import PodState
from promotion_gate.gathering import Patience
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.progress import Progress
from promotion_gate.promotion.promoting import Proposal, carry_out, propose
from promotion_gate.targets.embedded.target import EmbeddedTarget
from promotion_gate.verdict import Outcome, Verdict
from promotion_gate.verdicts import last_promoted
from promotion_gate.verification import Verification, prepare, with_history
from reference_service.misbehave import Switch
from tests.gate.conftest import ROOT
from tests.gate.test_misbehaviour import CAUGHT_BY

pytestmark = pytest.mark.live

STAGING = Path("charts", "services", SERVICE, "environments", "staging", "values.yaml")


class Fit(EmbeddedTarget):
    """Says of itself what a cluster says: that it may promote, which one it is, and which image runs."""

    name = "dressed-up"
    identity = "this host"
    fit_for_promotion = True

    def pods(self) -> tuple[PodState, ...]:
        return tuple(replace(pod, image_digest=f"sha256:{'d' * 64}" if pod.image else "") for pod in super().pods())


class Story:
    """A repository with aaa-api, and its way to production."""

    def __init__(self, folder: Path, before: Story | None = None) -> None:
        """A fresh repository, or a copy of another story's."""
        self.root, self.folder, self._runs = folder / "checkout", folder, 0
        if before is not None:
            shutil.copytree(before.root, self.root)
        self.signer: Signer = before.signer if before is not None else checkout(ROOT, self.root)

    def set(self, values: Mapping[str, Any], path: Path = STAGING) -> None:
        """Values over those of the file, committed."""
        file = self.root / path
        file.write_text(yaml.safe_dump(over(yaml.safe_load(file.read_text()), values)))
        commit(self.root)

    def verify(self, window: float = 5, ready: float = 20) -> Verdict:
        self._runs += 1
        policy, keys = load_policy(self.root / POLICY_FILE), trusted_keys(self.root / KEYS_FOLDER)
        candidate = prepare(self.root, SERVICE, "staging", policy)
        candidate = with_history(candidate, last_promoted(self.root, SERVICE, "production", keys), ())
        target = Fit(self.folder / f"run-{self._runs}")
        with Progress(Console(file=io.StringIO())) as progress:
            return Verification(Patience(ready, window)).verify(candidate, target, progress)

    def promote(self, verdict: Verdict) -> Proposal:
        policy, keys = load_policy(self.root / POLICY_FILE), trusted_keys(self.root / KEYS_FOLDER)
        sealed = seal(verdict, self.signer)
        proposal = propose(self.root, SERVICE, sealed, "the verdict", keys, policy, (), datetime.now(UTC))
        if proposal.admission.state is not State.REFUSED:
            carry_out(proposal)
            commit(self.root)
        return proposal

    @property
    def production(self) -> bytes:
        return (self.root / PRODUCTION).read_bytes()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {record.id: record.finding.outcome for record in verdict.checks}


def assert_refused(story: Story, verdict: Verdict, check: str) -> None:
    before = story.production
    assert outcomes(verdict)[check] is Outcome.FAIL, verdict
    proposal = story.promote(verdict)
    assert proposal.admission.state is State.REFUSED
    assert any(check in refusal.sentence for refusal in proposal.admission.refusals)
    assert story.production == before


@pytest.mark.parametrize("repeat", range(20))
def test_a_clean_release_is_promoted_every_time(repeat: int, story: Story) -> None:
    verdict = story.verify()
    assert verdict.outcome is Outcome.PASS, verdict
    assert story.promote(verdict).words == "promoted"
    assert b"PROMETHEUS_BACKEND: otel" in story.production


@pytest.mark.parametrize("switch", list(CAUGHT_BY))
def test_a_service_at_fault_is_refused(switch: Switch, story: Story) -> None:
    story.set({"env": {"standard": {"REFERENCE_MISBEHAVE": str(switch)}}})
    assert_refused(story, story.verify(ready=15), CAUGHT_BY[switch])


SMALL = {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}
IN_THE_CHART: list[tuple[str, dict[str, Any], str]] = [
    ("an image that is another release's", {"workload": {"image": {"tag": "9.9.9"}}}, "image"),
    ("an image that is not there", {"workload": {"image": {"repository": "never-built"}}}, "pods-ready"),
    ("a command that does not exist", {"workload": {"command": ["reference-servcie", "http-api"]}}, "pods-ready"),
    ("a memory limit that is too small", {"workload": {"resources": SMALL}}, "memory"),
    ("no budget of series", {"metrics": {"budget": {"series": 0}}}, "series-budget"),
    ("an exclusion that leaves no handler", {"metrics": {"excludedHandlers": {"all": ".*"}}}, "metrics-contract"),
    ("metrics that are off", {"metrics": {"enabled": False}}, "metrics-contract"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "values", "check"), IN_THE_CHART, ids=[row[0] for row in IN_THE_CHART])
def test_a_chart_at_fault_is_refused(what: str, values: dict[str, Any], check: str, story: Story) -> None:
    story.set(values)
    assert_refused(story, story.verify(ready=10), check)


COMPARED = {
    Switch.SLOW: "latency-regression",
    Switch.BURN: "cpu-regression",
    Switch.BLOAT: "memory-regression",
}


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A release that was promoted, under a policy that compares the next one with it."""
    story = Story(tmp_path_factory.mktemp("promoted"))
    policy = yaml.safe_load((ROOT / POLICY_FILE).read_text())
    again = {check: {"when": {"baseline": True}} for check in COMPARED.values()}
    # Other tests run beside this one: what is looked for here is larger than what they do to it.
    slack = {
        "regression": {
            "tolerance": {"latency": 2.0, "cpu": 2.0, "memory": 0.2},
            "floor": {"latency": 15, "cpu": 0.05, "memory": 5},
        }
    }
    story.set(over(policy, {"inventory": {"embedded": again}, **slack}), POLICY_FILE)
    verdict = story.verify(window=15)
    assert story.promote(verdict).words == "promoted", verdict
    return story


@pytest.mark.xdist_group("gate_compared")
def test_a_release_like_the_last_is_promoted(promoted: Story) -> None:
    """The control: compared, and no worse."""
    verdict = promoted.verify(window=15)
    found = outcomes(verdict)
    assert {found[check] for check in COMPARED.values()} == {Outcome.PASS}, verdict
    assert verdict.outcome is Outcome.PASS


@pytest.mark.xdist_group("gate_compared")
@pytest.mark.parametrize("switch", list(COMPARED))
def test_a_release_worse_than_the_last_is_refused(switch: Switch, promoted: Story, tmp_path: Path) -> None:
    story = Story(tmp_path, promoted)
    story.set({"env": {"standard": {"REFERENCE_MISBEHAVE": str(switch)}}})
    assert_refused(story, story.verify(window=15), COMPARED[switch])
