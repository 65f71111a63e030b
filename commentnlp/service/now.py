"""The live state of a room: how busy it is, what it asks, who waits for an answer, what hurts.

Everything follows from two plain inputs. ``counts`` are the store's comments by minute and label,
of the window and of 24 hours before it: they are complete, and tell comments, rate, shares and
the usual level. ``recent`` are the latest events themselves: they tell people, questions, answers
and quotes. Where more was typed than ``recent`` holds, those speak of the latest part only; a
complaint is then looked for in the share that it has of ``recent``, against the usual one.

A window is the running minute and the ``minutes - 1`` before it: it begins where a minute of the
counts does. Events later than the running minute are not there yet.

A complaint is *hot* when more people raise it than the room's earlier minutes make likely, by
the test and with the constants of `commentnlp.report.hotspots`: more of all comments, and more by
the clock, so that neither a sudden crowd nor the end of a lottery makes a hotspot. People are
counted, not lines; one-tap phrases and spam (`commentnlp.noise`) count nowhere, while a complaint
that many paste in the same words is as hot as one that they type in their own. A room that has
just opened has no earlier minutes, so the usual level is taken together with the experience of
`_EARLIER` comments, of which `_WITH_IT` had the label. What stays for hours becomes usual.

Until the room has a past of `LEAST_PAST` minutes there is nothing to compare with: ``usual`` is
None, and a complaint is also hot when `PLAIN_PEOPLE` people raise it, `PLAIN_SHARE` of
the window's voices, unless the few minutes that there were had as much of it.

What was hot within the last `HOLD` minutes stays so while `LEAST_PEOPLE` raise it and it is still
above its usual level by a single test at `FALLING`: at the edge nothing flickers. The states:

- ``new``: hot, and nobody had raised it among `_EARLIER` comments or more before it began;
- ``rising``: hot;
- ``falling``: hot, but the last third of the time since it began is significantly below the rest;
  or no longer hot, for up to `HOLD` minutes; or significantly below its usual level;
- ``quiet``: fewer than `LEAST_PEOPLE` people raised it;
- ``steady``: all else: no more than usual, as far as one can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np

from commentnlp.model import Model
from commentnlp.noise import ASK, COMPLAIN, COMPLAINT, NOISE_KINDS
from commentnlp.records import SHANGHAI, Event, Tagged
from commentnlp.report.hotspots import FALLING, HOT_PEOPLE, LEAST_PEOPLE, LEAST_TIMES, RATE
from commentnlp.report.log import Bools, Floats, Ints, Tags, read_log
from commentnlp.report.responses import answered
from commentnlp.report.room import SILENCE, Room, paired
from commentnlp.report.settings import Settings
from commentnlp.report.stats import higher, lower, significant
from commentnlp.report.topics import Asked, Explained, worth_telling
from commentnlp.service.answers import NOISE
from commentnlp.service.records import Count
from commentnlp.taxonomy import parent_of

MINUTES = 10
"""Of a window."""
HOLD = 10
"""Minutes for which a label that was hot may stay so on weaker grounds."""
LOOK = 5
"""Seconds from one look at those minutes to the next."""
HOUR = 60
"""Minutes for which `RATE` is meant: what looks at shorter windows looks more often."""
SERIES = 60
"""Minutes of the series."""
EARLIER = 24 * 60
"""Minutes before the window that tell the usual level."""
LEAST_PAST = 60
"""Minutes from the first of those with a comment to the window before they are a past."""
PLAIN_PEOPLE, PLAIN_SHARE = 8, 0.05
"""People, and share of the window's voices, that make a complaint hot where there is no past."""
LIVE_WITHIN = 180
"""Seconds since its last event for which a room counts as live; until `SILENCE` as silent."""
MOST_QUESTIONS = 10
MOST_QUOTES = 4
LONGEST = 200
"""Characters from which on a quote is cut."""

