"""Any file → pieces of rows: what wrote it, how it is laid out, and how its pieces are read."""

from __future__ import annotations

import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo
from itertools import chain, islice, starmap
from pathlib import Path, PurePath
from typing import Any, NamedTuple, TypeVar

from commentnlp.errors import ReadError
from commentnlp.reading import (
    answers,
    chat_texts,
    danmaku_xml,
    jsons,
    kinds,
    live,
    logs,
    sheets,
    sqlite_files,
)
from commentnlp.reading.columns import Columns
from commentnlp.reading.days import Days, changed_at, day_of, find_day, saved_at
from commentnlp.reading.encodings import BLOCK, HEAD, encoding_of, text_blocks
from commentnlp.reading.opening import Opened, open_file
from commentnlp.reading.remarks import Remarks
from commentnlp.reading.tables import (
    BLANK,
    NO_HINTS,
    ONE_COLUMN,
    TITLE,
    Layout,
    Records,
    TableHints,
    layout_of_rows,
    layout_of_text,
    row_blocks,
    split_lines,
)
from commentnlp.reading.unpacking import read_block
from commentnlp.reading.written import EVENT_COLUMNS, cells_of
from commentnlp.records import SHANGHAI, Event

_EVENT_LAYOUT = Layout(EVENT_COLUMNS, Columns.named(EVENT_COLUMNS))
_TABLES = {",": "CSV", "\t": "TSV", ";": "semicolon", "|": "bar", ONE_COLUMN: "one-column"}
_ROWS, _CHARACTERS = 5_000, 500_000
"""Rows in a piece of a workbook or of a JSON array."""
_SAMPLE = 500
"""Rows, values or lines by which a file is told."""
_TAIL = 8192
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
"""Of a file that means to be JSON, although what there is of it may be cut off or damaged."""


class Piece(NamedTuple):
    """A part of a file that ends between two rows; it can be sent to another process."""

    content: Any
    line: int


@dataclass(frozen=True)
class Parser:
    """Turns pieces into records; it knows all that the head of the file told."""

    layout: Layout
    form: str
    """What a piece holds: ``text`` of a table, ``rows``, ``json`` lines of plain objects, or
    ``events`` with what the tool wrote of each."""
    zone: tzinfo = SHANGHAI
    """The clock of times that name none."""

    def parse(self, piece: Piece, *, cells: bool = True) -> Records:
        """Read one piece; without ``cells``, rows that stand verbatim may come without them."""
        if self.form == "text":
            return self.layout.parse(piece.content, piece.line, cells=cells)
        if self.form == "rows":
            return self.layout.fit(piece.content)
        if self.form == "events":
            return _event_records(piece.content)
        lost = Remarks()
        values = jsons.values_of_lines(piece.content, piece.line, lost)
        records = self.layout.fit(jsons.rows_of(values, self.layout.header, lost))
        records.lost.update(lost)
        return records

    def events(self, records: Records, days: Days | None = None) -> list[Event]:
        """What the records tell, one event a row; ``days`` dates rows that only tell the hour."""
        return records.events or self.layout.columns.events(
            records.rows, records.lines, self.zone, days
        )


@dataclass
class Source:
    """An opened file, ready to be read once."""

    name: str
    tool: str
    """The live tool that wrote it, else the kind of table."""
    encoding: str
    parser: Parser
    pieces: Iterator[Piece]
    size: int | None
    """Bytes on disk; None for a pipe."""
    position: Callable[[], int]
    """Bytes taken in so far."""
    odd: Remarks
    """What was strange and is kept; grows while the pieces are read."""
    lost: Remarks
    """What is no row; grows likewise."""
    notes: list[str] = field(default_factory=list)
    days: Days | None = None
    """Dates of the rows of a table that only tells the hour."""

    def records(self) -> Iterator[Records]:
        """Read it all, piece by piece, in this process."""
        for piece in self.pieces:
            records = self.parser.parse(piece)
            self.odd.update(records.odd)
            self.lost.update(records.lost)
            yield records

    def events(self) -> Iterator[Event]:
        """Everything that happened, in the order of the file."""
        for records in self.records():
            yield from self.parser.events(records, self.days)


