"""One test of rules: what Prometheus has scraped, and what must come of it when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MINUTE = 60


@dataclass(frozen=True)
class Expected:
    """The value of a query at a time."""

    query: str
    second: float
    value: float

    def entry(self) -> dict[str, Any]:
        samples = [{"labels": "{}", "value": self.value}]
        return {"expr": self.query, "eval_time": f"{round(self.second)}s", "exp_samples": samples}


@dataclass(frozen=True)
class Case:
    """A test of one alert, or of what a promise records."""

    rules: tuple[str, ...]
    """The names of the rules that it tests."""
    name: str
    """What happens in it, for a person."""
    series: Mapping[str, str]
    """Values by series, in promtool's notation."""
    expected: tuple[Expected, ...]
    slo: str = ""
    """The promise whose rules it tests, where several have rules of these names."""
    step: int = MINUTE
    """Seconds between two samples."""
    evaluated: int = MINUTE
    """Seconds between two evaluations of the rules."""

    def file(self, rules: str) -> dict[str, Any]:
        """promtool's test file, beside the rule file `rules`."""
        test = {
            "name": self.name,
            "interval": f"{self.step}s",
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "promql_expr_test": [expected.entry() for expected in self.expected],
        }
        return {"rule_files": [rules], "evaluation_interval": f"{self.evaluated}s", "tests": [test]}
