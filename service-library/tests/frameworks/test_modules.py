"""Each framework's module: what it says without its framework, and what it must not import."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest

pytest_plugins = ["http_services"]


@pytest.mark.parametrize(
    ("module", "framework"),
    [
        ("fastapi", "starlette"),
        ("flask", "flask"),
        ("django", "django"),
        ("aiohttp", "aiohttp"),
        ("tornado", "tornado"),
    ],
)
class TestModules:
    def test_a_framework_that_is_missing_is_named(
        self, monkeypatch: pytest.MonkeyPatch, module: str, framework: str
    ) -> None:
        class Missing:
            def find_spec(self, name: str, *_: Any) -> None:
                if name.partition(".")[0] == framework:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        for name in list(sys.modules):
            if name.partition(".")[0] == framework or name == f"service_metrics.{module}":
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
        with pytest.raises(
            ModuleNotFoundError, match=rf"^This module .* on {framework}, which is not installed; install"
        ):
            import_module(f"service_metrics.{module}")

    def test_import_no_other_framework(self, python: Any, module: str, framework: str) -> None:
        frameworks = {"starlette", "fastapi", "flask", "werkzeug", "django", "aiohttp", "tornado"}
        allowed = {framework} | ({"werkzeug"} if framework == "flask" else set())
        script = f"""
            import sys
            import service_metrics.{module}
            print(sorted({frameworks - allowed} & set(sys.modules)))
        """
        assert python(script) == "[]\n"
