"""JSON texts → values: one a line, or an array of any length, read as it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from commentnlp.reading.answers import flattened
from commentnlp.reading.encodings import LONGEST_LINE
from commentnlp.reading.remarks import Remarks
from commentnlp.reading.tables import BLANK

NO_JSON = "not JSON"
NO_OBJECT = "JSON value that is no object"
MORE = "other keys"
"""Column of the keys that the first objects did not have, as JSON."""

_SCAN = json.JSONDecoder()
_BETWEEN = " \t\r\n,"
_ARRAYS = re.compile(r"\s*\[\s*\[")
"""A text that begins so is an array of rows."""
_START = re.compile(
    r'\s*(?:\{\s*(?:["}]|$)|\[\s*(?:[\[{"\]]|$|(?:-?\d+(?:\.\d+)?|true|false|null)\s*[,\]]))'
)


def starts_like_json(head: str) -> bool:
    """Whether a text begins as a JSON object or array, not as ``[捂脸]`` or ``[20:15:03]``."""
    return _START.match(head) is not None


def holds_json(head: str, whole: bool) -> bool:
    """Whether a text that begins as JSON holds some: a closed object, list or string.

    ``["好看`` and ``[1]好看`` begin so, too, and are comments.
    """
    values = values_of_stream([head], 1, Remarks())
    if any(value and isinstance(value, dict | list | str) for _, value in values):
        return True
    # nothing in brackets; the first object of a file may be longer than its head
    return not head.strip("[]{} \t\r\n") or (not whole and head.lstrip().startswith("{"))


def is_lines(head: str) -> bool:
    """Whether a JSON text has one value a line (else it is to be read as one stream)."""
    first = next((line for line in head.split("\n") if line.strip()), "")
    return not first.lstrip().startswith("[") and _value(first) is not None


def values_of_lines(text: str, line: int, lost: Remarks) -> Iterator[tuple[int, Any]]:
    """One value a line; what is none is named in ``lost``."""
    for number, one in enumerate(text.removesuffix("\n").split("\n"), line):
        if not one or one.isspace():
            lost.add(BLANK, number)
            continue
        value = _value(one)
        if value is None:
            lost.add(NO_JSON, number)
        else:
            yield number, value


def values_of_stream(texts: Iterable[str], line: int, lost: Remarks) -> Iterator[tuple[int, Any]]:
    """Values that follow one another, or stand in arrays, however long, one at a time.

    What is no JSON is named in ``lost``, up to the end of its line.
    """
    rest, skipping, inner = "", False, False
    for text in texts:
        inner = inner or (not rest and _ARRAYS.match(text) is not None)
        rest += text
        at = 0
        if skipping:
            at = rest.find("\n") + 1 or len(rest)
            skipping = at == len(rest) and not rest.endswith("\n")
        while True:
            at, line = _skip(rest, at, line)
            if inner and at and rest[at - 1] == "[":
                at -= 1  # a row, not an array around rows
            if at == len(rest):
                break
            try:
                value, end = _SCAN.raw_decode(rest, at)
            except (ValueError, RecursionError):
                if len(rest) - at < LONGEST_LINE:
                    break  # the rest of it may be still to come
                lost.add(NO_JSON, line)
                at = rest.find("\n", at) + 1 or len(rest)
                skipping = at == len(rest)
                line += not skipping
                continue
            if end == len(rest) and not isinstance(value, (dict, list, str)):
                break  # a number may go on
            yield line, value
            line += rest.count("\n", at, end)
            at = end
        rest = rest[at:]
    yield from _last(rest, line, lost)


def _last(rest: str, line: int, lost: Remarks) -> Iterator[tuple[int, Any]]:
    """What is left at the end of a stream, which may be cut off or damaged: line by line."""
    at, line = _skip(rest, 0, line)
    while at < len(rest):
        try:
            value, end = _SCAN.raw_decode(rest, at)
        except (ValueError, RecursionError):
            lost.add(NO_JSON, line)
            end = rest.find("\n", at)
            if end < 0:
                return
        else:
            yield line, value
        line += rest.count("\n", at, end)
        at, line = _skip(rest, end, line)


def _skip(text: str, at: int, line: int) -> tuple[int, int]:
    """Past blanks, commas and the brackets of outer arrays."""
    while at < len(text) and (text[at] in _BETWEEN or text[at] in "[]"):
        line += text[at] == "\n"
        at += 1
    return at, line


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def keys_of(values: Sequence[Any]) -> list[str]:
    """Keys of plain objects, in the order they are first met; ``text`` for bare strings."""
    keys: dict[str, None] = {}
    for value in values:
        if isinstance(value, dict):
            keys.update(dict.fromkeys(map(str, value)))
        elif isinstance(value, str):
            keys["text"] = None
    return list(keys)


def rows_of(
    values: Iterable[tuple[int, Any]], header: Sequence[str], lost: Remarks
) -> Iterator[tuple[int, list[str]]]:
    """Cells of plain objects; what the header has no column for goes as JSON under `MORE`."""
    for line, value in values:
        value = flattened(value)
        if isinstance(value, str):
            value = {"text": value}
        if not isinstance(value, dict):
            lost.add(NO_OBJECT, line)
            continue
        more = {key: value[key] for key in value if key not in header}
        cells = [cell_of(value.get(key)) for key in header]
        if more:
            cells[header.index(MORE)] = json.dumps(more, ensure_ascii=False)
        yield line, cells


def cell_of(value: Any) -> str:
    """A JSON value as a cell: texts as they are, nothing for null, JSON for the rest."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
