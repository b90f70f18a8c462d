"""Fetches a pod's metrics page over HTTP, and tells a refusal from a time-out from a page that was cut."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import requests

from promotion_gate.direct_http import direct_session
from promotion_gate.evidence import Family, MetricsPage
from promotion_gate.exposition import ExpositionError, parse_page

TIMEOUT = 5.0
"""Seconds for an answer; Prometheus' own default is 10, and a page that needs half of that is in trouble."""

_PIECE = 65536


def scrape(pod: str, url: str, timeout: float = TIMEOUT) -> MetricsPage:
    """One scrape over a connection of its own, so that any worker may answer. Never raises for what the pod does."""
    taken_at = datetime.now(UTC)
    status, fault = 0, ""
    families: tuple[Family, ...] = ()
    try:
        with direct_session() as http, http.get(url, timeout=timeout, stream=True) as response:
            status = response.status_code
            text = _read(response, timeout).decode("utf-8")
        if status == requests.codes.ok:
            families = parse_page(text)
    except requests.Timeout:
        fault = f"no answer within {timeout:g} s"
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
        fault = f"the page was cut off: {error}"
    except requests.ConnectionError as error:
        fault = f"the page was cut off: {error}" if status else "connection refused or closed"
    except (UnicodeDecodeError, ExpositionError) as error:
        fault = str(error)
    except (requests.RequestException, ValueError) as error:  # ValueError: a redirect to what is no URL
        fault = f"no answer that can be used: {error}"
    return MetricsPage(pod, "pull", url, taken_at, status, families, fault, received_at=datetime.now(UTC))


def _read(response: requests.Response, timeout: float) -> bytes:
    """The whole body; requests' own time-out is between two pieces, so a page that drips would never end."""
    deadline, body = time.monotonic() + timeout, bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if time.monotonic() > deadline:
            raise requests.Timeout
    return bytes(body)
