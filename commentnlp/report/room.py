"""A room as it is counted: comments with their labels, stretches of being live, steps of time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from commentnlp.errors import CommentnlpError
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
from commentnlp.report.log import NOBODY, Bools, Codes, Floats, Ints, Log, Tags, likes
from commentnlp.report.quoting import masked, shown
from commentnlp.report.records import MOST_QUOTES, Count, Quote
from commentnlp.report.settings import Settings
from commentnlp.report.words import Words
from commentnlp.taxonomy import parent_of

_CALLED = re.compile(r"([@＠]\s?|回复\s?)([^\s@＠:：,，]{1,30})")

SILENCE = 30 * 60
"""Seconds without any event after which the room was not live."""


@dataclass(frozen=True)
class Texts:
    """The different comments of a log and what is known of each."""

    matrix: Bools
    """Texts × labels, a leaf's parent included."""
    scores: npt.NDArray[np.float32]
    normal: Ints
    """Which of ``normals``: 666 and 666666 are one."""
    normals: tuple[str, ...]
    one_tap: Bools
    """Which of ``normals`` are one-tap phrases by what they say,"""
    spam: Bools
    """and which are spam."""


class Room:
    """A log with all that is asked of it more than once; never changed once built.

    Arrays have one cell a comment of a viewer, in the order of `said`; those of `log`, `timed`,
    `amount` and `by_host` one an event.
    """

    def __init__(self, log: Log, model: Model, settings: Settings) -> None:
        """Tag what is not tagged yet, and put everything in order of time."""
        self.settings = settings
        self.model = model
        self.backwards = _backwards(log)
        log, self.outside, self.estimated = _placed(log, settings)
        self.log = log
        self.timed = ~np.isnan(log.time)
        self.amount, self.likes_total = _amounts(log)
        self.texts = _texts(log, model)
        self.columns = {column: i for i, column in enumerate(model.taxonomy.columns)}

        typed = log.is_kind("comment") & (log.text != NOBODY)
        self.by_host = typed & log.host
        """Which events are comments of host, staff or system."""
        self.said = np.flatnonzero(typed & ~log.host)
        self.time, self.user = log.time[self.said], log.user[self.said]
        self.text = log.text[self.said]
        self.normal = self.texts.normal[self.text]
        self.spam = self.texts.spam[self.normal]
        long = np.array([len(text) >= MIN_ONE_TAP_LENGTH for text in self.texts.normals], bool)
        self.long = long[self.normal]
        """Long enough for a one-tap phrase."""
        self.canned = self._canned()
        self.own = ~self.spam & ~self.canned
        """In somebody's own words."""
        self.step = self.steps_of(self.time)
        self.repeat = self._repeats()
        self.voice = self.own & ~self.repeat
        self._quotes: dict[int, Quote] = {}

    def has(self, facet: str, label: str) -> Bools:
        """Which comments in own words have a label; none where the taxonomy lacks it."""
        return self.labelled(facet, label) & self.own

    def labelled(self, facet: str, label: str) -> Bools:
        """Which comments have a label, one-tap phrases and spam among them."""
        column = self.columns.get((facet, label))
        if column is None:
            return np.zeros(len(self.said), bool)
        return np.asarray(self.texts.matrix[self.text, column])

    def _canned(self) -> Bools:
        """One-tap phrases: by what they say, the host's own words, or pasted by many people.

        A line that asks or complains is never one because of how many post it: buyers may well
        ask when it will be sent in the same six characters. A hidden person counts for each line.
        """
        known = self.user != NOBODY
        pairs = np.unique(paired(self.normal[known], self.user[known]), return_index=True)[1]
        people = np.bincount(
            np.concatenate([self.normal[known][pairs], self.normal[~known]]),
            minlength=len(self.texts.normals),
        )
        all_who_typed = self.people(np.arange(len(self.said))) + int((~known).sum())
        matters = self.labelled(*ASK)
        for column in self.columns:
            if column[0] == COMPLAINT:
                matters |= self.labelled(*column)
        pasted = is_pasted(people[self.normal], all_who_typed) & ~matters
        by_use = self.long & ~self.spam & (self._from_host() | pasted)
        return np.asarray(self.texts.one_tap[self.normal] | by_use)

    def _from_host(self) -> Bools:
        """Lines in words that host or staff typed before any viewer did."""
        codes = Codes()
        words = np.array([codes[words_only(text)] for text in self.texts.normals], np.int64)
        host, viewers = (np.full(len(codes), np.inf) for _ in range(2))
        typed = np.flatnonzero(self.by_host & self.timed)
        np.minimum.at(host, words[self.texts.normal[self.log.text[typed]]], self.log.time[typed])
        timed = ~np.isnan(self.time)
        np.minimum.at(viewers, words[self.normal[timed]], self.time[timed])
        return np.asarray((host < viewers)[words[self.normal]])

    def _repeats(self) -> Bools:
        """Lines in which a known person says the same again within one step."""
        known = np.flatnonzero(self.user != NOBODY)
        said = paired(self.user[known], self.normal[known])
        _, first = np.unique(paired(said, self.step[known]), return_index=True)
        repeat = np.zeros(len(self.said), bool)
        repeat[known] = True
        repeat[known[first]] = False
        return repeat

    # time -----------------------------------------------------------------------------------

    def moment(self, seconds: float) -> datetime | None:
        """A time on the clock of the report."""
        if np.isnan(seconds):
            return None
        return datetime.fromtimestamp(float(seconds), self.settings.zone)

    def local(self, seconds: Floats) -> Floats:
        """Seconds since 1970 as the wall clock shows them; NaN stays NaN."""
        # no zone has changed its clock within a quarter of an hour
        known = ~np.isnan(seconds)
        quarters, which = np.unique(np.floor_divide(seconds[known], 900), return_inverse=True)
        offsets = [
            (datetime.fromtimestamp(quarter * 900, self.settings.zone).utcoffset()
             or timedelta()).total_seconds()
            for quarter in quarters.tolist()
        ]  # fmt: skip
        local = seconds.copy()
        local[known] += np.array(offsets)[which]
        return local

    def steps_of(self, seconds: Floats) -> Ints:
        """Beginning of the step of each time, in seconds since 1970; -1 where there is none."""
        length = self.settings.step * 60
        local = self.local(seconds)
        began = seconds - np.mod(local, length)
        return np.where(np.isnan(began), -1, np.nan_to_num(began)).astype(np.int64)

    @cached_property
    def live(self) -> list[tuple[int, int]]:
        """Stretches of being live, whole minutes from … to, in seconds since 1970."""
        time = self.log.time[self.timed]
        if not len(time):
            return []
        breaks = np.flatnonzero(np.diff(time) >= SILENCE)
        first = time[np.concatenate([[0], breaks + 1])]
        last = time[np.concatenate([breaks, [len(time) - 1]])]
        return [
            (int(a // 60) * 60, int(b // 60) * 60 + 60) for a, b in zip(first, last, strict=True)
        ]

    def between(self, start: float, end: float) -> tuple[Ints, Ints]:
        """Which comments, and which events, happened from … to: both are in order of time."""
        first, after = np.searchsorted(self.time, (start, end))
        begin, stop = np.searchsorted(self.log.time, (start, end))
        return np.arange(first, after), np.arange(begin, stop)

    def minutes(self, start: float, end: float) -> float:
        """Minutes live between two times."""
        return sum(max(0.0, min(end, b) - max(start, a)) for a, b in self.live) / 60

    @cached_property
    def steps(self) -> list[tuple[int, int]]:
        """Every step in which the room was live, from … to."""
        length = self.settings.step * 60
        begun: set[int] = set()
        for a, b in self.live:
            times = np.append(np.arange(a, b, 900, dtype=np.float64), b - 1.0)
            begun.update(self.steps_of(times).tolist())
        return [(start, start + length) for start in sorted(begun)]

    # people and quotes ----------------------------------------------------------------------

    def who(self, event: int) -> str:
        """Who did it, as it may be shown."""
        log = self.log
        name = log.names[log.name[event]] if log.name[event] != NOBODY else ""
        name = name or (log.users[log.user[event]] if log.user[event] != NOBODY else "")
        return shown(name) if self.settings.show_names else masked(name)

    def quote(self, event: int) -> Quote:
        """A comment of the log, to be shown."""
        quote = self._quotes.get(event)
        if quote is None:
            log = self.log
            text = shown(log.texts[log.text[event]])
            quote = self._quotes[event] = Quote(
                text if self.settings.show_names else _CALLED.sub(self._unnamed, text),
                self.moment(log.time[event]),
                self.who(event),
                int(log.file[event]),
                int(log.line[event]),
            )
        return quote

    def _unnamed(self, called: re.Match[str]) -> str:
        """A person who is called by name, masked as elsewhere."""
        rest = called[2]
        for length in range(len(rest), 0, -1):
            if rest[:length] in self._nicknames:
                return called[1] + masked(rest[:length]) + rest[length:]
        return called[0]

    @cached_property
    def _nicknames(self) -> frozenset[str]:
        return frozenset(map(shown, self.log.names))

    def quotes(self, comments: Ints, most: int = MOST_QUOTES) -> tuple[Quote, ...]:
        """Different ones of these comments, own words first, spread evenly through time."""
        if len(comments) > most:
            voiced = comments[self.voice[comments]]
            comments = voiced if len(voiced) else comments
        _, first = np.unique(self.normal[comments], return_index=True)
        first.sort()
        if len(first) > most:
            first = first[np.linspace(0, len(first) - 1, most).astype(np.int64)]
        return tuple(self.quote(event) for event in self.said[comments[first]].tolist())

    def people(self, comments: Ints) -> int:
        """How many known people wrote these comments."""
        users = self.user[comments]
        return len(np.unique(users[users != NOBODY]))

    def persons(self, comments: Ints) -> int:
        """How many people wrote these comments, hidden ones told apart by their words."""
        return len(np.unique(self.who_spoke(comments)))

    def who_spoke(self, comments: Ints) -> Ints:
        """A number for each comment: the same for the same person.

        Hidden people cannot be told apart; those who used other words are taken for others.
        """
        # numbers below those of people
        hidden = self.user[comments] == NOBODY
        return np.where(hidden, -1 - self.normal[comments] - 1, self.user[comments])

    def speakers(self, chosen: Bools) -> Ints:
        """One of these comments for each person who wrote some in a step; see `who_spoke`."""
        at = np.flatnonzero(chosen)
        _, first = np.unique(paired(self.step[at], self.who_spoke(at)), return_index=True)
        return at[first]

    def count(self, comments: Ints, most: int = MOST_QUOTES) -> Count:
        """These comments, counted and quoted."""
        return Count(len(comments), self.people(comments), self.quotes(comments, most))

    # words ----------------------------------------------------------------------------------

    @cached_property
    def words(self) -> Words:
        """The words of each different normal text."""
        return Words.of(self.texts.normals, self.model)

    @cached_property
    def word_counts(self) -> Ints:
        """How many voices have each word."""
        _, words = self.words.of_texts(self.normal[self.voice])
        return np.bincount(words, minlength=len(self.words.vocabulary))

    @cached_property
    def products(self) -> tuple[tuple[str, ...], Bools]:
        """Product kinds, and which of the different normal texts name each."""
        of_word = self.model.products
        kinds = tuple(dict.fromkeys(of_word.values()))
        words = self.words
        # words without a kind have the number behind the last
        kind = np.array([kinds.index(of_word[word]) if word in of_word else len(kinds)
                         for word in words.vocabulary], np.int64)  # fmt: skip
        found = np.zeros((len(self.texts.normals), len(kinds) + 1), bool)
        text = np.repeat(np.arange(len(found)), np.diff(words.first))
        found[text, kind[words.code]] = True
        return kinds, found

    @cached_property
    def floods(self) -> list[tuple[int, int]]:
        """``(first comment, lines)`` of the same words many times from one person."""
        known = np.flatnonzero(self.user != NOBODY)
        key = paired(self.user[known], self.normal[known])
        _, first, counts = np.unique(key, return_index=True, return_counts=True)
        found = [
            (int(known[i]), int(n))
            for i, n in zip(first, counts, strict=True)
            if n >= MIN_FLOOD_LINES
        ]
        return sorted(found, key=lambda flood: -flood[1])


def paired(first: Ints, second: Ints) -> Ints:
    """One number for each different pair."""
    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    return np.asarray(a.astype(np.int64) * (b.max(initial=0) + 1) + b)


def _backwards(log: Log) -> int:
    """Events that stand after a later one of their file."""
    found = 0
    for number in np.unique(log.file):
        time = log.time[log.file == number]
        time = time[~np.isnan(time)]
        found += int((time < np.maximum.accumulate(time)).sum()) if len(time) else 0
    return found


def _placed(log: Log, settings: Settings) -> tuple[Log, int, bool]:
    """The log in order of time, how many events fell outside the span, and whether times are made
    up. What has no time comes last."""
    start = settings.start.timestamp() if settings.start else -np.inf
    end = settings.end.timestamp() if settings.end else np.inf
    missing = np.isnan(log.time)
    if len(log) and missing.all():
        if settings.start and settings.end:
            # each in the middle of its part of the span
            time = start + (np.arange(len(log)) + 0.5) / len(log) * (end - start)
            log = Log(**{**vars(log), "time": time})
        elif settings.start or settings.end:
            raise CommentnlpError("no event has a time: give both start and end, or neither")
        return log, 0, True
    kept = missing | ((log.time >= start) & (log.time < end))
    outside = int((~kept).sum())
    if not kept.any() and outside:
        raise CommentnlpError(
            f"all {outside} events are outside the span asked for; they are from"
            f" {_told(log.time.min(), settings)} to {_told(log.time.max(), settings)}"
        )
    order = np.flatnonzero(kept)
    return log.only(order[np.argsort(log.time[order], kind="stable")]), outside, False


def _told(seconds: float, settings: Settings) -> str:
    return f"{datetime.fromtimestamp(float(seconds), settings.zone):%Y-%m-%d %H:%M:%S}"


def _amounts(log: Log) -> tuple[Ints, int | None]:
    """How much each event counts: likes and gifts by their number, all else once."""
    counted, total = likes(log)
    return np.where(log.is_kind("like", "gift"), counted, 1), total


def _texts(log: Log, model: Model) -> Texts:
    normal_texts = [text.text for text in model.normaliser.normalise_all(log.texts)]
    codes = Codes()
    normal = np.array([codes[text] for text in normal_texts], np.int64)
    columns = {column: i for i, column in enumerate(model.taxonomy.columns)}
    matrix = np.zeros((len(log.texts), len(columns)), bool)
    scores = np.zeros(matrix.shape, np.float32)
    for text, tags in enumerate(_tags(log, model)):
        for facet in model.taxonomy.facets:
            for tag in tags[facet]:
                for label in filter(None, (tag.label, parent_of(tag.label))):
                    column = columns[facet, label]
                    matrix[text, column] = True
                    scores[text, column] = max(scores[text, column], tag.score)
    noise = [model.noise.kind_of(text) for text in codes]
    one_tap, spam = (np.array([kind == one for kind in noise], bool) for one in (ONE_TAP, SPAM))
    return Texts(matrix, scores, normal, tuple(codes), one_tap, spam)


def _tags(log: Log, model: Model) -> Iterator[Tags]:
    """Tags of each text: the file's, where it has every facet, else the model's."""
    facets = model.taxonomy.facets
    read = (tags and model.taxonomy.identify(tags) for tags in log.tags)
    given = [tags if tags is not None and facets.keys() <= tags.keys() else None
             for tags in read]  # fmt: skip
    fresh = [text for text, tags in zip(log.texts, given, strict=True) if tags is None]
    tagged = iter(model.tag(fresh))
    for text, tags in zip(log.texts, given, strict=True):
        if tags is None:
            yield next(tagged).tags
            continue
        for facet in facets:
            for tag in tags[facet]:
                if tag.label not in facets[facet]:
                    raise CommentnlpError(
                        f"the label {tag.label!r} of facet {facet!r}, on the comment"
                        f" {shown(text)[:20]!r}, is not in the model's taxonomy; give the model"
                        " that the file was tagged with"
                    )
        yield tags
