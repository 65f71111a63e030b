"""The report → what a terminal shows after the show: the essentials on one screen or two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from commentnlp.report import tables
from commentnlp.report.fit import told
from commentnlp.report.headline import (
    complaints_split,
    hottest_spell,
    peopled_tiers,
    without_doubles,
)
from commentnlp.report.records import Report, Slice
from commentnlp.report.tables import Figure, Row, Table, width
from commentnlp.report.wording import Wording, percent
from commentnlp.taxonomy import parent_of

WIDTH = 100
"""Most columns of a line; a Chinese character takes two."""

_STEPS, _SPELLS, _FACETS, _FEW, _SPOTS = 10, 2, 4, 4, 4
_KINDS = ("like", "follow", "cart", "purchase")


def to_terminal(report: Report, *, language: str = "zh") -> str:
    """At most 60 lines of at most `WIDTH` columns, without control characters.

    Ten more where retraining of the model is due.

    Raises CommentnlpError for a language that is not there.
    """
    words = Wording(language, purchase_clicks=report.purchase_clicks)
    lines = [f"{words.say('title')}  {tables.rooms(report)}".rstrip(), _headline(report, words)]
    sections = (_activity, _topics, _responses, _hotspots, _tiers, _quality, _fit)
    names = ("activity", "topics", "responses", "hotspots", "tiers", "quality", "fit")
    for name, section in zip(names, sections, strict=True):
        body = [f"  {line}" for line in section(report, words)]
        if body:
            lines += ["", words.say(f"section.{name}"), *body]
    return "".join(f"{fit(line, WIDTH).rstrip()}\n" for line in lines)


def fit(text: str, columns: int) -> str:
    """The text, cut to so many columns; a cut one ends in …."""
    if width(text) <= columns:
        return text
    out, left = "", columns - 1
    for char in text:
        left -= width(char)
        if left < 0:
            break
        out += char
    return out + "…"


def _headline(report: Report, words: Wording) -> str:
    say, total = words.say, report.total
    parts = [f"{tables.span(report, words)} ({report.zone})" if report.start else say("no_time")]
    if report.quality.estimated:
        parts.append(say("spread"))
    parts.append(f"{say('comments')} {total.said.lines:,}")
    if report.complaints.total.lines:
        parts.append(f"{say('complaints.all')} {report.complaints.total.lines:,}")
    parts.append(f"{say('writers')} {total.said.people:,}")
    if total.minutes:
        parts.append(f"{say('per_minute')} {total.per_minute:.1f}")
    return " · ".join(parts)


def _activity(report: Report, words: Wording) -> Iterable[str]:
    say, parts = words.say, report.activity.steps
    busiest = sorted(parts, key=lambda part: -part.said.lines)[:_STEPS]
    shown = [part for part in parts if part in busiest] if len(parts) > _STEPS else parts
    kinds = [kind for kind in _KINDS if report.total.events.get(kind)]
    rows: list[Row] = [
        (
            part.start,
            part.said.lines,
            part.said.people,
            Figure(part.per_minute, "rate"),
            *(part.events.get(kind, 0) for kind in kinds),
            tables.most_about(report, words, part),
        )
        for part in shown
    ]
    names = map(say, ("when", "comments", "writers", "per_minute"))
    header = (*names, *map(words.kind, kinds), say("most"))
    yield from _aligned(report, Table("", header, tuple(rows)))
    if len(shown) < len(parts):
        yield say("busiest_only", count=len(shown), all=len(parts))
    lively = report.activity
    hottest = hottest_spell(lively)
    others = (spell for spell in lively.busy if spell != hottest)
    busy = sorted(others, key=lambda spell: -spell.comments)[: _SPELLS - 1]
    cut = replace(
        lively, busy=(*((hottest,) if hottest else ()), *busy), cold=lively.cold[:_SPELLS]
    )
    spells = tables.spells(replace(report, activity=cut), words)
    yield from _aligned(report, spells, header=False)
    left_out = len(lively.busy) + len(lively.cold) - len(spells.rows)
    if left_out:
        yield say("more", count=left_out)


def _topics(report: Report, words: Wording) -> Iterable[str]:
    for facet in list(dict.fromkeys(one.facet for one in report.total.labels))[:_FACETS]:
        yield f"{words.name(report.names, facet)}  {_shares(report, words, report.total, facet)}"
    say = words.say
    asked = tables.questions(report, words).without(say("wordings"))
    yield from _aligned(report, _top(asked, _FEW))
    kept = ("item", "comments", "per_minute", "most")
    made = tables.items(report, words)
    dropped = [name for name in made.header if name not in map(say, kept)]
    yield from _aligned(report, _top(made.without(*dropped), _FEW))


def _shares(report: Report, words: Wording, part: Slice, facet: str) -> str:
    found = [one for one in part.labels if one.facet == facet and not parent_of(one.label)]
    found.sort(key=lambda one: -one.voices)
    names = ((tables.label_name(report, words, one), one) for one in found if one.voices)
    return " · ".join(f"{name} {percent(one.share)}" for name, one in names)


def _responses(report: Report, words: Wording) -> Iterable[str]:
    say, found = words.say, report.responses
    if found is None:
        yield say("no_host")
        return
    if not found.asked:
        yield f"{say('asked')} 0 · {say('answer_share')} –"
        return
    interval = f"{percent(found.low)}–{percent(found.high)}"
    parts = [
        f"{say('asked')} {found.asked:,}",
        f"{say('answered')} {found.answered:,}",
        f"{say('answer_share')} {percent(found.share)} ({say('interval')} {interval})",
    ]
    if found.median_wait is not None:
        parts.append(f"{say('median_wait')} {found.median_wait:.0f}")
    yield " · ".join(parts)
    if found.unanswered:
        texts = [tables.show(one.text, most=20) for one in found.unanswered[:_FEW]]
        yield f"{say('table.unanswered')}  {' / '.join(texts)}"


def _hotspots(report: Report, words: Wording) -> Iterable[str]:
    say = words.say
    if not report.hotspots:
        yield say("no_hotspots")
    else:
        count = f"{say('complaints.all')} {report.complaints.total.lines:,}"
        yield f"{count} · {complaints_split(report, words)}"
    shown = replace(report, hotspots=tuple(without_doubles(report.hotspots)))
    made = tables.hotspots(shown, words)
    dropped = (
        "lines",
        "voices",
        "low",
        "high",
        "discontent",
        "inquiries",
        "earlier_share",
        "first",
        "words",
    )
    yield from _aligned(report, _top(made.without(*map(say, dropped)), _SPOTS))
    if len(made.rows) > _SPOTS:
        yield say("more", count=len(made.rows) - _SPOTS)


def _tiers(report: Report, words: Wording) -> Iterable[str]:
    say = words.say
    if not peopled_tiers(report):
        return
    made = tables.tiers(report, words)
    kept = {say(key) for key in ("tier", "level", "people", "comments", "comments_share", "most")}
    kept |= {words.kind("purchase")}
    yield from _aligned(report, made.without(*(name for name in made.header if name not in kept)))


def _quality(report: Report, words: Wording) -> Iterable[str]:
    say, found = words.say, report.quality
    counts = {
        "rows": found.rows,
        "rows_lost": found.lost,
        "twice": found.twice,
        "without_time": found.without_time,
        "hidden": found.hidden,
        "canned": report.total.canned,
        "flood_lines": found.flood_lines,
        "spam": found.spam.lines,
    }
    parts = [f"{say(key)} {count:,}" for key, count in counts.items() if count]
    yield " · ".join(parts[:4])
    if parts[4:]:
        yield " · ".join(parts[4:])
    yield say("shares_differ")


def _fit(report: Report, words: Wording) -> Iterable[str]:
    return told(report.fit, words) if report.fit else ()


def _top(table: Table, most: int) -> Table:
    return Table(table.title, table.header, table.rows[:most])


def _aligned(report: Report, table: Table, *, header: bool = True) -> Iterable[str]:
    """Columns below each other, numbers to the right; the last takes what is left of the line."""
    if not table.rows:
        return
    days = tables.several_days(report)
    lines: list[Sequence[str]] = [table.header] if header else []
    lines += [[tables.show(cell, days=days, most=60) for cell in row] for row in table.rows]
    numbers = [
        any(isinstance(row[place], int | Figure) for row in table.rows)
        for place in range(len(table.header))
    ]
    widths = [min(max(map(width, column)), 32) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            _pad(fit(cell, columns), columns, right)
            for cell, columns, right in zip(line[:-1], widths, numbers, strict=False)
        ]
        last = _pad(line[-1], widths[-1], True) if numbers[-1] else line[-1]
        yield "  ".join((*cells, last))


def _pad(text: str, columns: int, right: bool) -> str:
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks
