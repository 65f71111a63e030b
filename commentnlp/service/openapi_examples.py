"""Schemas of the OpenAPI document → examples of what they describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS: Mapping[str, Any] = {
    "room": "翡翠间", "text": "什么时候发货", "label": "logistics.delay", "facet": "complaint",
    "name": "小圆", "user": "u1", "id": "e1", "kind": "comment", "role": "viewer",
    "model": "a3b72b0ed66e",
    "by": "小方", "why": "is empty", "field": "events[0].text", "state": "rising", "source": "live",
    "title": "Unprocessable Content", "status": 422, "detail": "label: unknown label 'x'",
    "type": "about:blank", "score": 0.97, "start": 0, "end": 6, "weight": 6.1, "seq": 17,
    "minutes": 10, "share": 0.12, "item": "平安扣", "seqs": [17, 18],
}  # fmt: skip
"""What fields of these names hold."""

_TIMES = ("at", "since", "until")
_TIME = "2026-03-14T20:15:03+08:00"


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Give a value that the schema allows; ``schemas`` are those that it may refer to."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: example_of(value, schemas, key) for key, value in properties.items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, name.removesuffix("s"))]
    if kind == "string" and (
        schema.get("format") == "date-time" or name in ("at", "since", "until")
    ):
        return _TIME
    known = _WORDS.get(name)
    if kind == "integer":
        return known if isinstance(known, int) else 1
    if kind == "number":
        return known if isinstance(known, int | float) else 1.5
    if kind == "boolean":
        return True
    return known if isinstance(known, str) else "…"
