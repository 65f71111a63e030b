"""The report → an XLSX workbook to sort, filter and calculate with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from commentnlp.report import tables
from commentnlp.report.quoting import harmless
from commentnlp.report.records import Quote, Report
from commentnlp.report.tables import Cell, Figure, Row, Table, width
from commentnlp.report.wording import Wording

_MOST_QUOTES = 100_000
"""Rows of quotes that Excel still opens at once."""
_LONGEST = 16_000
"""A cell holds 32,767 UTF-16 units, a character takes up to two."""
_NARROWEST, _WIDEST = 8, 60
_MEASURED = 500
"""Rows that decide the width of a column."""

_FORMATS: dict[str, dict[str, Any]] = {
    "count": {"num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "change": {"num_format": "+0%;-0%;0%"},
    "points": {"num_format": "+0.0;-0.0;0.0"},
    "times": {"num_format": '"×"0.0'},
    "rate": {"num_format": "0.0"},
    "stability": {"num_format": "0.00"},
    "chance": {"num_format": "0.000"},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", "indent": 1},
    "text": {"indent": 1},
    "title": {"bold": True, "indent": 1},
    "header": {"bold": True, "bottom": 1, "bg_color": "#EEF1F5", "indent": 1},
    "number_header": {"bold": True, "bottom": 1, "bg_color": "#EEF1F5", "align": "right"},
}


def to_xlsx(report: Report, *, language: str = "zh") -> bytes:
    """The bytes of a workbook: a sheet a section, numbers as numbers, comments as text.

    Its dates are in the report's time zone, which their header names. Raises CommentnlpError for
    a language that is not there.
    """
    words = Wording(language, purchase_clicks=report.purchase_clicks)
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(out, options)
    formats = {name: book.add_format(form) for name, form in _FORMATS.items()}
    for key, found in _sheets(report, words):
        filled = [table for table in found if table.rows]
        if not filled:
            continue
        sheet = book.add_worksheet(words.say(f"sheet.{key}"))
        _fill(sheet, filled, report, words, formats)
        if key == "steps":
            _add_chart(book, sheet, filled[0], report, words)
        elif key == "topics":
            _colour(sheet, filled[0], report)
    book.close()
    return out.getvalue()


def _sheets(report: Report, words: Wording) -> Iterable[tuple[str, Sequence[Table]]]:
    made = {
        "overview": (tables.overview,),
        "steps": (tables.steps,),
        "contrast": (
            tables.spells, tables.phases, tables.contrast, tables.compared, tables.week,
        ),
        "topics": (_topics, tables.products, tables.products_by_step),
        "topics_by_step": (tables.topics_by_step,),
        "words": (tables.step_words,),
        "questions": (_questions,),
        "items": (tables.items,),
        "responses": (
            tables.answers, tables.answers_by_step, tables.examples, tables.unanswered,
        ),
        "hotspots": (tables.hotspots, tables.hotspot_steps, tables.concerned, _hotspot_quotes),
        "tiers": (tables.tiers, tables.tier_topics, tables.newcomers, tables.upset),
        "quotes": (_quotes,),
        "quality": (
            tables.figures, tables.files, tables.remarks, tables.kinds, tables.canned,
            tables.floods,
        ),
        "fit": (tables.fit, tables.new_words, tables.moved),
    }  # fmt: skip
    for key, functions in made.items():
        yield key, [make(report, words) for make in functions]


def _topics(report: Report, words: Wording) -> Table:
    """Labels of the whole show, and their share in every hour, a column each; last a quote."""
    table, days = tables.topics(report, words), tables.several_days(report)
    parts = [(tables.show(part.start, days=days), part) for part in report.activity.steps]
    hours = tables.shares(report, words, "topics", parts)
    header = (*table.header[:-1], *hours.header[2:], table.header[-1])
    pairs = zip(table.rows, hours.rows, strict=True)
    rows = tuple((*row[:-1], *shares[2:], row[-1]) for row, shares in pairs)
    return Table(table.title, header, rows)


def _questions(report: Report, words: Wording) -> Table:
    return tables.questions(report, words, hourly=True)


def _hotspot_quotes(report: Report, words: Wording) -> Table:
    rows = [
        (tables.label_name(report, words, spot.total), *_said(report, quote))
        for spot in report.hotspots
        for quote in spot.total.quotes
    ]
    header = ("label", "time", "who", "text", "file", "line")
    return Table(words.say("table.quotes"), tuple(map(words.say, header)), tuple(rows))


def _quotes(report: Report, words: Wording) -> Table:
    """Every comment behind a number, so that a filter shows those of one number."""
    found = iter(tables.all_quotes(report, words))
    rows: list[Row] = [
        (section, about, *_said(report, quote))
        for section, about, quote in islice(found, _MOST_QUOTES)
    ]
    if left := sum(1 for _ in found):
        rows.append(("", words.say("more_quotes", count=f"{left:,}")))
    header = ("section", "about", "time", "who", "text", "file", "line")
    full = tuple((*row, *[None] * (len(header) - len(row))) for row in rows)
    return Table(words.say("table.quotes"), tuple(map(words.say, header)), full)


def _said(report: Report, quote: Quote) -> Row:
    files = (*report.quality.files, *report.earlier)
    file = files[quote.file].name if quote.file < len(files) else ""
    return (quote.time, quote.who, quote.text, file, quote.line)


def _fill(
    sheet: Any, found: Sequence[Table], report: Report, words: Wording, formats: dict[str, Any]
) -> None:
    """Tables below each other; the first has the filter, and its header stays in sight."""
    widths: dict[int, int] = {}
    at = 0
    for table in found:
        if at:
            _write(sheet, at + 1, 0, table.title, formats["title"])
            at += 2
        for column, name in enumerate(table.header):
            cells = [row[column] for row in table.rows]
            if any(isinstance(cell, datetime) for cell in cells):
                name = words.say("in_zone", name=name, zone=report.zone)
            numbers = all(cell is None or _is_number(cell) for cell in cells)
            _write(sheet, at, column, name, formats["number_header" if numbers else "header"])
            longest = max(map(_width, (name, *cells[:_MEASURED])))
            widths[column] = max(widths.get(column, _NARROWEST), min(longest, _WIDEST))
            for number, cell in enumerate(cells, at + 1):
                _write(sheet, number, column, cell, formats[_form(cell)])
        at += len(table.rows) + 1
    for column, columns in widths.items():
        sheet.set_column(column, column, columns)
    sheet.freeze_panes(1, 0)
    first = found[0]
    if len(first.header) > 2:
        sheet.autofilter(0, 0, len(first.rows), len(first.header) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any) -> None:
    if isinstance(cell, Figure):
        value = cell.value * 100 if cell.form == "points" else cell.value
        sheet.write_number(row, column, value, form)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell, form)
    elif isinstance(cell, datetime):
        # Excel knows no time zones; the header names it
        sheet.write_datetime(row, column, cell.replace(tzinfo=None), form)
    elif text := cell.text if isinstance(cell, Quote) else cell:
        sheet.write_string(row, column, harmless(text, _LONGEST), form)


def _form(cell: Cell) -> str:
    if isinstance(cell, Figure):
        return cell.form
    if isinstance(cell, int):
        return "count"
    return "time" if isinstance(cell, datetime) else "text"


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | Figure)


def _width(cell: Cell) -> int:
    if isinstance(cell, datetime):
        return 21
    text = cell.text if isinstance(cell, Quote) else cell
    return width(text[:_WIDEST]) + 4 if isinstance(text, str) else _NARROWEST


def _add_chart(book: Any, sheet: Any, table: Table, report: Report, words: Wording) -> None:
    """Comments as columns, purchases as a line with its own axis, below the table."""
    last = len(table.rows)

    def series(column: int) -> dict[str, Any]:
        return {
            "name": [sheet.name, 0, column],
            "categories": [sheet.name, 1, 0, last, 0],
            "values": [sheet.name, 1, column, last, column],
        }

    chart = book.add_chart({"type": "column"})
    chart.add_series(series(table.header.index(words.say("comments"))))
    bought = words.kind("purchase")
    if bought in table.header:
        line = book.add_chart({"type": "line"})
        line.add_series({**series(table.header.index(bought)), "y2_axis": True})
        line.set_y2_axis({"name": bought, "min": 0})
        chart.combine(line)
    # as dates, Excel would heap all hours of a day on one place
    form = "mm-dd hh:mm" if tables.several_days(report) else "hh:mm"
    chart.set_x_axis({"text_axis": True, "num_format": form})
    chart.set_y_axis({"name": words.say("comments"), "min": 0})
    chart.set_title({"name": words.say("comments_and_purchases")})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 960, "height": 360})
    sheet.insert_chart(last + 2, 0, chart)


def _colour(sheet: Any, table: Table, report: Report) -> None:
    """Shade each label's hours from its least to its most."""
    count = len(report.activity.steps)
    first, last = len(table.header) - 1 - count, len(table.header) - 2
    for row in range(1, len(table.rows) + 1) if count > 1 else ():
        shades = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F2A65A"}
        sheet.conditional_format(row, first, row, last, shades)
