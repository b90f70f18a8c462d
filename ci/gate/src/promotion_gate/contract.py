"""What a role must publish, as data: `contracts/runtime.yaml` for every service, `contracts/<role>.yaml`, and the service's `gate.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from promotion_gate.evidence import INSTANCE_LABEL
from promotion_gate.plan import MetricSpec, Plan, PlanError
from promotion_gate.workload import Workload, WorkloadError

FORBIDDEN_LABELS = frozenset({"user_id", "request_id", "trace_id"})
"""Labels with a value per user or request: each value is a series, so they end in a pod out of memory or a scrape refused."""


class _RoleContract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    work_counter: str = Field(description="the counter that counts every unit of work once")
    work_is_counted_by: Literal["traffic", "log-lines"]
    metrics: Mapping[str, MetricSpec]


class Contract(BaseModel):
    """What one release must publish."""

    model_config = ConfigDict(frozen=True)
    families: Mapping[str, MetricSpec]
    work_counter: str
    work_is_counted_by: Literal["traffic", "log-lines"]
    constant_labels: frozenset[str]
    """Labels that every series carries: the custom labels and the worker identity."""


def contract_for(workload: Workload, plan: Plan) -> Contract:
    """The contract of a release.

    Raises WorkloadError for a role that has none, PlanError for a gate.yaml that would replace a part of the role's.
    """
    folder = resources.files("promotion_gate") / "contracts"
    runtime = yaml.safe_load((folder / "runtime.yaml").read_text())
    known = sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name != "runtime.yaml")
    if workload.role not in known:
        raise WorkloadError(f"{workload.name} has the role {workload.role!r}; the gate knows {', '.join(known)}.")
    role = _RoleContract.model_validate(yaml.safe_load((folder / f"{workload.role}.yaml").read_text()))
    prefix = "".join(f"{part}_" for part in map(workload.literal, ("METRICS_NAMESPACE", "METRICS_SUBSYSTEM")) if part)
    promised = {
        **{name: MetricSpec.model_validate(spec) for name, spec in runtime.items()},
        **{prefix + name: spec for name, spec in role.metrics.items()},
    }
    if again := sorted(promised.keys() & plan.metrics.keys()):
        raise PlanError(
            f"The gate.yaml of {workload.name} declares {', '.join(again)}, which its role promises already; remove it there."
        )
    return Contract(
        families={**promised, **plan.metrics},
        work_counter=prefix + role.work_counter,
        work_is_counted_by=role.work_is_counted_by,
        constant_labels=workload.custom_labels | {INSTANCE_LABEL},
    )
