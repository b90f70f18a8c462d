"""What a module for a framework says where the framework is not installed."""

from __future__ import annotations


def not_installed(error: ModuleNotFoundError, framework: str) -> ModuleNotFoundError:
    """Return the error to raise instead of `error`: one sentence where it is `framework` that is missing, else `error`."""
    if error.name is None or error.name.partition(".")[0] != framework:
        return error
    return ModuleNotFoundError(
        f"This module of service_metrics is for applications on {framework}, which is not installed; install {framework!r}, "
        "or import the module of your framework.",
        name=framework,
    )
