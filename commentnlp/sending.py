"""A file of any kind → events as the service takes them, with ids that stay the same each time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from hashlib import blake2b
from pathlib import Path
from typing import Any

from commentnlp.errors import ReadError
from commentnlp.reading import BLANK, NO_HINTS, Remarks, Source, TableHints, open_sources
from commentnlp.records import SHANGHAI, Event


@dataclass(frozen=True)
class EventToSend:
    """One event, and where it stands."""

    event: dict[str, Any]
    """As ``POST /v1/events`` takes it."""
    place: str
    """``evening.csv, line 7``, for messages."""
    position: int
    """Bytes of the file taken in so far."""
    size: int | None
    """Bytes of the file; None for a pipe."""


def events_to_send(
    path: Path | str,
    *,
    room: str = "",
    text: str = "",
    day: date | None = None,
    zone: tzinfo = SHANGHAI,
    hints: TableHints = NO_HINTS,
    unreadable: Callable[[ReadError], None] | None = None,
    lost: Remarks | None = None,
) -> Iterator[EventToSend]:
    """All events of a file, or of stdin (``-``), in its order.

    ``room`` is where all of them go; without it they keep the file's rooms. ``text``, ``day``,
    ``zone``, ``hints`` and ``unreadable`` are those of `open_sources`; ``lost`` is told which lines
    are no event. An event that the service could not tell from another by its id, or by person and
    time, is given an id made of the file's path, its place in the file and its words: sent again,
    it is not kept twice. Of stdin ids hold for one run. Raises ReadError as `open_sources` does.
    """
    origin = secrets.token_hex(8) if str(path) == "-" else str(Path(path).resolve())
    sources = open_sources(
        path, text=text or None, day=day, zone=zone, hints=hints, unreadable=unreadable
    )
    for source in sources:
        for number, event in enumerate(_events_of(source)):
            made = event_as_json(event)
            if room:
                made["room"] = room
            if not event.id and not (event.time and (event.user or event.name)):
                made["id"] = _made_id(origin, source.name, number, event)
            yield EventToSend(
                made, f"{source.name}, line {event.line}", source.position(), source.size
            )
        if lost is not None:
            lost.update(source.lost)


def event_as_json(event: Event) -> dict[str, Any]:
    """An event as ``POST /v1/events`` takes it; what is empty is left out."""
    made: dict[str, Any] = {"kind": event.kind, "role": event.role, "text": event.text}
    if event.time is not None:
        made["time"] = event.time.isoformat()
    for name in ("id", "room", "user", "name", "item", "total"):
        value = getattr(event, name)
        if value not in ("", None):
            made[name] = value
    if event.count != 1:
        made["count"] = event.count
    if event.levels:
        made["levels"] = dict(event.levels)
    return made


def lines_lost(lost: Remarks) -> list[str]:
    """What is to be told of lines that are no event, one sentence a reason."""
    return [
        f"line {lines[0]}: {why}" + (f" (and {count - 1:,} more)" if count > 1 else "")
        for why, count, lines in lost
        if why != BLANK and lines
    ]


def _events_of(source: Source) -> Iterator[Event]:
    """The events; of a table without identities the nickname, which may be a secret, is none."""
    places = source.parser.layout.columns.places
    hidden = "name" in places and "user" not in places
    for event in source.events():
        yield replace(event, user="") if hidden and event.user else event


def _made_id(origin: str, name: str, number: int, event: Event) -> str:
    parts = (origin, name, number, event.kind, event.user or event.name, event.text, event.time)
    words = "\0".join(map(str, parts)).encode("utf-8", "replace")
    return f"file-{blake2b(words, digest_size=12).hexdigest()}"
