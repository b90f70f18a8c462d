"""Changes to the pages of good evidence: families, samples and their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ci.gate.tests.changes import Change, first, seen
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import INSTANCE_LABEL, Family, Missing, Sample


def families(edit: Callable[[Family], Iterable[Family]], page: int | None = None) -> Change:
    """Each family of all pages, or of the page with that number, is replaced by what `edit` makes of it."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.pages, Missing)
        return seen(
            pages=tuple(
                replace(old, families=tuple(new for family in old.families for new in edit(family)))
                if page in {None, number}
                else old
                for number, old in enumerate(subject.evidence.pages)
            )
        )(subject)

    return change


def family(name: str, **fields: Any) -> Callable[[Family], Iterable[Family]]:
    """The family of that name with other fields; others as they are."""
    return lambda old: [replace(old, **fields) if old.name == name else old]


def samples(name: str, edit: Callable[[Sample], Sample | None]) -> Callable[[Family], Iterable[Family]]:
    """The samples of a family (of all, if the name is empty) as `edit` makes them; None is one that is left out."""

    def change(old: Family) -> Iterable[Family]:
        if name in {old.name, ""}:
            old = replace(old, samples=tuple(new for sample in old.samples if (new := edit(sample)) is not None))
        return [old]

    return change


def relabel(**labels: str | None) -> Callable[[Sample], Sample]:
    def edit(sample: Sample) -> Sample:
        new = {name: value for name, value in {**sample.labels, **labels}.items() if value is not None}
        return replace(sample, labels=new)

    return edit


def unreadable(fault: str = "the page is cut off", status: int = 200) -> Change:
    return first("pages", families=(), fault=fault, status=status)


def drop(name: str) -> Callable[[Family], Iterable[Family]]:
    return lambda old: [] if old.name == name else [old]


def no_sample(name: str) -> Callable[[Sample], Sample | None]:
    """Leaves out the samples of this name."""
    return lambda sample: None if sample.name == name else sample


def change_label(label: str, old: str, new: str | None) -> Callable[[Sample], Sample | None]:
    """Another value where the label has the old one; None leaves the sample out."""

    def edit(sample: Sample) -> Sample | None:
        if sample.labels.get(label) != old:
            return sample
        return None if new is None else replace(sample, labels={**sample.labels, label: new})

    return edit


def revalue(old: float, new: float) -> Callable[[Sample], Sample]:
    return lambda sample: replace(sample, value=new) if sample.value == old else sample


def same_names_in_both_pods(sample: Sample) -> Sample:
    return relabel(**{INSTANCE_LABEL: sample.labels[INSTANCE_LABEL][-1]})(sample)


def beside(family_name: str, name: str, **labels: str) -> Callable[[Family], Iterable[Family]]:
    """A family has one sample more, of this name and with these labels besides."""

    def edit(old: Family) -> Iterable[Family]:
        if old.name != family_name:
            return [old]
        return [replace(old, samples=(*old.samples, replace(relabel(**labels)(old.samples[-1]), name=name)))]

    return edit
