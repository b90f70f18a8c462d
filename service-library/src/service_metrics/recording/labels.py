"""`labels()` written out for the label names of one metric: Python itself then puts values given by name in their order.

That makes `labels(method=…, status=…)` as fast as values by position. A wrong call is found whenever no child has been
made for its values, which is where the slow path looks at everything again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any

_TEMPLATE = """
def labels(_metric_, /, *_values_, {parameters}, **_unknown_):
    try:
        if _values_:
            return _children_[_values_]
        if not _unknown_:
            return _children_[{names},]
    except (KeyError, TypeError):  # a new child, a value not given, or one that is not str (perhaps not hashable)
        pass
    return _bind_(_metric_, _values_, _given_(({names},)) | _unknown_)
"""
_TAKEN = frozenset({"_metric_", "_values_", "_unknown_", "_children_", "_bind_", "_given_", "_missing_"})
_MISSING = object()


def labels_method(
    names: tuple[str, ...],
    children: Mapping[tuple[object, ...], Any],
    bind: Callable[[Any, tuple[object, ...], Mapping[str, object]], Any],
) -> Callable[..., Any] | None:
    """Return a `labels` method that finds existing children; None where a name cannot be a parameter's.

    Args:
        names: Label names.
        children: By their label values.
        bind: What to call, with the metric and all values by position and by name, where no child is found.
    """
    usable = all(name.isascii() and name.isidentifier() and not iskeyword(name) for name in names)
    if not usable or _TAKEN & {*names} or len({*names}) < len(names):
        return None

    def given(values: tuple[object, ...]) -> dict[str, object]:
        return {name: value for name, value in zip(names, values, strict=True) if value is not _MISSING}

    namespace: dict[str, Any] = {"_children_": children, "_bind_": bind, "_given_": given, "_missing_": _MISSING}
    source = _TEMPLATE.format(parameters=", ".join(f"{name}=_missing_" for name in names), names=", ".join(names))
    exec(source, namespace)  # noqa: S102  # of names that were checked above
    method: Callable[..., Any] = namespace["labels"]
    return method
