"""Copied beside prometheus_client's tests, where they run: what their environment is, and what became of each of them."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

import service_metrics

_PRIVATE = {f"service_metrics.{name}" for name in ("decorator", "mmap_dict", "utils", "validation", "values")}


class _Private(MetaPathFinder, Loader):
    """Gives the tests the private modules of prometheus_client that they import; all others are ours."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        return ModuleSpec(fullname, self) if fullname in _PRIVATE else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module("prometheus_client." + spec.name.partition(".")[2])

    def exec_module(self, module: ModuleType) -> None:
        """It has run already."""


sys.meta_path.append(_Private())
service_metrics.enable_created_metrics()


class _Patient(ApplicationCommunicator):
    """Waits for the application to end: the tests allow no time at all, and ours renders in a thread."""

    async def receive_output(self, timeout: float = 1) -> Any:
        await asyncio.wait([self.future], timeout=10)
        return await super().receive_output(timeout)  # type: ignore[no-untyped-call]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    test_asgi = sys.modules.get("test_asgi")
    if test_asgi is not None:
        monkeypatch.setattr(test_asgi, "ApplicationCommunicator", _Patient)


_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst of a test's set-up, call and tear-down."""
    name = report.nodeid.rpartition("/")[2]
    if report.outcome != "passed" or name not in _outcomes:
        _outcomes[name] = report.outcome


def pytest_sessionfinish() -> None:
    """Write what became of each test."""
    Path(os.environ["OUTCOMES"]).write_text(json.dumps(_outcomes))
