"""The memory of the rooms: events, labels, minutes and corrections in SQLite or PostgreSQL.

What `Store.add` has returned is on the disk. An event stands in one row of ``events``, each of its
labels in one of ``labels``, from where pages are read, and it is counted in ``minutes``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from functools import partial
from itertools import chain, repeat
from string import ascii_lowercase, ascii_uppercase
from threading import RLock
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    collate,
    func,
    literal_column,
    select,
    tuple_,
)

from commentnlp.errors import StoreError
from commentnlp.records import SHANGHAI, Event, Tag
from commentnlp.service import deletion, keeping, relabelling
from commentnlp.service.answers import NOISE
from commentnlp.service.claims import Claim
from commentnlp.service.database import connect, rewrite, truncate_journal
from commentnlp.service.keeping import NO_NAMES, clean, digest
from commentnlp.service.nicknames import key_file, new_key, read_key, write_key
from commentnlp.service.records import (
    Correction,
    Count,
    Deleted,
    Deletion,
    Page,
    Placed,
    Row,
    Stored,
)
from commentnlp.service.relabelling import Corrected
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

SAID = ("comment", "explain_start", "explain", "explain_end")
"""Kinds of events in which somebody says something."""

_ROWS, _TEXTS = 1_000, 100
"""Comments that a page looks at first, by their rooms and by their texts; then twice as many, …"""
_PATIENCE = 0.012
"""… until so many seconds have gone by."""
_MOST = 2**63 - 1
_END = (_MOST, _MOST)
"""Behind all that there is."""
_CHUNK = 20_000
"""Events that are read, or looked through, at once."""
_STEP = 500
"""Events that are deleted, or texts that are looked up, at once."""
_REMEMBERED = 50_000
"""Answers that are taken apart once while events are read."""

_T = TypeVar("_T")
_Tags = Mapping[str, tuple[Tag, ...]]

_STORED = [events.c[field.name] for field in fields(Stored)]
_EVENT = [events.c[name] for name in (
    "time", "seq", "kind", "text", "id", "room", "user", "name", "role", "count", "total", "item",
    "levels", "answer",
)]  # fmt: skip
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)

_levels_of = msgspec.json.Decoder(dict[str, int]).decode
_keys_of = msgspec.json.Decoder(list[tuple[str, int]]).decode
_labels_of = msgspec.json.Decoder(dict[str, tuple[str, ...]]).decode
_facets_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_some_tags_of = msgspec.json.Decoder(tuple[Tag, ...]).decode


@dataclass(frozen=True, slots=True)
class _Dropped:
    """Events that were deleted: their numbers, their rooms, digests of their texts."""

    seqs: list[int]
    rooms: set[int]
    digests: set[bytes]


class Store:
    """A store at an SQLAlchemy address, ``sqlite:///FILE`` or ``postgresql+psycopg://…``.

    Every method may be called from any thread. Those that write take turns: each holds the others
    up for one transaction at a time, and none of them for long. Every method raises StoreError
    where the database cannot do it.
    """

    def __init__(self, url: str) -> None:
        """Open it; make its tables, or bring them up to date, where need be."""
        self._database = connect(url)
        self._lock = RLock()
        self._names = {rooms.name: NO_NAMES, label_names.name: NO_NAMES}
        # those that may be written without a look at the tables
        self._written_rooms = self._written_labels = NO_NAMES
        self._unwiped = self._unwritten = False

    def close(self) -> None:
        """Give back what it holds."""
        with self._lock:
            with suppress(StoreError):
                self.wipe()
            self._database.close()

    # writing ------------------------------------------------------------------------------

    def add(self, rows: Sequence[Row]) -> list[Placed]:
        """Keep rows in one transaction, durable on return.

        What was kept before, or comes twice in ``rows``, is not kept again; its first answer
        comes back.
        """
        if not rows:
            return []
        with self._lock:
            names = self._written_rooms, self._written_labels
            kept = self._transaction(lambda connection: keeping.keep(connection, rows, *names))
            # not before: what is taken back must not be known
            self._written_rooms, self._written_labels = kept.rooms, kept.labels
            return kept.placed

    def correct(self, several: Sequence[Correction]) -> list[Corrected]:
        """Keep what people say the labels are, and let kept comments have them.

        What the same person says again, word by word, is kept once.
        """
        return self._transaction(partial(relabelling.correct, several=several))

    def undo_correction(self, number: int) -> int | None:
        """Take a correction back; gives the event that it was about, 0 where it was about none,
        None where there is no such correction."""
        undone = self._transaction(partial(relabelling.undo, number=number))
        self._unwiped = self._unwiped or undone is not None
        self.wipe()
        return undone

    def forget(self, *, user: str = "", names: Sequence[str] = (), by: str = "") -> Deleted:
        """Delete all events of one person, the corrections of them, and labels of their very words.

        The person is who has this ``user``, or any of these ``names`` as they are kept; ``by`` is
        who asks. What comes in meanwhile is not looked at. Counts stay: they name nobody.
        """
        known = [clean(name) for name in names if name]
        if not user and not known:
            raise ValueError("forget whom? give user or names")
        theirs, corrected = deletion.of_person(clean(user), known)
        record = self._begin_record("person", by)
        found = self._drop(theirs, record)
        labels = self._drop_labels(corrected, found.digests, record)
        return self._end_record(record, found, labels)

    def forget_room(self, room: str, *, by: str = "") -> Deleted:
        """Delete a room: its events, its counts, the corrections of it, labels of its very words.

        What comes in meanwhile stays, and the room with it.
        """
        with self._reading() as connection:
            number = keeping.read_names(connection, rooms).numbers.get(clean(room), 0)
        record = self._begin_record("room", by)
        found = self._drop(events.c.room == number, record)
        labels = self._drop_labels(corrections.c.room == clean(room), found.digests, record)
        if number:
            with self._lock:
                if self._transaction(partial(deletion.bury_room, number=number)):
                    found.rooms.add(number)
                    # what is written next must look whether the room is there
                    self._written_rooms = NO_NAMES
        return self._end_record(record, found, labels, (clean(room),))

    def expire(self, before: int, most: int = 1_000) -> list[int]:
        """Delete the oldest events before a time, and their minutes; gives their numbers.

        At most ``most`` of them: call it until it gives fewer. Corrections stay.
        """
        expired = self._transaction(partial(deletion.expire, before=before, most=most))
        self._unwiped = self._unwiped or bool(expired)
        if len(expired) < most:
            self.wipe()
        return expired

    def deletions(self, *, after: int = 0, limit: int = 100) -> list[Deletion]:
        """Records of what people had deleted, in the order of time."""
        columns = [deletions.c[field.name] for field in fields(Deletion)]
        query = select(*columns).where(deletions.c.id > after).order_by(deletions.c.id)
        return [Deletion(*row) for row in self._read(query.limit(limit))]

    def deleted_seqs(self) -> list[int]:
        """Numbers of events that were deleted lately."""
        with self._reading() as connection:
            return list(chain.from_iterable(deletion.remembered_seqs(connection)))

    def wipe(self) -> bool:
        """Take what was deleted out of the files; False where somebody still reads it.

        SQLite zeroes what it deletes, but not the copies that it made when it moved rows from page
        to page, nor its journal: a whole store is written anew, the journal emptied.
        """
        with self._lock, self._database.errors("written"):
            if self._unwritten:
                rewrite(self._database)
                self._unwritten = False
            if self._unwiped and self._database.sqlite:
                self._unwiped = not truncate_journal(self._database)
            return not self._unwiped

    # reading ------------------------------------------------------------------------------

    def after(self, seq: int, limit: int, *, room: str | None = None) -> list[Stored]:
        """Events that came after one, in the order of coming."""
        query = select(*_STORED).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
        with self._reading() as connection:
            if room is not None:
                query = query.where(events.c.room == self._number(rooms, room, connection))
            return self._stored(query, connection)

    def comments(
        self,
        *,
        room: str | None = None,
        since: int | None = None,
        until: int | None = None,
        label: str | None = None,
        text: str = "",
        before: tuple[int, int] | None = None,
        limit: int = 50,
    ) -> Page:
        """Viewers' comments, the latest first.

        Args:
            room: of this room only.
            since: from this time on.
            until: before this time.
            label: with this ``facet/label``.
            text: that hold these characters; A–Z are as good as a–z.
            before: ``next`` of the page before.
            limit: at most so many.
        """
        # one bound on either side: SQLite begins at any of several
        begin, end = -_MOST if since is None else since, before or _END
        if until is not None:
            end = min(end, (until - 1, _MOST))
        with self._reading() as connection:
            number = None
            if room is not None:
                number = self._number(rooms, room, connection)
                span = select(rooms.c.first, rooms.c.last).where(rooms.c.id == number)
                first, last = connection.execute(span).first() or (None, None)
                if first is None or last is None:
                    return Page((), None)
                # an old room need not be looked for among the comments since
                begin, end = max(begin, first), min(end, (last, _MOST))
            kind = self._number(label_names, label or "", connection)
            where = [labels.c.label == kind, labels.c.time >= begin]
            found, further = self._places(connection, where, number, text, end, limit)
            return Page(self._these(found, connection), further)

    def _places(
        self,
        connection: Connection,
        where: Sequence[ColumnElement[bool]],
        room: int | None,
        text: str,
        before: tuple[int, int],
        limit: int,
    ) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
        """Times and numbers of comments, the latest first, and where to go on."""
        began, size = time.monotonic(), _TEXTS if text else _ROWS
        if room is None and not text:
            size = limit + 1
        found: list[tuple[int, int]] = []
        while True:
            # the first of them says where in the index to begin
            behind = labels.c.time <= before[0], _place(labels) < tuple_(*before)
            index = select(labels.c.time, labels.c.seq, labels.c.room).where(*where, *behind)
            index = index.order_by(labels.c.time.desc(), labels.c.seq.desc())
            window = index.limit(size).subquery()
            query = select(window.c.time, window.c.seq)
            if text:
                query = query.join(events, events.c.seq == window.c.seq)
                query = query.where(self._holds(clean(text)))
            if room is not None:
                query = query.where(window.c.room == room)
            query = query.order_by(window.c.time.desc(), window.c.seq.desc())
            left = limit + 1 - len(found)
            found += [(at, seq) for at, seq in connection.execute(query.limit(left))]
            if len(found) > limit:
                return found[:limit], found[limit - 1]
            end = connection.execute(index.offset(size - 1).limit(1)).first()
            if end is None:
                return found, None
            before = (end[0], end[1])
            if time.monotonic() - began > _PATIENCE:
                return found, before
            size *= 2

    def _holds(self, text: str) -> ColumnElement[bool]:
        """That an event's text holds another."""
        sqlite, column, lower = self._database.sqlite, events.c.text, text.translate(_LOWER)
        cased = lower != text.translate(_UPPER)
        if sqlite:
            return func.instr(func.lower(column) if cased else column, lower) > 0
        # the collation C folds these letters only, as SQLite does
        return func.strpos(func.lower(collate(column, "C")) if cased else column, lower) > 0

    def event(self, seq: int) -> Stored | None:
        """One event."""
        with self._reading() as connection:
            found = self._stored(select(*_STORED).where(events.c.seq == seq), connection)
        return found[0] if found else None

    def events(
        self,
        *,
        room: str | None = None,
        since: int | None = None,
        until: int | None = None,
        zone: tzinfo = SHANGHAI,
    ) -> Iterator[Event]:
        """All events from a time on and before another, in the order of time, with their tags.

        ``tags`` is None where an event is no viewer's comment; times are of ``zone``.
        """
        return chain.from_iterable(self._chunks(room, since, until, zone))

    def _chunks(
        self, room: str | None, since: int | None, until: int | None, zone: tzinfo
    ) -> Iterator[list[Event]]:
        where = self._span(room, None, until)
        query = select(*_EVENT).where(*where).order_by(events.c.time, events.c.seq).limit(_CHUNK)
        tags: dict[str, _Tags | None] = {"": None}
        begin = [] if since is None else [events.c.time >= since]
        while True:
            with self._reading() as connection:
                found = connection.execute(query.where(*begin)).all()
                columns = self._columns(found, connection)
            if columns:
                yield _events(columns, zone, tags)
            if len(found) < _CHUNK:
                return
            end, seq = found[-1][:2]
            # the first of them says where in the index to begin
            begin = [events.c.time >= end, _place(events) > tuple_(end, seq)]

    def recent(
        self,
        *,
        room: str | None = None,
        since: int,
        until: int,
        limit: int,
        zone: tzinfo = SHANGHAI,
    ) -> tuple[list[Event], list[int]]:
        """The latest of what was said in a time, viewers' and host's, the latest first; its seqs.

        What is being explained counts as said.
        """
        where = [*self._span(room, since, until), events.c.kind.in_(SAID)]
        query = select(*_EVENT).order_by(events.c.time.desc(), events.c.seq.desc())
        with self._reading() as connection:
            found = connection.execute(query.where(*where).limit(limit)).all()
            columns = self._columns(found, connection)
        if not columns:
            return [], []
        return _events(columns, zone, {"": None}), list(columns["seq"])

    def counts(self, *, room: str | None = None, since: int, until: int) -> list[Count]:
        """Comments a minute and label, of the minutes that begin in this time."""
        query = select(minutes).where(minutes.c.minute >= since, minutes.c.minute < until)
        query = query.order_by(minutes.c.room, minutes.c.minute)
        with self._reading() as connection:
            if room is not None:
                query = query.where(minutes.c.room == self._number(rooms, room, connection))
            else:
                # or all minutes that ever were would be looked at
                query = query.where(minutes.c.room.in_(select(rooms.c.id)))
            found = connection.execute(query).all()
            several = [keeping.counts_of(comments) for _, _, comments in found]
            sizes = list(map(len, several))
            columns = {
                "room": self._words(rooms, _spread([row[0] for row in found], sizes), connection),
                "minute": _spread([row[1] for row in found], sizes),
                "label": self._words(label_names, list(chain(*several)), connection),
                "comments": chain(*[counts.values() for counts in several]),
            }
        return _made(Count, columns)

    def rooms(self) -> list[tuple[str, int]]:
        """Rooms and the time of the last event of each; the latest first."""
        query = select(rooms.c.room, rooms.c.last).where(rooms.c.last.is_not(None))
        return [(name, last) for name, last in self._read(query.order_by(rooms.c.last.desc()))]

    def last(self) -> int:
        """Number of the last event; 0 where there was none."""
        with self._reading() as connection:
            return keeping.last_seq(connection)

    @property
    def place(self) -> str:
        """Where it is: a path, or an address without who and how."""
        return self._database.place

    def ping(self) -> None:
        """See that the database answers."""
        self._read(select(meta.c.name).limit(1))

    def corrections(self, *, after: int = 0, limit: int = 1000) -> list[tuple[int, Correction]]:
        """Corrections with their numbers, in the order of coming."""
        names = "id", "text", "labels", "by", "at", "seq", "room", "was", "model", "note"
        query = select(*[corrections.c[name] for name in names]).where(corrections.c.id > after)
        return [
            (number, Correction(text, _labels_of(given), *rest))
            for number, text, given, *rest in self._read(query.order_by("id").limit(limit))
        ]

    def corrected_texts(self, texts: Sequence[str]) -> set[str]:
        """Those of the texts that somebody has corrected."""
        texts_of = {digest(text): text for text in texts}
        digests, out = list(texts_of), set()
        for at in range(0, len(digests), _STEP):
            some = corrections.c.digest.in_(digests[at : at + _STEP])
            found = self._read(select(corrections.c.digest).where(some).distinct())
            out |= {texts_of[bytes(key)] for (key,) in found}
        return out

    def own_key(self, *, make: bool) -> bytes | None:
        """The key that the store has for nicknames; made where there is none and ``make`` is true.

        Of an SQLite store it lies in a file beside it, where a copy of the store does not take it
        along. Stores of earlier versions held it in a table: it moves out.
        """
        file = None if self._database.path is None else key_file(self._database.path)
        with self._lock:
            found = self._read(select(meta.c.value).where(meta.c.name == "secret"))
            key = bytes(found[0][0]) if found else None
            if file is None:
                if key is None and make:
                    key = new_key()
                    new = meta.insert().values(name="secret", value=key)
                    self._transaction(lambda connection: connection.execute(new))
                return key
            if key is None:
                key = read_key(file)
                if key is None and make:
                    key = new_key()
                    write_key(file, key)
                return key
            if read_key(file) != key:
                write_key(file, key)
            moved = meta.delete().where(meta.c.name == "secret")
            self._transaction(lambda connection: connection.execute(moved))
            self._unwiped = self._unwritten = True
            self.wipe()
            return key

    def note_key(self, key: str) -> tuple[int | None, set[str]]:
        """Remember by the digest of a key that it is in use from now on.

        Gives until when others were, where events of then are kept (else None), and their digests.
        """
        with self._lock:
            found = self._read(select(meta.c.value).where(meta.c.name == "name_keys"))
            used: list[tuple[str, int]] = _keys_of(found[0][0]) if found else []
            if not used or used[-1][0] != key:
                used.append((key, int(time.time() * 1000) if used else 0))
                value = msgspec.json.encode(used)

                def work(connection: Connection) -> None:
                    connection.execute(meta.delete().where(meta.c.name == "name_keys"))
                    connection.execute(meta.insert().values(name="name_keys", value=value))

                self._transaction(work)
            until, others = used[-1][1], {other for other, _ in used} - {key}
        oldest = self._read(select(events.c.received).order_by(events.c.seq).limit(1))
        return (until if others and oldest and oldest[0][0] < until else None), others

    def note(self, name: str) -> bytes | None:
        """What `keep_note` kept under a name; None where it kept nothing."""
        found = self._read(select(meta.c.value).where(meta.c.name == name))
        return bytes(found[0][0]) if found else None

    def keep_note(self, name: str, value: bytes) -> None:
        """Keep a few bytes that are no event, in the place of what the name stood for before."""

        def work(connection: Connection) -> None:
            connection.execute(meta.delete().where(meta.c.name == name))
            connection.execute(meta.insert().values(name=name, value=value))

        self._transaction(work)

    # within -------------------------------------------------------------------------------

    def claim(self) -> Claim:
        """Keep other services from serving this store. Raises StoreError where one does."""
        return Claim(self._database)

    def _transaction(self, work: Callable[[Connection], _T]) -> _T:
        """What ``work`` gives, once all that it wrote is on the disk."""
        self._database.check_file()
        with (
            self._lock,
            self._database.errors("written"),
            self._database.write.begin() as connection,
        ):
            return work(connection)

    def _begin_record(self, what: str, by: str) -> int:
        at = int(time.time() * 1000)
        return self._transaction(partial(deletion.begin_record, what=what, by=clean(by), at=at))

    def _drop(self, where: ColumnElement[bool], record: int) -> _Dropped:
        """Delete events step by step; whoever waits for a turn gets it in between."""
        query = select(events.c.time, events.c.seq, events.c.room, events.c.text).where(where)
        end, dropped = self.last(), _Dropped([], set(), set())
        for begin in range(0, end, _CHUNK):
            window = events.c.seq.between(begin + 1, min(begin + _CHUNK, end))
            found = self._read(query.where(window))
            for at in range(0, len(found), _STEP):
                some = found[at : at + _STEP]
                self._transaction(partial(_drop_some, places=[row[:2] for row in some],
                                          record=record))  # fmt: skip
                self._unwiped = self._unwritten = True
                dropped.seqs.extend(row[1] for row in some)
                dropped.rooms.update(row[2] for row in some)
                dropped.digests.update(digest(row[3]) for row in some if row[3])
                time.sleep(0.001)
        return dropped

    def _drop_labels(
        self, where: ColumnElement[bool], digests: Iterable[bytes], record: int
    ) -> int:
        """Delete corrections, and labels of mere texts that no kept event holds any more."""
        with self._reading() as connection:
            of_texts = deletion.text_labels(connection, list(digests))
            there = deletion.texts_still_there(connection, of_texts.values())
        numbers = [number for number, text in of_texts.items() if text not in there]

        def work(connection: Connection) -> int:
            dropped = deletion.drop_corrections(connection, where)
            dropped += deletion.drop_numbered_corrections(connection, numbers)
            deletion.add_to_record(connection, record, labels=dropped)
            return dropped

        dropped = self._transaction(work)
        self._unwiped = self._unwritten = self._unwritten or dropped > 0
        return dropped

    def _end_record(
        self, record: int, dropped: _Dropped, labels: int, names: Sequence[str] = ()
    ) -> Deleted:
        def work(connection: Connection) -> list[int]:
            deletion.end_record(connection, record, sorted(dropped.seqs))
            return deletion.close_empty_rooms(connection, sorted(dropped.rooms))

        empty = self._transaction(work)
        with self._reading() as connection:
            gone = names if names and empty else self._words(rooms, empty, connection)
        try:
            erased = self.wipe() and self._database.sqlite
        except StoreError:  # is tried again
            erased = False
        return Deleted(len(dropped.seqs), labels, tuple(dropped.seqs), tuple(gone), erased)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._database.check_file()
        with self._database.errors("read"), self._database.read.connect() as connection:
            yield connection

    def _read(self, query: Select[Any]) -> Sequence[Any]:
        with self._reading() as connection:
            return connection.execute(query).all()

    def _span(
        self, room: str | None, since: int | None, until: int | None
    ) -> list[ColumnElement[bool]]:
        where = [] if since is None else [events.c.time >= since]
        where += [] if until is None else [events.c.time < until]
        if room is not None:
            with self._reading() as connection:
                number = self._number(rooms, room, connection)
            # SQLite would take the index of rooms, and sort
            column = literal_column("+events.room") if self._database.sqlite else events.c.room
            where.append(column == number)
        return where

    def _number(self, table: Table, word: str, connection: Connection) -> int:
        """Number of a room or of a label; 0, which none has, where there is no such."""
        names = self._names[table.name]
        if clean(word) not in names.numbers:
            names = self._names[table.name] = keeping.read_names(connection, table)
        return names.numbers.get(clean(word), 0)

    def _words(self, table: Table, numbers: Sequence[int], connection: Connection) -> list[str]:
        """Rooms or labels of numbers."""
        names = self._names[table.name]
        if not names.words.keys() >= set(numbers):
            names = self._names[table.name] = keeping.read_names(connection, table)
        return list(map(names.words.__getitem__, numbers))

    def _stored(self, query: Select[Any], connection: Connection) -> list[Stored]:
        columns = self._columns(connection.execute(query).all(), connection)
        return _made(Stored, columns) if columns else []

    def _these(
        self, places: Sequence[tuple[int, int]], connection: Connection
    ) -> tuple[Stored, ...]:
        """Events in the order of their places."""
        query = select(*_STORED).where(events.c.seq.in_([seq for _, seq in places]))
        found = self._stored(query, connection) if places else []
        return tuple(sorted(found, key=lambda event: (event.time, event.seq), reverse=True))

    def _columns(self, found: Sequence[Any], connection: Connection) -> dict[str, Sequence[Any]]:
        """Events as columns, rooms by their names; empty where there are no events."""
        if not found:
            return {}
        columns: dict[str, Sequence[Any]] = dict(
            zip(found[0]._fields, zip(*found, strict=True), strict=True)
        )
        columns["room"] = self._words(rooms, columns["room"], connection)
        return columns


