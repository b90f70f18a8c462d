"""Read by mypy only: what a team writes keeps its types, whichever backend runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service_metrics import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
    publish,
)

if TYPE_CHECKING:
    from typing import assert_type  # Python 3.11

    counter = Counter("c", "C.", ["a"], registry=REGISTRY)
    assert_type(counter.labels("x"), Counter)
    assert_type(Gauge("g", "G.").labels(a=1), Gauge)
    assert_type(Histogram("h", "H.", buckets=(1, 2.5)).labels("x"), Histogram)
    assert_type(Summary("s", "S.").labels("x"), Summary)
    assert_type(Info("i", "I.").labels("x"), Info)
    assert_type(Enum("e", "E.", states=["a"]).labels("x"), Enum)
    assert_type(REGISTRY, CollectorRegistry)
    assert_type(generate_latest(REGISTRY), bytes)

    @Histogram("h", "H.").time()
    @counter.count_exceptions((ValueError, KeyError))
    @Gauge("g", "G.").track_inprogress()
    async def decorated(number: int, *, text: str = "") -> list[str]:
        return [text] * number

    async def main() -> None:
        assert_type(await decorated(3, text="x"), list[str])
        await decorated("3")  # type: ignore[arg-type]  # a decorated function keeps its parameters
        counter.inc("1")  # type: ignore[arg-type]
        counter.dec()  # type: ignore[attr-defined]
        with Histogram("h", "H.").time() as timer:
            assert_type(timer.duration, float | None)
        with publish() as publication:
            assert_type(publication.port, int | None)
