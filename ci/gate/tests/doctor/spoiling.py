"""Ways to spoil a healthy view, each one thing that can be wrong with a release."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ci.gate.tests.doctor.conftest import Spoil, pods
from ci.gate.tests.doctor.conftest import changed as alter
from promotion_gate.doctor.view import Pod, View
from promotion_gate.evidence import Family, LogLine, MetricsPage, Missing, Sample


def status(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """Changes what the kubelet says of each pod's container; a pod whose container does not run is not Ready."""

    def changed(pod: Pod) -> Pod:
        item = deepcopy(dict(pod.object))
        container = item["status"]["containerStatuses"][0]
        change(container)
        if "running" not in container["state"] or not container["ready"]:
            item["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
            container["ready"] = False
        gone = Missing("the container does not run")
        if "running" in container["state"]:
            return replace(pod, object=item)
        return replace(pod, object=item, environments=gone, page=gone)

    return lambda view: pods(view, changed)


def waits(reason: str, message: str = "", exit_code: int | None = None, ended: str = "Error") -> Spoil:
    """Its container waits to be started, after it has ended where an exit code is given."""

    def change(container: dict[str, Any]) -> None:
        container |= {"state": {"waiting": {"reason": reason, "message": message}}, "imageID": ""}
        if exit_code is not None:
            last = {"terminated": {"exitCode": exit_code, "reason": ended}}
            container |= {"restartCount": 3, "lastState": last, "imageID": "sha256:" + "a" * 64}

    return status(change)


def log(*lines: str, previous: bool = False) -> Spoil:
    """What each pod has written last."""
    written = tuple(LogLine(line) for line in lines)
    return lambda view: pods(view, lambda pod: alter(pod, **{"previous_log" if previous else "log": written}))


def process_env(**variables: str | None) -> Spoil:
    """Env vars that each process has instead, None for not at all; what the manifests say stays."""

    def changed(pod: Pod) -> Pod:
        assert not isinstance(pod.environments, Missing)
        return replace(
            pod,
            environments=tuple(
                replace(p, variables={k: v for k, v in {**p.variables, **variables}.items() if v is not None})
                for p in pod.environments
            ),
        )

    return lambda view: pods(view, changed)


def manifest_env(part: str, **variables: str) -> Spoil:
    """Env vars that the Deployment or the pods were given by a manifest; with None the processes have it too."""

    def rewritten(owner: Any) -> Any:
        owner = deepcopy(dict(owner))
        spec = owner["spec"]["template"]["spec"] if "template" in owner["spec"] else owner["spec"]
        container = spec["containers"][0]
        kept = [entry for entry in container["env"] if entry["name"] not in variables]
        container["env"] = [*kept, *({"name": name, "value": value} for name, value in variables.items())]
        return owner

    def spoil(view: View) -> View:
        if part == "deployment":
            return replace(view, deployment=rewritten(view.deployment))
        return pods(view, lambda pod: replace(pod, object=rewritten(pod.object)))

    return spoil


def objects(part: str, change: Callable[[dict[str, Any]], None]) -> Spoil:
    """Changes each object of a part of the view, such as its Services."""

    def spoil(view: View) -> View:
        changed = deepcopy([dict(item) for item in getattr(view, part)])
        for item in changed:
            change(item)
        return alter(view, **{part: tuple(changed)})

    return spoil


def without(part: str, nothing: Any = ()) -> Spoil:
    """Nothing is there of this part."""
    return lambda view: alter(view, **{part: nothing})


def families(change: Callable[[Family], Family | None]) -> Spoil:
    """What each family on each page is instead; None takes it away."""

    def page(one: MetricsPage) -> MetricsPage:
        return replace(one, families=tuple(new for family in one.families if (new := change(family)) is not None))

    def spoil(view: View) -> View:
        assert not isinstance(view.pushed, Missing)
        view = replace(view, pushed=tuple(page(one) for one in view.pushed))
        return pods(view, lambda pod: pod if isinstance(pod.page, Missing) else replace(pod, page=page(pod.page)))

    return spoil


def valued(name: str, value: float, **labels: str) -> Spoil:
    """One family with one series of this value on every page, in the place of what it was."""
    family = Family(name, "counter", (Sample(name, labels, value),))

    def page(one: MetricsPage) -> MetricsPage:
        return replace(one, families=(*(f for f in one.families if f.name != name), family))

    def spoil(view: View) -> View:
        assert not isinstance(view.pushed, Missing)
        view = replace(view, pushed=tuple(page(one) for one in view.pushed))
        return pods(view, lambda pod: pod if isinstance(pod.page, Missing) else replace(pod, page=page(pod.page)))

    return spoil


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(view: View) -> View:
        for one in spoils:
            view = one(view)
        return view

    return spoil
