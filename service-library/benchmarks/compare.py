"""All benchmarks of the library, side by side with others in one run: what `make bench` prints.

python service-library/benchmarks/compare.py [--quick] [--json FILE]
"""

from __future__ import annotations

import event_loop
import http_requests
import memory
import recording
import scrape
from rounds import run

if __name__ == "__main__":
    run(recording.SUBJECT, scrape.SUBJECT, memory.SUBJECT, http_requests.SUBJECT, event_loop.SUBJECT)
