"""Events → columns: a million of them are counted in seconds, and one does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.cycles import no_search_for_cycles
from commentnlp.records import Event, Tag
from commentnlp.report.quoting import shown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOBODY = -1
"""Code of a hidden person, a missing text, a missing item."""

_CHUNK = 10_000

Tags = Mapping[str, tuple[Tag, ...]]


class Codes(dict[str, int]):
    """A number for each different word, in the order of their coming."""

    def __missing__(self, word: str) -> int:
        """Number a word that is new."""
        self[word] = len(self)
        return self[word]


@dataclass(frozen=True)
class Log:
    """What happened: arrays with one cell an event, in the order of the files."""

    kind: Ints
    time: Floats
    """Seconds since 1970; NaN where the file does not say."""
    user: Ints
    name: Ints
    host: Bools
    """By host, staff or system."""
    text: Ints
    """For comments with a text: which of ``texts``."""
    count: Ints
    total: Ints
    """Running total; -1 for none."""
    item: Ints
    file: Ints
    line: Ints

    kinds: tuple[str, ...]
    users: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    tags: tuple[Tags | None, ...]
    """Of each text; None where the file was not tagged. One text with other tags is another."""
    items: tuple[str, ...]
    rooms: tuple[str, ...]
    levels: Mapping[int, Mapping[str, int]]
    """Highest levels of each user that has some."""
    twice: int
    """Events left out because the same one, by its id, came before."""

    def __len__(self) -> int:
        """How many events."""
        return len(self.kind)

    def is_kind(self, *kinds: str) -> Bools:
        """Which events are of these kinds."""
        wanted = np.array([kind in kinds for kind in self.kinds], bool)
        return np.asarray(wanted[self.kind])

    def only(self, chosen: Ints | Bools) -> Log:
        """The same with some of the events, in that order."""
        columns = {
            name: getattr(self, name)[chosen]
            for name in ("kind", "time", "user", "name", "host", "text", "count", "total",
                         "item", "file", "line")
        }  # fmt: skip
        rest = {name: value for name, value in vars(self).items() if name not in columns}
        return Log(**columns, **rest)


def read_log(files: Iterable[Iterable[Event]]) -> Log:
    """Put the events of several files into columns, each event once.

    A reconnecting tool writes again what it has seen: of events with the same kind, id, person and
    text only the first counts.
    """
    columns = _Columns()
    with no_search_for_cycles():
        for number, events in enumerate(files):
            rest = iter(events)
            while chunk := list(islice(rest, _CHUNK)):
                columns.add(chunk, number)
    return columns.log()


class _Columns:
    """A log in the making. Column by column takes half the time of event by event."""

    def __init__(self) -> None:
        self.kinds, self.rooms = Codes(), Codes()
        self.users, self.names, self.items = _Some(), _Some(), _Some()
        self.texts = _Texts()
        self.levels: dict[int, dict[str, int]] = {}
        self.twice = 0
        self._seen: set[tuple[str, str, str, str]] = set()
        self._parts: list[dict[str, npt.NDArray[Any]]] = []

    def add(self, events: Sequence[Event], file: int) -> None:
        """Take some events of a file."""
        if any(event.id for event in events):
            events = [event for event in events if not self._again(event)]
        user = [self.users[event.user] for event in events]
        for who, event in zip(user, events, strict=True):
            if event.levels and who != NOBODY:
                mine = self.levels.setdefault(who, {})
                for what, level in event.levels.items():
                    mine[what] = max(level, mine.get(what, 0))
        for room in {event.room for event in events} - {""}:
            self.rooms[room]
        integers = {
            "kind": [self.kinds[event.kind] for event in events],
            "user": user,
            "name": [self.names[event.name] for event in events],
            "text": [
                self.texts.code(event) if event.kind == "comment" else NOBODY for event in events
            ],
            "item": [self.items[event.item] for event in events],
            "file": [file] * len(events),
            "line": [event.line for event in events],
        }
        large = {
            "count": [event.count for event in events],
            "total": [-1 if event.total is None else event.total for event in events],
        }
        self._parts.append({
            **{name: np.array(cells, np.int32) for name, cells in integers.items()},
            **{name: np.array(cells, np.int64) for name, cells in large.items()},
            "time": np.array([
                np.nan if event.time is None else event.time.timestamp() for event in events
            ], np.float64),
            "host": np.array([event.role != "viewer" for event in events], bool),
        })  # fmt: skip

    def _again(self, event: Event) -> bool:
        """Whether an event has been recorded before."""
        if not event.id:
            return False
        before = len(self._seen)
        # a number in a sheet is no id of the platform: the rest must be the same, too
        self._seen.add((event.kind, event.id, event.user, event.text))
        again = len(self._seen) == before
        self.twice += again
        return again

    def log(self) -> Log:
        """All of it."""
        if not self._parts:
            self.add([], 0)
        columns: dict[str, Any] = {
            name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]
        }
        self._parts = []
        # kinds that a tool made up are strangers' words, too
        known = Codes()
        shown_as = np.array([known[shown(kind)] for kind in self.kinds], np.int64)
        columns["kind"] = shown_as[columns["kind"]]
        return Log(
            **{
                name: column.astype(np.int64) if column.dtype.kind == "i" else column
                for name, column in columns.items()
            },
            kinds=tuple(known),
            users=self.users.words(),
            names=self.names.words(),
            texts=tuple(self.texts.texts),
            tags=tuple(self.texts.tags),
            items=self.items.words(),
            rooms=tuple(self.rooms),
            levels=self.levels,
            twice=self.twice,
        )


class _Some(Codes):
    """Numbers for words that may be missing: an empty one is `NOBODY`."""

    def __init__(self) -> None:
        super().__init__({"": NOBODY})

    def __missing__(self, word: str) -> int:
        self[word] = len(self) - 1
        return self[word]

    def words(self) -> tuple[str, ...]:
        return tuple(self)[1:]


class _Texts:
    """Different comments; the same words with other tags are another."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tags: list[Tags | None] = []
        self._codes: dict[str, list[int]] = {}

    def code(self, event: Event) -> int:
        """The number of a comment's text; `NOBODY` for a blank one."""
        text, tags = event.text, event.tags
        if not text or text.isspace():
            return NOBODY
        codes = self._codes.setdefault(text, [])
        for code in codes:
            if self.tags[code] == tags:
                return code
        codes.append(len(self.texts))
        self.texts.append(text)
        self.tags.append(tags)
        return codes[-1]


def likes(log: Log) -> tuple[Ints, int | None]:
    """How many likes each event of the log adds, and what the running total says of all.

    Counts are increments. Where no like tells more than 1, the running totals rise faster than
    the events come, and so the totals are what is known: then their rises are taken, a total that
    falls beginning anew.
    """
    at = np.flatnonzero(log.is_kind("like") & (log.total >= 0))
    counts = log.count.copy()
    if not len(at):
        return counts, None
    total = log.total[at]
    rises = np.diff(total, prepend=total[0])
    rises[rises < 0] = 0
    by_total = int(rises.sum())
    if counts[log.is_kind("like")].max() <= 1 and by_total > len(at):
        counts[at] = rises
    return counts, by_total
