"""The recording core of the `otel` backend: cells without locks behind prometheus_client's API."""

from __future__ import annotations

import sys

HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Builds of CPython without a global lock, or with it switched off, need locks where recording has none otherwise."""