_MINUTE = 60_000
_WITH_IT, _EARLIER = 1, 100
_FADING = 15
"""Seconds from one look to the next at whether a hotspot fades."""
_SOONEST = 180
"""Seconds after its begin from which on a hotspot may fade."""
_SURE = FALLING / 5
"""Chance under which a hotspot begins to fade; it is looked at again and again."""
_STATES = ("new", "rising", "falling", "steady", "quiet")
_HALF = re.compile("[\ud800-\udfff]")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Minute:
    """Comments of one minute."""

    minute: datetime
    comments: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """Comments of the window with one label."""

    facet: str
    label: str
    comments: int
    share: float
    """Of all comments of the window."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked right now: questions that ask the same, joined."""

    text: str
    """The commonest wording."""
    people: int
    comments: int
    answered: int
    """Comments after which host or staff typed, or showed, an answer."""
    last: datetime
    seconds: int
    """Since the last of them."""
    seq: int
    """Of the last."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that nobody of the host's side has answered in writing since it was asked.

    What the host says aloud is not known.
    """

    text: str
    people: int
    """Of those who wait."""
    comments: int
    since: datetime
    """When the first of those who wait asked."""
    seconds: int
    """Since then."""
    seq: int
    """Of the first."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A comment as it was typed, long ones cut."""

    seq: int
    time: datetime
    text: str
    score: float
    start: int
    """The characters of ``text`` that raised the label most; ``start`` is ``end`` where the model
    in use does not see the label in it."""
    end: int


@dataclass(frozen=True, slots=True)
class Pasted:
    """Words that many people put a complaint in."""

    text: str
    """As it was typed last, cut if long."""
    people: int


@dataclass(frozen=True, slots=True)
class Hot:
    """A complaint that somebody raised in the window; the module tells of its states."""

    facet: str
    label: str
    state: str
    comments: int
    """Without one-tap phrases and spam."""
    people: int
    of: int
    """All comments of the window."""
    usual: float | None
    """Comments of so many that have the label at other times; None without a past."""
    times: float | None
    """``comments / usual``; None where that is 0 or not known, and in the states ``steady`` and
    ``quiet``: there it may be chance."""
    p: float | None
    """Chance of so many people at the usual level."""
    since: datetime | None
    """The minute in which it rose above the usual level; None where it is not hot."""
    pasted: Pasted | None
    """The same words from `HOT_PEOPLE` people and at least half of all who raise it."""
    quotes: tuple[Spoken, ...]
    """Different ones: the plainest, then the latest."""
    inquiries: int = 0
    """Of ``comments``, those that ask and state no complaint."""


class _Level(NamedTuple):
    """How a complaint stands against its usual level."""

    people: int
    p: float
    hot: bool
    was_hot: bool
    """At some look before."""
    usual: float
    """Share of comments, with the experience of `_EARLIER`."""
    share: float
    """People who raise it to all comments of the window that are known."""


@dataclass(frozen=True, slots=True)
class Now:
    """The state of a room; its fields are those of the JSON."""

    room: str | None
    """None for all rooms."""
    at: datetime
    minutes: int
    """Of the window."""
    source: str
    """Whether events still come in: ``live``, ``silent`` (none for `LIVE_WITHIN` seconds),
    ``ended`` (none for `SILENCE` seconds), ``none`` (there never was one)."""
    last_event: datetime | None
    """Time of the last event of any kind."""
    last_event_seconds: int | None
    """Since then."""
    rate: float
    """Comments a minute over the last two."""
    voice_rate: float
    """The same of voices: without one-tap phrases, spam and what a person says again."""
    people: int
    """Who typed; hidden people are told apart by their words."""
    comments: int
    one_tap: int
    """Comments of the window that are one-tap phrases,"""
    spam: int
    """and those that are spam."""
    series: tuple[Minute, ...]
    """The last `SERIES` minutes, the running one included."""
    labels: tuple[Labelled, ...]
    """Those that occur, in the order of the model."""
    asked: tuple[Question, ...]
    """By how many people ask."""
    open_questions: int
    """Questions of the window that wait for an answer; ``unanswered`` lists the first of them."""
    unanswered: tuple[Waiting, ...]
    """By how many people wait, then by how long. What was last asked before the window is gone."""
    hotspots: tuple[Hot, ...]

    def to_json(self) -> str:
        """All of it as a JSON object."""
        return _encode(self).decode()


def reach(minutes: int = MINUTES) -> int:
    """How many minutes ``recent`` should reach back so that nothing flickers."""
    return minutes + HOLD


