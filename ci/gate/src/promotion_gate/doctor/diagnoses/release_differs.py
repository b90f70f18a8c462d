"""The release in the cluster is not what this checkout renders: older, made from other values, or half applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing
from promotion_gate.manifests import difference, manifests_digest

_HOOK = "helm.sh/hook"
_SHOWN = 5


def diagnose(view: View) -> Answer:
    """Helm's last change succeeded, and the objects that it sent have the digest of those that the checkout renders."""
    installed = view.installed
    if installed is None:
        return None
    if isinstance(installed, Missing):
        return CannotTell(installed.reason)
    seen: list[str] = []
    if installed.status != "deployed":
        seen.append(f"Revision {installed.revision} of the release is {installed.status!r}.")
    rendered = [item for item in view.rendered if _HOOK not in (item["metadata"].get("annotations") or {})]
    if manifests_digest(rendered) != manifests_digest(installed.objects):
        seen.append(f"Of revision {installed.revision}, {difference(rendered, installed.objects)}.")
        seen += [f"{key} is {theirs!r} there and {ours!r} here." for key, theirs, ours in _other_values(view)][:_SHOWN]
    if not seen:
        return None
    return Diagnosis(
        tuple(seen),
        f"the release that this checkout renders for {view.environment}",
        f"If the checkout is right, deploy it: gate deploy {view.service} {view.environment}. If the cluster is, look at the commit "
        f"that it was made from (helm history {view.service} --namespace {view.namespace}).",
    )


def _other_values(view: View) -> Iterator[tuple[str, Any, Any]]:
    if not isinstance(view.installed, Missing) and view.installed is not None:
        yield from _differing(view.installed.values, view.values, "")


def _differing(theirs: Mapping[str, Any], ours: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    """The keys that both set, to different values."""
    for key in sorted(theirs.keys() & ours.keys()):
        one, other, where = theirs[key], ours[key], f"{path}.{key}" if path else key
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differing(one, other, where)
        elif one != other:
            yield where, one, other


EXAMINATION = Examination("release-differs", "The release is not what the checkout renders", diagnose)
