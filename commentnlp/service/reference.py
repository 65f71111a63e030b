"""The OpenAPI document as a page to read, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template

from commentnlp.service.page import asset_address

METHODS = ("get", "post", "delete")


def reference_page(document: Mapping[str, Any]) -> str:
    """The page: every address with its parameters, an example of what goes in and comes out."""
    operations = [
        _shown(method, path, methods[method])
        for path, methods in document["paths"].items()
        for method in METHODS
        if method in methods
    ]
    view = {"document": document["info"], "operations": operations}
    return _template().render(view, style=asset_address("live.css"))


def _shown(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    statuses = operation["responses"]
    return {
        "method": method.upper(),
        "path": path,
        "about": operation.get("description") or operation.get("summary", ""),
        "parameters": [_parameter(one) for one in operation.get("parameters", ())],
        "body": _example(body),
        "answer": _example(statuses["200"].get("content", {})),
        "statuses": [(status, one["description"]) for status, one in statuses.items()],
    }


def _parameter(one: Mapping[str, Any]) -> dict[str, Any]:
    schema = one.get("schema", {})
    kinds = [kind["type"] for kind in schema.get("anyOf", [schema]) if "type" in kind]
    return {
        "name": one["name"],
        "kind": ", ".join(kind for kind in kinds if kind != "null"),
        "default": schema.get("default"),
        "required": one.get("required", False),
        "about": one.get("description") or schema.get("description", ""),
    }


def _example(content: Mapping[str, Any]) -> str:
    for one in content.values():
        if "example" in one:
            return json.dumps(one["example"], ensure_ascii=False, indent=2)
    return ""


@lru_cache(maxsize=1)
def _template() -> Template:
    source = Path(__file__).with_name("reference.html.jinja").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