def now(
    recent: Sequence[Event],
    counts: Iterable[Count],
    model: Model,
    *,
    at: int,
    minutes: int = MINUTES,
    seqs: Sequence[int] = (),
    room: str | None = None,
    last: int | None = None,
    zone: tzinfo = SHANGHAI,
) -> Now:
    """Tell what a room is like.

    ``recent`` are the latest events of the last ``reach(minutes)`` minutes with their tags, in any
    order, ``seqs`` their numbers in the store; ``counts`` those of the window and of `EARLIER`
    minutes before it, those of several rooms added up. ``at``, and ``last``, the time of the last
    event of any kind, are in milliseconds since 1970.
    """
    return _Look(recent, counts, model, at, minutes, seqs, zone).now(room, last)


def source_of(last: int | None, at: int) -> str:
    """Say what the age of a room's last event means: see `Now.source`; times in milliseconds."""
    if last is None:
        return "none"
    seconds = (at - last) / 1000
    return "live" if seconds < LIVE_WITHIN else "silent" if seconds < SILENCE else "ended"


def hotspots(
    recent: Sequence[Event],
    counts: Iterable[Count],
    model: Model,
    *,
    at: int,
    minutes: int = MINUTES,
    seqs: Sequence[int] = (),
    zone: tzinfo = SHANGHAI,
) -> tuple[Hot, ...]:
    """Tell only what hurts; takes what `now` takes."""
    return _Look(recent, counts, model, at, minutes, seqs, zone).hotspots()


