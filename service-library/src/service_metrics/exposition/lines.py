"""The lines of a family of ours, from a function that is written for the family: one f-string prints a child.

What is the same in every child (names, constant labels, buckets) stands in that f-string as text. The output is byte for
byte what prometheus_client prints for the same samples. Serves the formats that are lines of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from prometheus_client.openmetrics.exposition import ALLOWUTF8, escape_label_name, escape_metric_name
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString
from prometheus_client.validation import _is_valid_legacy_metric_name

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.recording.cells import Cell, Row, State
from service_metrics.recording.family import Line, RecordedFamily
from service_metrics.settings import scrape_cache_from_env

SLICE_LINES = 1000
"""Lines in a slice: about half a millisecond of work."""

CREATED = Line("_created", at=-1)
"""Prints since when a child counts."""

REMEMBER = scrape_cache_from_env()
"""Whether lines are kept from scrape to scrape: several times the memory of a series, for a third of the time."""

_STATES = {"counter": "_value", "histogram": "_counts", "summary": "_totals"}
"""Where a cell of a type has its state; gauges may be functions, and change too often."""

_Entry = tuple[Cell | None, State, str]
_NOTHING: _Entry = (None, 0.0, "")

Write = Callable[[Sequence[Row], "Callable[[str], None]"], None]
ExemplarText = Callable[[Exemplar], str]

_SOURCE = """
def write(rows, append):
    for ({labelvalues}), {state}, created, exemplars in rows:
        {sums}
        if {ordinary}:
            append(f"{small}")
        else:
            ends = endings(exemplars)
            append(f"{any}")
