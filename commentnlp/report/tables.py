"""The report as tables of typed cells, so that Markdown, workbook and terminal cannot disagree."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from commentnlp.drift import Share
from commentnlp.report.fit import told
from commentnlp.report.headline import hottest_spell, moments
from commentnlp.report.quoting import harmless
from commentnlp.report.records import Labelled, Named, Question, Quote, Report, Slice
from commentnlp.report.wording import Wording, percent
from commentnlp.taxonomy import parent_of


class Figure(NamedTuple):
    """A number that is no plain count.

    Its form is ``share`` (of 1), ``change`` (of 1, with its sign), ``points`` (a hundred of them
    are 1, with their sign), ``times``, ``rate``, ``stability`` or ``chance``.
    """

    value: float
    form: str


Cell = str | int | datetime | Quote | Figure | None
"""Numbers are ready to be calculated with; an int is a count; None is left empty."""
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a header."""

    title: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def without(self, *names: str) -> Table:
        """The table without some columns."""
        kept = [place for place, name in enumerate(self.header) if name not in names]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return Table(self.title, tuple(self.header[place] for place in kept), rows)


_SHOWN_KINDS = ("like", "enter", "follow", "fanclub", "share", "gift", "coupon", "cart", "purchase")
"""Kinds of events that get a column where there are any."""


def width(text: str) -> int:
    """Columns that a text takes in a terminal or cell: a Chinese character two, a mark none."""
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def show(cell: Cell, *, days: bool = False, most: int = 120) -> str:
    """A cell as people read it, harmless; times with their day where ``days`` says so."""
    if cell is None:
        return ""
    if isinstance(cell, Figure):
        return _FORMS[cell.form](cell.value)
    if isinstance(cell, datetime):
        return f"{cell:%m-%d %H:%M}" if days else f"{cell:%H:%M}"
    if isinstance(cell, Quote):
        return f"「{harmless(cell.text, most)}」"
    return f"{cell:,}" if isinstance(cell, int) else harmless(cell, most)


_FORMS: dict[str, Callable[[float], str]] = {
    "share": percent,
    "change": lambda value: f"{value:+.0%}",
    "points": lambda value: f"{value * 100:+.1f}",
    "times": lambda value: f"×{value:.1f}",
    "rate": lambda value: f"{value:.1f}",
    "stability": lambda value: f"{value:.2f}",
    "chance": lambda value: f"{value:.3f}" if value >= 0.001 else "<0.001",
}


def several_days(report: Report) -> bool:
    """Whether a time needs its day."""
    return bool(report.start and report.end and report.start.date() != report.end.date())


def label_name(report: Report, words: Wording, one: Labelled) -> str:
    """A label's name, a leaf's behind its parent's."""
    return _label_name(report, words, one.facet, one.label)


def _label_name(report: Report, words: Wording, facet: str, label: str) -> str:
    name = words.name(report.names, facet, label)
    parent = parent_of(label)
    return f"{words.name(report.names, facet, parent)}·{name}" if parent else name


def slice_name(key: str, words: Wording) -> str:
    """Name of a phase, tier or other part of the show."""
    return words.say(f"slice.{key}")


def span(report: Report, words: Wording) -> str:
    """From when to when: 2026-11-13 20:00–23:00."""
    if report.start is None or report.end is None:
        return words.say("no_time")
    end = f"{report.end:%Y-%m-%d %H:%M}" if several_days(report) else f"{report.end:%H:%M}"
    return f"{report.start:%Y-%m-%d %H:%M}–{end}"


def rooms(report: Report) -> str:
    """What the report is on: its title, as a rule the rooms or the file."""
    return harmless(report.title, 120)


def most_about(report: Report, words: Wording, part: Slice) -> str:
    """The commonest parent of each facet, with its share."""
    best: dict[str, Labelled] = {}
    for one in part.labels:
        if one.voices and not parent_of(one.label):
            best[one.facet] = max(best.get(one.facet, one), one, key=lambda each: each.voices)
    return " · ".join(
        f"{label_name(report, words, one)} {percent(one.share)}" for one in best.values()
    )


