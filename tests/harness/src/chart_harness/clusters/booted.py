"""What a cluster was booted from: the file that exists exactly while a whole cluster does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Booted:
    """A record of a boot that was completed."""

    container: str
    """The id of the node's container: another one of the same name is another cluster."""
    made_from: Mapping[str, str]
    """What decides whether the cluster still fits, by what a person calls it: image ids, hashes."""
    loaded: Mapping[str, str] = field(default_factory=dict)
    """The ids of the images under test, by reference; a newer one is loaded into the running cluster."""
    seconds: float = 0.0

    @classmethod
    def read(cls, file: Path) -> Booted | None:
        """The record, None if there is none or it is damaged."""
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                container=str(record["container"]),
                made_from=dict(record["made_from"]),
                loaded=dict(record["loaded"]),
                seconds=float(record["seconds"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Write the record, whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        fresh.replace(file)

    def changes(self, made_from: Mapping[str, str]) -> list[str]:
        """The names of what differs from `made_from`, sorted."""
        return sorted(name for name in {*self.made_from, *made_from} if self.made_from.get(name) != made_from.get(name))