def open_sources(
    path: Path | str,
    *,
    text: str | None = "",
    day: date | None = None,
    zone: tzinfo = SHANGHAI,
    hints: TableHints = NO_HINTS,
    unreadable: Callable[[ReadError], None] | None = None,
) -> Iterator[Source]:
    """Open a file, or ``-`` for stdin: one source, or one for each file of a zip archive.

    ``text`` names the column of the comments where it has no usual name (None: there need be
    none); ``day`` is the date of the first row of what only tells the hour, which else is sought
    in the file's name and end. Times without a zone are those of ``zone``, in tables, workbooks
    and logs; what live tools send as JSON tells its own. ``hints`` name other columns, and the
    sheet of a workbook. Each source is valid until the next is
    asked for. Raises ReadError for what is missing, damaged or holds no comments; where that is
    one of the files of an archive, ``unreadable`` is told, if given, and the others come.
    """
    for opened in open_file(path, unreadable):
        try:
            source = (_text if opened.kind == "text" else _sheet)(opened, day, zone, hints)
            source.notes += opened.notes
            source = _ready(source, text, zone)
        except ReadError as error:
            if unreadable is None or opened.name == str(path):
                raise
            unreadable(error)
        else:
            yield source


def source_of(data: bytes, name: str, *, zone: tzinfo = SHANGHAI) -> Source:
    """What `open_sources` makes of a file of text, for bytes that are all there.

    ``name`` is for messages. There need be no column of comments. Raises ReadError for what is
    empty or no text, packed bytes, workbooks and Parquet among it.
    """
    kind = kinds.packing(data) or kinds.kind(data, name)
    if kind != "text":
        raise ReadError(f"{name}: is {kind}; send the text in it, as JSON or CSV")
    file = io.BytesIO(data)
    opened = Opened(name, kind, file, len(data), file.tell, seekable=True)
    return _ready(_text(opened, None, zone, NO_HINTS), None, zone)


def _ready(source: Source, text: str | None, zone: tzinfo) -> Source:
    """The source with its column of comments and its clock settled."""
    if source.parser.layout is not _EVENT_LAYOUT:
        layout = source.parser.layout
        if text is not None:
            layout = layout.with_text(text, source.name)
        source.parser = replace(source.parser, layout=layout, zone=zone)
    source.notes += source.parser.layout.notes
    return source


def _text(opened: Opened, day: date | None, zone: tzinfo, hints: TableHints) -> Source:
    if hints.sheet:
        raise ReadError(f"{opened.name}: --sheet: no workbook, it has no sheets")
    head = read_block(opened.file, HEAD)
    encoding = encoding_of(head, opened.name)
    odd, lost = Remarks(), Remarks()
    blocks = text_blocks(head, opened.file, encoding, odd)
    whole = len(head) <= BLOCK
    # a last line without an end comes as a block of its own
    first = "".join(blocks) if whole else next(blocks, "")
    texts: Iterator[str] = chain([first], blocks)
    titles = ""
    skipped = answers.unwrapped(first)
    if danmaku_xml.is_danmaku_xml(first):
        tool, parser = "danmaku XML", Parser(_EVENT_LAYOUT, "events")
        pieces = _packed(danmaku_xml.events_of_xml(texts, opened.name, zone))
    elif skipped or (
        jsons.starts_like_json(first)
        and (jsons.holds_json(first, whole) or PurePath(opened.name).suffix in _JSON_SUFFIXES)
    ):
        first = first[skipped:]
        if skipped and whole:  # what closes callback(…);
            first = first.rstrip().removesuffix(";").rstrip().removesuffix(")")
        texts = chain([first], blocks)
        tool, parser, pieces = _json(opened.name, first, texts, whole, lost, hints)
    elif unlogged := _without_prefixes(first, texts):
        first, texts = unlogged
        tool, parser, pieces = _json(opened.name, first, texts, whole, lost, hints)
    elif tool := logs.recognise(first.split("\n", _SAMPLE)[:_SAMPLE]):
        state = logs.start(opened.name, _tail(opened, first, whole), zone)
        if day:
            state = replace(state, day=day, saved=datetime.combine(day, time.max, zone))
        parser = Parser(_EVENT_LAYOUT, "events")
        pieces = _packed(_settled(_log_events(tool, texts, state, lost)))
    elif form := chat_texts.recognise(first):
        tool = form.tool
        found = form.rows(row_blocks(texts, "", 0, 1, lost), lost)
        ahead = list(islice(found, _SAMPLE))
        rows = [list(form.header), *(row for _, row in ahead)]
        parser = Parser(layout_of_rows(rows, opened.name, headed=True, hints=hints)[0], "rows")
        pieces = _packed(chain(ahead, found))
    else:
        layout, headed = layout_of_text(first, whole, opened.name, hints)
        titles = "\n".join(first.split("\n", headed.start)[: headed.start])
        tool = "event log" if layout.events else f"{_TABLES[layout.delimiter]} table"
        parser = Parser(layout, "text")
        pieces = _table_pieces(texts, layout, headed, lost)
    days: Days | None = None
    notes: list[str] = []
    if parser.layout.columns.clocks:
        saved = saved_at(_tail(opened, first, whole), zone)
        days, notes = _days(opened.name, day, titles, saved, zone)
    return Source(
        opened.name, tool, encoding, parser, pieces, opened.size, opened.position, odd, lost,
        notes=notes, days=days,
    )  # fmt: skip