def overview(report: Report, words: Wording) -> Table:
    """The headline figures, a row each."""
    total, say = report.total, words.say
    rows: list[Row] = [(say("room"), rooms(report))] if rooms(report) else []
    rows.append((say("span"), span(report, words)))
    if report.quality.estimated:
        rows.append(("", say("spread")))
    if total.minutes:
        rows.append((say("live"), round(total.minutes)))
    rows += [(say("comments"), total.said.lines), (say("writers"), total.said.people)]
    if total.minutes:
        rows.append((say("comments_per_minute"), Figure(total.per_minute, "rate")))
    rows.append((say("voices"), total.voices))
    rows += [(words.kind(kind), total.events[kind]) for kind in _kinds([total])]
    if report.responses and report.responses.asked:
        rows.append((say("answer_share"), Figure(report.responses.share, "share")))
    hottest = hottest_spell(report.activity)
    if hottest:
        moment = moments(report)
        times = show(Figure(hottest.times, "times"))
        rows.append((say("hottest"), f"{moment(hottest.start)}–{moment(hottest.end)} {times}"))
    rows += [
        (say("complaints.all"), report.complaints.total.lines),
        (say("discontent"), report.complaints.discontent.lines),
        (say("inquiries"), report.complaints.inquiries.lines),
    ]
    for state in ("new", "rising"):
        names = [
            label_name(report, words, spot.total) for spot in report.hotspots if spot.state == state
        ]
        if names:
            rows.append((f"{say('section.hotspots')} · {say(f'state.{state}')}", " / ".join(names)))
    return Table(say("table.overview"), (say("figure"), say("value")), tuple(rows))


def steps(report: Report, words: Wording) -> Table:
    """Hour by hour: comments, people, events, what was talked about most."""
    say, parts = words.say, report.activity.steps
    kinds = _kinds(parts)
    header = ("when", "comments", "writers", "per_minute")
    rows = tuple(
        (
            part.start,
            part.said.lines,
            part.said.people,
            _rate(part.per_minute, part),
            *(part.events.get(kind, 0) for kind in kinds),
            most_about(report, words, part),
        )
        for part in parts
    )
    names = (*map(say, header), *map(words.kind, kinds), say("most"))
    return Table(say("table.steps"), names, rows)


def spells(report: Report, words: Wording) -> Table:
    """Stretches far above or below the room's usual level, in order of time."""
    found = [(spell, "busy") for spell in report.activity.busy]
    found += [(spell, "cold") for spell in report.activity.cold]
    rows = tuple(
        (
            words.say(sort),
            spell.start,
            spell.end,
            spell.comments,
            Figure(spell.per_minute, "rate"),
            Figure(spell.times, "times"),
            _first(spell.quotes),
        )
        for spell, sort in sorted(found, key=lambda pair: pair[0].start)
    )
    header = ("spell", "start", "end", "comments", "per_minute", "times_usual", "quote")
    return _table(words, "spells", header, rows)


def phases(report: Report, words: Wording) -> Table:
    """Warm-up, peak, closing."""
    parts = report.activity.phases
    kinds = _kinds(parts)
    rows = tuple(
        (
            slice_name(part.key, words),
            part.start,
            part.end,
            part.said.lines,
            _rate(part.per_minute, part),
            *(part.events.get(kind, 0) for kind in kinds),
            most_about(report, words, part),
        )
        for part in parts
    )
    names = map(words.say, ("phase", "start", "end", "comments", "per_minute"))
    header = (*names, *map(words.kind, kinds), words.say("most"))
    return Table(words.say("table.phases"), header, rows)


def contrast(report: Report, words: Wording) -> Table:
    """Shares of every label in busy windows and in the rest; which of them clearly differ."""
    if len(report.activity.contrast) != 2:
        return _table(words, "contrast", ("label",), ())
    busy, rest = report.activity.contrast
    rows = tuple(
        (
            words.name(report.names, one.facet),
            label_name(report, words, one),
            Figure(one.share, "share"),
            Figure(other.share, "share"),
            Figure(one.share - other.share, "points"),
            words.say("yes") if _apart(one, other) else "",
        )
        for one, other in zip(busy.labels, rest.labels, strict=True)
        if one.voices or other.voices
    )
    names = [slice_name(part.key, words) for part in (busy, rest)]
    header = [words.say(key) for key in ("facet", "label", "difference", "clear")]
    return Table(words.say("table.contrast"), (*header[:2], *names, *header[2:]), rows)


