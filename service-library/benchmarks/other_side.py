"""The other side of a measured process, in a process of its own: a scraper, or a place to push to.

    python other_side.py scrape URL      asks for the page every second, in gzip, as Prometheus does
    python other_side.py sink            takes OTLP over HTTP and throws it away; prints its port first

Both end when their standard input does, which is when the measured process ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 1.0


def scrape(url: str) -> None:
    """Print one line per scrape: how many bytes came."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})  # noqa: S310  # our own address
    while True:
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            print(len(answer.read()), flush=True)
        time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))


class Sink(BaseHTTPRequestHandler):
    """Accepts every export. Prints how many bytes came."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        print(len(self.rfile.read(int(self.headers["content-length"]))), flush=True)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    def end_with_parent() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    os.setpriority(os.PRIO_PROCESS, 0, 0)  # never before the process that is measured
    if sys.argv[1] == "scrape":
        scrape(sys.argv[2])
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
