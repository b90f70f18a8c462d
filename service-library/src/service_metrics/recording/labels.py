"""`labels()` written out for the label names of one metric: each name is looked up in turn, without a loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_SOURCE = """
def labels(metric, /, *labelvalues, **labelkwargs):
    try:
        if not labelkwargs:
            return children[labelvalues]
        if not labelvalues and len(labelkwargs) == {count}:
            return children[{picked},]
    except KeyError:  # a new child, a wrong name, or a value that is not str, as a status often is
        child = find((*map(text, labelvalues),))
        if child is not None and not labelkwargs:
            return child
    except TypeError:  # a value that is not hashable
        pass
    return bind(metric, labelvalues, labelkwargs)
"""


def labels_method(
    names: tuple[str, ...],
    children: Mapping[tuple[object, ...], Any],
    bind: Callable[[Any, tuple[object, ...], Mapping[str, object]], Any],
) -> Callable[..., Any]:
    """Return a `labels` method that finds existing children.

    Args:
        names: Label names.
        children: By their label values.
        bind: What to call, with the metric and all values by position and by name, where no child is found.
    """
    namespace: dict[str, Any] = {"children": children, "find": children.get, "text": str, "bind": bind}
    source = _SOURCE.format(count=len(names), picked=", ".join([f"labelkwargs[{name!r}]" for name in names]))
    exec(source, namespace)  # noqa: S102  # names stand in it as quoted text only
    method: Callable[..., Any] = namespace["labels"]
    return method
