"""Report → one HTML file without a script: charts, tables, and the quotes behind each number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from commentnlp.records import KINDS
from commentnlp.report import charts
from commentnlp.report.fit import told
from commentnlp.report.headline import (
    change,
    difference,
    figures,
    interval,
    label_name,
    long,
    moments,
    number,
    peopled_tiers,
    per_hundred,
    seconds,
    sentences,
    span_of,
    wait,
    who,
    without_doubles,
)  # fmt: skip
from commentnlp.report.quoting import harmless
from commentnlp.report.records import (
    MOST_QUOTES,
    Compared,
    Hotspot,
    HotStep,
    Labelled,
    Question,
    Quote,
    Report,
    Slice,
    WeekHour,
)  # fmt: skip
from commentnlp.report.wording import Wording, percent
from commentnlp.taxonomy import parent_of

MOST_BYTES = 1_400_000
"""Of a page: phones and the previews of messengers open so much without delay."""
NEARLY = 0.9
"""Share of `MOST_BYTES` from which on nobody looks for room for more quotes."""
MOST_STEPS = 48
"""Steps in one table; of more, those with the most comments."""
FEW_STEPS = 12
"""Steps of which each may tell what only one person asked."""
MOST_CARDS = 12
"""Complaints told at length."""
FEW_CARDS = 3
"""Complaints told at length where none, or few, are hot: the largest."""
_COMPLAINT = "complaint"
_SLICES = {
    "warm_up", "peak", "closing", "busy", "rest", "core", "regular", "newcomer", "unknown",
}  # fmt: skip
_CHARTS = (
    charts.minutes_svg, charts.steps_svg, charts.intents_svg, charts.answers_svg,
    charts.hotspots_svg,
)  # fmt: skip


def to_html(report: Report, *, language: str = "zh") -> str:
    """The report as a page of its own: nothing is loaded, nothing runs; for screen and paper.

    Each number has about as many quotes as a page of `MOST_BYTES` holds, `MOST_QUOTES` at most.
    Raises CommentnlpError for a language that is neither ``zh`` nor ``en``.
    """
    view = _view(report, Wording(language, purchase_clicks=report.purchase_clicks))
    template = _templates().get_template("page.html.jinja")

    def page(most: int) -> str:
        text = template.render(view, most=most)
        return text.encode("utf-8", "replace").decode("utf-8")

    # the first quotes of each number take most room: the size grows as the root of their number
    fits, size, too_many = 0, 0, MOST_QUOTES
    whole, largest = "", page(MOST_QUOTES)
    if (most_size := _bytes(largest)) <= MOST_BYTES:
        return largest
    while too_many - fits > 1 and size < NEARLY * MOST_BYTES:
        share = ((MOST_BYTES - size) / (most_size - size)) ** 2
        most = min(max(fits + int(share * (too_many - fits)), fits + 1), too_many - 1)
        tried = page(most)
        if (tried_size := _bytes(tried)) <= MOST_BYTES:
            fits, size, whole = most, tried_size, tried
        else:
            too_many, most_size = most, tried_size
    return whole or page(0)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        finalize=lambda value: harmless(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _view(report: Report, words: Wording) -> dict[str, Any]:
    """What the template knows."""
    moment = moments(report)
    total = report.total
    complaints = _complaints(report)
    parents = {spot.label for spot in complaints}

    def below(spot: Hotspot) -> bool:
        return parent_of(spot.label) in parents

    return {
        "report": report,
        "total": total,
        "language": words.language,
        "css": Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8")),
        "charts": {draw.__name__: Markup(draw(report, words.language)) for draw in _CHARTS},
        "say": lambda key, **values: words.say(f"page.{key}", **values),
        "word": words.say,
        "kind": words.kind,
        "weekday": words.weekday,
        "name": lambda facet, label="": label_name(report, words, facet, label),
        "leaf_name": lambda facet, label: words.name(report.names, facet, label),
        "slice_name": lambda slice: _slice_name(slice, words, moment),
        "moment": moment,
        "second": seconds(report),
        "wait": lambda length: wait(length, words),
        "long": lambda minutes: long(minutes, words),
        "percent": percent,
        "fit": told(report.fit, words) if report.fit else [],
        "interval": interval,
        "within": _within,
        "per_hundred": per_hundred,
        "number": number,
        "who": lambda people: who(people, words),
        "figures": figures(report, words),
        "sentences": sentences(report, words, moment),
        "kinds": _kinds(report),
        "steps": _some_steps(report.activity.steps),
        "most_steps": MOST_STEPS,
        "week": _week(report.activity.week),
        "parts": _parts(report),
        "facets": _facets(report),
        "often": _often,
        "asking": _asking(report),
        "compared": _in_order(report),
        "many_files": len(report.quality.files) + len(report.earlier) > 1,
        "with_levels": any(
            one.low is not None or one.high is not None for one in report.tiers.tiers
        ),
        "all_facets": list(dict.fromkeys(one.facet for one in total.labels)),
        "parents": lambda slice, facet: [
            one for one in slice.labels if one.facet == facet and not parent_of(one.label)
        ],
        "complaints": complaints,
        "below": below,
        "listed_name": lambda spot: (
            words.name(report.names, spot.facet, spot.label)
            if below(spot)
            else label_name(report, words, spot.facet, spot.label)
        ),
        "remark": words.remark,
        "tiers": peopled_tiers(report),
        "cards": _cards(report.hotspots),
        "with_earlier": any(spot.earlier for spot in report.hotspots),
        "risen": _risen(report.hotspots),
        "difference": difference,
        "rows_of": _rows_of,
        "checks": _checks(report),
        "shade": lambda value, most: f"{0.6 * value / most:.2f}" if most else "0",
        "bars": _bars,
        "change": lambda here, there: change(here, there, words),
        "date": f"{report.start:%Y-%m-%d}" if report.start else "",
        "span": span_of(report, words),
    }


@dataclass(frozen=True, slots=True)
class Check:
    """Something to know about the data: a key of the page's words, how many, the quotes."""

    key: str
    count: int
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """Comments a minute: a row for each weekday, a column for each hour that there was."""

    hours: list[int]
    rows: list[tuple[int, list[float | None]]]
    most: float


