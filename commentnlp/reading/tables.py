"""Text → rows: delimiter, header, quotes, ragged rows, and what was odd about them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from commentnlp.compiled_core import load_core
from commentnlp.errors import ReadError
from commentnlp.reading.columns import JUDGED, LAST_ROWS, Columns, kind_of
from commentnlp.reading.encodings import LONGEST_LINE
from commentnlp.reading.remarks import Remarks
from commentnlp.reading.values import before_now, clock, moment, number
from commentnlp.records import KINDS, Event

DELIMITERS = (",", "\t", ";", "|")
ONE_COLUMN = "\x1f"
"""The delimiter of a file that has but one column; no text holds it."""

MOST_LINES = 1000
"""Lines of one quoted cell after which its quotation mark is taken for a character."""

EVENT_HEADER = ("用户行为", "时间戳", "时间", "用户id", "用户消息")
"""Columns of a headerless event log: what happened, milliseconds, time, who, what was said."""
_EVENT_COLUMNS = Columns({"kind": 0, "time": 1, "user": 3, "text": 4})

MORE_CELLS = "row with more cells than the header: the rest stands in its last column"
COMMAS = "row with unquoted delimiters in its last column: put together again"
FEWER_CELLS = "row with fewer cells than the header: filled up with empty ones"
WIDER = "row with more cells than the header: columns were added"
NO_HEADER = "no header: columns are told by what stands in them"
RAGGED = (MORE_CELLS, WIDER, COMMAS, FEWER_CELLS)
OPEN_QUOTE = "quotation mark without its partner, taken as it stands"
BLANK = "blank line"
TITLE = "line above the header"
TRAILER = "line of the export's own"
AGAIN = "header that comes again"
TOO_LONG = f"line longer than {LONGEST_LINE >> 20} MB"

_EVENT = re.compile(r"【[^】]{1,12}】$")
_TRAILER = re.compile(r"\s*(?:导出时间|总记录数|保存时间|合计|总计|共\s*[0-9]+\s*条)\s*[::：]?")
_HAN = re.compile("[\u4e00-\u9fff]")
_TITLES = 10
_NO_CELLS: list[str] = []
_SAMPLE = 500


@dataclass(frozen=True)
class TableHints:
    """What somebody says of a table whose columns or sheets have unusual names."""

    time: str = ""
    """Column of the times, by its name or number (from 1)."""
    name: str = ""
    """Column of the nicknames, likewise."""
    sheet: str = ""
    """Sheet of a workbook, likewise."""


NO_HINTS = TableHints()


@dataclass
class Records:
    """Rows, all as wide as the header, and what each is."""

    rows: list[list[str]] = field(default_factory=list)
    """Their cells; none where only the row as it stands was asked for."""
    lines: list[int] = field(default_factory=list)
    """Line of the file on which each row begins."""
    verbatim: list[str | None] = field(default_factory=list)
    """Each row as its own line of a CSV file, where it stands there so; else None."""
    comments: list[str | None] = field(default_factory=list)
    """What viewers typed; None where a row is no viewer's comment."""
    events: list[Event] = field(default_factory=list)
    """Filled where the rows were made from events, and not the other way round."""
    odd: Remarks = field(default_factory=Remarks)
    """What was strange about rows that are kept."""
    lost: Remarks = field(default_factory=Remarks)
    """What is no row, and why."""

    def add(self, row: list[str], line: int) -> None:
        """Keep a row."""
        self.rows.append(row)
        self.lines.append(line)
        self.verbatim.append(None)


