"""What is written within a transaction of the store: events, their labels and counts.

A writing transaction has the store for itself, so the last number that it reads is the last.
Rows go to the driver column by column: SQLite gets them with one prepared statement, PostgreSQL as
one statement of arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, compress
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Dialect, Table, select, update

from commentnlp.service.records import Placed, Row
from commentnlp.service.schema import (
    events,
    label_names,
    labels,
    minutes,
    rooms,
)

MINUTE = 60_000
"""Milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_LEAST, _MOST = -(2**63), 2**63 - 1
_AT_ONCE = 500
"""Values in a list of a query."""

_encode = msgspec.json.encode
counts_of = msgspec.json.Decoder(dict[int, int]).decode

_LAST = "SELECT (SELECT max(seq) FROM events), (SELECT value FROM meta WHERE name = 'last')"

_T = TypeVar("_T")
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Names:
    """Words that the store keeps once, and their numbers. A number never gets another word."""

    numbers: Mapping[str, int]
    words: Mapping[int, str]


NO_NAMES = Names({}, {})


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of rows, and the names that are known now."""

    placed: list[Placed]
    rooms: Names
    labels: Names


def read_names(connection: Connection, table: Table) -> Names:
    """All names of a table of names."""
    columns = list(table.columns)[:2]
    words = {found[0]: found[1] for found in connection.execute(select(*columns))}
    return Names({found: number for number, found in words.items()}, words)


def last_seq(connection: Connection) -> int:
    """The last number that was given, deleted or not; 0 for none."""
    kept, told = connection.exec_driver_sql(_LAST).one()
    return max(kept or 0, int(told or 0))


def clean(text: str) -> str:
    """Text as databases take it: no NUL, no half of a pair."""
    return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def digest(text: str) -> bytes:
    """What stands for a text in an index, however long it is."""
    return blake2b(clean(text).encode(), digest_size=16).digest()


def milliseconds(time: datetime) -> int:
    """Since 1970."""
    return (time - _EPOCH) // _MILLISECOND


# events -----------------------------------------------------------------------------------


def keep(
    connection: Connection, rows: Sequence[Row], room_names: Names, label_words: Names
) -> Kept:
    """Keep those rows whose key is new, with their labels and counts."""
    last = last_seq(connection)
    fresh: dict[bytes, Row] = {}
    for row in rows:
        fresh.setdefault(row.key, row)
    names = _texts([row.event.room for row in fresh.values()])
    room_names = with_names(connection, rooms, room_names, names)
    room = [room_names.numbers[name] for name in names]
    columns = _columns(list(fresh.values()), last + 1, room)

    ours = zip(columns["seq"], columns["answer"], columns["model"], strict=True)
    places = dict(zip(fresh, ours, strict=True))
    new = [True] * len(fresh)
    if _insert(connection, events, columns, "ON CONFLICT (key) DO NOTHING") < len(fresh):
        query = select(events.c.key, events.c.seq, events.c.answer, events.c.model)
        for some in parts_of(list(fresh)):
            for key, *place in connection.execute(query.where(events.c.key.in_(some))):
                places[bytes(key)] = (place[0], place[1], place[2])
        new = [seq > last for seq, _, _ in places.values()]

    if any(new):
        _see_rooms(connection, columns["time"], room, new)
        asked = [
            (place, row.labels)
            for place, (row, is_new) in enumerate(zip(fresh.values(), new, strict=True))
            if is_new and row.answer
        ]
        label_words = _label(connection, columns, asked, label_words)

    is_new = dict(zip(fresh, new, strict=True))
    placed = []
    for row in rows:
        seq, answer, model = places[row.key]
        # the second of the same batch was there before
        placed.append(Placed(seq, is_new.pop(row.key, False), answer, model))
    return Kept(placed, room_names, label_words)


def _columns(rows: Sequence[Row], seq: int, room: Sequence[int]) -> dict[str, Sequence[Any]]:
    happened = [row.event for row in rows]
    return {
        "seq": range(seq, seq + len(rows)),
        "key": [row.key for row in rows],
        "time": [_time(row) for row in rows],
        "received": [row.received for row in rows],
        "room": room,
        "kind": _texts([event.kind for event in happened]),
        "id": _texts([event.id for event in happened]),
        "user": _texts([event.user for event in happened]),
        "name": _texts([event.name for event in happened]),
        "role": _texts([event.role for event in happened]),
        "text": _texts([event.text for event in happened]),
        "count": [min(max(event.count, _LEAST), _MOST) for event in happened],
        "total": [
            None if event.total is None else min(max(event.total, _LEAST), _MOST)
            for event in happened
        ],
        "item": _texts([event.item for event in happened]),
        "levels": _levels([event.levels for event in happened]),
        "answer": _texts([row.answer for row in rows]),
        "model": _texts([row.model for row in rows]),
        "correction": [""] * len(rows),
    }


def _time(row: Row) -> int:
    if row.event.time is None:
        raise ValueError("an event without its time cannot be kept")
    return milliseconds(row.event.time)


def _levels(several: Sequence[Mapping[str, int]]) -> list[str]:
    try:
        return [_encode(levels).decode() if levels else "{}" for levels in several]
    except UnicodeEncodeError:
        return _levels([{clean(what): n for what, n in levels.items()} for levels in several])


def _texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts, cleaned where one of them needs it: one look at all of them is quicker."""
    joined = "".join(texts)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return [clean(text) for text in texts]
    return [clean(text) for text in texts] if "\0" in joined else texts


