"""The report → Markdown, for a wiki or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterable

from commentnlp.report import tables
from commentnlp.report.fit import told
from commentnlp.report.records import Hotspot, Quote, Report
from commentnlp.report.tables import Figure, Table
from commentnlp.report.wording import Wording

_MOST_ITEMS = 15
_MOST_ROWS = 60
_MOST_QUOTES = 5

_SPECIAL = re.compile(r"[\\`*_{}\[\]|~$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def to_markdown(report: Report, *, language: str = "zh") -> str:
    """The whole report; what viewers typed stays text.

    Raises CommentnlpError for a language that is not there.
    """
    words = Wording(language, purchase_clicks=report.purchase_clicks)
    sections = (_activity, _topics, _responses, _hotspots, _tiers, _quality, _fit)
    names = ("activity", "topics", "responses", "hotspots", "tiers", "quality", "fit")
    overview = tables.overview(report, words)
    blocks = [f"# {words.say('title')}", *_table(report, words, overview, titled=False)]
    for name, section in zip(names, sections, strict=True):
        body = list(section(report, words))
        if body:
            blocks += [f"## {words.say(f'section.{name}')}", *body]
    return "\n\n".join(blocks) + "\n"


def _activity(report: Report, words: Wording) -> Iterable[str]:
    for make in (tables.steps, tables.spells, tables.phases):
        yield from _table(report, words, make(report, words))
    yield from _table(report, words, _clear(tables.contrast(report, words), words))
    found = tables.step_words(report, words).without(words.say("z"))
    yield from _table(report, words, found)
    for make in (tables.compared, tables.week):
        yield from _table(report, words, make(report, words))


def _topics(report: Report, words: Wording) -> Iterable[str]:
    yield from _table(report, words, _interval(tables.topics(report, words), words))
    yield from _table(report, words, tables.questions(report, words))
    yield from _table(report, words, tables.products(report, words))
    yield from _table(report, words, tables.products_by_step(report, words), most=_MOST_ITEMS)
    yield from _table(report, words, tables.items(report, words), most=_MOST_ITEMS)


def _responses(report: Report, words: Wording) -> Iterable[str]:
    if report.responses is None:
        yield words.say("no_host")
    for make in (
        tables.answers,
        tables.answers_by_step,
        tables.examples,
        tables.unanswered,
    ):
        yield from _table(report, words, make(report, words))


def _hotspots(report: Report, words: Wording) -> Iterable[str]:
    say = words.say
    if not report.hotspots:
        yield say("no_hotspots")
    table = _interval(tables.hotspots(report, words), words)
    yield from _table(report, words, table.without(say("voices"), say("first"), say("worst")))
    for spot in report.hotspots:
        if spot.state in ("new", "rising"):
            yield from _hotspot(report, spot, words)


def _hotspot(report: Report, spot: Hotspot, words: Wording) -> Iterable[str]:
    name = tables.label_name(report, words, spot.total)
    yield f"### {_escape(name)} · {words.say(f'state.{spot.state}')}"
    steps = tables.hotspot_steps(report, words)
    own = Table("", steps.header, tuple(row for row in steps.rows if row[0] == name))
    yield from _table(report, words, own.without(words.say("label")))
    lines = []
    for key, found in (("items", spot.items), ("products", spot.products)):
        if found:
            names = " / ".join(f"{tables.show(one.name)} ({one.lines:,})" for one in found[:3])
            lines.append(f"- {words.say(key)}: {_escape(names)}")
    for key, quote in (("first", spot.first), ("worst", spot.worst)):
        if quote:
            lines.append(f"- {words.say(key)}: {_quote(report, quote)}")
    shown = {spot.first, spot.worst}
    others = [quote for quote in spot.total.quotes if quote not in shown]
    lines += [f"- {_quote(report, quote)}" for quote in others[:_MOST_QUOTES]]
    if lines:
        yield "\n".join(lines)


def _tiers(report: Report, words: Wording) -> Iterable[str]:
    for make in (tables.tiers, tables.tier_topics, tables.newcomers, tables.upset):
        yield from _table(report, words, make(report, words))


def _quality(report: Report, words: Wording) -> Iterable[str]:
    for make in (
        tables.figures,
        tables.files,
        tables.remarks,
        tables.kinds,
        tables.canned,
        tables.floods,
    ):
        yield from _table(report, words, make(report, words))


def _fit(report: Report, words: Wording) -> Iterable[str]:
    if report.fit is None:
        return
    yield "\n".join(f"- {_escape(line)}" for line in told(report.fit, words))
    if report.fit.verdict == "due":
        yield from _table(report, words, tables.new_words(report, words))


def _clear(table: Table, words: Wording) -> Table:
    """Only rows whose intervals lie apart."""
    kept = tuple(row for row in table.rows if row[-1])
    return Table(table.title, table.header, kept).without(words.say("clear"))


def _interval(table: Table, words: Wording) -> Table:
    """Both ends of the interval in one column."""
    low, high = (table.header.index(words.say(key)) for key in ("low", "high"))
    rows = tuple(
        (*row[:low], f"{tables.show(row[low])}–{tables.show(row[high])}", *row[high + 1 :])
        for row in table.rows
    )
    header = (*table.header[:low], words.say("interval"), *table.header[high + 1 :])
    return Table(table.title, header, rows)


def _table(
    report: Report,
    words: Wording,
    table: Table,
    *,
    most: int = _MOST_ROWS,
    titled: bool = True,
) -> Iterable[str]:
    """Title and table; nothing where it has no rows."""
    if not table.rows:
        return
    if titled and table.title:
        yield f"### {table.title}"
    days = tables.several_days(report)
    rules = ["---:" if isinstance(cell, int | Figure) else "---" for cell in table.rows[0]]
    lines = [_row(map(_escape, table.header)), _row(rules)]
    for row in table.rows[:most]:
        lines.append(_row(_escape(tables.show(cell, days=days)) for cell in row))
    yield "\n".join(lines)
    if len(table.rows) > most:
        yield words.say("more", count=len(table.rows) - most)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _quote(report: Report, quote: Quote) -> str:
    time = tables.show(quote.time, days=tables.several_days(report))
    parts = (time, tables.show(quote.who, most=40), tables.show(quote))
    return _escape(" ".join(part for part in parts if part))


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text.translate(_ENTITIES))
