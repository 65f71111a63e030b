"""Complaint hotspots: which trouble stands out, when, and what it is about.

A step is hot in a label when its voices are more than the rest of the show makes likely, or more
than the same hours of earlier shows do: an exact test of two Poisson rates given their
sum (Przyborowski and Wilenski, Biometrika 1940), over all labels and steps together with the false
discovery rate of Benjamini and Hochberg (JRSS B 1995), and besides at least `HOT_PEOPLE` people
and `LEAST_TIMES` times the expected (by the earlier shows, where there are some).
The states of a label:

- ``quiet``: fewer than `LEAST_PEOPLE` people raised it at all (hidden people are told apart by
  their words, here and everywhere in this file);
- ``new``: it has a hot step, and nobody had raised it before that step, nor in earlier shows;
- ``rising``: it has a hot step;
- ``falling``: it has none, and its last third is significantly below what came before (with
  earlier shows: all of it below those);
- ``steady``: all else.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from commentnlp.intervals import wilson
from commentnlp.noise import ASK, COMPLAIN, COMPLAINT
from commentnlp.report.activity import hour_of
from commentnlp.report.log import NOBODY, Bools, Floats, Ints
from commentnlp.report.records import Complaints, Hotspot, HotStep, Labelled, Named, Word
from commentnlp.report.room import Room
from commentnlp.report.slices import apart, named, products
from commentnlp.report.stats import higher, lower, significant
from commentnlp.report.topics import Explained

LEAST_PEOPLE = 3
"""People who must raise a label before it is more than a single voice."""
HOT_PEOPLE = 5
"""People who must raise it within a step before that can be hot."""
LEAST_TIMES = 1.5
"""How far above the expected a step must be, however sure the difference."""
RATE = 0.1
"""False discovery rate."""
FALLING = 0.05
"""Chance under which fewer at the end are taken for falling."""

_STATES = ("new", "rising", "steady", "falling", "quiet")
_WORDS = 6
_ITEMS = 5
_FEW_QUOTES = 10


class _Trend(NamedTuple):
    """A label step by step."""

    lines: Ints
    people: Ints
    voices: Ints
    expected: Floats
    """By the earlier shows, where there are some, else by the rest of this one."""
    p_rest: Floats
    """Chance of so many if the rest of the show told the rate."""
    p: Floats
    """The same if what tells ``expected`` did."""


def hotspots(room: Room, explained: Explained, earlier: Room | None) -> tuple[Hotspot, ...]:
    """Every label of the facet ``complaint`` that somebody raised."""
    columns = [column for column in room.columns if column[0] == COMPLAINT]
    trends = [_trend(room, room.has(*column), earlier, column) for column in columns]
    hot = _hot(trends)
    found = [
        _hotspot(room, column, trend, rises, explained, earlier)
        for column, trend, rises in zip(columns, trends, hot, strict=True)
        if room.has(*column).any()
    ]
    return tuple(
        sorted(found, key=lambda one: (_STATES.index(one.state), -one.total.people,
                                       -one.total.lines))
    )  # fmt: skip


def count_complaints(room: Room) -> Complaints:
    """Count all comments with a complaint label, each once, and part them by their act."""
    complained = np.zeros(len(room.said), bool)
    for column in room.columns:
        if column[0] == COMPLAINT:
            complained |= room.has(*column)
    asks = _only_asks(room)
    return Complaints(
        total=room.count(np.flatnonzero(complained)),
        discontent=room.count(np.flatnonzero(complained & ~asks)),
        inquiries=room.count(np.flatnonzero(complained & asks)),
    )


def _only_asks(room: Room) -> Bools:
    return room.has(*ASK) & ~room.has(*COMPLAIN)


def _trend(room: Room, has: Bools, earlier: Room | None, column: tuple[str, str]) -> _Trend:
    begun = np.array([start for start, _ in room.steps], np.int64)
    voices = _in_steps(room, begun, has & room.voice)
    of = _in_steps(room, begun, room.voice)
    people = _in_steps(room, begun, _one_each(room, has))
    rest, rest_of = voices.sum() - voices, of.sum() - of
    p_rest = higher(voices, of, rest, rest_of)
    p = p_rest
    if earlier is not None:
        rest, rest_of = _earlier(room, begun, earlier, earlier.has(*column))
        p = higher(voices, of, rest, rest_of)
    expected = np.divide(rest * of, rest_of, out=np.zeros(len(begun)), where=rest_of > 0)
    return _Trend(_in_steps(room, begun, has), people, voices, expected, p_rest, p)


def _in_steps(room: Room, begun: Ints, chosen: Bools) -> Ints:
    """How many of the chosen comments fall into each step."""
    steps = room.step[chosen]
    place = np.searchsorted(begun, steps[steps >= 0])
    return np.bincount(place, minlength=len(begun))


def _one_each(room: Room, has: Bools) -> Bools:
    one_each = np.zeros(len(has), bool)
    one_each[room.speakers(has)] = True
    return one_each


def _earlier(room: Room, begun: Ints, earlier: Room, has: Bools) -> tuple[Ints, Ints]:
    """Voices with the label, and all, in the same hours of earlier shows; those of all their
    hours where they were not live at that one."""
    hours = hour_of(room, begun.astype(np.float64))
    there = hour_of(earlier, earlier.time)
    with_it = np.bincount(there[has & earlier.voice & (there >= 0)], minlength=24)
    all_of = np.bincount(there[earlier.voice & (there >= 0)], minlength=24)
    rest, rest_of = with_it[hours], all_of[hours]
    missing = rest_of == 0
    rest[missing], rest_of[missing] = (has & earlier.voice).sum(), earlier.voice.sum()
    return rest, rest_of


def _hot(trends: list[_Trend]) -> list[Bools]:
    """Which steps of each label are hot, judged all together."""
    if not trends:
        return []
    tested = np.stack([trend.people for trend in trends]) >= HOT_PEOPLE
    # two questions of each step: more than the rest of the show, and than the earlier ones
    p = np.stack([[trend.p_rest, trend.p] for trend in trends])
    tested = np.repeat(tested[:, None], 2, axis=1)
    sure = np.zeros(p.shape, bool)
    sure[tested] = significant(p[tested], RATE)
    return [
        sure[place].any(axis=0) & (trend.voices >= LEAST_TIMES * trend.expected)
        for place, trend in enumerate(trends)
    ]


def _hotspot(
    room: Room,
    column: tuple[str, str],
    trend: _Trend,
    rises: Bools,
    explained: Explained,
    earlier: Room | None,
) -> Hotspot:
    has = room.has(*column)
    comments = np.flatnonzero(has)
    before = earlier.has(*column) if earlier else None
    total = _total(room, column, has)
    top = int(np.argmin(np.where(rises, trend.p, 2.0))) if rises.any() else None
    when = room.steps[top][0] if top is not None else np.nan
    begun = np.array([start for start, _ in room.steps], np.int64)
    of = _in_steps(room, begun, room.voice)
    surest = room.texts.scores[room.text[comments], room.columns[column]]
    worst = comments[np.argmax(surest)]
    return Hotspot(
        *column,
        state=_state(room, has, trend, rises, total, before, earlier),
        when=room.moment(when),
        times=_times(trend, top),
        total=total,
        inquiries=int((has & _only_asks(room)).sum()),
        steps=tuple(
            HotStep(start_of, int(lines), int(people), int(voices), int(all_of), float(expected),
                    float(p), bool(rising))
            for start_of, lines, people, voices, all_of, expected, p, rising in zip(
                map(room.moment, begun), trend.lines, trend.people,
                trend.voices, of, trend.expected, trend.p, rises, strict=True)
            if start_of
        ),
        earlier=_total(earlier, column, before) if earlier and before is not None else None,
        first=room.quote(int(room.said[comments[0]])),
        worst=room.quote(int(room.said[worst])),
        words=_words(room, has),
        items=_items(room, explained, comments),
        products=products(room, comments),
    )  # fmt: skip


def _state(
    room: Room,
    has: Bools,
    trend: _Trend,
    rises: Bools,
    total: Labelled,
    before: Bools | None,
    earlier: Room | None,
) -> str:
    if room.persons(np.flatnonzero(has)) < LEAST_PEOPLE:
        return "quiet"
    if rises.any():
        first = int(np.argmax(rises))
        unheard = before is None or not before.any()
        return "new" if first and not trend.lines[:first].sum() and unheard else "rising"
    if earlier is not None and before is not None:
        now, of = total.voices, total.of
        rest, rest_of = int((before & earlier.voice).sum()), int(earlier.voice.sum())
    else:
        # the last third of all voices against those before
        voiced = has[room.voice & (room.step >= 0)]
        of = len(voiced) // 3
        now, rest_of = int(voiced[len(voiced) - of :].sum()), len(voiced) - of
        rest = int(voiced.sum()) - now
    if of and rest_of and float(lower(now, of, rest, rest_of)) < FALLING:
        return "falling"
    return "steady"


def _total(room: Room, column: tuple[str, str], has: Bools) -> Labelled:
    comments = np.flatnonzero(has)
    voices, of = int((has & room.voice).sum()), int(room.voice.sum())
    low, high = wilson(voices, of)
    return Labelled(*column, len(comments), room.people(comments), voices, of, float(low),
                    float(high), room.quotes(comments))  # fmt: skip


def _times(trend: _Trend, top: int | None) -> float | None:
    if top is None or not trend.expected[top]:
        return None
    return float(trend.voices[top] / trend.expected[top])


def _words(room: Room, has: Bools) -> tuple[Word, ...]:
    return apart(room, np.flatnonzero(has), _WORDS)


def _items(room: Room, explained: Explained, comments: Ints) -> tuple[Named, ...]:
    item = explained.comments[comments]
    found = Counter(item[item != NOBODY].tolist()).most_common(_ITEMS)
    return tuple(
        named(room, explained.names[code], comments[item == code], _FEW_QUOTES) for code, _ in found
    )
