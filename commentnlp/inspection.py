"""What is in a file, before anything is done with it: who wrote it, what it holds, what is odd."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from commentnlp.errors import ReadError
from commentnlp.reading import Remarks, Source, open_sources
from commentnlp.records import Event
from commentnlp.text import CONTACT, LINK, Normaliser

CANNED_PEOPLE = 10
"""People who say the same words, from whom on these are taken for a one-tap phrase."""
CANNED_LENGTH = 6
"""Characters of the shortest one-tap phrase: everybody types 好看 or 多少钱 by hand."""
FLOOD = 5
"""Times that one person says the same, from which on it is a flood (刷屏)."""
GAP = timedelta(minutes=5)
"""The shortest silence that is told."""
MOST_REMEMBERED = 500_000
"""Different texts, and people, that are told apart; what comes after them is counted as new."""

_SHOWN = 5


@dataclass(frozen=True)
class Oddity:
    """Something strange, how often, and on which lines first."""

    why: str
    count: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Gap:
    """A silence."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Phrase:
    """A text, how often it was said and by how many people."""

    text: str
    count: int
    people: int


@dataclass(frozen=True)
class Inspection:
    """What a file holds."""

    name: str
    tool: str
    encoding: str
    size: int | None
    """Bytes."""
    columns: tuple[str, ...]
    taken_for: Mapping[str, str]
    """What was found → in which column."""
    notes: tuple[str, ...]
    rows: int
    """Rows kept."""
    odd: tuple[Oddity, ...]
    """Strange, and kept."""
    lost: tuple[Oddity, ...]
    """No rows: they will stand in no output."""
    kinds: Mapping[str, int]
    """Kind of event → how many."""
    start: datetime | None
    end: datetime | None
    without_time: int
    backwards: int
    """Events that stand after a later one."""
    gaps: tuple[Gap, ...]
    """The longest silences, longest first."""
    comments: int
    """What viewers typed."""
    different: int
    """Different texts among them."""
    canned: tuple[Phrase, ...]
    """One-tap phrases: the same words from many people."""
    canned_comments: int
    floods: tuple[Phrase, ...]
    """The same words many times from one person."""
    flood_comments: int
    spam: int
    """Comments with a link or a contact number."""
    people: int
    """Different identities."""
    masked: int
    """Events whose person is hidden."""
    next: str
    """The command to go on with."""


def inspect(
    path: Path | str,
    *,
    text: str | None = None,
    day: date | None = None,
    unreadable: Callable[[ReadError], None] | None = None,
) -> list[Inspection]:
    """Look through a file (a zip archive: each of its files) without tagging anything.

    Options as of `commentnlp.reading.open_sources`; memory does not grow with the file. Raises
    ReadError where it cannot be read.
    """
    sources = open_sources(path, text=text, day=day, unreadable=unreadable)
    return [_inspect(source, str(path), text) for source in sources]


def _inspect(source: Source, path: str, text: str | None) -> Inspection:
    layout = source.parser.layout
    kinds: Counter[str] = Counter()
    said = _Said()
    clock = _Clock()
    people: set[int] = set()
    masked = rows = 0
    for event in source.events():
        rows += 1
        kinds[event.kind] += 1
        clock.add(event)
        if event.user and len(people) < MOST_REMEMBERED:
            people.add(hash(event.user))
        elif not event.user and event.role == "viewer":
            masked += 1
        if event.kind == "comment" and event.role == "viewer" and event.text.strip():
            said.add(event)
    canned, floods = said.canned(), said.floods()
    return Inspection(
        source.name, source.tool, source.encoding, source.size, layout.header, layout.told,
        tuple(source.notes), rows, _oddities(source.odd), _oddities(source.lost),
        dict(kinds.most_common()), clock.start, clock.end, clock.missing, clock.backwards,
        tuple(clock.longest()), said.count, len(said.texts) + said.more,
        tuple(canned[:_SHOWN]), sum(p.count for p in canned),
        tuple(floods[:_SHOWN]), sum(p.count for p in floods),
        said.spam, len(people), masked, _next(path, layout.columns.places, text),
    )  # fmt: skip


def _oddities(remarks: Remarks) -> tuple[Oddity, ...]:
    return tuple(Oddity(why, count, tuple(lines)) for why, count, lines in remarks)


def _next(path: str, places: Mapping[str, int], text: str | None) -> str:
    command = f"python -m commentnlp classify {_quoted(path)}"
    if text:
        return f"{command} --text {_quoted(text)}"
    return command if "text" in places else f"{command} --text COLUMN"


def _quoted(word: str) -> str:
    """As a shell needs it; Chinese needs no quotation marks, a leading dash a folder."""
    word = f"./{word}" if word.startswith("-") and word != "-" else word
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else shlex.quote(word)


class _Said:
    """The comments, how often each came and from whom."""

    def __init__(self) -> None:
        self.count = self.spam = self.more = 0
        self.texts: Counter[str] = Counter()
        self._people: dict[str, set[int]] = {}
        self._by_person: Counter[tuple[str, int]] = Counter()
        self._normaliser = Normaliser()

    def add(self, event: Event) -> None:
        self.count += 1
        text = event.text.strip()[:200]
        if text not in self.texts and len(self.texts) >= MOST_REMEMBERED:
            self.more += 1
            return
        self.texts[text] += 1
        if self.texts[text] == 1:
            self._people[text] = set()
        if event.user:
            person = hash(event.user)
            if len(self._people[text]) < MOST_REMEMBERED // 10:
                self._people[text].add(person)
            if self.texts[text] > 1 and len(self._by_person) < MOST_REMEMBERED:
                self._by_person[text, person] += 1
        normal = self._normaliser.normalise(text).text
        self.spam += CONTACT in normal or LINK in normal

    def canned(self) -> list[Phrase]:
        return [
            Phrase(text, count, len(self._people[text]))
            for text, count in self.texts.most_common()
            if len(self._people[text]) >= CANNED_PEOPLE and len(text) >= CANNED_LENGTH
        ]

    def floods(self) -> list[Phrase]:
        # the first time a text came it was not yet known that it would come again
        return [
            Phrase(text, count + 1, 1)
            for (text, _), count in self._by_person.most_common()
            if count + 1 >= FLOOD
        ]


class _Clock:
    """Times: from when to when, silences, and what has none or runs backwards."""

    def __init__(self) -> None:
        self.start: datetime | None = None
        self.end: datetime | None = None
        self.missing = self.backwards = 0
        self._gaps: list[Gap] = []

    def add(self, event: Event) -> None:
        if event.time is None:
            self.missing += 1
            return
        if self.start is None or self.end is None:
            self.start = self.end = event.time
            return
        self.start = min(self.start, event.time)
        if event.time < self.end:
            self.backwards += 1
            return
        if event.time - self.end >= GAP:
            self._gaps.append(Gap(self.end, event.time))
            self._gaps = self.longest()
        self.end = event.time

    def longest(self) -> list[Gap]:
        return sorted(self._gaps, key=lambda gap: gap.start - gap.end)[:_SHOWN]
