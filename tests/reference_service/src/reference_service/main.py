"""The command `reference-service ROLE|healthy`: applies the switches that act before a role, then starts the role.

Imports are light on purpose: `reference-service healthy` is an exec probe, a new process every few seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from reference_service import heartbeat
from reference_service.misbehave import Switch, parse_switches
from reference_service.settings import (
    ConfigurationError,
    amqp_url,
    leak_bytes,
    service_port,
    task_interval,
    worker_count,
)
from reference_service.stop_signals import hold_back

HTTP_API = "http-api"
AMQP_CONSUMER = "amqp-consumer"
TASK_RUNNER = "task-runner"
ROLES = (HTTP_API, AMQP_CONSUMER, TASK_RUNNER)

EXIT_USAGE = 2


def main() -> int:
    """Run the command line and return the exit status; bad usage or values: 2, and one sentence on standard error."""
    try:
        arguments = sys.argv[1:]
        if arguments == ["healthy"]:
            return heartbeat.probe()
        if len(arguments) != 1 or arguments[0] not in ROLES:
            raise ConfigurationError(f"Give one argument, a role ({', '.join(ROLES)}) or 'healthy'.")
        return _start(arguments[0], os.environ)
    except ConfigurationError as error:
        sys.stderr.write(f"reference-service: {error}\n")
        return EXIT_USAGE


def _start(role: str, environ: Mapping[str, str]) -> int:
    hold_back()
    switches = parse_switches(environ.get("REFERENCE_MISBEHAVE", ""))
    _check_values(role, environ)

    from reference_service import logs, startup_faults

    logs.configure(logs.service_name(environ, role))
    if Switch.UNSET_BACKEND in switches:
        startup_faults.restart_without_backend(environ)
    if role != HTTP_API:
        heartbeat.clear(environ)
    if Switch.CRASH in switches:
        startup_faults.crash_once(environ)
    if Switch.HANG in switches:
        startup_faults.hang(service_port(environ) if environ.get("METRICS_PORT") else None)

    return _run(role, environ, switches)


def _run(role: str, environ: Mapping[str, str], switches: frozenset[Switch]) -> int:
    try:
        # The library reads PROMETHEUS_BACKEND when it is imported, so the import can be what refuses a value. Checked here
        # for gunicorn too: in a worker the sentence would drown in a traceback.
        from service_metrics import Settings, SettingsError

        Settings.from_env(environ)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    if role == HTTP_API:
        _exec_gunicorn()
    try:
        if role == AMQP_CONSUMER:
            from reference_service import consumer

            return consumer.run(environ, switches)
        from reference_service import task_runner

        return task_runner.run(environ, switches)
    except SettingsError as error:
        raise ConfigurationError(str(error)) from error


def _check_values(role: str, environ: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` for any value that `role` could not work with, before it starts anything."""
    leak_bytes(environ)
    if role == HTTP_API:
        service_port(environ)
        worker_count(environ)
    elif role == AMQP_CONSUMER:
        amqp_url(environ)
    else:
        task_interval(environ)


def _exec_gunicorn() -> NoReturn:
    """Become gunicorn's main process, so that SIGTERM reaches it directly and it drains its workers."""
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "python:reference_service.gunicorn_conf",
            "reference_service.http_api:create_app()",
        ],
    )