class _Look:
    """The inputs in the shape that all questions are asked of.

    Times are in seconds; minutes are numbered since 1970. ``lines`` has a row for all comments and
    one for each label, and a cell a minute, the running one last.
    """

    def __init__(
        self, recent: Sequence[Event], counts: Iterable[Count], model: Model, at: int,
        minutes: int, seqs: Sequence[int], zone: tzinfo,
    ) -> None:  # fmt: skip
        self.model, self.minutes, self.zone = model, minutes, zone
        self.columns = model.taxonomy.columns
        self.recent, self.seqs = recent, seqs
        self.at = at / 1000
        self.running = at // _MINUTE
        self.begin = self.running - minutes + 1
        self.lines = self._lines(counts)
        self.upto = np.pad(np.cumsum(self.lines, axis=1), ((0, 0), (1, 0)))
        self.room = self._room()
        self.minute = np.floor_divide(self.room.time, 60).astype(np.int64)
        self.inside = self.minute >= self.begin
        """Which comments are of the window."""

    def now(self, room: str | None, last: int | None) -> Now:
        """All of it."""
        window = self.lines[:, -self.minutes :].sum(axis=1).tolist()
        inside = np.flatnonzero(self.inside)
        one_tap, spam = window[1 + len(self.columns) :]
        waiting = self._questions.groups(np.flatnonzero(~self._done & self.inside))
        at = int(self.at * 1000)
        return Now(
            room=None if room is None else _encodable(room),
            at=self._moment(self.at),
            minutes=self.minutes,
            source=source_of(last, at),
            last_event=None if last is None else self._moment(last / 1000),
            last_event_seconds=None if last is None else self._age(last / 1000),
            rate=self._rate(),
            voice_rate=self._voice_rate(),
            people=self.room.persons(inside),
            comments=window[0],
            one_tap=one_tap,
            spam=spam,
            series=self._series(),
            labels=tuple(
                Labelled(*column, count, round(count / max(window[0], 1), 4))
                for column, count in zip(self.columns, window[1:], strict=False)
                if count
            ),
            asked=self._asked(inside),
            open_questions=len(waiting),
            unanswered=self._unanswered(waiting),
            hotspots=self.hotspots(),
        )

    def _room(self) -> Room:
        """The recent events, without those that are too old or still to come."""
        log = read_log([self.recent])
        if log.twice:  # the store has told repeats apart
            log = read_log([[replace(event, id="") for event in self.recent]])
        minute = np.floor_divide(log.time, 60)
        chosen = (minute >= self.begin - HOLD) & (minute <= self.running)
        log = replace(
            log,
            line=np.arange(len(log)),
            tags=tuple(tags if tags and self._known(tags) else None for tags in log.tags),
        ).only(chosen)
        return Room(log, self.model, Settings(zone=self.zone, show_names=True))

    def _known(self, tags: Tags) -> bool:
        """Whether the model in use has these labels; another may have given them."""
        facets = self.model.taxonomy.facets
        return all(tag.label in facets[facet] for facet in facets for tag in tags.get(facet, ()))

    def _lines(self, counts: Iterable[Count]) -> Ints:
        noise = [(NOISE, kind) for kind in NOISE_KINDS]
        rows = {"/".join(row): i for i, row in enumerate([*self.columns, *noise], 1)} | {"": 0}
        first = self.begin - EARLIER
        counts = list(counts)
        row = np.array([rows.get(one.label, -1) for one in counts], np.int64)
        minute = np.array([one.minute for one in counts], np.int64) // _MINUTE - first
        comments = np.array([one.comments for one in counts], np.int64)
        lines = np.zeros((len(rows), EARLIER + self.minutes), np.int64)
        known = (row >= 0) & (minute >= 0) & (minute < lines.shape[1])
        np.add.at(lines, (row[known], minute[known]), comments[known])
        return lines

    def _rate(self) -> float:
        """Comments of the last 60 seconds: of the minute before the running one, a part."""
        before, running = self.lines[0, -2:].tolist()
        gone = self.at / 60 - self.running
        return round(float(running + before * (1 - gone)), 1)

    def _voice_rate(self) -> float:
        """`_rate` of voices, by their share of the latest comments."""
        latest = self.room.time > self.at - 60
        if not latest.any():
            return 0.0
        return round(self._rate() * float(self.room.voice[latest].mean()), 1)

    def _series(self) -> tuple[Minute, ...]:
        start = self.running - SERIES + 1
        return tuple(
            Minute(self._moment(60.0 * minute), comments)
            for minute, comments in enumerate(self.lines[0, -SERIES:].tolist(), start)
        )

    # questions ------------------------------------------------------------------------------

    @cached_property
    def _questions(self) -> Asked:
        return Asked(self.room)

    @cached_property
    def _done(self) -> Bools:
        """Which comments were answered: they, or others that ask the same, later."""
        room, asked = self.room, self._questions
        by = np.full(len(room.said), -np.inf)
        _, pairs = answered(room, asked, Explained(room), 60.0 * reach(self.minutes))
        for comment, event, _ in pairs:
            by[comment] = room.log.time[event]
        done = np.zeros(len(room.said), bool)
        for group in asked.groups(np.arange(len(room.said))):
            done[group] = room.time[group] < by[group].max()
        return done

    def _asked(self, inside: Ints) -> tuple[Question, ...]:
        room = self.room
        groups = worth_telling(self._questions.groups(inside))
        found = sorted(self._with_persons(groups), key=lambda one: (-one[0], -len(one[1])))
        return tuple(
            Question(
                text=self._questions.wordings(group, 1)[0],
                people=people,
                comments=len(group),
                answered=int(self._done[group].sum()),
                last=self._moment(room.time[group[-1]]),
                seconds=self._age(room.time[group[-1]]),
                seq=self._seq(group[-1]),
            )
            for people, group in found[:MOST_QUESTIONS]
        )

    def _unanswered(self, groups: list[Ints]) -> tuple[Waiting, ...]:
        room = self.room
        found = sorted(self._with_persons(groups), key=lambda one: (-one[0], one[1][0]))
        return tuple(
            Waiting(
                text=self._questions.wordings(group, 1)[0],
                people=people,
                comments=len(group),
                since=self._moment(room.time[group[0]]),
                seconds=self._age(room.time[group[0]]),
                seq=self._seq(group[0]),
            )
            for people, group in found[:MOST_QUESTIONS]
        )

    def _with_persons(self, groups: list[Ints]) -> Iterator[tuple[int, Ints]]:
        """Groups of comments, each with how many people wrote them."""
        if not groups:
            return
        group = np.repeat(np.arange(len(groups)), [len(one) for one in groups])
        pairs = paired(group, self.room.who_spoke(np.concatenate(groups)))
        _, one_each = np.unique(pairs, return_index=True)
        yield from zip(np.bincount(group[one_each]).tolist(), groups, strict=True)

    # complaints -----------------------------------------------------------------------------

    def hotspots(self) -> tuple[Hot, ...]:
        """Every complaint that somebody raised in the window.

        A parent whose comments are all of one leaf says nothing more and is left out.
        """
        said = {
            row: self.room.has(*column)
            for row, column in enumerate(self.columns, 1)
            if column[0] == COMPLAINT
        }
        if not said:
            return ()
        levels = self._levels(list(said), list(said.values()))
        inside = {row: has & self.inside for row, has in said.items()}
        told = [
            row for row, has in inside.items() if has.any() and not self._in_a_leaf(row, inside)
        ]
        chosen = {row: self._quoted(row, inside[row]) for row in told}
        texts = {self._event(i).text for comments in chosen.values() for i in comments.tolist()}
        proofs = {one.text: one for one in self.model.tag(sorted(texts), evidence=True)}
        found = [
            self._hot(row, said[row], levels[row], self._spoken(row, chosen[row], proofs))
            for row in told
        ]
        return tuple(
            sorted(found, key=lambda one: (_STATES.index(one.state), -one.people, -one.comments))
        )

    def _in_a_leaf(self, row: int, inside: Mapping[int, Bools]) -> bool:
        label = self.columns[row - 1][1]
        return any(
            parent_of(self.columns[other - 1][1]) == label and np.array_equal(has, inside[row])
            for other, has in inside.items()
        )

    def _levels(self, rows: list[int], said: list[Bools]) -> dict[int, _Level]:
        """How each complaint stands against its usual level: now, and when looked at before."""
        ends: Floats = self.at // LOOK * LOOK - LOOK * np.arange(-1.0, HOLD * 60 / LOOK)
        ends[0] = self.at
        begins = np.floor_divide(ends, 60).astype(np.int64) - self.minutes + 1
        ends[0] = np.inf  # of the running minute all that is there
        people = np.array([self._people(has, ends, begins) for has in said]).T
        of, busy = self._known_of(ends, begins)
        upto = begins - self.begin + EARLIER
        with_it = self.upto[rows][:, upto].T + _WITH_IT
        all_of = self.upto[0, upto, None] + _EARLIER
        all_busy = np.pad(np.cumsum(self.lines[0] > 0), (1, 0))[upto, None]
        # as many minutes as the experience's comments would take here
        all_busy = all_busy + _EARLIER * np.maximum(busy, 1) / np.maximum(of, 1)
        p = np.maximum(higher(people, of, with_it, all_of),
                       higher(people, busy, with_it, all_busy))  # fmt: skip
        most = np.maximum(of / all_of, busy / all_busy) * with_it
        above = people >= LEAST_TIMES * most
        tested = (people >= HOT_PEOPLE) & above
        rate = RATE * min(1.0, self.minutes / HOUR)
        hot = tested & np.stack([significant(look, rate) for look in np.where(tested, p, 1.0)])
        voices = self._voices(ends, begins)
        plain = (people >= PLAIN_PEOPLE) & (people >= PLAIN_SHARE * voices)
        # of the minutes that there were before, as many may have been like these
        unlike = above & ((p <= FALLING) | (self.upto[0, upto, None] == 0))
        hot |= plain & unlike & ~self._has_past(begins)[:, None]
        stays = (people >= LEAST_PEOPLE) & (p <= FALLING)
        for look in range(len(ends) - 2, -1, -1):
            hot[look] |= hot[look + 1] & stays[look]
        return {
            row: _Level(
                people=int(people[0, i]),
                p=float(p[0, i]),
                hot=bool(hot[0, i]),
                was_hot=bool(hot[1:, i].any()),
                usual=float(with_it[0, i] / all_of[0, 0]),
                share=float(people[0, i] / max(of[0, 0], 1)),
            )
            for i, row in enumerate(rows)
        }

    def _known_of(self, ends: Floats, begins: Ints) -> tuple[Ints, Ints]:
        """Recent comments, and minutes with any, in each of some windows: columns."""
        time, minute = self.room.time, self.minute
        busy = np.flatnonzero(np.diff(minute, prepend=-1))
        after = np.searchsorted(time, ends, "right")
        first = np.searchsorted(minute, begins)
        of = after - first
        minutes = np.searchsorted(busy, after) - np.searchsorted(busy, first)
        return of[:, None], minutes[:, None]

    def _voices(self, ends: Floats, begins: Ints) -> Ints:
        """Recent voices in each of some windows: a column."""
        voice = np.pad(np.cumsum(self.room.voice), (1, 0))
        after = np.searchsorted(self.room.time, ends, "right")
        return np.asarray(voice[after] - voice[np.searchsorted(self.minute, begins)])[:, None]

    def _has_past(self, begins: Ints) -> Bools:
        """Whether the room spoke `LEAST_PAST` minutes before each of some windows begins."""
        spoke = np.flatnonzero(self.lines[0])
        first = spoke[0] + self.begin - EARLIER if len(spoke) else np.inf
        return np.asarray(begins - first >= LEAST_PAST)

    def _people(self, has: Bools, ends: Floats, begins: Ints) -> Ints:
        """How many people raised a label in each of some windows, from a minute to a second."""
        at = np.flatnonzero(has)
        who = self.room.who_spoke(at)
        minute = self.minute[at]
        there = (minute >= begins[:, None]) & (self.room.time[at] <= ends[:, None])
        return np.asarray((there & (_before(who, minute) < begins[:, None])).sum(axis=1))

    def _hot(self, row: int, has: Bools, level: _Level, quotes: tuple[Spoken, ...]) -> Hot:
        of = int(self.lines[0, -self.minutes :].sum())
        comments = self._comments(row, has)
        with_it, all_of = self.upto[[row, 0], EARLIER].tolist()
        past = all_of and self._has_past(np.array([self.begin]))[0]
        usual = with_it * of / all_of if past else None
        since = self._began(row, has, level) if level.hot else None
        state = self._state(row, has, level, since)
        # what is not surely more or less says nothing
        times = comments / usual if usual and state not in ("steady", "quiet") else None
        return Hot(
            *self.columns[row - 1],
            state=state,
            comments=comments,
            people=level.people,
            of=of,
            usual=_three_figures(usual),
            times=_three_figures(times),
            p=_three_figures(level.p),
            since=None if since is None else self._moment(60.0 * since),
            pasted=self._pasted(has, level.people),
            quotes=quotes,
            inquiries=self._inquiries(has, comments),
        )

    def _inquiries(self, has: Bools, comments: int) -> int:
        """Of so many comments with a label, those that only ask, by their share of the recent."""
        inside = has & self.inside
        asks = self.room.has(*ASK) & ~self.room.has(*COMPLAIN)
        own, asking = int(inside.sum()), int((inside & asks).sum())
        return round(comments * asking / own) if own else 0

    def _pasted(self, has: Bools, people: int) -> Pasted | None:
        at = np.flatnonzero(has & self.inside)
        pairs = np.unique(np.stack([self.room.normal[at], self.room.who_spoke(at)]), axis=1)
        normal, writers = np.unique(pairs[0], return_counts=True)
        most = int(writers.max(initial=0))
        if most < max(HOT_PEOPLE, people / 2):
            return None
        last = at[self.room.normal[at] == normal[np.argmax(writers)]][-1]
        text, _, _ = _cut(self._event(int(last)).text, 0, 0)
        return Pasted(text, most)

    def _comments(self, row: int, has: Bools) -> int:
        """Comments of the window with a label, without one-tap phrases and spam.

        The counts hold those, too: as many of them are taken to be such as of the recent ones.
        """
        own = int((has & self.inside).sum())
        of = int((self.room.labelled(*self.columns[row - 1]) & self.inside).sum())
        return max(own, round(int(self.lines[row, -self.minutes :].sum()) * own / of))

    def _state(self, row: int, has: Bools, level: _Level, since: int | None) -> str:
        if since is not None:
            if self._fades(has, since):
                return "falling"
            with_it, all_of = self.upto[[row, 0], since - self.begin + EARLIER].tolist()
            return "new" if not with_it and all_of >= _EARLIER else "rising"
        if level.was_hot:
            return "falling"
        if level.people < LEAST_PEOPLE:
            return "quiet"
        comments, of = self.lines[[row, 0], -self.minutes :].sum(axis=1).tolist()
        with_it, all_of = self.upto[[row, 0], EARLIER].tolist()
        below = float(lower(comments, of, with_it, all_of)) < FALLING
        return "falling" if below else "steady"

    def _fades(self, has: Bools, since: int) -> bool:
        """Whether fewer raise a label in the last third of the time since it began.

        To begin with that must be surer than to go on.
        """
        at = np.flatnonzero(has)
        time = self.room.time[at]
        start = max(60.0 * since, self.room.time[0])
        fades = False
        for end in (*np.arange(start + _SOONEST, self.at, _FADING), self.at):
            if end - start < _SOONEST:
                return False
            third, known = (end - start) / 3, (time >= start) & (time <= end)
            late = known & (time > end - third)
            now, before = self.room.persons(at[late]), self.room.persons(at[known & ~late])
            p = float(lower(now, third, before, 2 * third))
            fades = p < (FALLING if fades else _SURE)
        return fades

    def _began(self, row: int, has: Bools, level: _Level) -> int:
        """The minute from which on the label was above its usual level.

        The likeliest place of one change from the usual rate to that of the window, both Poisson
        (Page, Biometrika 1954). What one person says again within a minute counts once, where
        that can be told.
        """
        said = self.lines[row].copy()
        at = np.flatnonzero(has)
        first = int(self.minute[0]) + 1  # of that minute the recent events may lack some
        said[first - self.begin + EARLIER :] = 0
        minute, _ = np.unique(np.stack([self.minute[at], self.room.who_spoke(at)]), axis=1)
        np.add.at(said, minute[minute >= first] - self.begin + EARLIER, 1)
        # in powers of two, or the place would change with each comment
        times = 2.0 ** max(1, round(np.log2(level.share / level.usual)))
        gain = said * np.log(times) - (times - 1) * level.usual * self.lines[0]
        return self.running - int(np.argmax(np.cumsum(gain[::-1])))

    # quotes ---------------------------------------------------------------------------------

    def _quoted(self, row: int, has: Bools) -> Ints:
        """Comments to quote for a label: of different texts the plainest, then the latest."""
        room = self.room
        latest = np.flatnonzero(has)[::-1]
        _, first = np.unique(room.normal[latest], return_index=True)
        latest = latest[np.sort(first)]
        score = room.texts.scores[room.text[latest], row - 1]
        plainest = np.argsort(-score, kind="stable")[: MOST_QUOTES // 2]
        rest = np.setdiff1d(np.arange(len(latest)), plainest)[: MOST_QUOTES - len(plainest)]
        return np.asarray(latest[np.concatenate([plainest, rest])])

    def _spoken(self, row: int, comments: Ints, proofs: Mapping[str, Tagged]) -> tuple[Spoken, ...]:
        label = self.columns[row - 1][1]
        found = []
        for comment in comments.tolist():
            text = self._event(comment).text
            start, end = next(
                ((e.start, e.end) for e in proofs[text].evidence
                 if label in (e.label, parent_of(e.label))), (0, 0)
            )  # fmt: skip
            text, start, end = _cut(text, start, end)
            score = float(self.room.texts.scores[self.room.text[comment], row - 1])
            found.append(
                Spoken(self._seq(comment), self._moment(self.room.time[comment]), text,
                       round(score, 4), start, end)
            )  # fmt: skip
        return tuple(found)

    def _event(self, comment: int) -> Event:
        return self.recent[int(self.room.log.line[self.room.said[comment]])]

    def _seq(self, comment: int) -> int:
        place = int(self.room.log.line[self.room.said[comment]])
        return self.seqs[place] if self.seqs else 0

    def _moment(self, seconds: float) -> datetime:
        """A time to the second."""
        return datetime.fromtimestamp(int(seconds), self.zone)

    def _age(self, seconds: float) -> int:
        return max(0, int(self.at - seconds))


def _before(one: Ints, minute: Ints) -> Ints:
    """The minute in which the same one was there last; far back where it was not."""
    order = np.argsort(one, kind="stable")
    again = np.flatnonzero(np.diff(one[order]) == 0) + 1
    before = np.full(len(one), -1)
    before[order[again]] = minute[order[again - 1]]
    return before


def _cut(text: str, start: int, end: int) -> tuple[str, int, int]:
    """A text that JSON can hold, of `LONGEST` characters around what is marked in it."""
    text = _encodable(text)
    if len(text) <= LONGEST:
        return text, start, end
    first = min(max(0, start - LONGEST // 4), len(text) - LONGEST)
    before, after = "…" * (first > 0), "…" * (first + LONGEST < len(text))
    text = f"{before}{text[first : first + LONGEST]}{after}"
    shift = first - len(before)
    return text, start - shift, min(end - shift, len(text) - len(after))


def _encodable(text: str) -> str:
    """Without half surrogates, which no JSON may hold."""
    return _HALF.sub("\ufffd", text)


def _three_figures(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
