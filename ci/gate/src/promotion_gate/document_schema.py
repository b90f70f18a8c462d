"""The JSON schema of a document that is written from a model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema


class _Written(GenerateJsonSchema):
    """The schema of what is written: every field is there, also one that has a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002 - pydantic's signature
        return True


def document_schema(model: type[BaseModel], schema_id: str) -> dict[str, Any]:
    """The schema, draft 2020-12, of what the model dumps."""
    derived = model.model_json_schema(mode="serialization", schema_generator=_Written)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": schema_id} | derived
