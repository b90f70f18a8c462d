"""The environment variables the library reads, checked once at start-up.

The chart sets these variables; this module is the only place that knows their names and their formats.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Backend = Literal["prometheus", "otel", "shadow"]
Protocol = Literal["http/protobuf", "grpc"]

INSTANCE_LABEL = "service_instance_id"

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC_PREFIX = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_EXPORTER = re.compile(r"[A-Za-z0-9_.-]+")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_RESERVED_LABELS = frozenset({INSTANCE_LABEL, "le", "quantile"})


class SettingsError(ValueError):
    """One sentence that names the variable, its value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """What the environment asks of the library.

    Attributes:
        enabled: False means no instrumentation, no route and no cost.
        backend: Who records: prometheus_client itself, the cells of `service_metrics.recording`, or both.
        namespace: Prefix of the library's own metrics (not of the process collectors).
        subsystem: Second part of that prefix.
        excluded_handlers: Matches the route templates that are not measured; None excludes nothing.
        custom_labels: Constant labels of every series, sorted by name.
        port: TCP port of the page that `publish()` serves; None when the application serves the page itself.
        path: URL path of the page.
        push_interval: Seconds between two OTLP exports.
        scrape_cache: Keep the page's lines from one scrape to the next: faster, for more memory.
        series_budget: How many series the page of one process may have; None is any number.
        exporter: What `publish()` pushes with, a name that `service_metrics.otlp.exporter` knows; `none` and
            `prometheus` mean pull.
        otlp_endpoint: Where the exporter `otlp` pushes; None means pull.
        otlp_protocol: OTLP transport.
        multiprocess_directory: Where prometheus_client's process mode keeps its files; None without it, and on backends
            that need none.
    """

    enabled: bool = True
    backend: Backend = "prometheus"
    namespace: str = ""
    subsystem: str = ""
    excluded_handlers: re.Pattern[str] | None = None
    custom_labels: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    path: str = "/metrics"
    push_interval: float = 15.0
    scrape_cache: bool = False
    series_budget: int | None = None
    exporter: str = "otlp"
    otlp_endpoint: str | None = None
    otlp_protocol: Protocol = "http/protobuf"
    multiprocess_directory: str | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read and check every variable; an empty variable counts as not set.

        Raises:
            SettingsError: a variable has a value that is not allowed.
        """
        return cls(
            enabled=_flag(environ, "PROMETHEUS_METRICS_ENABLE", "ENABLE_METRICS", default=True),
            backend=backend_from_env(environ),
            namespace=_prefix(environ, "METRICS_NAMESPACE"),
            subsystem=_prefix(environ, "METRICS_SUBSYSTEM"),
            excluded_handlers=_excluded_handlers(environ),
            custom_labels=_custom_labels(environ),
            port=_port(environ),
            path=_page_path(environ),
            push_interval=_push_interval(environ),
            scrape_cache=scrape_cache_from_env(environ),
            series_budget=series_budget_from_env(environ),
            exporter=_exporter(environ),
            otlp_endpoint=_otlp_endpoint(environ),
            otlp_protocol=_otlp_protocol(environ),
            multiprocess_directory=_multiprocess_directory(environ),
        )

    @property
    def pushes(self) -> bool:
        """True where `publish()` pushes instead of serving a page."""
        if self.backend == "prometheus" or self.exporter in ("none", "prometheus"):
            return False
        return self.exporter != "otlp" or self.otlp_endpoint is not None


def backend_from_env(environ: Mapping[str, str] = os.environ) -> Backend:
    """Read PROMETHEUS_BACKEND alone; the package needs it before anything else.

    Raises:
        SettingsError: the value is none of the three.
    """
    value = environ.get("PROMETHEUS_BACKEND", "") or "prometheus"
    if value in ("prometheus", "otel", "shadow"):
        return value  # type: ignore[return-value]  # mypy does not narrow a str to its literals
    raise SettingsError(f"PROMETHEUS_BACKEND is {value!r}; set it to 'prometheus', 'otel' or 'shadow'.")


def scrape_cache_from_env(environ: Mapping[str, str] = os.environ) -> bool:
    """Read METRICS_SCRAPE_CACHE alone; the exposition of text needs it before there is a page.

    Raises:
        SettingsError: the value is neither true nor false.
    """
    return _flag(environ, "METRICS_SCRAPE_CACHE", default=False)


def series_budget_from_env(environ: Mapping[str, str] = os.environ) -> int | None:
    """Read METRICS_SERIES_BUDGET alone; metrics are declared before there is a page. None and 0 are no budget.

    Raises:
        SettingsError: the value is no whole number.
    """
    value = environ.get("METRICS_SERIES_BUDGET", "") or "0"
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(
            f"METRICS_SERIES_BUDGET is {value!r}; set it to a whole number of series, or to 0 for any number."
        )
    return int(value) or None


def _flag(environ: Mapping[str, str], *names: str, default: bool) -> bool:
    for name in names:
        value = environ.get(name, "")
        if not value:
            continue
        if value.lower() in ("true", "1"):
            return True
        if value.lower() in ("false", "0"):
            return False
        raise SettingsError(f"{name} is {value!r}; set it to 'true' or 'false'.")
    return default


def _prefix(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if value and not _METRIC_PREFIX.fullmatch(value):
        raise SettingsError(
            f"{name} is {value!r}; use letters, digits and underscores only, and do not start with a digit."
        )
    return value


def _excluded_handlers(environ: Mapping[str, str]) -> re.Pattern[str] | None:
    parts = [part.strip() for part in environ.get("METRICS_EXCLUDED_HANDLERS", "").split(",")]
    expressions = [part for part in parts if part]
    for expression in expressions:
        try:
            re.compile(expression)
        except re.error as error:
            raise SettingsError(
                f"METRICS_EXCLUDED_HANDLERS contains {expression!r}, which is not a regular expression ({error}); "
                "separate expressions with commas and write none that contains a comma."
            ) from None
    return re.compile("|".join(f"(?:{expression})" for expression in expressions)) if expressions else None


def _custom_labels(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    labels: dict[str, str] = {}
    for part in environ.get("CUSTOM_LABELS", "").split(","):
        if not part.strip():
            continue
        name, separator, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not separator or not value:
            raise SettingsError(f"CUSTOM_LABELS contains {part.strip()!r}; write pairs as 'name=value,name2=value2'.")
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise SettingsError(
                f"CUSTOM_LABELS contains the label name {name!r}; use letters, digits and underscores only, "
                "and start with neither a digit nor two underscores."
            )
        if name in _RESERVED_LABELS:
            raise SettingsError(f"CUSTOM_LABELS sets {name!r}, which the library sets itself; remove it.")
        if name in labels:
            raise SettingsError(f"CUSTOM_LABELS sets {name!r} twice; keep one of the two.")
        labels[name] = value
    return tuple(sorted(labels.items()))


def _port(environ: Mapping[str, str]) -> int | None:
    value = environ.get("METRICS_PORT", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise SettingsError(f"METRICS_PORT is {value!r}; set it to a whole number from 1 to 65535.")
    return int(value)


def _page_path(environ: Mapping[str, str]) -> str:
    value = environ.get("METRICS_PATH", "") or "/metrics"
    if not _PATH.fullmatch(value):
        raise SettingsError(f"METRICS_PATH is {value!r}; set it to a plain URL path such as '/metrics'.")
    return value


def _push_interval(environ: Mapping[str, str]) -> float:
    value = environ.get("METRICS_PUSH_INTERVAL", "") or "15"
    matched = _SECONDS.fullmatch(value)
    if matched is None or float(matched[1]) <= 0:
        raise SettingsError(f"METRICS_PUSH_INTERVAL is {value!r}; set it to seconds above zero, as '15' or '15s'.")
    return float(matched[1])


def _exporter(environ: Mapping[str, str]) -> str:
    value = environ.get("OTEL_METRICS_EXPORTER", "") or "otlp"
    if not _EXPORTER.fullmatch(value):
        raise SettingsError(
            f"OTEL_METRICS_EXPORTER is {value!r}; set it to one name, such as 'otlp', 'console' or 'none'."
        )
    return value


def _multiprocess_directory(environ: Mapping[str, str]) -> str | None:
    value = environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if not value or backend_from_env(environ) != "prometheus":
        return None
    if not Path(value).is_dir():
        raise SettingsError(
            f"PROMETHEUS_MULTIPROC_DIR is {value!r}, which is no directory; create it before the service starts, or unset it."
        )
    return value


def _otlp_protocol(environ: Mapping[str, str]) -> Protocol:
    value = environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    if value in ("", "http/protobuf"):
        return "http/protobuf"
    if value == "grpc":
        return "grpc"
    raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {value!r}; set it to 'http/protobuf' or 'grpc'.")


def _otlp_endpoint(environ: Mapping[str, str]) -> str | None:
    value = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if not value:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {value!r}; set it to a URL such as 'http://collector:4318'."
        )
    return value