def _label(
    connection: Connection,
    columns: Columns,
    asked: Sequence[tuple[int, tuple[str, ...]]],
    names: Names,
) -> Names:
    """Give comments, which are places in the columns, their labels, and count them."""
    words = ["", *chain(*[given for _, given in asked])]
    names = with_names(connection, label_names, names, _texts(words))
    several = {
        given: {names.numbers[""], *[names.numbers[clean(label)] for label in given]}
        for given in {given for _, given in asked}
    }
    # label after label, as the table is ordered: neighbours share a page
    places: dict[int, list[int]] = {number: [] for number in sorted(set().union(*several.values()))}
    for place, given in asked:
        for number in several[given]:
            places[number].append(place)
    if not places:
        return names
    all_places = list(chain(*places.values()))
    found = {
        "label": list(chain(*[[number] * len(some) for number, some in places.items()])),
        **{
            name: [columns[name][place] for place in all_places] for name in ("time", "seq", "room")
        },
    }
    _insert(connection, labels, found)
    of_minute = [time - time % MINUTE for time in found["time"]]
    add_counts(connection, Counter(zip(found["room"], of_minute, found["label"], strict=True)))
    return names


def add_counts(connection: Connection, counts: Mapping[tuple[int, int, int], int]) -> None:
    """Add to the counts of minutes, or take from them: room, minute and label → comments."""
    cells: dict[tuple[int, int], Counter[int]] = {}
    for (room, minute, label), comments in counts.items():
        cells.setdefault((room, minute), Counter())[label] = comments
    # one by one: SQLite looks up a list of pairs by reading the whole table
    sql = _own(connection, "SELECT comments FROM minutes WHERE room = ? AND minute = ?")
    for cell, counted in cells.items():
        for (before,) in connection.exec_driver_sql(sql, cell):
            counted.update(counts_of(before))
    # without what a correction took the last of
    rows = [(*cell, _encode(+cells[cell]).decode()) for cell in sorted(cells)]
    _insert(
        connection,
        minutes,
        dict(zip(minutes.columns.keys(), zip(*rows, strict=True), strict=True)),
        "ON CONFLICT (room, minute) DO UPDATE SET comments = excluded.comments",
    )


