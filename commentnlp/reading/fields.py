"""Fields of a tool's messages → events: numbers may be text, and anything may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commentnlp.reading.values import moment, number
from commentnlp.records import Event

_MASKS = {"0", "111111", "-", "匿名用户"}
_BY_VIEWERS = {"comment", "emoji", "like", "enter", "follow", "share", "gift", "fanclub"}


def person(name: str, *ids: str) -> str:
    """The first of ``ids`` that is there; empty where name or id is masked.

    Everybody masked has the same id, so it must not pass for one person.
    """
    if "***" in name or not _MASKS.isdisjoint(ids):
        return ""
    return next(filter(None, ids), "")


def event(
    kind: str,
    *,
    text: Any = None,
    id: Any = None,
    time: Any = None,
    room: Any = None,
    name: Any = None,
    ids: Sequence[Any] = (),
    host: bool = False,
    staff: bool = False,
    count: Any = None,
    total: Any = None,
    item: Any = None,
    **levels: Any,
) -> Event:
    """An event of values as a tool wrote them: numbers may be text, and all may be missing.

    Only a comment keeps its text: that of anything else is a sentence the tool made up.
    """
    name, ids, message = text_of(name), [text_of(part) for part in ids], text_of(id)
    by_viewer = name or any(ids) or kind in _BY_VIEWERS
    many, grades = number(count), {key: number(level) for key, level in levels.items()}
    return Event(
        kind,
        text=text_of(text) if kind == "comment" else "",
        id="" if message == "0" else message,
        time=moment(time),
        room=text_of(room),
        user=person(name, *ids),
        name=name,
        role="host" if host else "staff" if staff else "viewer" if by_viewer else "system",
        count=1 if many is None else many,
        total=number(total),
        item=text_of(item),
        levels={key: level for key, level in grades.items() if level and level > 0},
    )


def object_of(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else one without fields."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Text or a whole number as text; empty for all else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def first_of(data: Mapping[str, Any], *keys: str) -> Any:
    """The first of these fields that says something."""
    return next((data[key] for key in keys if data.get(key) not in (None, "")), None)


def kind_by_field(data: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """Kind of a message without a type, by the first of these fields that it has."""
    return next((kind for field, kind in kinds.items() if field in data), "")
