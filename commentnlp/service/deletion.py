"""What is deleted within a transaction of the store: events of people and rooms, and old ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, tuple_, update

from commentnlp.service.keeping import (
    MINUTE,
    array_of,
    last_seq,
    parts_of,
    read_names,
    run_with_each,
    tombstone_of,
)
from commentnlp.service.schema import (
    corrections,
    deletions,
    events,
    label_names,
    labels,
    meta,
    minutes,
    rooms,
)

MOST_REMEMBERED = 10_000
"""Numbers of events that the record of a deletion holds."""

# events -----------------------------------------------------------------------------------


def drop(connection: Connection, places: Sequence[tuple[int, int]]) -> int:
    """Delete events, given their times and numbers; gives how many."""
    _remember_last(connection)
    numbers = list(read_names(connection, label_names).words)
    times, seqs = [list(column) for column in zip(*places, strict=True)]
    if connection.dialect.name == "sqlite":
        rows = [(number, *place) for number in numbers for place in places]
        run_with_each(
            connection, "DELETE FROM labels WHERE label = ? AND time = ? AND seq = ?", rows
        )
    else:
        sql = (
            "DELETE FROM labels USING unnest(?::bigint[], ?::bigint[]) AS gone (time, seq)"
            " WHERE label = ANY(?::smallint[]) AND labels.time = gone.time"
            " AND labels.seq = gone.seq"
        )
        run_with_each(connection, sql, [(array_of(times), array_of(seqs), array_of(numbers))])
    return _drop_events(connection, seqs)


def expire(connection: Connection, before: int, most: int) -> list[int]:
    """Delete the oldest events before a time, at most so many, and whole minutes before them.

    Gives their numbers.
    """
    query = select(events.c.time, events.c.seq, events.c.room).where(events.c.time < before)
    found = connection.execute(query.order_by(events.c.time, events.c.seq).limit(most)).all()
    if found:
        _remember_last(connection)
        time, seq, _ = found[-1]
        for number in read_names(connection, label_names).words:
            upto = tuple_(labels.c.time, labels.c.seq) <= tuple_(time, seq)
            connection.execute(delete(labels).where(labels.c.label == number, upto))
        _drop_events(connection, [seq for _, seq, _ in found])
        _drop_minutes(connection, {room for _, _, room in found}, time)
    if len(found) < most:
        touched = select(rooms.c.id).where(rooms.c.first < before)
        _drop_minutes(connection, connection.execute(touched).scalars().all(), before)
        gone = rooms.c.last < before - before % MINUTE
        connection.execute(update(rooms).where(gone).values(first=None, last=None))
        connection.execute(update(rooms).where(rooms.c.first < before).values(first=before))
    return [seq for _, seq, _ in found]


def _drop_minutes(connection: Connection, numbers: Iterable[int], before: int) -> None:
    for number in numbers:
        connection.execute(
            delete(minutes).where(
                minutes.c.room == number, minutes.c.minute < before - before % MINUTE
            )
        )


def _drop_events(connection: Connection, seqs: Sequence[int]) -> int:
    if connection.dialect.name == "sqlite":
        return run_with_each(
            connection, "DELETE FROM events WHERE seq = ?", [(seq,) for seq in seqs]
        )
    return run_with_each(
        connection, "DELETE FROM events WHERE seq = ANY(?::bigint[])", [(array_of(seqs),)]
    )


def _remember_last(connection: Connection) -> None:
    """A number is never given twice: who resumes after it would miss what has it now."""
    value = str(last_seq(connection)).encode()
    connection.execute(delete(meta).where(meta.c.name == "last"))
    connection.execute(meta.insert().values(name="last", value=value))


# the rest of a person or room -------------------------------------------------------------


def of_person(user: str, names: Sequence[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Which events are of a person, and which corrections: by identity or by any of the names."""
    several = []
    for table in (events, corrections):
        of_user = [table.c.user == user] if user else []
        several.append(or_(*of_user, *[table.c.name == name for name in names]))
    return several[0], several[1]


def text_labels(connection: Connection, digests: Sequence[bytes]) -> dict[int, str]:
    """Corrections of mere texts, of which these are digests: number → text."""
    query = select(corrections.c.id, corrections.c.text).where(corrections.c.seq.is_(None))
    found: dict[int, str] = {}
    for some in parts_of(digests):
        rows = connection.execute(query.where(corrections.c.digest.in_(some)))
        found.update((number, text) for number, text in rows)
    return found


def texts_still_there(connection: Connection, texts: Iterable[str]) -> set[str]:
    """Those of the texts that a kept event holds; looks at every event."""
    query = select(events.c.text).distinct()
    there: set[str] = set()
    for some in parts_of(list(set(texts))):
        there.update(connection.execute(query.where(events.c.text.in_(some))).scalars())
    return there


def drop_corrections(connection: Connection, where: ColumnElement[bool]) -> int:
    """Delete corrections; gives how many."""
    return connection.execute(delete(corrections).where(where)).rowcount


def drop_numbered_corrections(connection: Connection, numbers: Sequence[int]) -> int:
    """Delete corrections of these numbers; gives how many."""
    return sum(
        drop_corrections(connection, corrections.c.id.in_(some)) for some in parts_of(numbers)
    )


def close_empty_rooms(connection: Connection, numbers: Iterable[int]) -> list[int]:
    """Take rooms of which no event is left from the list of rooms; gives which."""
    empty = [
        number
        for number in numbers
        if not connection.execute(select(exists().where(events.c.room == number))).scalar()
    ]
    for number in empty:
        gone = update(rooms).where(rooms.c.id == number)
        connection.execute(gone.values(first=None, last=None))
    return empty


def bury_room(connection: Connection, number: int) -> bool:
    """Forget the minutes and the name of a room; False where an event of it is left.

    Its number stays, for when a room of this name comes again: other processes remember it.
    """
    if not close_empty_rooms(connection, [number]):
        return False
    connection.execute(delete(minutes).where(minutes.c.room == number))
    name = connection.execute(select(rooms.c.room).where(rooms.c.id == number)).scalar_one()
    buried = update(rooms).where(rooms.c.id == number)
    connection.execute(buried.values(room=tombstone_of(name)))
    return True


# records ----------------------------------------------------------------------------------


def begin_record(connection: Connection, what: str, by: str, at: int) -> int:
    """Write down that a deletion began; gives its number."""
    new = deletions.insert().values(what=what, by=by, at=at, events=0, labels=0, seqs="[]")
    return int(connection.execute(new.returning(deletions.c.id)).scalar_one())


def add_to_record(connection: Connection, number: int, *, events: int = 0, labels: int = 0) -> None:
    """Write down how many more were deleted."""
    counted = {"events": deletions.c.events + events, "labels": deletions.c.labels + labels}
    connection.execute(update(deletions).where(deletions.c.id == number).values(counted))


def end_record(connection: Connection, number: int, seqs: Sequence[int]) -> None:
    """Write down the latest numbers of the deleted events."""
    latest = msgspec.json.encode(list(seqs)[-MOST_REMEMBERED:]).decode()
    connection.execute(update(deletions).where(deletions.c.id == number).values(seqs=latest))


def remembered_seqs(connection: Connection) -> Iterator[list[int]]:
    """Numbers of events that the latest deletions took, `MOST_REMEMBERED` at most."""
    left = MOST_REMEMBERED
    query = select(deletions.c.seqs).order_by(deletions.c.id.desc()).limit(1_000)
    for (text,) in connection.execute(query):
        seqs = msgspec.json.decode(text, type=list[int])[-left:]
        left -= len(seqs)
        if seqs:
            yield seqs
        if left <= 0:
            return
