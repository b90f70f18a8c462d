"""gunicorn's settings for the http-api role, as gunicorn reads them: one module variable a setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from reference_service.logs import logging_config, service_name
from reference_service.settings import service_port, worker_count
from reference_service.stop_signals import hold_back, let_through

bind = f"0.0.0.0:{service_port(os.environ)}"
workers = worker_count(os.environ)
worker_class = "uvicorn_worker.UvicornWorker"

# Workers prove they are alive by touching a file. On a disk that can block for longer than `timeout`.
_shared_memory = Path("/dev/shm")  # noqa: S108 - memory, not a folder for secrets; gunicorn opens and unlinks at once
worker_tmp_dir = str(_shared_memory) if os.access(_shared_memory, os.W_OK) else None

timeout = 30
graceful_timeout = 20  # seconds to drain; less than the pod's 30 s of grace, so that gunicorn ends before SIGKILL
keepalive = 75  # longer than the 60 s after which most proxies close an idle connection themselves

# New in gunicorn 25: an administration socket in the home folder, which a read-only root file system does not allow.
control_socket_disable = True

accesslog = None
logconfig_dict = logging_config(service_name(os.environ, "http-api"))


def when_ready(_arbiter: Any) -> None:
    """gunicorn's main process has its handlers and has not forked yet: a stop signal may come now."""
    let_through()


# A new worker has the main process' handlers until it has set its own. A stop signal in between would be lost, and the main
# process would wait for that worker until `graceful_timeout` is over. So it waits too, from the fork on.


def pre_fork(_arbiter: Any, _worker: Any) -> None:
    """The main process is about to fork."""
    hold_back()


os.register_at_fork(after_in_parent=let_through)


def post_worker_init(_worker: Any) -> None:
    """A worker has its own handlers and is about to serve."""
    let_through()