def compared(report: Report, words: Wording) -> Table:
    """The same hour of the day, here and in the earlier shows."""
    rows = []
    for one in report.activity.compared:
        here, there = one.here, one.there
        change = here.per_minute / there.per_minute - 1 if there.per_minute else None
        moved = [
            (new.share - old.share, label_name(report, words, new), new, old)
            for new, old in zip(here.labels, there.labels, strict=True)
            if _apart(new, old)
        ]
        moved.sort(key=lambda row: -abs(row[0]))
        rows.append(
            (
                f"{one.hour}:00",
                _rate(here.per_minute, here),
                _rate(there.per_minute, there),
                None if change is None else Figure(change, "change"),
                " / ".join(
                    f"{name} {percent(old.share)}→{percent(new.share)}"
                    for _, name, new, old in moved[:3]
                ),
            )
        )
    say = words.say
    per_minute = [f"{say(key)} {say('per_minute')}" for key in ("here", "there")]
    header = (say("hour"), *per_minute, say("change"), say("moved"))
    return Table(say("table.compared"), header, tuple(rows))


def week(report: Report, words: Wording) -> Table:
    """Comments a minute for each hour of each weekday."""
    rows = tuple(
        (
            words.weekday(one.weekday),
            f"{one.hour}:00",
            one.comments,
            Figure(one.comments / one.minutes, "rate") if one.minutes else None,
        )
        for one in report.activity.week
    )
    return _table(words, "week", ("weekday", "hour", "comments", "per_minute"), rows)


def topics(report: Report, words: Wording) -> Table:
    """Every label in the whole show, with its interval."""
    rows = tuple(
        (*_labelled(report, words, one), _first(one.quotes)) for one in report.total.labels
    )
    return _table(words, "topics", (*_LABELLED, "quote"), rows)


def topics_by_step(report: Report, words: Wording) -> Table:
    """Every label in every step, with its interval."""
    rows = tuple(
        (part.start, *_labelled(report, words, one))
        for part in report.activity.steps
        for one in part.labels
    )
    return _table(words, "topics_by_step", ("when", *_LABELLED), rows)


def step_words(report: Report, words: Wording) -> Table:
    """Words that set an hour apart, each with a comment."""
    rows = tuple(
        (part.start, one.word, one.here, one.elsewhere, Figure(one.z, "rate"), _first(one.quotes))
        for part in report.activity.steps
        for one in part.words
    )
    header = ("when", "word", "voices_here", "voices_elsewhere", "z", "quote")
    return _table(words, "words", header, rows)


def questions(report: Report, words: Wording, *, hourly: bool = False) -> Table:
    """Most asked, in the whole show; ``hourly`` adds those of every hour."""
    rows: list[Row] = [(words.say("all"), *_question(one)) for one in report.total.questions]
    for part in report.activity.steps if hourly else ():
        rows += [(part.start, *_question(one)) for one in part.questions]
    table = _table(words, "questions", ("when", *_QUESTION), rows)
    return table if hourly else table.without(words.say("when"))


def products(report: Report, words: Wording) -> Table:
    """Product kinds named."""
    return _table(words, "products", ("product", *_NAMED), map(_named, report.total.products))


def products_by_step(report: Report, words: Wording) -> Table:
    """Product kinds named in each step, with their share of all that were named in it."""
    rows = (
        (step.start, one.name, one.people, one.lines, Figure(one.lines / named, "share"))
        for step in report.activity.steps
        if (named := sum(one.lines for one in step.products))
        for one in step.products
    )
    header = ("when", "product", "people", "lines", "share")
    return _table(words, "products_by_step", header, rows)


