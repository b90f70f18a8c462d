"""What can be wrong with a verdict once it is given: its file, the checkout it is about, the clock, the key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ci.gate.tests.faults.world import SERVICE, Fault, World, commit
from promotion_gate.attestation.keys import KEYS_FOLDER, new_pair
from promotion_gate.policy import POLICY_FILE
from promotion_gate.verdict import Verdict
from promotion_gate.verdicts import STORE, stored

STAGING = f"charts/services/{SERVICE}/environments/staging/values.yaml"


def envelope(edit: Callable[[dict[str, Any]], None]) -> Callable[[World], None]:
    """The signed file's JSON is edited."""

    def signed(text: str) -> str:
        document = json.loads(text)
        edit(document)
        return json.dumps(document)

    def inject(world: World) -> None:
        world.edit_signed = signed

    return inject


def statement(edit: Callable[[dict[str, Any]], None]) -> Callable[[World], None]:
    """What was signed is edited; the signature stays."""

    def change(document: dict[str, Any]) -> None:
        said = json.loads(base64.b64decode(document["payload"]))
        edit(said)
        document["payload"] = base64.b64encode(json.dumps(said).encode()).decode()

    return envelope(change)


def text(edit: Callable[[str], str]) -> Callable[[World], None]:
    def inject(world: World) -> None:
        world.edit_signed = edit

    return inject


def verdict(edit: Callable[[Verdict], Verdict]) -> Callable[[World], None]:
    """The gate itself signs a verdict that is otherwise."""

    def inject(world: World) -> None:
        world.edit_verdict = edit

    return inject


def release(**changes: Any) -> Callable[[World], None]:
    return verdict(lambda v: v.model_copy(update={"release": v.release.model_copy(update=changes)}))


def afterwards(change: Callable[[World], None]) -> Callable[[World], None]:
    """Something happens between verdict and promotion."""

    def inject(world: World) -> None:
        world.after_signing = change

    return inject


