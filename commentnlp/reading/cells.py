"""Values of workbooks and Parquet files → text."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time, timedelta
from typing import Any

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def cell_text(value: Any) -> str:
    """What stands in a cell, as text.

    Whole numbers have no ``.0``, dates are ISO (``2026-11-22 20:15:03``; at midnight the date
    alone), truth is TRUE or FALSE, nothing is the empty text, nested values are JSON.
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is what pandas writes for nothing
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = math.isfinite(value) and value.is_integer() and abs(value) < 1e21
        return str(int(value)) if whole else repr(value)
    if isinstance(value, datetime):
        if value.time() == time() and value.tzinfo is None:
            return value.date().isoformat()
        return _short(value.isoformat(" "))
    if isinstance(value, date | time):
        return _short(value.isoformat())
    if isinstance(value, timedelta):
        hours, rest = divmod(value, timedelta(hours=1))
        minutes, seconds = divmod(rest, timedelta(minutes=1))
        return f"{hours}:{minutes:02}:{seconds.seconds:02}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=cell_text)
    return str(value)


def _short(moment: str) -> str:
    """Milliseconds where six digits of a second end in three zeros."""
    return re.sub(r"(\.\d{3})000\b", r"\1", moment)


def unescaped(text: str) -> str:
    """``_x000D_`` is how a workbook keeps a character that XML cannot."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(
        lambda m: m[0] if 0xD800 <= int(m[1], 16) < 0xE000 else chr(int(m[1], 16)), text
    )
