"""The settings the reference service itself reads; everything about metrics is `service_metrics`' own business.

Standard library only: `reference-service healthy` must start fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

DEFAULT_LEAK_BYTES = 420 * 1024 * 1024


class ConfigurationError(ValueError):
    """A variable holds something unusable. Its text is one sentence: the variable, its value and what is allowed."""


def service_port(environ: Mapping[str, str]) -> int:
    """Return METRICS_PORT, the one port of an http-api pod; raise `ConfigurationError` when missing or no port."""
    return _whole_number(environ, "METRICS_PORT", default=None, least=1, most=65535)


def worker_count(environ: Mapping[str, str]) -> int:
    """Return WEB_CONCURRENCY, the number of gunicorn workers (default 1)."""
    return _whole_number(environ, "WEB_CONCURRENCY", default=1, least=1, most=256)


def leak_bytes(environ: Mapping[str, str]) -> int:
    """Return REFERENCE_LEAK_BYTES, the memory limit that the `leak` switch overruns by a fifth (default 420 MiB)."""
    return _whole_number(environ, "REFERENCE_LEAK_BYTES", default=DEFAULT_LEAK_BYTES, least=1, most=2**40)


def task_interval(environ: Mapping[str, str]) -> float:
    """Return REFERENCE_TASK_INTERVAL, the seconds from the start of one run to the start of the next (default 0.2)."""
    text = environ.get("REFERENCE_TASK_INTERVAL", "").strip() or "0.2"
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 0.001 <= seconds <= 3600:
        raise ConfigurationError(
            f"REFERENCE_TASK_INTERVAL is {text!r}, which is not a number of seconds from 0.001 to 3600: correct it."
        )
    return seconds


def amqp_url(environ: Mapping[str, str]) -> str | None:
    """Return AMQP_URL, or None when it is not set; raise `ConfigurationError` when it is no amqp:// or amqps:// URL."""
    text = environ.get("AMQP_URL", "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"amqp", "amqps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # The value may hold a password, so it is not repeated.
        raise ConfigurationError("AMQP_URL is not a URL such as amqp://user:password@host:5672/vhost: correct it.")
    return text


def _whole_number(environ: Mapping[str, str], name: str, *, default: int | None, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        if default is None:
            raise ConfigurationError(f"{name} is not set: set it to a whole number from {least} to {most}.")
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ConfigurationError(f"{name} is {text!r}, which is not a whole number from {least} to {most}: correct it.")
    return int(text)
