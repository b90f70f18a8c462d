"""Structured logs, one JSON object a line on standard output: the service's own, gunicorn's and uvicorn's."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter


class JsonLines(JsonFormatter):
    """Formats a record as one JSON object: time, level, message, service and pid; `extra` fields follow."""

    def __init__(self, service: str) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(message)s %(process)d",
            rename_fields={"asctime": "time", "levelname": "level", "process": "pid"},
            static_fields={"service": service},
            # uvicorn repeats its message with terminal colours in this field.
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002 - logging's
        """Return the record's time as RFC 3339 in UTC with microseconds."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def service_name(environ: Mapping[str, str], role: str) -> str:
    """Return the name log lines carry: OTEL_SERVICE_NAME, else the service of CUSTOM_LABELS, else the role."""
    labels = dict(pair.strip().partition("=")[::2] for pair in environ.get("CUSTOM_LABELS", "").split(","))
    return environ.get("OTEL_SERVICE_NAME") or labels.get("service") or role


def logging_config(service: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary, for `configure` and for gunicorn's `logconfig_dict`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines, "service": service}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"},
        },
        "root": {"level": "INFO", "handlers": ["stdout"]},
        "loggers": {
            # uvicorn_worker hands the handlers of these two to uvicorn, so the first needs its own; the second is
            # silent because the access log is the application's (it knows the route template).
            "gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
            "gunicorn.access": {"handlers": [], "propagate": False},
            # It logs every failed attempt to connect as an error; the consumer says what it makes of that itself.
            "aiormq.connection": {"level": "CRITICAL"},
        },
    }


def configure(service: str) -> None:
    """Send all logs of this process to standard output as JSON lines."""
    logging.config.dictConfig(logging_config(service))