def _days(
    name: str, day: date | None, titles: str, saved: datetime | None, zone: tzinfo
) -> tuple[Days, list[str]]:
    """What dates the rows of a table that tells clock times, and what to say of it."""
    changed = changed_at(name, zone)
    if day is None and saved is not None and day_of(name) is None:
        return Days(zone, None, saved, exported=saved), []
    found, note = (day, "") if day is not None else find_day(name, titles, zone)
    exported = saved or (changed if changed and changed.date() == found else None)
    return Days(zone, found, saved, exported=exported, told=found), [note] if note else []


_PREFIXED = re.compile(r"[^{\[]*(?:\[[^\]{]*\][^{\[]*)*(\{.*\})\s*")
"""A line of a log with a JSON object at its end."""


def _without_prefixes(first: str, texts: Iterable[str]) -> tuple[str, Iterator[str]] | None:
    """The JSON objects of a log that has a clock, a level or a name before each; else None."""
    lines = [line for line in first.split("\n")[:_SAMPLE] if line.strip()]
    objects = [match[1] for line in lines if (match := _PREFIXED.fullmatch(line))]
    if not lines or len(objects) * 2 <= len(lines) or not jsons.is_lines(objects[0]):
        return None

    def stripped(text: str) -> str:
        # what has no object is named as no JSON, on the line where it stands
        found = ((line, _PREFIXED.fullmatch(line)) for line in text.split("\n"))
        return "\n".join(match[1] if match else line for line, match in found)

    rest = iter(texts)
    next(rest, "")
    plain = stripped(first)
    return plain, chain([plain], map(stripped, rest))


def _table_pieces(
    texts: Iterable[str], layout: Layout, headed: range, lost: Remarks
) -> Iterator[Piece]:
    """Blocks of whole rows, without the header and what stands above it."""
    for line in range(headed.start):
        lost.add(TITLE, line + 1)
    left = headed.stop
    width = len(layout.header)
    for text, line in row_blocks(texts, layout.delimiter, width, 1, lost):
        while left and text:
            _, _, text = text.partition("\n")
            left -= 1
            line += 1
        if text:
            yield Piece(text, line)


