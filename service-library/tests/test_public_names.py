"""`import service_metrics as prometheus_client` finds the same public names with the same parameters, on every backend."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

import prometheus_client
import pytest

import service_metrics

PRIVATE = {"context_managers", "decorator", "mmap_dict", "utils", "validation", "values"}
"""Modules that prometheus_client's documentation does not name."""

MODULES = [
    module.name.partition(".")[2]
    for module in pkgutil.walk_packages(prometheus_client.__path__, "prometheus_client.")
    if module.name.partition(".")[2].partition(".")[0] not in PRIVATE | {"twisted", "django", "aiohttp"}
]


def public(module: ModuleType) -> Iterator[str]:
    """The names that a module itself defines, or says are its own."""
    yield from getattr(module, "__all__", ())
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if not name.startswith("_") and own and (inspect.isfunction(value) or inspect.isclass(value)):
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_the_public_names(name: str) -> None:
    theirs = importlib.import_module(f"prometheus_client.{name}")
    ours = importlib.import_module(f"service_metrics.{name}")
    # What the parsers and servers are made of is public by name only.
    internal = {"ThreadingWSGIServer", "parse_labels", "replace_escape_sequence"}
    assert not set(public(theirs)) - set(dir(ours)) - internal


def test_the_package_has_the_public_names() -> None:
    assert not set(prometheus_client.__all__) - set(service_metrics.__all__)


FUNCTIONS = [name for name in prometheus_client.__all__ if inspect.isfunction(getattr(prometheus_client, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_the_same_arguments(name: str) -> None:
    theirs = inspect.signature(getattr(prometheus_client, name)).parameters
    ours = inspect.signature(getattr(service_metrics, name)).parameters
    added = [parameter for parameter in ours if parameter not in theirs]
    assert list(ours)[: len(theirs)] == list(theirs)
    assert added in ([], ["delete_on_finish"])
    assert {p: ours[p].default for p in theirs} == {p: theirs[p].default for p in theirs}


def test_the_classes_take_the_same_arguments(python: Callable[..., str]) -> None:
    script = """
        import inspect
        import prometheus_client, service_metrics
        for kind in ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"):
            theirs, ours = getattr(prometheus_client, kind), getattr(service_metrics, kind)
            for name in ["__init__", *(name for name in dir(theirs) if not name.startswith("_"))]:
                if not callable(getattr(theirs, name)):
                    assert getattr(theirs, name) == getattr(ours, name), (kind, name)
                    continue
                theirs_takes = inspect.signature(getattr(theirs, name)).parameters
                ours_takes = inspect.signature(getattr(ours, name)).parameters
                assert list(ours_takes) == list(theirs_takes), (kind, name)
                for parameter in theirs_takes.values():
                    assert ours_takes[parameter.name].default == parameter.default, (kind, name, parameter)
        print("same")
    """
    for backend in ("otel", "shadow"):
        assert python(script, PROMETHEUS_BACKEND=backend) == "same\n"
