"""Events as rows of a table of ours, as `classify` writes what live tools gave, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo

from commentnlp.reading.values import moment, number
from commentnlp.records import Event, Tag

EVENT_COLUMNS = (
    "kind", "id", "time", "room", "user", "name", "role", "text", "count", "total", "item",
    "levels", "raw",
)  # fmt: skip
"""Columns of a file that a live tool wrote as JSON or as a log; ``raw`` is what it wrote."""

_LEVEL = re.compile(r"(fan|pay|user|guard):(\d{1,9})")


def cells_of(event: Event, raw: str) -> list[str]:
    """The event under `EVENT_COLUMNS`."""
    return [
        event.kind, event.id, event.time.isoformat() if event.time else "", event.room,
        event.user, event.name, event.role, event.text, str(event.count),
        "" if event.total is None else str(event.total), event.item,
        " ".join(f"{what}:{level}" for what, level in event.levels.items()), raw,
    ]  # fmt: skip


def events_of(
    rows: Sequence[Sequence[str]],
    lines: Iterable[int],
    tags: Iterable[Mapping[str, tuple[Tag, ...]] | None],
    zone: tzinfo,
) -> list[Event]:
    """The events of rows under `EVENT_COLUMNS`; what `cells_of` wrote stands as it is."""
    events = []
    for row, line, found in zip(rows, lines, tags, strict=True):
        kind, id, time, room, user, name, role, text, count, total, item, levels = row[:12]
        many = number(count)
        events.append(
            Event(
                kind, text, id, moment(time, zone), room, user, name, role,
                1 if many is None else many, number(total), item, levels_of(levels), line, found,
            )
        )  # fmt: skip
    return events


def comments_of(rows: Iterable[Sequence[str]]) -> list[str | None]:
    """What viewers typed in such rows; None where a row is no viewer's comment."""
    kind, role, text = map(EVENT_COLUMNS.index, ("kind", "role", "text"))
    return [row[text] if row[kind] == "comment" and row[role] == "viewer" else None for row in rows]


def levels_of(cell: str) -> dict[str, int]:
    """Levels of a cell such as ``fan:7 pay:18``."""
    levels = {what: int(level) for what, level in _LEVEL.findall(cell)} if cell else {}
    return {what: level for what, level in levels.items() if level > 0}