# ---------------------------------------------------------------- what tables show


def _kinds(report: Report) -> list[str]:
    """Kinds of events there were, those of tools after the known ones; what viewers and host did,
    without what only marks the course of the show."""
    silent = {"comment", "explain_start", "explain", "explain_end", "stats", "session_start",
              "session_end", "system"}  # fmt: skip
    present = [kind for kind, count in report.total.events.items() if count and kind not in silent]
    order = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(present, key=lambda kind: order.get(kind, len(order)))


def _facets(report: Report) -> list[str]:
    """Facets in their order, but complaints, which have a section of their own."""
    return list(dict.fromkeys(one.facet for one in report.total.labels if one.facet != _COMPLAINT))


def _complaints(report: Report) -> list[Hotspot]:
    """Complaints that anybody made, as the taxonomy orders them; without a parent that is no more
    than its one leaf."""
    order = {(one.facet, one.label): place for place, one in enumerate(report.total.labels)}
    there = without_doubles([spot for spot in report.hotspots if spot.total.lines])
    return sorted(there, key=lambda spot: order.get((spot.facet, spot.label), len(order)))


def _cards(hotspots: Sequence[Hotspot]) -> list[Hotspot]:
    """Complaints to tell at length: the new and rising ones, and the largest where these are few;
    a parent only where it is more than its one leaf."""
    told = without_doubles([spot for spot in hotspots if spot.state != "quiet"])
    hot = [spot for spot in told if spot.state in ("new", "rising")]
    calm = sorted(
        (spot for spot in told if spot not in hot),
        key=lambda spot: (-spot.total.people, -spot.total.lines),
    )
    return [*hot[:MOST_CARDS], *calm[: max(0, FEW_CARDS - len(hot))]]


def _parts(report: Report) -> list[str]:
    """Sections that there is something to show in."""
    there = {
        "activity": bool(report.activity.steps or report.activity.minutes),
        "topics": report.total.said.lines > 0,
        "responses": report.responses is not None,
        "hotspots": report.total.said.lines > 0,
        "tiers": bool(peopled_tiers(report)),
        "quality": True,
        "fit": report.fit is not None,
    }
    return [part for part, shown in there.items() if shown]


