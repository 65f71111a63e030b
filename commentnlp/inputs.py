"""What callers give as comments → a list of strings; whatever is no comment is refused in words."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

_BLANK = re.compile(
    "[\\s\x00-\x1f\x7f\xad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0]*"
)


def is_blank(text: str) -> bool:
    """Say whether nothing in the text can be seen: no characters, blanks, zero-width marks."""
    return _BLANK.fullmatch(text) is not None


def list_texts(texts: Iterable[Any]) -> list[str]:
    """List comments; one that is missing (None, NaN, ``pandas.NA``) becomes the empty text.

    Takes what can be gone through once: a list, a generator, a Series, an array of numpy or Arrow.
    Raises TypeError for a single string, a whole table, and, with its position, for a value that
    is neither text nor missing.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(
            f"a list of comments is wanted, not one {type(texts).__name__}: give [comment]"
        )
    if isinstance(texts, Mapping) or hasattr(texts, "columns") or getattr(texts, "ndim", 1) != 1:
        raise TypeError(
            f"one column of comments is wanted, not a {type(texts).__name__} with several: give"
            " frame[COLUMN], or the frame to Model.tag_frame(frame, COLUMN)"
        )
    # iterating Arrow's arrays gives objects of its own
    values: Iterable[Any] = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
    try:
        listed = list(values)
    except TypeError:
        raise TypeError(
            f"a list of comments is wanted, not {type(texts).__name__}: give [comment, …]"
        ) from None
    if set(map(type, listed)) <= {str}:
        return listed
    return [_text_of(value, place) for place, value in enumerate(listed)]


def _text_of(value: Any, place: int) -> str:
    if isinstance(value, str):
        return str(value)
    if _is_missing(value):
        return ""
    raise TypeError(
        f"the comment at position {place} (counted from 0) is no text but"
        f" {type(value).__name__} {str(value)[:40]!r}; give text, or None where there is none"
    )


def _is_missing(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    if value is None or (pandas is not None and value is pandas.NA):
        return True
    try:
        # only NaN and its kin differ from themselves
        return bool(value != value)
    except (TypeError, ValueError):
        return False
