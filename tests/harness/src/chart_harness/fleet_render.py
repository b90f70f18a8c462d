"""The whole fleet rendered at once: what `helm template` gives for each service and environment, parsed and held against schemas.

One process renders (ci/toolchain/renderer, Helm's own packages), one for each core reads what it wrote; what they find out is
kept under the cache folder by the hash of all that decides it, so only what changed is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chart_harness.errors import RenderError
from chart_harness.fleet import environments, services
from chart_harness.fleet_render_plan import Planned, plan
from chart_harness.fleet_render_run import Kept, Progress, provide
from chart_harness.frozen import freeze
from chart_harness.render import Release

__all__ = ["FleetRender", "Pair", "pairs", "render_fleet"]

Pair = tuple[str, str]
"""A service and an environment."""
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class FleetRender:
    """What the fleet renders, by (service, environment): each is in `errors`, or in `releases` and `texts`.

    Arguments:
        releases: the objects, deeply read-only, as `chart_harness.render.render` gives them.
        texts: what `helm template` prints, to the byte.
        errors: the sentence of a RenderError, of one that does not render or that the API server would refuse.
    """

    releases: Mapping[Pair, Release]
    texts: Mapping[Pair, str]
    errors: Mapping[Pair, str]


def pairs(root: Path) -> list[Pair]:
    """Every service under `root`/charts/services with each of its environments, sorted."""
    return [(service, environment) for service in services(root) for environment in environments(root, service)]


def render_fleet(
    root: Path,
    *,
    releases: Collection[Pair] | None = None,
    kube_version: str = "1.34.0",
    progress: Progress | None = None,
) -> FleetRender:
    """Render services for environments, by default all that there are, as `fleet.service_release` renders one.

    Arguments:
        progress: called with how many of how many are done, for each that had to be rendered anew.

    Threads and processes may call it at once. Raises FleetError for a service or an environment there is none of, and
    GoBuildError where the renderer cannot be built.
    """
    planned = plan(root, pairs(root) if releases is None else releases, kube_version)
    kept = provide(planned, progress=progress)
    fine = {pair: item for pair, item in planned.items() if not kept[pair].error}
    return FleetRender(
        releases=_Lazy(fine, lambda pair: _release(planned[pair], kept[pair])),
        texts={pair: kept[pair].text for pair in fine},
        errors={pair: _sentence(planned[pair], kept[pair]) for pair in planned if pair not in fine},
    )


def _release(item: Planned, kept: Kept) -> Release:
    return Release(name=item.service, namespace=item.environment, chart=item.chart, objects=freeze(kept.objects))


def _sentence(item: Planned, kept: Kept) -> str:
    return RenderError(kept.error, chart=item.explained_by()).sentence


class _Lazy(Mapping[Pair, _Value]):
    """A mapping whose values are made when they are first asked for, and then kept: freezing all takes longer than rendering some."""

    def __init__(self, keys: Collection[Pair], make: Callable[[Pair], _Value]) -> None:
        self._keys = keys
        self._make = make
        self._made: dict[Pair, Any] = {}

    def __getitem__(self, key: Pair) -> _Value:
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._made:
            self._made[key] = self._make(key)
        made: _Value = self._made[key]
        return made

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