def _see_rooms(
    connection: Connection, times: Sequence[int], room: Sequence[int], new: Sequence[bool]
) -> None:
    """Widen the time that the rooms of new events span."""
    spans: dict[int, tuple[int, int]] = {}
    for number, time in compress(zip(room, times, strict=True), new):
        first, last = spans.get(number, (time, time))
        spans[number] = (min(first, time), max(last, time))
    sql = (
        "UPDATE rooms SET first = CASE WHEN first < ? THEN first ELSE ? END,"
        " last = CASE WHEN last > ? THEN last ELSE ? END WHERE id = ?"
    )
    rows = [(first, first, last, last, number) for number, (first, last) in spans.items()]
    run_with_each(connection, sql, rows)


def run_with_each(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement with each of the rows; gives how many rows of the table it touched."""
    if not rows:
        return 0
    # one row alone goes without the driver's pipeline
    values = rows[0] if len(rows) == 1 else list(rows)
    options = {"preserve_rowcount": True}
    sql = _own(connection, sql)
    return connection.exec_driver_sql(sql, values, execution_options=options).rowcount


def _own(connection: Connection, sql: str) -> str:
    """A statement with the marks of the driver."""
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")


def with_names(connection: Connection, table: Table, names: Names, words: Iterable[str]) -> Names:
    """Names, those of ``words`` among them; who is not known yet is written down."""
    wanted = dict.fromkeys(words)
    if wanted.keys() <= names.numbers.keys():
        return names
    names = read_names(connection, table)
    missing = [word for word in wanted if word not in names.numbers]
    if table is rooms and missing:
        names = _unbury(connection, names, missing)
        missing = [word for word in missing if word not in names.numbers]
    number, word = table.columns.keys()[:2]
    if missing:
        begin = max(names.words, default=0) + 1
        connection.execute(
            table.insert(),
            [{number: begin + i, word: one} for i, one in enumerate(missing)],
        )
        names = read_names(connection, table)
    return names


def tombstone_of(room: str) -> str:
    """What stands for the name of a room that was deleted.

    Numbers of rooms are remembered in several processes, so a room that comes again has its number
    again, and no number ever means another room.
    """
    return f"\x01{digest(room).hex()}"


def _unbury(connection: Connection, names: Names, words: Iterable[str]) -> Names:
    """Give rooms that were deleted, and come again, their names back."""
    again = {word: tombstone_of(word) for word in words if tombstone_of(word) in names.numbers}
    for word, tombstone in again.items():
        row = update(rooms).where(rooms.c.id == names.numbers[tombstone])
        connection.execute(row.values(room=word))
    return read_names(connection, rooms) if again else names


def _insert(connection: Connection, table: Table, columns: Columns, conflict: str = "") -> int:
    """Insert the columns of rows, all of them in the table's order; gives how many came in."""
    sql = f"{_insertion(table, connection.dialect)} {conflict}"
    if connection.dialect.name == "sqlite":
        return run_with_each(connection, sql, list(zip(*columns.values(), strict=True)))
    return run_with_each(
        connection, sql, [tuple([array_of(column) for column in columns.values()])]
    )


def array_of(values: Sequence[Any]) -> str:
    """PostgreSQL's text of an array; the driver takes thirty times as long."""
    if values and isinstance(values[0], str):  # clean, so that nothing else is between the NULs
        escaped = "\0".join(values).replace("\\", "\\\\").replace('"', '\\"')
        return '{"' + escaped.replace("\0", '","') + '"}'
    if values and isinstance(values[0], bytes):
        return array_of(["\\x" + value.hex() for value in values])
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


@lru_cache(maxsize=64)
def _insertion(table: Table, dialect: Dialect) -> str:
    names = ", ".join([f'"{column.name}"' for column in table.columns])
    if dialect.name == "sqlite":
        return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(table.columns))})"
    types = [column.type.compile(dialect=dialect) for column in table.columns]
    arrays = ", ".join([f"?::{kind}[]" for kind in types])
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"


def parts_of(values: Sequence[_T]) -> Iterable[Sequence[_T]]:
    """A long list in pieces that a query's list may hold."""
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))
