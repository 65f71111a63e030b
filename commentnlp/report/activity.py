"""How lively the room was, and when: steps, busy windows, cold spells, phases, earlier shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from commentnlp.report.log import Bools, Floats, Ints
from commentnlp.report.records import (
    Activity,
    Compared,
    Question,
    Series,
    Slice,
    Spell,
    WeekHour,
)
from commentnlp.report.room import Room
from commentnlp.report.slices import apart, slice_of
from commentnlp.report.spells import BUSY, COLD, spells, usual_level

Span = tuple[float, float]

PHASES = ("warm_up", "peak", "closing")
"""Before the first busy window, from there to the end of the last, and after it."""

_SHORT_SHOW = 10 * 60
_LONG_SHOW = 20 * 3600
"""Seconds from first to last event above which it was more than one show."""


def activity(room: Room, asked: Callable[[Ints], tuple[Question, ...]], earlier: Room | None
             ) -> Activity:  # fmt: skip
    """Lay out the show in time; ``asked`` gives the questions among some comments."""
    counts = [_by_minute(room, span, ~room.spam & ~room.repeat) for span in room.live]
    usual = usual_level(counts)
    found = [
        (span, state, start + 60.0 * first, start + 60.0 * stop)
        for span, minutes in zip(room.live, counts, strict=True)
        for start in (span[0],)
        for first, stop, state in spells(minutes, usual)
    ]
    busy = [(a, b) for _, state, a, b in found if state == BUSY]
    cold = [(a, b) for _, state, a, b in found if state == COLD]
    return Activity(
        usual=usual,
        steps=_steps(room, asked),
        minutes=tuple(_series(room, span) for span in room.live),
        busy=tuple(_spell(room, span, usual) for span in busy),
        cold=tuple(sorted((_spell(room, span, usual) for span in cold),
                          key=lambda spell: spell.start - spell.end)),
        phases=_phases(room, busy),
        contrast=_contrast(room, busy, asked) if busy else (),
        week=_week(room),
        compared=_compared(room, earlier) if earlier else (),
    )  # fmt: skip


def within(room: Room, spans: Sequence[Span]) -> tuple[Ints, Ints]:
    """Which comments, and which events, fall into some stretches of time."""
    parts = [room.between(*span) for span in spans]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _by_minute(room: Room, span: tuple[int, int], chosen: Bools) -> Ints:
    """How many of the chosen comments were typed in each minute."""
    start, end = span
    comments, _ = room.between(start, end)
    time = room.time[comments[chosen[comments]]]
    return np.bincount(((time - start) // 60).astype(np.int64), minlength=(end - start) // 60)


def _steps(room: Room, asked: Callable[[Ints], tuple[Question, ...]]) -> tuple[Slice, ...]:
    """Every step; without any time all of the show is the one there is."""
    everything = np.arange(len(room.said))
    if not room.steps:
        whole = np.arange(len(room.log))
        return (slice_of(room, everything, whole, questions=asked(everything)),)
    out = []
    for start, end in room.steps:
        comments, events = room.between(start, end)
        out.append(
            slice_of(
                room,
                comments,
                events,
                start=start,
                end=end,
                words=apart(room, comments),
                questions=asked(comments),
            )
        )
    return tuple(out)


def _series(room: Room, span: tuple[int, int]) -> Series:
    log = room.log
    kinds = {"comment": _by_minute(room, span, np.ones(len(room.said), bool))}
    _, inside = room.between(*span)
    minute = np.floor_divide(log.time[inside] - span[0], 60).astype(np.int64)
    size = (span[1] - span[0]) // 60
    for code, kind in enumerate(log.kinds):
        of_kind = log.kind[inside] == code
        if kind != "comment" and of_kind.any():
            amount = room.amount[inside][of_kind]
            kinds[kind] = np.bincount(minute[of_kind], amount, size).astype(np.int64)
    start = room.moment(span[0])
    assert start is not None  # a span has a beginning
    return Series(start, {kind: tuple(counts.tolist()) for kind, counts in kinds.items()})


def _spell(room: Room, span: Span, usual: float) -> Spell:
    comments, _ = within(room, [span])
    start, end = room.moment(span[0]), room.moment(span[1])
    assert start is not None
    assert end is not None
    rate = len(comments) / ((span[1] - span[0]) / 60)
    times = rate / usual if usual else 0.0
    return Spell(start, end, len(comments), rate, times, room.quotes(comments))


def _phases(room: Room, busy: Sequence[Span]) -> tuple[Slice, ...]:
    """Warm-up, peak and closing: before, from first to last, and after the busy windows.

    None where nothing was busy, for then there is no peak, and none for a show of several days.
    """
    if not busy:
        return ()
    start, end = room.live[0][0], room.live[-1][1]
    if end - start > _LONG_SHOW:
        return ()
    first, last = busy[0][0], busy[-1][1]
    spans = ((start, first), (first, last), (last, end))
    return tuple(
        _part(room, phase, span)
        for phase, span in zip(PHASES, spans, strict=True)
        if span[1] > span[0]
    )


def _part(room: Room, key: str, span: Span) -> Slice:
    comments, events = room.between(*span)
    return slice_of(room, comments, events, key=key, start=span[0], end=span[1])


def _contrast(
    room: Room,
    busy: Sequence[Span],
    asked: Callable[[Ints], tuple[Question, ...]],
) -> tuple[Slice, ...]:
    """The busy windows against all the rest of the time."""
    here, events = within(room, busy)
    there = np.setdiff1d(np.flatnonzero(~np.isnan(room.time)), here)
    others = np.setdiff1d(np.flatnonzero(room.timed), events)
    minutes = sum(room.minutes(start, end) for start, end in busy)
    live = sum(room.minutes(start, end) for start, end in room.live)
    return tuple(
        slice_of(room, comments, chosen, key=key, minutes=length,
                 words=apart(room, comments), questions=asked(comments))
        for key, comments, chosen, length in (
            ("busy", here, events, minutes),
            ("rest", there, others, live - minutes),
        )
    )  # fmt: skip


def _week(room: Room) -> tuple[WeekHour, ...]:
    """Weekdays and hours, where the room was live on several days (a test of a minute is none)."""
    days = {_date(room, start) for start, end in room.live if end - start >= _SHORT_SHOW}
    if len(days) < 2:
        return ()
    minutes: dict[tuple[int, int], float] = {}
    for start, end in room.live:
        times = np.arange(start, end, 60, dtype=np.float64)
        for weekday, hour in _clock(room, times):
            minutes[weekday, hour] = minutes.get((weekday, hour), 0.0) + 1
    comments: dict[tuple[int, int], int] = {}
    for cell in _clock(room, room.time[~np.isnan(room.time)]):
        comments[cell] = comments.get(cell, 0) + 1
    return tuple(
        WeekHour(weekday, hour, length, comments.get((weekday, hour), 0))
        for (weekday, hour), length in sorted(minutes.items())
    )


def _date(room: Room, seconds: float) -> object:
    moment = room.moment(seconds)
    return moment.date() if moment else None


def _clock(room: Room, seconds: Floats) -> list[tuple[int, int]]:
    """Weekday and hour that the wall clock shows; 1970 began on a Thursday."""
    hours = np.floor_divide(room.local(seconds), 3600).astype(np.int64)
    return list(zip(((hours // 24 + 3) % 7).tolist(), (hours % 24).tolist(), strict=True))


def _compared(room: Room, earlier: Room) -> tuple[Compared, ...]:
    """The same hour of the day, here and in the earlier shows."""
    return tuple(
        Compared(hour, _of_hour(room, hour), _of_hour(earlier, hour))
        for hour in sorted(set(_hours(room)) & set(_hours(earlier)))
    )


def _hours(room: Room) -> list[int]:
    return [
        hour
        for start, end in room.live
        for _, hour in _clock(room, np.arange(start, end, 60, dtype=np.float64))
    ]


def _of_hour(room: Room, hour: int) -> Slice:
    comments = np.flatnonzero(hour_of(room, room.time) == hour)
    return slice_of(
        room,
        comments,
        hour_of(room, room.log.time) == hour,
        minutes=float(_hours(room).count(hour)),
    )


def hour_of(room: Room, seconds: Floats) -> Ints:
    """Hour of the day that the wall clock shows; -1 without a time."""
    hours = np.floor_divide(room.local(seconds), 3600)
    return np.where(np.isnan(hours), -1, np.nan_to_num(hours) % 24).astype(np.int64)