"""


def go_float(value: float) -> str:
    """Return a number as Go prints it, and prometheus_client too."""
    if -1e6 < value < 1e6:
        return repr(float(value))
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def escape_value(text: str) -> str:
    """Return a label value as it stands between quotes."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def slices(
    family: RecordedFamily,
    lines: Sequence[Line],
    labels: ConstantLabels,
    escaping: str,
    exemplar_text: ExemplarText | None = None,
) -> Iterator[str]:
    """Give the lines of all children, about SLICE_LINES at once.

    Args:
        family: Gives names and rows.
        lines: Its own lines, or others made from the same rows.
        labels: Put on every line.
        escaping: Of names, one of prometheus_client's schemes.
        exemplar_text: What an exemplar adds to its line; None leaves exemplars out.
    """
    write = writer(family, lines, labels, escaping, exemplar_text)
    remembering = REMEMBER and lines is family.lines and exemplar_text is None and family.type in _STATES
    step = max(1, SLICE_LINES // max(1, len(lines)))
    if remembering:
        yield from _remembered(family, step, write)
        return
    for start in range(0, len(family.cells), step):
        yield "".join(_texts(family, family.rows_between(start, start + step), write))


def _texts(family: RecordedFamily, rows: Sequence[Row], write: Write) -> list[str]:
    if family.escapes:
        rows = [(tuple([escape_value(value) for value in row[0]]), *row[1:]) for row in rows]
    texts: list[str] = []
    write(rows, texts.append)
    return texts


def _remembered(family: RecordedFamily, step: int, write: Write) -> Iterator[str]:
    """Give the lines of all children, those made anew whose state has changed since the last scrape.

    Scrapes at the same time do not disturb each other: each makes a list of its own, and the last one's stays.
    """
    before: list[_Entry] = family.writers.get((write, "remembered"), [])
    after: list[_Entry] = []
    state_of = attrgetter(_STATES[family.type])
    for start in range(0, len(family.cells), step):
        cells = family.cells[start : start + step]
        entries = before[start : start + len(cells)]
        entries += [_NOTHING] * (len(cells) - len(entries))
        changed = [
            index
            for index, (cell, state, entry) in enumerate(zip(cells, map(state_of, cells), entries, strict=True))
            if entry[1] != state or entry[0] is not cell
        ]
        rows = [cells[index]._row() for index in changed]
        for index, row, text in zip(changed, rows, _texts(family, rows, write), strict=True):
            entries[index] = (cells[index], row[1], text)
        after += entries
        yield "".join([entry[2] for entry in entries])
    family.writers[write, "remembered"] = after


def writer(
    family: RecordedFamily,
    lines: Sequence[Line],
    labels: ConstantLabels,
    escaping: str,
    exemplar_text: ExemplarText | None,
) -> Write:
    """Return what writes rows of the family whose label values need no escapes; made once for a set of arguments."""
    key = (tuple(lines), tuple(labels.defaults.items()), tuple(labels.identity.items()), escaping, exemplar_text)
    write = family.writers.get(key)
    if write is None:
        write = family.writers[key] = _written(family, lines, labels, escaping, exemplar_text)
    return write


def _written(
    family: RecordedFamily,
    lines: Sequence[Line],
    labels: ConstantLabels,
    escaping: str,
    exemplar_text: ExemplarText | None,
) -> Write:
    names = [f"state{index}" for index in range(family.state_size)]
    running = max((line.at for line in lines if line.running), default=0)
    conditions = [f"state{line.at} < 1000000" for line in lines if line.whole][-1:]
    if exemplar_text is not None:
        conditions.append("exemplars is None")
    heads = [(index, line, _head(family, line, labels, escaping)) for index, line in enumerate(lines)]
    source = _SOURCE.format(
        labelvalues="".join([f"label{index}, " for index in range(len(family.labelnames))]),
        state=names[0] if family.scalar else f"({', '.join(names)},)",
        sums="; ".join([f"state{index} += state{index - 1}" for index in range(1, running + 1)]) or "pass",
        ordinary=" and ".join(conditions) or "True",
        small="".join([f"{head}{_small(line)}\\n" for _, line, head in heads]),
        any="".join([f"{head}{_any(line)}{{ends[{index}]}}\\n" for index, line, head in heads]),
    )
    empty = [""] * len(lines)

    def endings(exemplars: Any) -> list[str]:
        if exemplars is None or exemplar_text is None:
            return empty
        return [exemplar_text(exemplars[index]) if index in exemplars else "" for index in range(len(lines))]

    namespace: dict[str, Any] = {"go": go_float, "endings": endings}
    exec(source, namespace)  # noqa: S102  # all that is not ours in it was made harmless by _literal
    write: Write = namespace["write"]
    return write


def _head(family: RecordedFamily, line: Line, labels: ConstantLabels, escaping: str) -> str:
    """Return a line up to its value, as part of an f-string."""
    own = {name: f"{{label{index}}}" for index, name in enumerate(family.labelnames)}
    values = {
        **{name: _literal(escape_value(value)) for name, value in labels.defaults.items()},
        **own,
        **{name: _literal(escape_value(value)) for name, value in line.labels},
        **{name: _literal(escape_value(value)) for name, value in labels.identity.items()},
    }
    pairs = [f'{_literal(escape_label_name(name, escaping))}=\\"{values[name]}\\"' for name in sorted(values)]
    name = family.name + line.suffix
    written = _literal(escape_metric_name(name, escaping))
    if escaping == ALLOWUTF8 and not _is_valid_legacy_metric_name(name):
        return "{{" + ",".join([written, *pairs]) + "}} "
    return written + ("{{" + ",".join(pairs) + "}} " if pairs else " ")


def _literal(text: str) -> str:
    """Return text as it stands within the quotes of an f-string."""
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped.replace('"', '\\"').replace("{", "{{").replace("}", "}}")


def _small(line: Line) -> str:
    if line is CREATED:
        return "{go(created)}"
    value = f"state{line.at}"
    return f"{{{value}}}.0" if line.whole else f"{{{value} if -1e6 < {value} < 1e6 else go({value})}}"


def _any(line: Line) -> str:
    return "{go(created)}" if line is CREATED else f"{{go(state{line.at})}}"
