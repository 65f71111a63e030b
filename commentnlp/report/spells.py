"""Busy windows and cold spells: stretches far above or below a room's own level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

COLD, USUAL, BUSY = "cold", "usual", "busy"

_STATES = (COLD, USUAL, BUSY)
_TIMES = np.array([0.25, 1.0, 2.0])
"""Rate of each state, of the usual level."""
_ENTER = 9.0
"""What it costs to enter a state other than usual: it must be e⁹ times likelier than that."""
_MOST = _ENTER / 2
"""The most that one minute can say for or against a state: a flood of one minute is no window."""
_SHORTEST = 5
"""Minutes; what is shorter is no window."""
_HOUR = 60
_WIDTHS = (5, 15, _HOUR)
"""Minutes over which the level is averaged; the longer ones are for rooms with few comments."""
_ENOUGH = 5
"""Comments that an average needs."""

Counts = npt.NDArray[Any]


class Window(NamedTuple):
    """A stretch of one session, in minutes from its first."""

    start: int
    stop: int
    """After the last minute."""
    state: str
    """`COLD` or `BUSY`."""


def usual_level(sessions: Sequence[Counts]) -> float:
    """Comments a minute that are usual in a room.

    ``sessions`` hold the comments of each live minute. The level is the median over stretches of
    5 minutes, or of 15 or 60 where the median stretch has fewer than 5 comments, so that neither
    a flood nor a pause moves it. Where all of these are too few it is the mean; 0 where nobody
    said anything.
    """
    for width in _WIDTHS:
        stretches = [_stretches(np.asarray(counts), width) for counts in sessions]
        sums = np.concatenate([np.zeros(0), *stretches])
        if sums.size and np.median(sums) >= _ENOUGH:
            return float(np.median(sums)) / width
    minutes = sum(len(counts) for counts in sessions)
    return float(sum(np.sum(counts) for counts in sessions)) / max(minutes, 1)


def spells(counts: Counts, level: float) -> list[Window]:
    """Find busy and cold windows of at least 5 minutes, in order.

    ``counts`` holds the comments of each live minute of one session, ``level`` is what
    `usual_level` gave for the room. An automaton of three states whose comments are Poisson at
    ¼, 1 and 2 times the level goes through the minutes on the likeliest way, where entering
    busy or cold has its price (after Kleinberg, "Bursty and Hierarchical Structure in Streams",
    KDD 2002). People answer each other, so that comments come in clumps: likelihoods are
    divided by how much more minutes differ from their neighbours than Poisson's would. No single
    minute decides: what one can say has a limit.
    """
    counts = np.asarray(counts, float)
    if level <= 0 or counts.size < _SHORTEST:
        return []
    rates = level * _TIMES
    # the terms that all states share are left out
    costs = (rates - np.outer(counts, np.log(rates))) / _clumping(counts)
    usual = costs[:, 1:2]
    costs = np.clip(costs, usual - _MOST, usual + _MOST)
    states = np.array(_likeliest(costs))
    edges = np.flatnonzero(np.diff(states)) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(states)]
    return [
        Window(start, stop, _STATES[states[start]])
        for start, stop in zip(starts, stops, strict=True)
        if _STATES[states[start]] != USUAL and stop - start >= _SHORTEST
    ]


def _stretches(counts: Counts, width: int) -> Counts:
    """Sums over whole stretches of ``width`` minutes; what is left over is no stretch."""
    whole = len(counts) // width * width
    return np.asarray(counts[:whole].reshape(-1, width).sum(axis=1))


def _clumping(counts: Counts) -> float:
    """Variance over mean, told from neighbouring minutes so that slow change is none; at least 1.

    The difference of two Poisson counts varies by their sum. The median hour decides, for one
    flood is no habit.
    """
    squares, pairs = np.diff(counts) ** 2, counts[1:] + counts[:-1]
    hours = np.arange(0, len(pairs), _HOUR)
    squares, pairs = np.add.reduceat(squares, hours), np.add.reduceat(pairs, hours)
    spoken = pairs > 0
    return max(1.0, float(np.median(squares[spoken] / pairs[spoken]))) if spoken.any() else 1.0


def _likeliest(costs: Counts) -> list[int]:
    """The cheapest way through the states (Viterbi 1967); ``costs`` has a row a minute."""
    cold, usual, busy = 0.0, 0.0, 0.0
    # leaving is free, so that a state is entered from the cheapest one, whichever that is
    cheapest: list[int] = []
    entered: list[tuple[bool, bool, bool]] = []
    cold, busy = _ENTER, _ENTER
    for at_cold, at_usual, at_busy in costs.tolist():
        best = min(cold, usual, busy)
        cheapest.append(1 if usual == best else 0 if cold == best else 2)
        entering = best + _ENTER
        entered.append((cold > entering, usual > best, busy > entering))
        cold = min(cold, entering) + at_cold
        usual = best + at_usual
        busy = min(busy, entering) + at_busy
    ends = (cold, usual, busy)
    state = ends.index(min(ends))
    way = []
    for before, new in zip(reversed(cheapest), reversed(entered), strict=True):
        way.append(state)
        if new[state]:
            state = before
    return way[::-1]
