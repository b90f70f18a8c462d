"""Rules and dashboards ask only for metrics that somebody exports: a misspelt one never fires and shows an empty panel."""

from __future__ import annotations

from difflib import get_close_matches

from chart_harness.checks.exported import exported
from chart_harness.checks.queries import QueryError, asked, queries
from chart_harness.render import Release


def known_metrics(release: Release) -> list[str]:
    """Metrics that a rule or dashboard asks for and nobody exports, and expressions that are no PromQL.

    A release without rules and dashboards has no problem here; that it has them is the inventory's business.
    """
    problems = []
    try:
        known = exported(release)
        found = list(queries(release))
    except QueryError as error:
        return [str(error)]
    for query in found:
        try:
            unknown = asked(query.text).unknown(known)
        except QueryError as error:
            problems.append(f"{query.where}: {error}")
            continue
        for metric in unknown:
            near = get_close_matches(metric, sorted(known), n=1)
            hint = f"perhaps {near[0]} was meant" if near else "name one of the release's metrics"
            problems.append(f"{query.where} asks for {metric}, which nobody exports: {hint}.")
    return list(dict.fromkeys(problems))
