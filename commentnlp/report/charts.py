"""The report's charts, each a stack of panels, and as SVG for a page.

An SVG scales with its viewBox, and its words are text in fonts that readers have. A chart
without data is an empty string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from commentnlp.intervals import wilson
from commentnlp.report.headline import who
from commentnlp.report.quoting import shown
from commentnlp.report.records import Hotspot, HotStep, Report, Series, Slice, Spell
from commentnlp.report.sheet import INK, SOFT, Mark, Panel, Sheet
from commentnlp.report.wording import Wording, percent
from commentnlp.taxonomy import parent_of

Floats = npt.NDArray[np.float64]

# one meaning, one colour; they differ in lightness, too, for eyes that mix up red and green
COMMENTS, PEOPLE, PURCHASES = "#8cc0b9", "#0f6b64", "#d9822b"
BUSY, COLD = "#f9e3a8", "#d5dde6"
ASKED, ANSWERED = "#c3d3ea", "#2f63ad"
RISING, CALM = "#c0392b", "#dcaaa1"

INTENT = "intent"
WIDTH, SIZE = 460.0, 12.0
_LEFT, _RIGHT = 3.2, 1.6
"""Room beside the axes for labels, in heights of the type."""
_NICE_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)
_MOST_HOTSPOTS = 5
_FEW = 10
"""Of fewer a share says nothing, and one of them would flatten the whole chart."""


@dataclass(frozen=True, slots=True)
class Plot:
    """How much room a chart has: the width of its axes and the height of its type, in px."""

    width: float
    size: float

    @property
    def label(self) -> float:
        """What a clock time takes, with air."""
        return 3.7 * self.size


@dataclass(frozen=True, slots=True)
class Timeline:
    """The minutes live, one stretch after another; long pauses between them are cut short."""

    stretches: tuple[tuple[datetime, datetime], ...]
    places: tuple[float, ...]
    """Where each begins."""
    cut: tuple[bool, ...]
    """Whether the pause before it is shorter here than it was."""
    width: float

    @classmethod
    def of(cls, parts: Iterable[tuple[datetime, datetime]]) -> Timeline:
        """Join the parts that touch; there must be at least one."""
        stretches: list[tuple[datetime, datetime]] = []
        for start, end in sorted(parts):
            if stretches and start <= stretches[-1][1]:
                stretches[-1] = stretches[-1][0], max(end, stretches[-1][1])
            else:
                stretches.append((start, end))
        live = sum(_minutes(start, end) for start, end in stretches)
        longest = live * min(0.06, 0.3 / len(stretches))
        places, cut = [0.0], [True]
        for (start, end), (following, _) in pairwise(stretches):
            pause = _minutes(end, following)
            places.append(places[-1] + _minutes(start, end) + min(pause, longest))
            cut.append(pause > longest)
        width = places[-1] + _minutes(*stretches[-1])
        return cls(tuple(stretches), tuple(places), tuple(cut), max(width, 1.0))

    def at(self, time: datetime) -> float:
        """Where a time stands."""
        where = 0.0
        for (start, end), place in zip(self.stretches, self.places, strict=True):
            if time < start:
                break
            where = place + _minutes(start, min(time, end))
        return where

    def ticks(
        self, plot: Plot, least: int = 1
    ) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Give places and words of clock times, and of dates where there are several.

        The times are at least ``least`` minutes apart.
        """
        room = plot.label / plot.width * self.width
        heads = [
            (place, start)
            for (start, _), place, cut in zip(self.stretches, self.places, self.cut, strict=True)
            if cut
        ]
        times: list[tuple[float, datetime]] = []
        dates: list[tuple[float, datetime]] = []
        if len(heads) > 1:
            times = _apart(heads, [], room)
            if len({start.date() for _, start in heads}) > 1:
                dates = times
        times = _apart(list(self._even(max(room, least))), times, room) or heads[:1]
        clock = [(place, f"{time:%H:%M}") for place, time in sorted(times)]
        return clock, [(place, f"{time:%m-%d}") for place, time in dates]

    def _even(self, room: float) -> Iterable[tuple[float, datetime]]:
        each = next((nice for nice in _NICE_MINUTES[2:] if nice >= room), 1440)
        for start, end in self.stretches:
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
            time = midnight + timedelta(minutes=-(-_minutes(midnight, start) // each) * each)
            while time <= end:
                yield self.at(time), time
                time += timedelta(minutes=each)


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60


def _apart(
    more: Sequence[tuple[float, datetime]], there: Sequence[tuple[float, datetime]], room: float
) -> list[tuple[float, datetime]]:
    kept = list(there)
    for one in more:
        if all(abs(one[0] - other[0]) >= room for other in kept):
            kept.append(one)
    return kept


def _nice_top(most: float) -> float:
    """The round number that an axis ends with; half of it is round, too."""
    ten = 10.0 ** np.floor(np.log10(max(most, 1e-9)))
    return float(next(ten * step for step in (1, 2, 3, 4, 6, 8, 10) if ten * step >= most * 0.999))


def _shapes(axes: Axes, vertices: Floats, codes: Sequence[Any], **style: object) -> None:
    """Put many shapes as one: an SVG of hundreds of bars stays small. Not clipped."""
    count = len(vertices) // len(codes)
    path = Path(vertices, np.tile(np.array(codes, np.uint8), count))
    axes.add_artist(PathPatch(path, clip_on=False, **style)).set_clip_on(False)


def bars(axes: Axes, left: Floats, right: Floats, height: Floats, colour: str) -> None:
    """Bars from the base line up."""
    left, right, height = (one[height > 0] for one in (left, right, height))
    if not height.size:
        return
    zero = np.zeros_like(height)
    corners = [(left, zero), (left, height), (right, height), (right, zero)]
    vertices = np.stack([np.stack(corner, 1) for corner in corners], 1).reshape(-1, 2)
    codes = (Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO)
    _shapes(axes, vertices, codes, facecolor=colour, linewidth=0, zorder=2)


def strokes(
    axes: Axes, from_: tuple[Floats, Floats], to: tuple[Floats, Floats], colour: str, width: float,
    *, round_ends: bool = False, zorder: float = 3,
) -> None:  # fmt: skip
    """Straight strokes, each from a place to a place."""
    vertices = np.stack([np.stack(from_, 1), np.stack(to, 1)], 1).reshape(-1, 2)
    _shapes(
        axes, vertices, (Path.MOVETO, Path.LINETO), facecolor="none", edgecolor=colour,
        linewidth=width, capstyle="round" if round_ends else "butt", zorder=zorder,
    )  # fmt: skip


def dots(axes: Axes, x: Floats, y: Floats, colour: str, size: float) -> None:
    """Dots: strokes of hardly any length with round ends."""
    off = 1e-4 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    strokes(axes, (x, y), (x + off, y), colour, size, round_ends=True, zorder=4)


def _frame(axes: Axes, line: Timeline, top: float, *, unit: str = "") -> None:
    """Set the limits, the labels of the heights and, for now, none of the times."""
    axes.set_xlim(0, line.width)
    axes.set_ylim(0, top)
    heights = [top / 2, top] if unit or (top / 2).is_integer() else [top]
    axes.set_yticks(heights, [_short(height, unit) for height in heights])
    axes.set_xticks([])


def _short(number: float, unit: str) -> str:
    return f"{number * 100:g}%" if unit == "%" else f"{number:g}"


def _times(axes: Axes, line: Timeline, plot: Plot, least: int) -> None:
    clock, dates = line.ticks(plot, least)
    axes.set_xticks([place for place, _ in clock], [words for _, words in clock])
    for place, words in dates:
        axes.annotate(
            words, (place, 0), (0, -2.5 * plot.size), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha="center", color=SOFT, fontsize=plot.size * 0.95,
        )  # fmt: skip


def _with_times(panels: list[Panel], line: Timeline, plot: Plot, least: int = 1) -> list[Panel]:
    """Label the times under the last of the panels."""
    if not panels:
        return []
    last = panels[-1]

    def draw(axes: Axes) -> None:
        if last.draw:
            last.draw(axes)
        _times(axes, line, plot, least)

    below = 2.8 if line.ticks(plot)[1] else 1.7
    return [*panels[:-1], Panel(last.marks, last.height, draw, last.above, below)]


def minutes_panels(report: Report, words: Wording, plot: Plot) -> list[Panel]:
    """Comments minute by minute, with busy windows and cold spells, and what was bought."""
    series = [one for one in report.activity.minutes if _length(one)]
    if not any(sum(one.kinds.get("comment", ())) for one in series):
        return []
    line = Timeline.of((one.start, one.start + timedelta(minutes=_length(one))) for one in series)
    activity = report.activity
    each = _nice_minutes(line.width / plot.width)
    name = words.say("picture.minute" if each == 1 else "picture.minute_mean", minutes=each)
    marks = [Mark(name, COMMENTS, "box")]
    if activity.usual:
        marks.append(Mark(words.say("picture.usual", rate=f"{activity.usual:.1f}"), SOFT, "dash"))
    if activity.busy:
        marks.append(Mark(words.say("picture.busy"), BUSY, "box"))
    if activity.cold:
        marks.append(Mark(words.say("picture.cold"), COLD, "box"))
    curves = [_binned(line, one, "comment", each) for one in series]
    top = _nice_top(max(float(rates.max()) for _, _, rates in curves))

    def draw(axes: Axes) -> None:
        _frame(axes, line, top)
        for spells, colour in ((activity.cold, COLD), (activity.busy, BUSY)):
            _shade(axes, line, spells, top, colour, plot)
        for left, right, rates in curves:
            edges = np.append(left, right[-1:])
            axes.stairs(rates, edges, fill=True, color=COMMENTS, clip_on=False, zorder=2)
        if activity.usual:
            axes.axhline(activity.usual, color=SOFT, linewidth=1, dashes=(3, 3), clip_on=False)
        _times_usual(axes, line, activity.busy, top, plot)

    panels = [Panel(tuple(marks), 11.0, draw, above=1.2 if activity.busy else 0.3)]
    for kind in ("purchase", "cart"):
        if any(sum(one.kinds.get(kind, ())) for one in series):
            panels.append(_events_panel(series, kind, line, words, plot))
            break
    return _with_times(panels, line, plot)


def _events_panel(
    series: Sequence[Series], kind: str, line: Timeline, words: Wording, plot: Plot
) -> Panel:
    each = _nice_minutes(line.width / plot.width * 7)
    curves = [_binned(line, one, kind, each, rate=False) for one in series]
    top = _nice_top(max(float(counts.max()) for _, _, counts in curves if counts.size))

    def draw(axes: Axes) -> None:
        _frame(axes, line, top)
        axes.set_yticks([top])
        for left, right, counts in curves:
            bars(axes, left + 0.12 * each, right - 0.12 * each, counts, PURCHASES)

    name = words.say("picture.each", kind=words.kind(kind), minutes=each)
    return Panel((Mark(name, PURCHASES, "box"),), 3.5, draw, above=0.3)


def _length(series: Series) -> int:
    return max(map(len, series.kinds.values()), default=0)


def _nice_minutes(least: float) -> int:
    return next((nice for nice in _NICE_MINUTES if nice >= least * 0.999), _NICE_MINUTES[-1])


def _binned(
    line: Timeline, series: Series, kind: str, each: int, *, rate: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Beginnings and ends of bins of ``each`` minutes, and what came in each (a minute)."""
    counts = np.asarray(series.kinds.get(kind, ()), float)
    if not counts.size:
        return counts, counts, counts
    starts = np.arange(0, counts.size, each)
    ends = np.minimum(starts + each, counts.size)
    sums: Floats = np.add.reduceat(counts, starts)
    place = line.at(series.start)
    each_of = sums / (ends - starts) if rate else sums
    return place + starts.astype(float), place + ends.astype(float), each_of


def _shade(
    axes: Axes, line: Timeline, spells: Sequence[Spell], top: float, colour: str, plot: Plot
) -> None:
    left = np.array([line.at(spell.start) for spell in spells])
    right = np.array([line.at(spell.end) for spell in spells])
    # a minute must be seen on a day's axis, too
    right = np.maximum(right, left + 2 / plot.width * line.width)
    bars(axes, left, right, np.full(left.shape, top), colour)


def _times_usual(
    axes: Axes, line: Timeline, spells: Sequence[Spell], top: float, plot: Plot
) -> None:
    """Write over the busiest windows how far above the usual they are."""
    most = sorted(spells, key=lambda spell: -spell.times)
    middles = [((line.at(one.start) + line.at(one.end)) / 2, one.start) for one in most]
    kept = _apart(middles, [], plot.label / plot.width * line.width)
    for (place, start), one in zip(middles, most, strict=True):
        if (place, start) in kept:
            axes.annotate(
                f"{one.times:.1f}×", (place, top), (0, 2), textcoords="offset points",
                ha="center", color=SOFT, fontsize=plot.size,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps with a time, and where they stand."""

    slices: tuple[Slice, ...]
    line: Timeline
    left: Floats
    right: Floats

    @property
    def middle(self) -> Floats:
        return np.asarray((self.left + self.right) / 2)


def _steps(report: Report) -> _Steps | None:
    slices = tuple(one for one in report.activity.steps if one.start and one.end)
    spans = [(one.start, one.end) for one in slices if one.start and one.end]
    if not spans:
        return None
    line = Timeline.of(spans)
    left = np.array([line.at(start) for start, _ in spans])
    right = np.array([line.at(end) for _, end in spans])
    return _Steps(slices, line, left, right)


def steps_panels(report: Report, words: Wording, plot: Plot) -> list[Panel]:
    """Comments, people who typed and purchases by step."""
    steps = _steps(report)
    if steps is None or not any(one.said.lines for one in steps.slices):
        return []
    lines = np.array([one.said.lines for one in steps.slices], float)
    people = np.array([one.said.people for one in steps.slices], float)
    bought = np.array([one.events.get("purchase", 0) for one in steps.slices], float)
    marks = [Mark(words.say("picture.comments"), COMMENTS, "box")]
    if people.any():
        marks.append(Mark(words.say("picture.people"), PEOPLE, "box"))
    top = _nice_top(float(lines.max()))

    def draw(axes: Axes) -> None:
        _frame(axes, steps.line, top)
        _fat(axes, steps, lines, COMMENTS, 0.1)
        _fat(axes, steps, people, PEOPLE, 0.3)
        _numbers(axes, steps, lines, plot)

    panels = [Panel(tuple(marks), 9.5, draw, above=1.2)]
    if bought.any():
        highest = _nice_top(float(bought.max()))

        def draw_bought(axes: Axes) -> None:
            _frame(axes, steps.line, highest)
            axes.set_yticks([highest])
            _fat(axes, steps, bought, PURCHASES, 0.1)
            _numbers(axes, steps, bought, plot)

        mark = Mark(words.kind("purchase"), PURCHASES, "box")
        panels.append(Panel((mark,), 3.5, draw_bought, above=1.2))
    return _with_times(panels, steps.line, plot, report.step)


def _fat(axes: Axes, steps: _Steps, heights: Floats, colour: str, off: float) -> None:
    width = steps.right - steps.left
    bars(axes, steps.left + off * width, steps.right - off * width, heights, colour)


def _numbers(axes: Axes, steps: _Steps, heights: Floats, plot: Plot) -> None:
    """Write the figures over the bars, if all of them find room."""
    narrowest = float((steps.right - steps.left).min()) / steps.line.width * plot.width
    if narrowest < plot.size * (0.6 * len(f"{heights.max():.0f}") + 0.5):
        return
    for place, height in zip(steps.middle, heights, strict=True):
        axes.annotate(
            f"{height:.0f}", (place, height), (0, 2), textcoords="offset points", ha="center",
            color=SOFT, fontsize=plot.size,
        )  # fmt: skip


def intents_panels(report: Report, words: Wording, plot: Plot) -> list[Panel]:
    """Share of each intent by step, with its 95 % interval."""
    steps = _steps(report)
    labels = [
        one.label
        for one in report.total.labels
        if one.facet == INTENT and one.voices and not parent_of(one.label)
    ]
    if steps is None or not labels:
        return []
    found = [[one.labelled(INTENT, label) for one in steps.slices] for label in labels]
    known = np.array([one.voices >= _FEW for one in steps.slices])
    few = np.array([0 < one.voices < _FEW for one in steps.slices])
    if not known.any():
        return []
    most = max(one.share for row in found for one in row if one.of >= _FEW)
    top = min(1.0, _nice_top(1.25 * most))
    panels = []
    for label, row in zip(labels, found, strict=True):
        whole = report.total.labelled(INTENT, label)
        marks = (
            Mark(_name(report, words, INTENT, label)),
            Mark(words.say("picture.overall", share=percent(whole.share)), SOFT, "dash"),
        )
        shares = np.array([one.share for one in row])
        ends = np.array([(one.low, one.high) for one in row])
        draw = _dotted(steps, shares, ends, known, top, whole.share, PEOPLE)
        panels.append(Panel(marks, 5.0, draw, above=0.4))
    return _with_times(panels, steps.line, plot, report.step) + _left_out(words, few)


def _left_out(words: Wording, out: npt.NDArray[np.bool_]) -> list[Panel]:
    """Say that steps are missing, if any are."""
    return [Panel((Mark(words.say("picture.few", few=_FEW), SOFT),))] if out.any() else []


def _dotted(
    steps: _Steps, shares: Floats, ends: Floats, known: npt.NDArray[np.bool_], top: float,
    whole: float, colour: str,
) -> Callable[[Axes], None]:  # fmt: skip
    """Shares as dots, their intervals as strokes."""
    x, shares, ends = steps.middle[known], shares[known], np.minimum(ends[known], top)
    few = len(steps.slices) <= 30

    def draw(axes: Axes) -> None:
        _frame(axes, steps.line, top, unit="%")
        axes.axhline(whole, color=SOFT, linewidth=1, dashes=(3, 3), clip_on=False)
        strokes(axes, (x, ends[:, 0]), (x, ends[:, 1]), colour, 2.5 if few else 1.5)
        dots(axes, x, shares, colour, 5.5 if few else 3.5)

    return draw


def answers_panels(report: Report, words: Wording, plot: Plot) -> list[Panel]:
    """Share of the questions that were answered, by step, and how many there were."""
    steps, responses = _steps(report), report.responses
    if steps is None or responses is None or not responses.asked:
        return []
    by_start = {one.start: one for one in responses.steps}
    found = [by_start.get(one.start) for one in steps.slices if one.start]
    asked = np.array([one.asked if one else 0 for one in found], float)
    answered = np.array([one.answered if one else 0 for one in found], float)
    known = asked >= _FEW
    if not asked.any():
        return []
    shares = answered / np.maximum(asked, 1)
    ends = np.stack(wilson(answered, asked), 1)
    top = _nice_top(float(asked.max()))

    def draw(axes: Axes) -> None:
        _frame(axes, steps.line, top)
        _fat(axes, steps, asked, ASKED, 0.1)
        _fat(axes, steps, answered, ANSWERED, 0.1)

    overall = words.say("picture.overall", share=percent(responses.share))
    marks = Mark(words.say("picture.answered_share"), ANSWERED, "dot"), Mark(overall, SOFT, "dash")
    counted = (
        Mark(words.say("picture.asked"), ASKED, "box"),
        Mark(words.say("picture.answered"), ANSWERED, "box"),
    )
    share = _dotted(steps, shares, ends, known, 1.0, responses.share, ANSWERED)
    panels = [Panel(counted, 4.5, draw, above=0.4)]
    if known.any():
        panels = [Panel(marks, 7.0, share, above=0.4), *panels]
    drawn = _with_times(panels, steps.line, plot, report.step)
    return drawn + _left_out(words, (asked > 0) & ~known)


def hotspots_panels(report: Report, words: Wording, plot: Plot) -> list[Panel]:
    """How the rate of the top complaints moved, rising steps marked."""
    steps = _steps(report)
    if steps is None:
        return []
    spots = [
        spot
        for spot in top_hotspots(report, _MOST_HOTSPOTS)
        if spot.state != "quiet" and any(one.voices and _enough(one) for one in spot.steps)
    ]
    if not spots:
        return []
    signs = [Mark(words.say("picture.per_hundred"), CALM, "box")]
    if any(one.rising for spot in spots for one in spot.steps):
        signs.append(Mark(words.say("picture.rising"), RISING, "box"))
    signs.append(Mark(words.say("picture.expected"), SOFT, "line"))
    # one scale for all, and a single voice in a hundred is no mountain
    rates = [
        rate
        for spot in spots
        for one in spot.steps
        if _enough(one)
        for rate in (100 * one.voices / one.of, 100 * one.expected / one.of)
    ]
    top = _nice_top(max(1.0, *rates))
    panels = [_hotspot_panel(report, spot, steps, words, top) for spot in spots]
    few = np.array([0 < one.voices < _FEW for one in steps.slices])
    drawn = _with_times(panels, steps.line, plot, report.step)
    return [Panel(tuple(signs)), *drawn, *_left_out(words, few)]


def _enough(step: HotStep) -> bool:
    return step.of >= _FEW or (step.rising and step.of > 0)


def _hotspot_panel(
    report: Report, spot: Hotspot, steps: _Steps, words: Wording, top: float
) -> Panel:
    by_start = {one.start: one for one in spot.steps}
    found = [by_start.get(one.start) for one in steps.slices if one.start]
    enough = [one if one and _enough(one) else None for one in found]
    rates = np.array([100 * one.voices / one.of if one else np.nan for one in enough])
    likely = np.array([100 * one.expected / one.of if one else np.nan for one in enough])
    rising = np.array([bool(one and one.rising) for one in enough])
    known = ~np.isnan(rates)

    def draw(axes: Axes) -> None:
        _frame(axes, steps.line, top)
        axes.set_yticks([top])
        _fat(axes, steps, np.where(rising, 0, rates), CALM, 0.1)
        _fat(axes, steps, np.where(rising, rates, 0), RISING, 0.1)
        left, right, height = steps.left[known], steps.right[known], likely[known]
        strokes(axes, (left, height), (right, height), SOFT, 1.5)

    parts = (words.say(f"state.{spot.state}"), who(spot.total.people, words))
    told = " · ".join((*parts, f"n={spot.total.voices}"))
    marks = Mark(hotspot_name(report, words, spot), INK), Mark(told, SOFT)
    return Panel(marks, 4.5, draw, above=0.4)


def top_hotspots(report: Report, most: int) -> list[Hotspot]:
    """The first complaints; no parent whose voices are mostly those of one of its leaves."""
    spots = report.hotspots
    told = {
        parent_of(leaf.label)
        for leaf in spots
        for whole in spots
        if whole.label == parent_of(leaf.label) and 2 * leaf.total.voices > whole.total.voices
    }
    return [spot for spot in spots if spot.label not in told][:most]


def hotspot_name(report: Report, words: Wording, spot: Hotspot) -> str:
    """The name of a complaint, after its parent's."""
    name = _name(report, words, spot.facet, spot.label)
    parent = parent_of(spot.label)
    return f"{_name(report, words, spot.facet, parent)} · {name}" if parent else name


def _name(report: Report, words: Wording, facet: str, label: str) -> str:
    return shown(words.name(report.names, facet, label))


def _svg(report: Report, language: str, title: str, chart: Chart) -> str:
    words = Wording(language, purchase_clicks=report.purchase_clicks)
    sheet = Sheet(WIDTH, SIZE)
    panels = chart(report, words, Plot(WIDTH - (_LEFT + _RIGHT) * SIZE, SIZE))
    if not panels:
        return ""
    sheet.panels(panels, _LEFT * SIZE, WIDTH - (_LEFT + _RIGHT) * SIZE)
    return sheet.svg(words.say(title))


Chart = Callable[[Report, Wording, Plot], list[Panel]]


def minutes_svg(report: Report, language: str = "zh") -> str:
    """Comments minute by minute, with busy windows and cold spells, and what was bought."""
    return _svg(report, language, "picture.minute", minutes_panels)


def steps_svg(report: Report, language: str = "zh") -> str:
    """Comments, people who typed and purchases by step."""
    return _svg(report, language, "picture.steps", steps_panels)


def intents_svg(report: Report, language: str = "zh") -> str:
    """Share of each intent by step, with its 95 % interval."""
    return _svg(report, language, "picture.shares", intents_panels)


def hotspots_svg(report: Report, language: str = "zh") -> str:
    """How the rate of the top complaints moved, rising steps marked."""
    return _svg(report, language, "picture.moved", hotspots_panels)


def answers_svg(report: Report, language: str = "zh") -> str:
    """Share of the questions that were answered, by step."""
    return _svg(report, language, "picture.answered_share", answers_panels)
