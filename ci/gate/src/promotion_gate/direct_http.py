"""HTTP straight to a pod: never through the proxy, and never with the credentials, of the gate's own environment."""

from __future__ import annotations

import requests


def direct_session() -> requests.Session:
    """A session for one request, as a context manager; it closes its connection, so that any worker may answer the next."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Connection"] = "close"
    return session
