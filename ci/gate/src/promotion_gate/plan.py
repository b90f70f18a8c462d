"""A service's `gate.yaml`: what to send it, and what it publishes beside its role's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promotion_gate.malformed import malformed


class PlanError(Exception):
    """The service's gate.yaml cannot be used; the message is one sentence with file, key and what is allowed."""


class MetricSpec(BaseModel):
    """A required family: its type, its own label names (without custom labels and worker identity), a histogram's finite buckets."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: Literal["counter", "gauge", "histogram", "summary"]
    labels: frozenset[str] = frozenset()
    buckets: tuple[float, ...] = ()


class Request(BaseModel):
    """A request that the gate sends; its path must belong to a route that the service's metrics count."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern="^/")
    body: Any = None
    """Sent as JSON if set."""


class Plan(BaseModel):
    """What the gate does with a service."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    requests: tuple[Request, ...] = ()
    """Sent in turn to every pod."""
    requests_per_pod: int = Field(default=120, ge=1, le=100_000)
    concurrency: int = Field(default=8, ge=1, le=256)
    metrics: Mapping[str, MetricSpec] = {}
    """Families of the service's own."""

    @property
    def harmless(self) -> Plan:
        """The same with safe methods only (RFC 9110, 9.2.1), for a service that has users: what they see must not change."""
        return self.model_copy(update={"requests": tuple(one for one in self.requests if one.method == "GET")})


def load_plan(path: Path) -> Plan:
    """Reads gate.yaml; a service without one gets an empty plan. Raises PlanError."""
    if not path.exists():
        return Plan()
    try:
        return Plan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except UnicodeDecodeError as error:
        raise PlanError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.YAMLError as error:
        raise PlanError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise PlanError(f"{path}: {malformed(error)}") from None