def items(report: Report, words: Wording) -> Table:
    """Items explained, with what was said and bought meanwhile."""
    kinds = _kinds(report.items)
    rows = tuple(
        (
            item.key,
            item.start,
            item.end,
            round(item.minutes),
            item.said.lines,
            item.said.people,
            _rate(item.per_minute, item),
            *(item.events.get(kind, 0) for kind in kinds),
            most_about(report, words, item),
            item.questions[0].text if item.questions else "",
        )
        for item in report.items
    )
    names = ("item", "start", "end", "minutes", "comments", "writers", "per_minute")
    header = (*map(words.say, names), *map(words.kind, kinds), words.say("most"))
    return Table(words.say("table.items"), (*header, words.say("top_question")), rows)


def answers(report: Report, words: Wording) -> Table:
    """How many questions were answered, how fast and how; empty where the host typed nothing."""
    say, found = words.say, report.responses
    if found is None:
        return _table(words, "answers", ("figure", "value"), ())
    rows: list[Row] = [(say("asked"), found.asked)]
    if found.asked:
        rows += [
            (say("answered"), found.answered),
            (say("answer_share"), Figure(found.share, "share")),
            (say("low"), Figure(found.low, "share")),
            (say("high"), Figure(found.high, "share")),
        ]
    else:
        rows.append((say("answer_share"), "–"))
    for key, wait in (("median_wait", found.median_wait), ("p90_wait", found.p90_wait)):
        if wait is not None:
            rows.append((say(key), round(wait)))
    rows += [(say(f"by.{by}"), count) for by, count in found.by.items()]
    rows += [
        (say("window"), found.window),
        (say("host_lines"), found.host_lines),
        (say("announcements"), found.announcements),
    ]
    return _table(words, "answers", ("figure", "value"), rows)


def answers_by_step(report: Report, words: Wording) -> Table:
    """Questions and answers hour by hour."""
    rows = tuple(
        (
            step.start,
            step.asked,
            step.answered,
            Figure(step.answered / step.asked, "share") if step.asked else None,
        )
        for step in (report.responses.steps if report.responses else ())
    )
    header = ("when", "asked", "answered", "answer_share")
    return _table(words, "answers_by_step", header, rows)


def examples(report: Report, words: Wording) -> Table:
    """Questions with what answered them."""
    rows = tuple(
        (
            one.question.time,
            one.question,
            one.answer,
            round(one.wait),
            words.say(f"by.{one.by}"),
        )
        for one in (report.responses.examples if report.responses else ())
    )
    return _table(words, "examples", ("when", "question", "answer", "wait", "by"), rows)


def unanswered(report: Report, words: Wording) -> Table:
    """Questions that nobody answered."""
    found = report.responses.unanswered if report.responses else ()
    return _table(words, "unanswered", _QUESTION, map(_question, found))


def hotspots(report: Report, words: Wording) -> Table:
    """Complaints: how many, how they moved, what they are about."""
    rows = tuple(
        (
            words.say(f"state.{spot.state}"),
            *_labelled(report, words, spot.total)[1:],
            spot.total.lines - spot.inquiries,
            spot.inquiries,
            spot.when,
            None if spot.times is None else Figure(spot.times, "times"),
            Figure(spot.earlier.share, "share") if spot.earlier else None,
            _list(one.word for one in spot.words),
            spot.first,
            spot.worst,
        )
        for spot in report.hotspots
    )
    header = (
        "state", *_LABELLED[1:], "discontent", "inquiries",
        "peak", "times", "earlier_share", "words", "first", "worst",
    )  # fmt: skip
    return _table(words, "hotspots", header, rows)


def hotspot_steps(report: Report, words: Wording) -> Table:
    """Each complaint hour by hour, against what was to be expected."""
    rows = tuple(
        (
            label_name(report, words, spot.total),
            step.start,
            step.lines,
            step.people,
            step.voices,
            Figure(step.expected, "rate"),
            Figure(step.voices / step.of if step.of else 0.0, "share"),
            Figure(step.p, "chance"),
            words.say("yes") if step.rising else "",
        )
        for spot in report.hotspots
        for step in spot.steps
    )
    header = ("label", "when", "lines", "people", "voices", "expected", "share", "p", "rising")
    return _table(words, "hotspot_steps", header, rows)


