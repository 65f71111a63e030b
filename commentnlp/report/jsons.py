"""The report → JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from commentnlp.report.records import Report


def to_json(report: Report) -> str:
    """The records as they are, ``format`` first; times in ISO 8601 with their offset.

    Halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD. Raises ValueError for a
    number that is not finite, a mistake of ours.
    """
    text = json.dumps(_plain(report), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value