def _drop_some(connection: Connection, places: Sequence[tuple[int, int]], record: int) -> None:
    dropped = deletion.drop(connection, places)
    deletion.add_to_record(connection, record, events=dropped)


def _place(table: Table) -> ColumnElement[Any]:
    """Where a row stands in the order of time."""
    return tuple_(table.c.time, table.c.seq)


def _made(kind: type[_T], columns: Mapping[str, Iterable[Any]]) -> list[_T]:
    """Records of their fields, column by column.

    The constructor of what is frozen finds each field by its name; this is twice as quick.
    """
    fill = [(getattr(kind, name).__set__, columns[name]) for name in kind.__slots__]  # type: ignore[attr-defined]
    records = [object.__new__(kind) for _ in columns["room"]]
    for put, column in fill:
        deque(map(put, records, column), maxlen=0)
    return records


def _spread(values: Iterable[_T], times: Iterable[int]) -> list[_T]:
    """Each value so many times."""
    return list(chain.from_iterable(map(repeat, values, times)))


def _events(
    columns: Mapping[str, Sequence[Any]], zone: tzinfo, known: dict[str, _Tags | None]
) -> list[Event]:
    """Events of the columns of their rows; ``known`` are answers that have been seen before."""
    if len(known) > _REMEMBERED:
        known.clear()
        known[""] = None
    for answer in set(columns["answer"]):
        if answer not in known:
            known[answer] = _tags_of(answer)
    levels = {text: _levels_of(text) for text in set(columns["levels"])}
    return _made(Event, {
        **columns,
        "time": [datetime.fromtimestamp(time / 1000, zone) for time in columns["time"]],
        "levels": [levels[text] for text in columns["levels"]],
        "tags": [known[answer] for answer in columns["answer"]],
        "line": repeat(0),
    })  # fmt: skip


def _tags_of(answer: str) -> _Tags:
    """Tags of an answer: its facets."""
    facets = _facets_of(answer)
    for other in ("evidence", NOISE):
        facets.pop(other, None)
    return {facet: _some_tags_of(tags) for facet, tags in facets.items()}