def concerned(report: Report, words: Wording) -> Table:
    """Items and product kinds that complaints are about."""
    rows = tuple(
        (label_name(report, words, spot.total), words.say(sort), *_named(one))
        for spot in report.hotspots
        for sort, found in (("item", spot.items), ("product", spot.products))
        for one in found
    )
    return _table(words, "concerned", ("label", "kind", "phrase", *_NAMED), rows)


def tiers(report: Report, words: Wording) -> Table:
    """Viewers by standing."""
    kinds = _kinds([tier.slice for tier in report.tiers.tiers])
    rows = tuple(
        (
            slice_name(tier.slice.key, words),
            _levels(tier.low, tier.high),
            tier.people or None,
            tier.slice.said.lines,
            Figure(tier.slice.said.lines / max(report.total.said.lines, 1), "share"),
            Figure(tier.slice.said.lines / tier.people, "rate") if tier.people else None,
            *(tier.slice.events.get(kind, 0) for kind in kinds),
            most_about(report, words, tier.slice),
            tier.slice.questions[0].text if tier.slice.questions else "",
        )
        for tier in report.tiers.tiers
    )
    names = ("tier", "level", "people", "comments", "comments_share", "per_person")
    header = (*map(words.say, names), *map(words.kind, kinds), words.say("most"))
    return Table(words.say("table.tiers"), (*header, words.say("top_question")), rows)


def tier_topics(report: Report, words: Wording) -> Table:
    """Shares of every label, tier by tier."""
    parts = [(slice_name(tier.slice.key, words), tier.slice) for tier in report.tiers.tiers]
    return shares(report, words, "tier_topics", parts)


def shares(report: Report, words: Wording, title: str, parts: Sequence[tuple[str, Slice]]) -> Table:
    """Every label's share in each of the parts, a column each."""
    rows: list[Row] = []
    for place, one in enumerate(report.total.labels):
        cells = (Figure(part.labels[place].share, "share") for _, part in parts)
        name = label_name(report, words, one)
        rows.append((words.name(report.names, one.facet), name, *cells))
    header = (words.say("facet"), words.say("label"), *(name for name, _ in parts))
    return Table(words.say(f"table.{title}"), header, tuple(rows))


def newcomers(report: Report, words: Wording) -> Table:
    """What newcomers ask first."""
    return _table(words, "newcomers", _QUESTION, map(_question, report.tiers.newcomers))


def upset(report: Report, words: Wording) -> Table:
    """Heavy buyers who complained and got no answer."""
    rows = ((one.who, one.purchases, _first(one.quotes)) for one in report.tiers.upset)
    return _table(words, "upset", ("who", "purchases", "quote"), rows)


def figures(report: Report, words: Wording) -> Table:
    """What the report's figures rest on."""
    say, found = words.say, report.quality
    repeats = report.total.repeats
    counts = {
        "rows": found.rows, "rows_lost": found.lost, "twice": found.twice,
        "outside": found.outside, "comments": found.comments, "different": found.different,
        "canned": report.total.canned, "flood_lines": found.flood_lines, "repeats": repeats,
        "spam": found.spam.lines, "blank": found.blank, "host_comments": found.host,
        "without_time": found.without_time, "backwards": found.backwards,
        "hidden": found.hidden, "likes": found.likes,
    }  # fmt: skip
    rows: list[Row] = [(say(key), count) for key, count in counts.items()]
    if found.likes_total is not None:
        rows.append((say("likes_total"), found.likes_total))
    if found.estimated:
        rows.append((say("estimated"), say("yes")))
    if found.unknown:
        rows.append((say("unknown_kinds"), _list(found.unknown)))
    if report.earlier:
        rows.append((say("earlier_files"), _list(file.name for file in report.earlier)))
    rows += [
        (say("share"), say("shares")),
        (say("answer_share"), say("spoken")),
        (say("tiers_by"), say(f"tiers.{report.tiers.by}")),
        (say("step"), report.step),
        (say("zone"), report.zone),
        (say("model"), report.model),
    ]
    return _table(words, "figures", ("figure", "value"), rows)


