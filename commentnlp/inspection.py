"""What is in a file, before anything is done with it: who wrote it, what it holds, what is odd."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from commentnlp.errors import ReadError
from commentnlp.model import Model
from commentnlp.noise import (
    ASK,
    COMPLAINT,
    MIN_FLOOD_LINES,
    MIN_ONE_TAP_LENGTH,
    ONE_TAP,
    SPAM,
    is_pasted,
    words_only,
)
from commentnlp.reading import NO_HINTS, Remarks, Source, TableHints, open_sources
from commentnlp.records import Event

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
    """One-tap phrases, as `commentnlp.noise` tells them; the report tells the same ones."""
    canned_comments: int
    floods: tuple[Phrase, ...]
    """The same words many times from one person."""
    flood_comments: int
    spam: int
    """Comments with a link, or with a number that leads viewers away."""
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
    hints: TableHints = NO_HINTS,
    unreadable: Callable[[ReadError], None] | None = None,
) -> list[Inspection]:
    """Look through a file (a zip archive: each of its files).

    Nothing is tagged but words that many people pasted: those which ask or complain are typed.

    Options as of `commentnlp.reading.open_sources`; memory does not grow with the file. Raises
    ReadError where it cannot be read.
    """
    sources = open_sources(path, text=text, day=day, hints=hints, unreadable=unreadable)
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
        if event.kind == "comment" and event.text.strip():
            (said.add if event.role == "viewer" else said.add_host)(event)
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
    """The comments, how often each came and from whom; 666 and 66666 are the same words."""

    def __init__(self) -> None:
        self.count = self.spam = self.more = 0
        self.texts: Counter[str] = Counter()
        """Normalised text → comments."""
        self._first: dict[str, str] = {}
        """Normalised text → as it was typed first."""
        self._people: dict[str, set[int]] = {}
        self._hidden: Counter[str] = Counter()
        self._everyone: set[int] = set()
        self._by_person: Counter[tuple[str, int]] = Counter()
        self._from_host: set[str] = set()
        self._normaliser, self._noise = _model().normaliser, _model().noise
        self._known: dict[str, str] = {}
        """Text → normalised."""

    def add(self, event: Event) -> None:
        """Count a viewer's comment."""
        self.count += 1
        normal = self._normal(event.text)
        self.spam += self._noise.kind_of(normal) == SPAM
        if normal not in self.texts and len(self.texts) >= MOST_REMEMBERED:
            self.more += 1
            return
        self.texts[normal] += 1
        if self.texts[normal] == 1:
            self._first[normal] = event.text.strip()[:200]
            self._people[normal] = set()
        if not event.user:
            self._hidden[normal] += 1
            return
        person = hash(event.user)
        if len(self._everyone) < MOST_REMEMBERED:
            self._everyone.add(person)
        if len(self._people[normal]) < MOST_REMEMBERED // 10:
            self._people[normal].add(person)
        if self.texts[normal] > 1 and len(self._by_person) < MOST_REMEMBERED:
            self._by_person[normal, person] += 1

    def add_host(self, event: Event) -> None:
        """Remember what host or staff typed before any viewer did."""
        normal = self._normal(event.text)
        if normal not in self.texts and len(self._from_host) < MOST_REMEMBERED:
            self._from_host.add(words_only(normal))

    def canned(self) -> list[Phrase]:
        everyone = len(self._everyone) + self._hidden.total()
        kinds = {normal: self._noise.kind_of(normal) for normal in self.texts}
        found = {normal for normal, kind in kinds.items() if kind == ONE_TAP}
        left = [n for n, kind in kinds.items() if not kind and len(n) >= MIN_ONE_TAP_LENGTH]
        found |= {normal for normal in left if words_only(normal) in self._from_host}
        found |= _neither_asking_nor_complaining(
            [
                normal
                for normal in left
                if is_pasted(len(self._people[normal]) + self._hidden[normal], everyone)
            ]
        )
        return [
            Phrase(self._first[normal], count, len(self._people[normal]))
            for normal, count in self.texts.most_common()
            if normal in found
        ]

    def floods(self) -> list[Phrase]:
        # the first time a text came it was not yet known that it would come again
        return [
            Phrase(self._first[normal], count + 1, 1)
            for (normal, _), count in self._by_person.most_common()
            if count + 1 >= MIN_FLOOD_LINES
        ]

    def _normal(self, text: str) -> str:
        text = text.strip()[:200]
        normal = self._known.get(text)
        if normal is None:
            normal = self._normaliser.normalise(text).text
            if len(self._known) < MOST_REMEMBERED:
                self._known[text] = normal
        return normal


@cache
def _model() -> Model:
    return Model.shipped()


def _neither_asking_nor_complaining(texts: list[str]) -> set[str]:
    return {
        tagged.text
        for tagged in _model().tag(texts)
        if not tagged.labels(COMPLAINT) and ASK[1] not in tagged.labels(ASK[0])
    }


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