def _json(
    name: str, first: str, texts: Iterator[str], whole: bool, lost: Remarks, hints: TableHints
) -> tuple[str, Parser, Iterator[Piece]]:
    lines = jsons.is_lines(first)
    if lines:
        sample = [v for _, v in islice(jsons.values_of_lines(first, 1, Remarks()), _SAMPLE)]
    else:
        values = jsons.values_of_stream(texts, 1, lost)
        ahead = list(islice(values, _SAMPLE))
        values = chain(ahead, values)
        sample = [value for _, value in ahead]
    if records := _records(sample, lines):
        some = enumerate(chain.from_iterable(map(records, sample)), 1)
        if lines:
            blocks = row_blocks(texts, "", 0, 1, lost)
            values = chain.from_iterable(jsons.values_of_lines(t, n, lost) for t, n in blocks)
        values = ((line, one) for line, value in values for one in records(value))
        sample, lines, whole = [one for _, one in some], False, False
    if tool := live.recognise(sample):
        if lines:
            blocks = row_blocks(texts, "", 0, 1, lost)
            values = chain.from_iterable(jsons.values_of_lines(t, n, lost) for t, n in blocks)
        events = _settled(_live_events(tool, values, lost))
        return tool, Parser(_EVENT_LAYOUT, "events"), _packed(events)
    header = jsons.keys_of([answers.flattened(value) for value in sample])
    if not whole or len(sample) == _SAMPLE:
        header.append(jsons.MORE)
    rows = [cells for _, cells in jsons.rows_of(enumerate(sample), header, Remarks())]
    layout = layout_of_rows([header, *rows], name, headed=True, hints=hints)[0]
    if lines:
        blocks = row_blocks(texts, "", 0, 1, lost)
        return "JSON lines", Parser(layout, "json"), starmap(Piece, blocks)
    return "JSON array", Parser(layout, "rows"), _packed(jsons.rows_of(values, header, lost))


def _records(sample: Sequence[Any], lines: bool) -> Callable[[Any], Iterable[Any]] | None:
    """What finds the comments in each of these values, where they hold lists of them, or are lists
    of cells; None where they are comments themselves."""
    if as_objects := answers.rows_as_objects(sample):
        names, header = as_objects
        first = sample[0] if header else None

        def of_rows(value: Any) -> Iterable[Any]:
            if not isinstance(value, list):
                return [value]
            return [] if value == first else [dict(zip(names, value, strict=False))]

        return of_rows
    around = [value for value in sample if isinstance(value, dict)]
    if not around or len(around) < len(sample) or (not lines and len(sample) > 1):
        return None
    alone = not lines or len(sample) == 1
    found = [answers.records_in(value, alone=alone) for value in around]
    if sum(one is not None for one in found) * 2 <= len(found):
        return None

    def of_answer(value: Any) -> Iterable[Any]:
        records = answers.records_in(value, alone=alone)
        if records is None:
            return [value]
        again = answers.rows_as_objects(records[:100])
        if again is None:
            return records
        names, header = again
        return [dict(zip(names, row, strict=False)) for row in records[header:]]

    return of_answer


def _sheet(opened: Opened, day: date | None, zone: tzinfo, hints: TableHints) -> Source:
    if opened.kind in ("xlsx", "xls"):
        read = sheets.workbook_rows if opened.kind == "xlsx" else sheets.old_workbook_rows
        sheet = read(opened.file, opened.name, hints.sheet)
    elif hints.sheet:
        raise ReadError(f"{opened.name}: --sheet: no workbook, it has no sheets")
    else:
        tables = {"parquet": sheets.parquet_rows, "sqlite": sqlite_files.sqlite_rows}
        sheet = tables[opened.kind](opened.file, opened.name)
    lost = Remarks()
    all_rows = _without_gaps(sheet.rows, lost)
    ahead = list(islice(all_rows, _SAMPLE))
    layout, above = layout_of_rows([row for _, row in ahead], opened.name, hints=hints)
    for line, _ in ahead[: max(above - 1, 0)]:
        lost.add(TITLE, line)
    rows: Iterator[tuple[int, list[str]]] = chain(ahead[above:], all_rows)
    if sheet.merged:
        rows = _unmerged(rows, sheet.merged, layout.columns.places.get("text"))
    days: Days | None = None
    if layout.columns.clocks:
        titles = "\n".join(" ".join(row) for _, row in ahead[: max(above - 1, 0)])
        days, notes = _days(opened.name, day, titles, None, zone)
        sheet.notes.extend(notes)
    return Source(
        opened.name, opened.kind.upper(), "", Parser(layout, "rows"),
        _packed(rows), opened.size, opened.position, Remarks(), lost,
        sheet.notes, days,
    )  # fmt: skip