def _slice_name(slice: Slice, words: Wording, moment: Callable[[datetime | None], str]) -> str:
    if slice.key in _SLICES:
        return words.say(f"slice.{slice.key}")
    return slice.key or (moment(slice.start) if slice.start else words.say("page.all"))


def _risen(hotspots: Sequence[Hotspot]) -> set[tuple[str, str, datetime | None]]:
    return {
        (spot.facet, spot.label, step.start)
        for spot in hotspots for step in spot.steps if step.rising
    }  # fmt: skip


def _week(cells: Sequence[WeekHour]) -> Week:
    rates = {(one.weekday, one.hour): _rate(one) for one in cells}
    hours = sorted({one.hour for one in cells})
    days = sorted({one.weekday for one in cells})
    rows = [(day, [rates.get((day, hour)) for hour in hours]) for day in days]
    return Week(hours, rows, max(rates.values(), default=0))


def _rate(one: WeekHour) -> float:
    return one.comments / one.minutes if one.minutes else 0.0


def _some_steps(steps: Sequence[Slice]) -> list[Slice]:
    if len(steps) <= MOST_STEPS:
        return list(steps)
    liveliest = sorted(range(len(steps)), key=lambda place: -steps[place].said.lines)
    return [steps[place] for place in sorted(liveliest[:MOST_STEPS])]


def _rows_of(slices: Sequence[Slice]) -> list[tuple[Labelled, ...]]:
    """One row a label that anybody used, one column a slice.

    Leaves only where they differ between two slices: else they fill a page with nothing to see.
    """
    rows = zip(*(one.labels for one in slices), strict=True)
    return [row for row in rows if any(one.lines for one in row) and _worth_a_row(row)]


def _worth_a_row(row: Sequence[Labelled]) -> bool:
    return not parent_of(row[0].label) or (len(row) == 2 and difference(*row) != 0)


def _often(questions: Sequence[Question]) -> list[Question]:
    """Those asked more than once; where there is none, the first two."""
    return [one for one in questions if one.lines > 1] or list(questions[:2])


def _asking(report: Report) -> list[tuple[Slice, list[Question]]]:
    """What was asked most in each step; of many steps only what was asked again."""
    steps = _some_steps(report.activity.steps)
    least = 2 if len(steps) > FEW_STEPS else 1
    if len(steps) < 2:
        return []  # it would say again what is said of the whole show
    asked = ((step, _often(step.questions)[:4]) for step in steps)
    return [(step, found) for step, found in asked if found and found[0].lines >= least]


def _in_order(report: Report) -> list[Compared]:
    """The hours as they came in the show: those after midnight last."""
    first = report.start.hour if report.start else 0
    return sorted(report.activity.compared, key=lambda pair: (pair.hour - first) % 24)


def _within(low: float, high: float) -> str:
    """Both ends of a share, behind it: (12–16)."""
    return f"({interval(low, high).removesuffix('%')})"


def _checks(report: Report) -> list[Check]:
    """What there was of things worth knowing."""
    quality = report.quality
    canned = sum(one.lines for one in quality.canned)
    checks = [
        Check("different", quality.different),
        Check("blank", quality.blank),
        Check("canned", canned),
        Check("repeats", report.total.repeats),
        Check("flood", quality.flood_lines),
        Check("spam", quality.spam.lines, quality.spam.quotes),
        Check("hidden", quality.hidden),
        Check("without_time", quality.without_time),
        Check("backwards", quality.backwards),
        Check("lost", quality.lost),
        Check("likes", quality.likes),
        Check("likes_total", quality.likes_total or 0),
    ]
    return [check for check in checks if check.count]


def _bars(steps: Sequence[HotStep]) -> list[tuple[HotStep, int]]:
    """Steps, each with the height of its bar out of 100."""
    most = max((step.voices for step in steps), default=0)
    return [(step, round(100 * step.voices / most) if most else 0) for step in steps]
