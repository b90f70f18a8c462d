"""The schema of one kind: a quick answer to whether an object is fine, and the validator that says what is not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chart_harness.schemas.acceptance import Accepts, acceptance

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


class Checked:
    """A schema whose `$ref` are names of `definitions`. Threads may share it."""

    def __init__(self, schema: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> None:
        self._schema = schema
        self._definitions = definitions

    @cached_property
    def accepts(self) -> Accepts:
        """Whether the validator is sure to find nothing wrong with a value."""
        return acceptance(self._schema, self._definitions)

    @cached_property
    def validator(self) -> Validator:
        """What finds all that is wrong with a value."""
        from chart_harness.schemas.dialect import validator  # jsonschema takes a tenth of a second to import

        return validator(self._schema, self._definitions)
