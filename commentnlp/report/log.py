"""Events → columns: a million of them are counted in seconds, and one does not matter."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commentnlp.records import Event, Tag
from commentnlp.report.quoting import shown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOBODY = -1
"""Code of a hidden person, a missing text, a missing item."""

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
    kinds, users, names, items, rooms = Codes(), Codes(), Codes(), Codes(), Codes()
    texts = _Texts()
    levels: dict[int, dict[str, int]] = {}
    seen: set[tuple[str, str, str, str]] = set()
    small = {name: array("i") for name in ("kind", "user", "name", "text", "item", "file", "line")}
    large = {name: array("q") for name in ("count", "total")}
    time, host = array("d"), array("b")
    twice = 0
    for number, events in enumerate(files):
        for event in events:
            if event.id:
                before = len(seen)
                # a number in a sheet is no id of the platform: the rest must be the same, too
                seen.add((event.kind, event.id, event.user, event.text))
                if len(seen) == before:
                    twice += 1
                    continue
            user = users[event.user] if event.user else NOBODY
            text = NOBODY
            if event.kind == "comment" and event.text and not event.text.isspace():
                text = texts.code(event.text, event.tags)
            if event.levels and user != NOBODY:
                mine = levels.setdefault(user, {})
                for what, level in event.levels.items():
                    mine[what] = max(level, mine.get(what, 0))
            if event.room:
                rooms[event.room]
            small["kind"].append(kinds[event.kind])
            small["user"].append(user)
            small["name"].append(names[event.name] if event.name else NOBODY)
            small["text"].append(text)
            small["item"].append(items[event.item] if event.item else NOBODY)
            small["file"].append(number)
            small["line"].append(event.line)
            large["count"].append(event.count)
            large["total"].append(-1 if event.total is None else event.total)
            time.append(np.nan if event.time is None else event.time.timestamp())
            host.append(event.role != "viewer")
    columns = {name: np.array(cells, np.int64) for name, cells in {**small, **large}.items()}
    # kinds that a tool made up are strangers' words, too
    known = Codes()
    columns["kind"] = np.array([known[shown(kind)] for kind in kinds], np.int64)[columns["kind"]]
    return Log(
        **columns,
        time=np.array(time, np.float64),
        host=np.array(host, bool),
        kinds=tuple(known),
        users=tuple(users),
        names=tuple(names),
        texts=tuple(texts.texts),
        tags=tuple(texts.tags),
        items=tuple(items),
        rooms=tuple(rooms),
        levels=levels,
        twice=twice,
    )


class _Texts:
    """Different comments; the same words with other tags are another."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tags: list[Tags | None] = []
        self._codes: dict[str, list[int]] = {}

    def code(self, text: str, tags: Tags | None) -> int:
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


def most_common(codes: Ints) -> list[tuple[int, int]]:
    """``(code, how often)``, the commonest first, of codes that are not `NOBODY`."""
    return Counter(codes[codes != NOBODY].tolist()).most_common()
