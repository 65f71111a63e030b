"""What a site answered, saved as it is → the comments in it, however deep they lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from commentnlp.reading.columns import is_text_name

_JSONP = re.compile(r"\s*(?:/\*\*/\s*)?(?:[\w$.]+\s*(?:=|\())\s*(?=[{\[])")
_REPLIES = ("replies", "reply_comment", "reply_comments", "sub_comments", "subComments", "children")
_PEOPLE = (
    "user", "author", "member", "sender", "owner", "user_info", "userInfo", "userinfo", "creator",
)  # fmt: skip
_PERSON_ID = ("uid", "id", "user_id", "userId", "mid", "sec_uid", "openid", "idStr")
_PERSON_NAME = ("nickname", "nickName", "name", "uname", "screen_name", "user_name", "userName")
_LISTS = ("data", "list", "rows", "items", "result", "results", "records", "danmaku")
_DEEPEST = 12
_MONGO = ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal")


def unwrapped(head: str) -> int:
    """How many characters of ``callback(`` or ``var x =`` stand before the JSON of a text."""
    match = _JSONP.match(head)
    return match.end() if match else 0


def records_in(value: Any, *, alone: bool) -> list[Any] | None:
    """The comments in one object around them; None where it is a comment itself, or holds none.

    Where it is ``alone`` in its file, what its ``message`` says is not taken for a comment.

    Answers to comments are comments of their own. Lists of cells become objects by their first
    row, where that has a usual name of the comments, else by place.
    """
    if not alone and isinstance(value, dict) and _says(value):
        return None
    found = _longest_list(value, 0)
    if found is None:
        return None
    return list(_with_replies(found, 0))


def _says(value: Mapping[str, Any]) -> bool:
    """Whether an object is a comment: a usual name of the comments holds text, or an object."""
    return any(is_text_name(key) and isinstance(cell, str | dict) for key, cell in value.items())


def _longest_list(value: Any, depth: int, key: str = "") -> list[Any] | None:
    """The longest list of comments in a value that stands under ``key``."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        # texts alone may be labels, tags or pictures
        texts = any(isinstance(one, str) for one in value[:50])
        if _are_comments(value) and (not texts or not key or is_text_name(key) or key in _LISTS):
            return value
        inside = [_longest_list(one, depth + 1) for one in value[:1000] if isinstance(one, dict)]
    elif isinstance(value, dict):
        inside = [
            _longest_list(one, depth + 1, name)
            for name, one in value.items()
            if isinstance(one, dict | list)
        ]
    else:
        return None
    return max((one for one in inside if one), key=len, default=None)


def _are_comments(values: Sequence[Any]) -> bool:
    some = values[:50]
    if not some:
        return False
    if all(isinstance(one, str) for one in some):
        return any(re.search(r"[^\W\d_]", one) for one in some)
    if all(isinstance(one, list) for one in some):
        return True
    told = [one for one in some if isinstance(one, dict) and _text_of(one) is not None]
    return len(told) * 2 > len(some)


def _text_of(value: Mapping[str, Any]) -> str | None:
    """The words of a comment; None for an object without."""
    for key, cell in value.items():
        if is_text_name(key):
            if isinstance(cell, str) and re.search(r"[^\W\d_]", cell):
                return cell
            if isinstance(cell, dict) and (inside := _text_of(cell)) is not None:
                return inside
    return None


def _with_replies(values: Iterable[Any], depth: int) -> Iterator[Any]:
    for value in values:
        if not isinstance(value, dict):
            yield value
            continue
        replies = [value[key] for key in _REPLIES if isinstance(value.get(key), list)]
        yield {key: cell for key, cell in value.items() if not isinstance(value.get(key), list)
               or key not in _REPLIES}  # fmt: skip
        if depth < _DEEPEST:
            for several in replies:
                yield from _with_replies(several, depth + 1)


def flattened(value: Any) -> Any:
    """A record with what other programs nest laid flat: MongoDB's types, the person, the words."""
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for key, cell in value.items():
        if isinstance(cell, dict):
            if len(cell) == 1 and (name := next(iter(cell))) in _MONGO:
                inner = cell[name]
                cell = flattened({"x": inner})["x"] if isinstance(inner, dict) else inner
            elif key in _PEOPLE:
                ids = [cell[name] for name in _PERSON_ID if _plain(cell.get(name))]
                names = [cell[name] for name in _PERSON_NAME if _plain(cell.get(name))]
                if ids:
                    out.setdefault("user_id", str(ids[0]))
                if names:
                    out.setdefault("nickname", names[0])
                if ids or names:
                    continue
            elif is_text_name(key) and (text := _text_of(cell)) is not None:
                cell = text
        out[key] = cell
    return out


def _plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value not in ("", 0)


def rows_as_objects(values: Sequence[Any]) -> tuple[list[str], int] | None:
    """Column names for lists of cells, and how many rows they take; None for other values."""
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) < len(values) or not lists:
        return None
    first = [str(cell) for cell in lists[0]]
    if any(map(is_text_name, first)) and all(isinstance(cell, str) for cell in lists[0]):
        return first, 1
    width = max(map(len, lists))
    words = [
        sum(isinstance(row[i], str) and bool(re.search(r"[\u4e00-\u9fff]", row[i]))
            for row in lists if i < len(row))
        for i in range(width)
    ]  # fmt: skip
    if not any(words):
        return None
    # of two columns with words the one behind: a name stands before what it says
    text = max(range(width), key=lambda i: (words[i], i))
    return ["text" if i == text else f"column {i + 1}" for i in range(width)], 0