def files(report: Report, words: Wording) -> Table:
    """The files that were read."""
    rows = tuple(
        (
            file.name,
            words.remark(file.tool),
            file.encoding,
            file.rows,
            sum(one.count for one in file.odd),
            sum(one.count for one in file.lost),
            _list(map(words.remark, file.notes)),
        )
        for file in report.quality.files
    )
    header = ("file", "tool", "encoding", "rows", "odd", "lost", "notes")
    return _table(words, "files", header, rows)


def remarks(report: Report, words: Wording) -> Table:
    """Odd and lost lines, and where they stand."""
    rows = tuple(
        (
            file.name,
            words.say(sort),
            words.remark(one.why),
            one.count,
            " / ".join(map(str, one.lines)),
        )
        for file in report.quality.files
        for sort, found in (("odd", file.odd), ("lost", file.lost))
        for one in found
    )
    return _table(words, "remarks", ("file", "kind", "why", "count", "first_lines"), rows)


def kinds(report: Report, words: Wording) -> Table:
    """Rows by kind of event."""
    counts = sorted(report.quality.kinds.items(), key=lambda pair: -pair[1])
    rows = ((words.kind(kind), count) for kind, count in counts)
    return _table(words, "kinds", ("kind", "rows"), rows)


def canned(report: Report, words: Wording) -> Table:
    """One-tap phrases."""
    return _table(words, "canned", ("phrase", *_NAMED), map(_named, report.quality.canned))


def floods(report: Report, words: Wording) -> Table:
    """Floods."""
    return _table(words, "floods", ("phrase", *_NAMED), map(_named, report.quality.floods))


def fit(report: Report, words: Wording) -> Table:
    """Whether the model still fits, and by which figures; empty where it cannot be told."""
    say, found = words.say, report.fit
    if found is None:
        return _table(words, "fit", ("figure", "now", "low", "high", "trained"), ())
    rows: list[Row] = [(sentence, None, None, None, None) for sentence in told(found, words)]
    rows.append((say("different_comments"), found.comments, None, None, None))
    for key in ("unknown", "holding", "unsure"):
        share: Share = getattr(found, key)
        figures = (share.share, share.low, share.high, share.expected)
        name = say("unknown_words" if key == "unknown" else key)
        rows.append((name, *(Figure(value, "share") for value in figures)))
    for facet, value in found.scores.items():
        name = say("stability", facet=words.name(report.names, facet))
        rows.append((name, Figure(value, "stability"), None, None, None))
    return _table(words, "fit", ("figure", "now", "low", "high", "trained"), rows)


def new_words(report: Report, words: Wording) -> Table:
    """Frequent words that the model does not know."""
    rows = tuple(
        (
            one.word,
            one.comments,
            Figure(one.share, "share"),
            words.say(f"fit.known.{one.known}"),
            _first(one.quotes),
        )
        for one in (report.fit.words if report.fit else ())
    )
    header = ("new_word", "different_comments", "share_of_comments", "known", "quote")
    return _table(words, "new_words", header, rows)


def moved(report: Report, words: Wording) -> Table:
    """Shares of labels here and among the training samples."""
    rows = tuple(
        (
            words.name(report.names, one.facet),
            _label_name(report, words, one.facet, one.label),
            Figure(one.share, "share"),
            Figure(one.expected, "share"),
            Figure(one.share - one.expected, "points"),
            words.say("yes") if one.low > 0 or one.high < 0 else "",
        )
        for one in (report.fit.labels if report.fit else ())
    )
    header = ("facet", "label", "now", "trained", "difference", "clear")
    return _table(words, "moved", header, rows)


def all_quotes(report: Report, words: Wording) -> Iterable[tuple[str, str, Quote]]:
    """Every comment behind a number: section, what the number counts, the comment.

    The weightiest come first, each one once for each number.
    """
    seen: set[tuple[str, str, int, int, str]] = set()
    for section, about, found in _numbers(report, words):
        for quote in found:
            key = (section, about, quote.file, quote.line, quote.text)
            if key not in seen:
                seen.add(key)
                yield section, about, quote


