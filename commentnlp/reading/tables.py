"""Text → table: delimiter, header, ragged rows, and which column holds the comments."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from commentnlp.errors import ReadError
from commentnlp.reading.encodings import Decoded, read_text

TEXT_COLUMNS = (
    "评论内容", "弹幕内容", "评价内容", "用户消息", "消息内容", "聊天内容", "内容", "评论",
    "弹幕", "评价", "消息", "留言", "comment_content", "comment_text", "comment", "comments",
    "content", "contents", "text", "message", "msg", "danmu", "danmaku", "review",
)  # fmt: skip
"""Names under which the comments stand, the likeliest first; case does not matter."""

EVENT_COLUMNS = ("用户行为", "时间戳", "时间", "用户id", "用户消息")
"""Columns of a headerless event log: what happened, milliseconds, time, who, what was said."""

_EVENT = re.compile(r"【[^】]{1,12}】$")
_VIEWER = "【实时弹幕】"


@dataclass(frozen=True)
class Table:
    """A file as rows of cells, all as wide as the header, and where each row began."""

    path: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    """Line of the file on which each row begins."""
    encoding: str
    delimiter: str
    events: bool
    """The rows are events of a live room, not all of them comments."""
    ragged: Sequence[int]
    """Lines of the rows that had more or fewer cells than the header."""
    notes: tuple[str, ...]
    """What was odd and how it was read."""

    def comments(self, column: int) -> list[str | None]:
        """Cell of each row in ``column``; None where the row is no viewer's comment."""
        if not self.events:
            return [row[column] for row in self.rows]
        return [row[column] if row[0] == _VIEWER else None for row in self.rows]

    def text_column(self, name: str = "") -> int:
        """Index of the column ``name``, or of the first that has a usual name.

        Raises ReadError that lists the columns there are.
        """
        columns = [cell.strip().lower() for cell in self.header]
        for wanted in (name.strip().lower(),) if name else TEXT_COLUMNS:
            if wanted in columns:
                return columns.index(wanted)
        seen = ", ".join(self.header)
        what = f"no column {name!r}" if name else "no column looks like the comments"
        raise ReadError(
            f"{self.path}: {what}; the columns are: {seen} (name the right one with --text COLUMN)"
        )


def read_table_file(path: Path | str) -> Table:
    """Read a CSV or TSV file, or a headerless event log, in whichever encoding it is.

    Short rows are filled up; longer ones widen the table with unnamed columns. Raises ReadError
    for a file that is missing, empty or no text.
    """
    path = Path(path)
    decoded = read_text(path)
    text = decoded.text
    if text.lstrip()[:1] in ("{", "["):
        raise ReadError(f"{path}: this is JSON, not a table; save it as CSV first")
    delimiter = _delimiter(text)
    records, lines, notes = _parse(text, delimiter)
    if not records:
        raise ReadError(f"{path}: the file is empty")
    events = _is_event_log(records)
    header = list(EVENT_COLUMNS) if events else [cell.strip() for cell in records[0]]
    if not events:
        records, lines = records[1:], lines[1:]
    width = max(map(len, records), default=0)
    ragged = [n for n, row in zip(lines, records, strict=True) if len(row) != len(header)]
    notes = [*_notes(decoded, records, len(header), events), *notes]
    header += [f"column {n}" for n in range(len(header) + 1, width + 1)]
    rows = [row + [""] * (len(header) - len(row)) for row in records]
    return Table(
        str(path),
        tuple(header),
        rows,
        lines,
        decoded.encoding,
        delimiter,
        events,
        ragged,
        tuple(notes),
    )


def _delimiter(text: str) -> str:
    """Tab where the first line has more tabs than commas, else comma."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return "\t" if first.count("\t") > first.count(",") else ","


def _parse(text: str, delimiter: str) -> tuple[list[list[str]], list[int], list[str]]:
    """Rows, the line each begins on, and what was odd.

    Quoted cells are the rule. Where reading them so makes more rows odd than not, or just as many
    though one quote has no partner, they are bare quotes and stay as they are.
    """
    rows, lines, blank = _rows(text, delimiter, csv.QUOTE_MINIMAL)
    notes = []
    if '"' in text:
        plain, plain_lines, plain_blank = _rows(text, delimiter, csv.QUOTE_NONE)
        unpaired = text.count('"') % 2 == 1
        gain = _odd(rows) - _odd(plain)
        if gain > 0 or (unpaired and gain == 0):
            rows, lines, blank = plain, plain_lines, plain_blank
            if unpaired:
                notes.append("a quotation mark is never closed: all are taken as they stand")
        elif unpaired:
            notes.append("a quotation mark has no partner: rows after it may run together")
    if blank:
        notes.append(f"{blank} blank lines left out")
    return rows, lines, notes


def _rows(
    text: str, delimiter: str, quoting: Literal[0, 3]
) -> tuple[list[list[str]], list[int], int]:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    rows, lines, begins, blank = [], [], 1, 0
    for row in reader:
        if row:
            rows.append(row)
            lines.append(begins)
        else:
            blank += 1
        begins = reader.line_num + 1
    return rows, lines, blank


def _odd(rows: Sequence[Sequence[str]]) -> float:
    """Share of rows not as wide as the first; a cell of very many lines is odd, too."""
    width = len(rows[0]) if rows else 0
    odd = sum(len(row) != width or any(cell.count("\n") > 50 for cell in row) for row in rows)
    return odd / max(len(rows), 1)


def _is_event_log(rows: Sequence[Sequence[str]]) -> bool:
    return all(
        len(row) in (4, 5, 6) and _EVENT.match(row[0]) and row[1].isdecimal() for row in rows[:3]
    )


def _notes(decoded: Decoded, rows: Sequence[Sequence[str]], width: int, events: bool) -> list[str]:
    notes = []
    if decoded.broken:
        notes.append(f"{decoded.broken} broken bytes, each marked as \ufffd")
    if decoded.nuls:
        notes.append(f"{decoded.nuls} NUL characters left out")
    longer = sum(len(row) > width for row in rows)
    shorter = sum(len(row) < width for row in rows)
    if longer:
        notes.append(f"{longer} rows have more cells than the header: columns were added")
    if shorter and not events:
        notes.append(f"{shorter} rows have fewer cells than the header: filled up with empty ones")
    return notes
