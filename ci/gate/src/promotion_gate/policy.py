"""The promotion policy, `ci/promotion-policy.yaml`: which checks a verdict needs, and what may go from staging to production.

It is an input of the gate, named in every verdict by its version and digest: who changes it changes what PASS means, so that a
verdict under another policy does not promote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promotion_gate.malformed import malformed
from promotion_gate.targets.target import PlaceKind
from promotion_gate.workload import Workload

POLICY_FILE = Path("ci") / "promotion-policy.yaml"
"""In a checkout."""

Figure = Literal["latency", "memory", "cpu"]


class PolicyError(Exception):
    """The policy cannot be used; the message is one sentence with file, key and what is allowed."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Model):
    """When a check is required. What is not said does not matter."""

    backend: tuple[str, ...] = ()
    delivery: Literal["pull", "push"] | None = None
    role: tuple[str, ...] = ()
    baseline: bool | None = Field(default=None, description="whether a release of this service was promoted before")

    def holds(self, workload: Workload, *, baseline: bool) -> bool:
        return (
            (not self.backend or workload.literal("PROMETHEUS_BACKEND") in self.backend)
            and (self.delivery is None or (self.delivery == "push") == workload.pushes)
            and (not self.role or workload.role in self.role)
            and self.baseline in {None, baseline}
        )


class Requirement(_Model):
    """What it takes for a check's PASS to count; with less it is INCONCLUSIVE."""

    seconds: float = Field(default=0, ge=0, description="that the release was watched, without an interruption")
    work: Mapping[str, int] = Field(default={}, description="by role: units of work seen, such as requests answered")
    when: When = When()


class Regression(_Model):
    """When a noisy figure counts as worse than the release that was promoted last: all three must say so."""

    alpha: float = Field(default=0.01, gt=0, lt=1, description="of the one-sided Mann-Whitney test")
    effect: float = Field(default=0.474, ge=0, le=1, description="Cliff's delta; 0.474 is called large")
    samples: int = Field(default=20, ge=3, description="of each side, at least")
    tolerance: Mapping[Figure, float] = Field(
        default={"latency": 0.5, "memory": 0.2, "cpu": 0.5}, description="by how much of itself the median may grow"
    )
    floor: Mapping[Figure, Annotated[float, Field(ge=0)]] = Field(
        default={"latency": 5, "memory": 5, "cpu": 0.05},
        description="ms, MiB and cores: less growth than that is none, whatever it is of a small median",
    )


class Promotion(_Model):
    """What goes from staging to production, and what never does."""

    source: str = "staging"
    destination: str = "production"
    keys: tuple[str, ...] = Field(
        default=("env.standard.PROMETHEUS_BACKEND",), description="values that are copied, as dotted paths"
    )
    max_age_hours: float = Field(default=24, gt=0, description="of a verdict, when it is used")
    max_override_days: float = Field(default=30, gt=0, description="for which an override may hold")
    keep: tuple[str, ...] = Field(
        default=(), description="values that no change may take away or alter, where they are set"
    )
    not_yet: tuple[str, ...] = Field(
        default=(), description="images, by shell pattern, that do not go to production yet"
    )


class Policy(_Model):
    """The whole policy."""

    version: str = Field(min_length=1)
    inventory: Mapping[PlaceKind, Mapping[str, Requirement]]
    window_seconds: Mapping[PlaceKind, float] = Field(default={}, description="to watch a release for, once Ready")
    regression: Regression = Regression()
    promotion: Promotion = Promotion()
    waves: tuple[tuple[str, ...], ...] = Field(
        default=(("http-api",), ("amqp-consumer",), ("task-runner",)), description="roles, in the order of a rollout"
    )

    def required(self, place: PlaceKind, workload: Workload, *, baseline: bool) -> dict[str, Requirement]:
        """The checks that a release needs at such a place, in the policy's order."""
        return {
            check: requirement
            for check, requirement in self.inventory.get(place, {}).items()
            if requirement.when.holds(workload, baseline=baseline)
        }


def policy_digest(content: bytes) -> str:
    """SHA-256 of the file as it is."""
    return hashlib.sha256(content).hexdigest()


def read_policy(content: bytes, where: str) -> Policy:
    """The policy in a file's content; `where` names the file. Raises PolicyError."""
    try:
        return Policy.model_validate(yaml.safe_load(content.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise PolicyError(f"{where} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{where} is not YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        raise PolicyError(f"{where}: {malformed(error)}.") from None


def load_policy(path: Path) -> tuple[Policy, str]:
    """The policy of a file, and its digest. Raises PolicyError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"The promotion policy {path} cannot be read ({error.strerror}): name another with --policy."
        ) from None
    return read_policy(content, str(path)), policy_digest(content)