def _numbers(
    report: Report, words: Wording
) -> Iterable[tuple[str, str, Sequence[Quote] | tuple[Quote, ...]]]:
    say = words.say
    for spot in report.hotspots:
        yield say("section.hotspots"), label_name(report, words, spot.total), spot.total.quotes
        for named in (*spot.items, *spot.products):
            about = f"{label_name(report, words, spot.total)} · {named.name}"
            yield say("section.hotspots"), about, named.quotes
    for one in report.tiers.upset:
        yield say("table.upset"), one.who, one.quotes
    if report.responses:
        for asked in report.responses.unanswered:
            yield say("table.unanswered"), asked.text, asked.quotes
        for pair in report.responses.examples:
            about = say(f"by.{pair.by}")
            yield say("table.examples"), about, (pair.question, pair.answer)
    yield from _of_slice(report, words, say("all"), report.total)
    for sort in ("busy", "cold"):
        for spell in report.activity.busy if sort == "busy" else report.activity.cold:
            about = f"{say(sort)} {show(spell.start, days=several_days(report))}"
            yield say("table.spells"), about, spell.quotes
    for asked in report.tiers.newcomers:
        yield say("table.newcomers"), asked.text, asked.quotes
    for part in (*report.activity.phases, *report.activity.contrast):
        yield from _of_slice(report, words, slice_name(part.key, words), part)
    for tier in report.tiers.tiers:
        yield from _of_slice(report, words, slice_name(tier.slice.key, words), tier.slice)
    for item in report.items:
        yield from _of_slice(report, words, item.key, item)
    for part in report.activity.steps:
        when = show(part.start, days=several_days(report))
        yield from _of_slice(report, words, when, part)
    for title, found in (("canned", report.quality.canned), ("floods", report.quality.floods)):
        for named in found:
            yield say(f"table.{title}"), named.name, named.quotes
    yield say("table.spam"), say("all"), report.quality.spam.quotes
    for word in report.fit.words if report.fit else ():
        yield say("table.new_words"), word.word, word.quotes


def _of_slice(
    report: Report, words: Wording, section: str, part: Slice
) -> Iterable[tuple[str, str, tuple[Quote, ...]]]:
    for one in part.labels:
        yield section, label_name(report, words, one), one.quotes
    for question in part.questions:
        yield section, question.text, question.quotes
    for named in part.products:
        yield section, named.name, named.quotes
    for word in part.words:
        yield section, word.word, word.quotes
    yield section, words.say("comments"), part.said.quotes


_LABELLED = ("facet", "label", "lines", "people", "voices", "share", "low", "high")
_QUESTION = ("question", "people", "lines", "answered", "wordings", "quote")
_NAMED = ("people", "lines", "quote")


def _labelled(report: Report, words: Wording, one: Labelled) -> Row:
    return (
        words.name(report.names, one.facet),
        label_name(report, words, one),
        one.lines,
        one.people,
        one.voices,
        *(Figure(value, "share") for value in (one.share, one.low, one.high)),
    )


def _question(one: Question) -> Row:
    wordings = _list(one.wordings)
    return (one.text, one.people, one.lines, one.answered, wordings, _first(one.quotes))


def _named(one: Named) -> Row:
    return (one.name, one.people, one.lines, _first(one.quotes))


def _table(words: Wording, title: str, header: Sequence[str], rows: Iterable[Row]) -> Table:
    return Table(words.say(f"table.{title}"), tuple(map(words.say, header)), tuple(rows))


def _kinds(parts: Sequence[Slice]) -> tuple[str, ...]:
    return tuple(kind for kind in _SHOWN_KINDS if any(part.events.get(kind) for part in parts))


def _rate(value: float, part: Slice) -> Cell:
    return Figure(value, "rate") if part.minutes else None


def _first(found: Sequence[Quote]) -> Quote | None:
    return found[0] if found else None


def _list(texts: Iterable[str]) -> str:
    return " / ".join(harmless(text, 100) for text in texts)


def _levels(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"{low}–{high}"
    if low is not None:
        return f"≥{low}"
    return "" if high is None else f"≤{high}"


def _apart(one: Labelled, other: Labelled) -> bool:
    return one.low > other.high or other.low > one.high