def _unmerged(
    rows: Iterable[tuple[int, list[str]]],
    merged: Mapping[int, Sequence[tuple[int, int]]],
    text: int | None,
) -> Iterator[tuple[int, list[str]]]:
    """Rows of a sheet with the value of a merged cell in each row that it covers; a comment stays
    where it is, since nobody said it twice."""
    runs = [(place, deque(several)) for place, several in merged.items() if place != text]
    begun: dict[int, tuple[int, str]] = {}
    for number, row in rows:
        for place, left in runs:
            while left and left[0][1] < number:
                left.popleft()
            if left and left[0][0] <= number and place < len(row):
                if number == left[0][0]:
                    begun[place] = number, row[place]
                first, value = begun.get(place, (0, ""))
                if first == left[0][0]:
                    row[place] = row[place] or value
        yield number, row


def _without_gaps(
    rows: Iterable[tuple[int, list[str]]], lost: Remarks
) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet; those left out between them, which hold nothing, are named."""
    before = 0
    for number, row in rows:
        if number > before + 1:
            lost.add(BLANK, before + 1)
            lost.add(BLANK, count=number - before - 2)
        before = number
        yield number, row


_T = TypeVar("_T")


def _packed(items: Iterable[tuple[_T, list[str] | str]]) -> Iterator[Piece]:
    """Pieces of rows, or of events with their raw text: not too many, and not too long."""
    some: list[tuple[_T, list[str] | str]] = []
    size = 0
    for item in items:
        some.append(item)
        cells = item[1]
        size += len(cells) if isinstance(cells, str) else len(cells) + sum(map(len, cells))
        if len(some) >= _ROWS or size >= _CHARACTERS:
            yield Piece(some, 0)
            some, size = [], 0
    if some:
        yield Piece(some, 0)


def _log_events(
    tool: str, texts: Iterable[str], state: logs.State, lost: Remarks
) -> Iterator[tuple[Event, str]]:
    raw: dict[int, str] = {}
    for text, line in row_blocks(texts, "", 0, 1, lost):
        lines = split_lines(text)
        events, rejected, state = logs.parse(tool, lines, line, state)
        for number, why in rejected:
            lost.add(why, number)
        raw.update(enumerate(lines, line))
        yield from ((event, raw[event.line]) for event in events)
        raw = {state.open.line: raw[state.open.line]} if state.open else {}
    if state.open:
        yield state.open, raw[state.open.line]


def _tail(opened: Opened, first: str, whole: bool) -> str:
    """The end of a file, where some tools put the date."""
    if whole or not opened.seekable:
        return first[-_TAIL:]
    here = opened.file.tell()
    opened.file.seek(-_TAIL, 2)
    tail = opened.file.read().decode("utf-8", "replace")
    opened.file.seek(here)
    return tail


def _live_events(
    tool: str, values: Iterable[tuple[int, Any]], lost: Remarks
) -> Iterator[tuple[Event, str]]:
    for line, value in values:
        for message in value if isinstance(value, list) else [value]:
            raw = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
            try:
                yield from ((event, raw) for event in live.events_of(tool, message, line))
            except ReadError as error:
                lost.add(str(error), line)


def _settled(given: Iterator[tuple[Event, str]]) -> Iterator[tuple[Event, str]]:
    """Count what each frame of a gift combo added; a combo may go on for a long while."""
    going: dict[tuple[str, ...], Event] = {}
    for event, raw in given:
        yield live.settle_gifts([event], going)[0], raw


def _event_records(given: Iterable[tuple[Event, str]]) -> Records:
    out = Records()
    for event, raw in given:
        out.events.append(event)
        out.add(cells_of(event, raw), event.line)
        typed = event.kind == "comment" and event.role == "viewer"
        out.comments.append(event.text if typed else None)
    return out
