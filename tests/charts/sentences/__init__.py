"""What stops a rendering, one module a topic: the values, and the whole sentence they give.

A module may have these tables; tests/charts/test_failing_sentences.py collects all of them.

- `SENTENCES`: (service, values over its staging files, sentence).
- `WITHOUT_CRDS`: the same for a cluster that does not know the Prometheus operator's kinds.
- `ELSEWHERE`: sentences that need another chart or other files, each with the name of the test that does see it.
"""

from __future__ import annotations

from typing import Any

Sentence = tuple[str, dict[str, Any], str]
