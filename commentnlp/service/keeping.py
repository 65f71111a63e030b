"""What is written within a transaction of the store: events, their labels and counts; deletion.

A writing transaction has the store for itself, so the last number that it reads is the last.
Rows go to the driver column by column: SQLite gets them with one prepared statement, PostgreSQL as
one statement of arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from itertools import chain, compress
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql

from commentnlp.service.records import Correction, Placed, Row
from commentnlp.service.schema import (
    corrections,
    events,
    label_names,
    labels,
    meta,
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
_postgres = postgresql.dialect()  # type: ignore[no-untyped-call]

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
    kept = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    told = connection.execute(select(meta.c.value).where(meta.c.name == "last")).scalar()
    return max(kept, int(told or 0))


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
    room_names = _with(connection, rooms, room_names, names)
    room = [room_names.numbers[name] for name in names]
    columns = _columns(list(fresh.values()), last + 1, room)

    ours = zip(columns["seq"], columns["answer"], columns["model"], strict=True)
    places = dict(zip(fresh, ours, strict=True))
    new = [True] * len(fresh)
    if _insert(connection, events, columns, "ON CONFLICT (key) DO NOTHING") < len(fresh):
        query = select(events.c.key, events.c.seq, events.c.answer, events.c.model)
        for some in _parts(list(fresh)):
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
        words = _texts(list(chain([""], *[given for _, given in asked])))
        label_words = _with(connection, label_names, label_words, words)
        _label(connection, columns, asked, label_words.numbers)

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
        "levels": [_levels(event.levels) for event in happened],
        "answer": _texts([row.answer for row in rows]),
        "model": _texts([row.model for row in rows]),
    }


def _time(row: Row) -> int:
    if row.event.time is None:
        raise ValueError("an event without its time cannot be kept")
    return milliseconds(row.event.time)


def _levels(levels: Mapping[str, int]) -> str:
    if not levels:
        return "{}"
    return _encode({clean(what): level for what, level in levels.items()}).decode()


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
    asked: Iterable[tuple[int, Sequence[str]]],
    numbers: Mapping[str, int],
) -> None:
    """Give comments their labels, and count them."""
    found = []
    counts: Counter[tuple[int, int, int]] = Counter()
    for place, given in asked:
        time, room = columns["time"][place], columns["room"][place]
        minute, seq = time - time % MINUTE, columns["seq"][place]
        for number in {numbers[""], *[numbers[label] for label in _texts(given)]}:
            found.append((number, time, seq, room))
            counts[room, minute, number] += 1
    if not found:
        return
    # in the order of the tables: neighbours share a page
    found.sort()
    _insert(connection, labels, _by_name(labels, found))
    _insert(
        connection,
        minutes,
        _by_name(minutes, [(*place, comments) for place, comments in sorted(counts.items())]),
        "ON CONFLICT (room, minute, label)"
        " DO UPDATE SET comments = minutes.comments + excluded.comments",
    )


def _by_name(table: Table, rows: Iterable[tuple[Any, ...]]) -> Columns:
    return dict(zip(table.columns.keys(), zip(*rows, strict=True), strict=True))


def _see_rooms(
    connection: Connection, times: Sequence[int], room: Sequence[int], new: Sequence[bool]
) -> None:
    """Widen the time that the rooms of new events span."""
    spans: dict[int, tuple[int, int]] = {}
    for number, time in compress(zip(room, times, strict=True), new):
        first, last = spans.get(number, (time, time))
        spans[number] = (min(first, time), max(last, time))
    for number, (first, last) in spans.items():
        wider = or_(rooms.c.last.is_(None), rooms.c.first > first, rooms.c.last < last)
        then = func.coalesce(rooms.c.first, first), func.coalesce(rooms.c.last, last)
        least, most = (
            (func.min, func.max)
            if connection.dialect.name == "sqlite"
            else (func.least, func.greatest)
        )
        connection.execute(
            update(rooms)
            .where(rooms.c.id == number, wider)
            .values(first=least(then[0], first), last=most(then[1], last))
        )


def _with(connection: Connection, table: Table, names: Names, words: Iterable[str]) -> Names:
    """Names, those of ``words`` among them; who is not known yet is written down."""
    wanted = dict.fromkeys(words)
    if wanted.keys() <= names.numbers.keys():
        return names
    names = read_names(connection, table)
    missing = [word for word in wanted if word not in names.numbers]
    number, word = table.columns.keys()[:2]
    if missing:
        begin = max(names.words, default=0) + 1
        connection.execute(
            table.insert(),
            [{number: begin + i, word: one} for i, one in enumerate(missing)],
        )
        names = read_names(connection, table)
    return names


def _insert(connection: Connection, table: Table, columns: Columns, conflict: str = "") -> int:
    """Insert columns of rows; gives how many rows came in."""
    names = ", ".join(f'"{name}"' for name in columns)
    options = {"preserve_rowcount": True}
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {conflict}"
        rows = list(zip(*columns.values(), strict=True))
        return connection.exec_driver_sql(sql, rows, execution_options=options).rowcount
    arrays = ", ".join(f"%s::{table.c[name].type.compile(dialect=_postgres)}[]" for name in columns)
    sql = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) {conflict}"
    values = tuple([list(column) for column in columns.values()])
    return connection.exec_driver_sql(sql, values, execution_options=options).rowcount


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))


# corrections ------------------------------------------------------------------------------


def correct(connection: Connection, several: Sequence[Correction]) -> list[int]:
    """Keep corrections; gives their numbers."""
    out = []
    for one in several:
        person = select(events.c.user, events.c.name).where(events.c.seq == one.seq)
        found = None if one.seq is None else connection.execute(person).first()
        user, name = found or ("", "")
        given = {clean(facet): [*map(clean, names)] for facet, names in one.labels.items()}
        new = corrections.insert().values(
            digest=digest(one.text),
            text=clean(one.text),
            labels=_encode(given).decode(),
            by=clean(one.by),
            at=one.at,
            seq=one.seq,
            room=clean(one.room),
            was=clean(one.was),
            model=clean(one.model),
            note=clean(one.note),
            # of whom it quotes: what they ask to be forgotten is found when the event has gone
            user=user,
            name=name,
        )
        out.append(connection.execute(new.returning(corrections.c.id)).scalar_one())
    return out


# deletion ---------------------------------------------------------------------------------


def drop(connection: Connection, places: Sequence[tuple[int, int]]) -> int:
    """Delete events, given their times and numbers; gives how many."""
    _remember_last(connection)
    numbers = list(read_names(connection, label_names).words)
    times, seqs = [list(column) for column in zip(*places, strict=True)]
    if connection.dialect.name == "sqlite":
        rows = [(number, *place) for number in numbers for place in places]
        connection.exec_driver_sql(
            "DELETE FROM labels WHERE label = ? AND time = ? AND seq = ?", rows
        )
    else:
        connection.exec_driver_sql(
            "DELETE FROM labels USING unnest(%s::bigint[], %s::bigint[]) AS gone (time, seq)"
            " WHERE label = ANY(%s::smallint[]) AND labels.time = gone.time"
            " AND labels.seq = gone.seq",
            (times, seqs, numbers),
        )
    return _drop_events(connection, seqs)


def drop_corrections(connection: Connection, person: Mapping[str, str]) -> int:
    """Delete corrections of what somebody wrote; gives how many."""
    where = [corrections.c[column] == value for column, value in person.items()]
    return connection.execute(delete(corrections).where(*where)).rowcount


def expire(connection: Connection, before: int, most: int) -> int:
    """Delete the oldest events before a time, at most so many, and whole minutes before them."""
    query = select(events.c.time, events.c.seq, events.c.room).where(events.c.time < before)
    found = connection.execute(query.order_by(events.c.time, events.c.seq).limit(most)).all()
    if found:
        _remember_last(connection)
        time, seq, _ = found[-1]
        for number in read_names(connection, label_names).words:
            upto = tuple_(labels.c.time, labels.c.seq) <= tuple_(time, seq)
            connection.execute(delete(labels).where(labels.c.label == number, upto))
        _drop_events(connection, [seq for _, seq, _ in found])
    if len(found) == most:
        _drop_minutes(connection, {room for _, _, room in found}, time)
    else:
        touched = select(rooms.c.id).where(rooms.c.first < before)
        _drop_minutes(connection, connection.execute(touched).scalars().all(), before)
        gone = rooms.c.last < before - before % MINUTE
        connection.execute(update(rooms).where(gone).values(first=None, last=None))
        connection.execute(update(rooms).where(rooms.c.first < before).values(first=before))
    return len(found)


def _drop_minutes(connection: Connection, numbers: Iterable[int], before: int) -> None:
    for number in numbers:
        connection.execute(
            delete(minutes).where(
                minutes.c.room == number, minutes.c.minute < before - before % MINUTE
            )
        )


def _drop_events(connection: Connection, seqs: Sequence[int]) -> int:
    options = {"preserve_rowcount": True}
    if connection.dialect.name == "sqlite":
        sql, values = "DELETE FROM events WHERE seq = ?", [(seq,) for seq in seqs]
        return connection.exec_driver_sql(sql, values, execution_options=options).rowcount
    sql = "DELETE FROM events WHERE seq = ANY(%s::bigint[])"
    return connection.exec_driver_sql(sql, (list(seqs),), execution_options=options).rowcount


def _remember_last(connection: Connection) -> None:
    """A number is never given twice: who resumes after it would miss what has it now."""
    value = str(last_seq(connection)).encode()
    connection.execute(delete(meta).where(meta.c.name == "last"))
    connection.execute(meta.insert().values(name="last", value=value))