@dataclass(frozen=True)
class Layout:
    """How a table is laid out."""

    header: tuple[str, ...]
    columns: Columns
    delimiter: str = ","
    events: bool = False
    """A headerless event log; its rows are short where nothing was said."""
    notes: tuple[str, ...] = ()
    added: int = 0
    """Columns added for rows that are wider than the file's own header."""

    @property
    def told(self) -> dict[str, str]:
        """What was found in which column."""
        return {what: self.header[place] for what, place in self.columns.places.items()}

    def with_text(self, name: str, path: str) -> Layout:
        """The same with the comments in the column ``name``.

        Raises ReadError that lists the columns where there is none of that name or, without a
        name, where none has a usual one.
        """
        if not name and "text" in self.columns.places:
            return self
        if name:
            place = find_column(self.header, name, f"{path}: --text")
            return replace(self, columns=self.columns.with_place("text", place))
        raise ReadError(
            f"{path}: no column looks like the comments; the columns are: {_listed(self.header)}"
            " (name the right one with --text COLUMN)"
        )

    def parse(self, text: str, line: int, *, cells: bool = True) -> Records:
        """Rows of ``text``, which begins on ``line`` and holds whole rows.

        Without ``cells``, rows that stand verbatim may come without their cells.
        """
        out = Records()
        lines = split_lines(text)
        long = max(map(len, lines), default=0) >= LONGEST_LINE
        # a lone \r inside a cell has to be quoted to stay there
        verbatim = self.delimiter == "," and text.count("\r") == text.count("\r\n")
        core = load_core()
        if core and not cells and verbatim and not (long or self.added or self.columns.written):
            self._skim(core.read_cells, lines, line, out)
            return out
        if '"' in text:
            self._split_quoted(lines, line, out)
        else:
            if "\r" in text:
                lines = [one.removesuffix("\r") for one in lines]
            out.rows = [one.split(self.delimiter) for one in lines]
            out.lines = list(range(line, line + len(lines)))
            out.verbatim = [*lines]
        if not verbatim:
            out.verbatim = [None] * len(out.rows)
        self._mend(out, long)
        return out

    def _skim(
        self, read_cells: Callable[..., int], lines: Sequence[str], line: int, out: Records
    ) -> None:
        """Find the comments of clean rows without taking the rows apart."""
        plain = [one.removesuffix("\r") for one in lines]
        judged: dict[str, list[str]] = {what: [] for what in JUDGED if what in self.columns.places}
        places = tuple(self.columns.places[what] for what in judged)
        width, first = len(self.header), self.header[0]
        at, end = 0, len(lines) - LAST_ROWS
        while at < len(lines):
            stop = at
            if at < end:
                stop = read_cells(
                    plain, at, end, self.delimiter, width, first, places, (*judged.values(),)
                )
            out.rows += [_NO_CELLS] * (stop - at)
            out.lines += range(line + at, line + stop)
            out.verbatim += plain[at:stop]
            at = stop
            if at < len(lines):
                row, whole, used = self._row_at(lines, at, line, out.odd)
                mended = self._mended(row, line + at, out)
                if mended is not None:
                    out.rows.append(mended)
                    out.lines.append(line + at)
                    out.verbatim.append(whole if len(mended) == len(row) else None)
                    for place, column in zip(places, judged.values(), strict=True):
                        column.append(mended[place])
                at += used
        out.comments = self.columns.judged_comments(judged, out.rows)

    def fit(self, rows: Iterable[tuple[int, list[str]]]) -> Records:
        """Rows that come as cells, with their line numbers."""
        out = Records()
        for line, cells in rows:
            out.add(cells, line)
        self._mend(out, False)
        return out

    def _split_quoted(self, lines: Sequence[str], line: int, out: Records) -> None:
        resume = 0
        for at, one in enumerate(lines):
            if at < resume:
                continue
            if '"' in one:
                cells, whole, used = self._row_at(lines, at, line, out.odd)
                resume = at + used
            else:
                whole = one.removesuffix("\r")
                cells = whole.split(self.delimiter)
            out.rows.append(cells)
            out.lines.append(line + at)
            out.verbatim.append(whole)

    def _row_at(
        self, lines: Sequence[str], at: int, line: int, odd: Remarks
    ) -> tuple[list[str], str | None, int]:
        """The cells of the row that begins there, how it stands there, and its number of lines."""
        if '"' not in lines[at]:
            whole = lines[at].removesuffix("\r")
            return whole.split(self.delimiter), whole, 1
        cells, used = quoted(lines, at, self.delimiter, len(self.header))
        if not used:
            odd.add(OPEN_QUOTE, line + at)
            return cells, None, 1
        return cells, "\n".join(lines[at : at + used]).removesuffix("\r"), used

    def _mend(self, out: Records, long: bool) -> None:
        """Make all rows as wide as the header, take out what is none, find the comments."""
        width, first = len(self.header) - self.added, self.header[0]
        lost = set()
        for i, cells in enumerate(out.rows):
            if (
                len(cells) == width
                and not self.added
                and cells[0] != first
                and cells[0]
                and not long
            ):
                continue
            fitted = self._mended(cells, out.lines[i], out)
            if fitted is None:
                lost.add(i)
            elif len(fitted) != len(cells):
                out.rows[i], out.verbatim[i] = fitted, None
        if lost:
            kept = [i for i in range(len(out.rows)) if i not in lost]
            out.rows = [out.rows[i] for i in kept]
            out.lines = [out.lines[i] for i in kept]
            out.verbatim = [out.verbatim[i] for i in kept]
        out.comments = self.columns.comments(out.rows)

    def _mended(self, cells: list[str], line: int, out: Records) -> list[str] | None:
        """The cells, as many as the header has; None where they are no row, which is told."""
        if why := self._no_row(cells):
            out.lost.add(why, line)
            return None
        return self._fitted(cells, line, out.odd)

    def _no_row(self, cells: Sequence[str]) -> str:
        """Why cells are no row; empty where they are one."""
        if len(cells) == 1 and not cells[0].strip():
            return BLANK
        if tuple(cell.strip() for cell in cells) == self.header:
            return AGAIN
        alone = len(self.header) > 1 and sum(map(bool, cells)) == 1
        if alone and _TRAILER.match("".join(cells)):
            return TRAILER
        return TOO_LONG if max(map(len, cells)) >= LONGEST_LINE else ""

    def _fitted(self, cells: list[str], line: int, odd: Remarks) -> list[str]:
        width = len(self.header)
        if len(cells) < width - self.added and not self.events:
            odd.add(FEWER_CELLS, line)
        elif width - self.added < len(cells) <= width:
            odd.add(WIDER, line)
        if len(cells) <= width:
            return cells + [""] * (width - len(cells))
        if not any(cells[width:]):
            return cells[:width]  # delimiters at the end of the line
        odd.add(COMMAS if self.columns.places.get("text") == width - 1 else MORE_CELLS, line)
        return [*cells[: width - 1], self.delimiter.join(cells[width - 1 :])]