def replaced(path: str, old: str, new: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        file = world.root / path
        before = file.read_text()
        assert old in before, f"{path} has no {old!r}"
        file.write_text(before.replace(old, new))
        commit(world.root)

    return change


def file_gone(world: World) -> None:
    stored(world.root / STORE, SERVICE, "staging").unlink()


def later(time: timedelta) -> Callable[[World], None]:
    def inject(world: World) -> None:
        world.later = time

    return inject


def other_key(world: World) -> None:
    world.signer = new_pair("stranger", world.root.parent / "elsewhere", world.root.parent / "stranger.key")


def key_gone(world: World) -> None:
    (world.root / KEYS_FOLDER / "team.pem").unlink()


def key_replaced(world: World) -> None:
    key_gone(world)
    new_pair("team", world.root / KEYS_FOLDER, world.root.parent / "other.key")


def key_garbled(world: World) -> None:
    (world.root / KEYS_FOLDER / "team.pem").write_text("-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n")


def unfit(world: World) -> None:
    world.target.fit_for_promotion = False


def uncommitted(world: World) -> None:
    (world.root / "charts" / "services" / SERVICE / "NOTES").write_text("not committed\n")


def values_set(world: World) -> None:
    world.said = ("workload.replicas=1",)


def other_policy(world: World) -> None:
    loose = world.root.parent / "loose.yaml"
    loose.write_text((world.root / POLICY_FILE).read_text() + "\n# nothing but this line is new\n")
    world.policy_file = loose


def outcome_claimed(said: dict[str, Any]) -> None:
    said["predicate"]["result"] = "PASSED"
    said["predicate"]["failedTests"] = []


def failed_and_edited(world: World) -> None:
    """A FAIL whose file then says PASSED."""
    pods = world.subject.evidence.pods
    world.evidence(pods=pods[1:])  # type: ignore[index]  # not Missing
    statement(outcome_claimed)(world)


def age(hours: float) -> Callable[[World], None]:
    return later(timedelta(hours=hours))


def began_after_its_end(v: Verdict) -> Verdict:
    return v.model_copy(update={"started_at": v.finished_at + timedelta(seconds=1)})


VERDICT_FILE = [
    Fault("verdict file", "there is none", afterwards(file_gone), "verdict"),
    Fault("verdict file", "it is empty", text(lambda _: ""), "JSON"),
    Fault("verdict file", "it is cut", text(lambda whole: whole[: len(whole) // 2]), "JSON"),
    Fault("verdict file", "it is no envelope", text(lambda _: '{"outcome": "PASS"}'), "envelope"),
    Fault("verdict file", "it is unsigned", envelope(lambda d: d.update(signatures=[])), "sign"),
    Fault(
        "verdict file", "its signature is altered", envelope(lambda d: d["signatures"][0].update(sig="AAAA")), "sign"
    ),
    Fault("verdict file", "its type is another", envelope(lambda d: d.update(payloadType="text/plain")), "payload"),
    Fault(
        "verdict file",
        "its statement is edited",
        statement(lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)),
        "sign",
    ),
    Fault("verdict file", "a FAIL is edited to PASSED", failed_and_edited, "sign"),
    Fault("verdict file", "it is about another service", release(service="usage-api"), "service"),
    Fault("verdict file", "it is about production", release(environment="production"), "environment"),
    Fault("verdict file", "it is about other manifests", release(manifests_sha256="0" * 64), "manifests"),
    Fault("verdict file", "it is about another chart", release(chart_sha256="0" * 64), "chart"),
    Fault("verdict file", "it names no image", release(image_digests=()), "image"),
    Fault(
        "verdict file",
        "it proved another backend",
        release(values={"env.standard.PROMETHEUS_BACKEND": "shadow"}),
        "values",
    ),
    Fault("verdict file", "it names no commit", release(commit=None), "commit"),
    Fault(
        "verdict file",
        "it required fewer checks",
        verdict(lambda v: v.model_copy(update={"required_checks": v.required_checks[:-1]})),
        "checks",
    ),
    Fault("verdict file", "it is of local processes", unfit, "never promotes"),
    Fault("verdict file", "of a checkout with changes", uncommitted, "no commit holds"),
    Fault("verdict file", "of values from the command line", values_set, "command line"),
    Fault("verdict file", "under another policy", other_policy, "policy"),
]

CHART = [
    Fault(
        "chart",
        "staging's values change after it",
        afterwards(replaced(STAGING, "series: 1500", "series: 1600")),
        "manifests",
    ),
    Fault(
        "chart",
        "the service's values change after it",
        afterwards(replaced(f"charts/services/{SERVICE}/values.yaml", "replicas: 2", "replicas: 3")),
        "manifests",
    ),
    Fault(
        "chart",
        "a library changes after it",
        afterwards(replaced("charts/metrics/Chart.yaml", "description: ", "description: A ")),
        "chart",
    ),
    Fault(
        "chart",
        "the image's tag changes after it",
        afterwards(replaced(f"charts/services/{SERVICE}/Chart.yaml", 'appVersion: "0.1.0"', 'appVersion: "0.2.0"')),
        "manifests",
    ),
    Fault(
        "chart",
        "the policy changes after it",
        afterwards(replaced(str(POLICY_FILE), "max_age_hours: 24", "max_age_hours: 9999")),
        "policy",
    ),
    Fault(
        "chart",
        "staging gives up the backend after it",
        afterwards(replaced(STAGING, "PROMETHEUS_BACKEND: otel", "PROMETHEUS_BACKEND: prometheus")),
        "values",
    ),
]

CLOCK = [
    Fault("clock", "a verdict that is a day and a minute old", age(24 + 1 / 60), "old"),
    Fault("clock", "a verdict of last month", age(24 * 31), "old"),
    Fault("clock", "a verdict from the future", age(-1), "future"),
    Fault("clock", "it ended before it began", verdict(began_after_its_end), "before it started"),
]

KEY = [
    Fault("key", "signed by a stranger", other_key, "trusted"),
    Fault("key", "no key is trusted", afterwards(key_gone), "key"),
    Fault("key", "the team's key is another one now", afterwards(key_replaced), "trusted"),
    Fault("key", "the trusted key cannot be read", afterwards(key_garbled), "key"),
]