def find_column(header: Sequence[str], name: str, where: str) -> int:
    """Place of a column by its name, else by its number from 1. Raises ReadError that lists them,
    after ``where``."""
    names = [cell.strip().lower() for cell in header]
    wanted = name.strip().lower()
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise ReadError(f"{where}: no column {name!r}; the columns are: {_listed(header)}")


def _listed(header: Sequence[str]) -> str:
    return ", ".join(header[:40]) + (", …" if len(header) > 40 else "")


def split_lines(text: str) -> list[str]:
    """Lines of a text that ends with one; what ends them is ``\\n``."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def quoted(lines: Sequence[str], at: int, delimiter: str, width: int) -> tuple[list[str], int]:
    """Cells of the row that begins on ``lines[at]``, and how many lines it takes.

    0 lines where a quotation mark has no partner, or finds one only by running rows together;
    the cells are then those of the first line as it stands.
    """
    end = min(at + MOST_LINES, len(lines))
    given = (f"{lines[i]}\n" for i in range(at, end))
    reader = csv.reader(chain(given, [""]), delimiter=delimiter)
    plain = lines[at].removesuffix("\r").split(delimiter)
    try:
        cells = next(reader)
    except csv.Error:  # a lone \r, a cell without end
        return plain, 0
    used = reader.line_num
    if used > end - at:
        return plain, 0
    torn = len(cells) != width and len(plain) == width
    if used > 1 and (torn or not _is_strict(lines[at : at + used], delimiter)):
        return plain, 0
    return cells, used


def _is_strict(lines: Sequence[str], delimiter: str) -> bool:
    """Whether every quotation mark that ends a cell is followed by a delimiter or a line's end."""
    try:
        next(csv.reader((f"{one}\n" for one in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def row_blocks(
    texts: Iterable[str], delimiter: str, width: int, line: int, lost: Remarks
) -> Iterator[tuple[str, int]]:
    """Cut a text anew, so that every block ends with a row; and the line on which it begins.

    Without a ``delimiter`` a line is a row, whatever quotation marks it holds.
    """
    rest, dropping = "", False
    for text in texts:
        rest += text
        if dropping:  # the tail of a line that was too long
            _, ended, rest = rest.partition("\n")
            dropping = not ended
            line += bool(ended)
            rest = rest if ended else ""
        end = _whole_rows(rest, delimiter, width) if delimiter else rest.rfind("\n") + 1
        if end:
            yield rest[:end], line
            line += rest.count("\n", 0, end)
            rest = rest[end:]
        elif len(rest) > LONGEST_LINE and "\n" not in rest:
            lost.add(TOO_LONG, line)
            rest, dropping = "", True
    if rest:
        yield rest, line


def _whole_rows(text: str, delimiter: str, width: int) -> int:
    """Where the last row ends that is surely whole."""
    end = text.rfind("\n") + 1
    at = 0
    while (mark := text.find('"', at, end)) >= 0:
        at = text.rfind("\n", 0, mark) + 1
        after = text.find("\n", mark) + 1
        if quoted([text[at : after - 1]], 0, delimiter, width)[1]:
            at = after
            continue
        # the row goes on, or a quotation mark has no partner
        for window in (1 << 14, end):
            lines = split_lines(text[at : min(at + window, end)])
            used = quoted(lines, 0, delimiter, width)[1]
            if used or len(lines) >= MOST_LINES:
                break
        else:
            if _is_open(lines, delimiter):
                return at
        at += sum(map(len, lines[: used or 1])) + (used or 1)
    return end


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the row on the first line may go on beyond the last."""
    reader = csv.reader(chain((f"{one}\n" for one in lines), [""]), delimiter=delimiter)
    try:
        next(reader)
    except csv.Error:
        return False
    return reader.line_num > len(lines)


def layout_of_text(
    text: str, whole: bool, name: str, hints: TableHints = NO_HINTS
) -> tuple[Layout, range]:
    """How a table is laid out, from its first lines, and which of these are the header.

    Lines are counted from 0; what stands before the header are titles. ``whole`` says that the
    text is all there is.
    """
    lines = split_lines(text)
    if not whole and len(lines) > 1:
        lines.pop()  # it may be cut
    lines = lines[:_SAMPLE]
    if _is_event_log(lines):
        return Layout(EVENT_HEADER, _EVENT_COLUMNS, events=True), range(0)
    delimiter = _delimiter(lines)
    rows, places = _sample_rows(lines, delimiter)
    layout, above = layout_of_rows(rows, name, delimiter, hints=hints)
    return layout, places[above - 1] if above else range(0)


def layout_of_rows(
    rows: Sequence[Sequence[str]],
    name: str,
    delimiter: str = ",",
    *,
    headed: bool = False,
    hints: TableHints = NO_HINTS,
) -> tuple[Layout, int]:
    """How a table is laid out, from its first rows, and how many stand above its rows.

    ``headed`` says that the first row is the header, whatever stands in it.
    """
    place = 0 if headed else _header_row(rows, delimiter)
    body = rows[place + 1 :]
    width = max(map(len, body), default=0)
    notes = []
    added = 0
    if place >= 0:
        header = [cell.strip() for cell in rows[place]]
        if place:  # what is merged over two lines stands in the first
            above = [cell.strip() for cell in rows[place - 1]]
            header += [""] * (len(above) - len(header)) if sum(map(bool, above)) > 1 else []
            header = [
                cell or (above[i] if i < len(above) and sum(map(bool, above)) > 1 else "")
                for i, cell in enumerate(header)
            ]
        while header and not header[-1] and width < len(header) and not headed:
            header.pop()
        columns = Columns.named(header)
        if tuple(header[: len(EVENT_HEADER)]) == EVENT_HEADER:
            columns = replace(columns, places=_EVENT_COLUMNS.places)
        last_is_text = columns.places.get("text") == len(header) - 1
        if width > len(header) and not last_is_text and any(any(r[len(header) :]) for r in body):
            first = next(i for i, row in enumerate(body, 1) if len(row) > len(header))
            notes.append(
                f"rows have up to {width} cells, the header {len(header)} (first row {first}):"
                " columns added"
            )
            added = width - len(header)
            header += [f"column {n}" for n in range(len(header) + 1, width + 1)]
    else:
        header = [f"column {n}" for n in range(1, width + 1)]
        columns = _columns_by_content(body, width)
        notes.append(NO_HEADER)
    if not header:
        raise ReadError(f"{name}: the file is empty")
    for what, wanted in (("time", hints.time), ("name", hints.name)):
        if wanted:
            columns = columns.with_place(what, find_column(header, wanted, f"{name}: --{what}"))
    columns = columns.checked(body, header)
    layout = Layout(tuple(header), columns, delimiter, notes=tuple(notes), added=added)
    return layout, place + 1


def _sample_rows(lines: Sequence[str], delimiter: str) -> tuple[list[list[str]], list[range]]:
    """Rows, and the lines on which each stands, counted from 0."""
    rows: list[list[str]] = []
    places: list[range] = []
    resume = 0
    for at, one in enumerate(lines):
        if at < resume or not one.strip():
            continue
        cells, used = one.removesuffix("\r").split(delimiter), 1
        if '"' in one and delimiter != ONE_COLUMN:
            cells, used = quoted(lines, at, delimiter, len(rows[0]) if rows else 0)
        resume = at + (used or 1)
        rows.append(cells)
        places.append(range(at, resume))
    return rows, places


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that gives the most rows the same width, if half of them have it."""
    best, most = ONE_COLUMN, 0.0
    for delimiter in DELIMITERS:
        rows, _ = _sample_rows(lines, delimiter)
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        headed = rows and len(rows[0]) > 1 and "text" in Columns.named(rows[0]).places
        share = count / len(rows) if rows and width > 1 else 0.0
        if (share >= 0.5 or headed) and share + bool(headed) > most:
            best, most = delimiter, share + bool(headed)
    return best


def _header_row(rows: Sequence[Sequence[str]], delimiter: str) -> int:
    """Which row is the header; -1 where there is none."""
    best, most = -1, 0
    widest = 0
    """Filled cells of the rows of data so far."""
    for place, row in enumerate(rows[:_TITLES]):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) > 1 and any(number(cell) is not None or _is_time(cell) for cell in cells):
            widest = max(widest, len(cells))
            continue  # data, though a kind or a comment of it may be called as a column is (弹幕)
        if len(cells) <= widest:
            continue  # what stands above a header is no wider
        found = Columns.named([cell.strip() for cell in row]).places
        if "text" in found and _is_kinds(rows[place + 1 :], found["text"]):
            continue  # a row of what happened, whose kind is called as a column of comments is
        if ("text" in found or len(found) > 1) and len(found) > most:
            best, most = place, len(found)
        elif best >= 0 and place > best + 1:
            break  # of two lines of header the second says more; the others are data
    if best >= 0:
        return best
    if not rows or delimiter == ONE_COLUMN:
        return -1
    names = [cell.strip() for cell in rows[0]]
    data = any(number(c) is not None or _is_time(c) or len(c) > 30 for c in names)
    return -1 if data or len(set(names)) < len(names) or len(names) < 2 else 0


def _is_kinds(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column tells what happened, row by row."""
    cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
    return bool(cells) and sum(kind_of(cell) in KINDS for cell in cells) > 0.9 * len(cells)


def _is_time(cell: str) -> bool:
    return (moment(cell) or clock(cell) or before_now(cell)) is not None


def _columns_by_content(rows: Sequence[Sequence[str]], width: int) -> Columns:
    """Comments are where most Chinese is, times and kinds where nearly all cells are such."""
    cells = [[row[i] for row in rows if i < len(row)] for i in range(min(width, 1000))]
    places: dict[str, int] = {}
    for i, column in enumerate(cells):
        if sum(map(_is_time, column)) > 0.9 * len(column):
            places.setdefault("time", i)
        elif sum(kind_of(cell) in KINDS for cell in column) > 0.9 * len(column):
            places.setdefault("kind", i)
    han = [
        -1 if i in places.values() else sum(len(_HAN.findall(cell)) for cell in column)
        for i, column in enumerate(cells)
    ]
    if han and (max(han) > 0 or width == 1):
        places["text"] = han.index(max(han))
    return Columns(places)


def _is_event_log(lines: Sequence[str]) -> bool:
    rows = [line.split(",", 2) for line in lines if line.strip()][:3]
    return bool(rows) and all(
        len(row) == 3 and _EVENT.match(row[0]) and row[1].isdecimal() for row in rows
    )
