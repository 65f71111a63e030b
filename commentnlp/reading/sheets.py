"""Workbooks and Parquet files → rows of text cells, a few at a time."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from commentnlp.errors import ReadError
from commentnlp.reading.cells import cell_text, unescaped
from commentnlp.reading.columns import Columns
from commentnlp.records import SHANGHAI

BATCH_ROWS = 10_000
"""Most rows of a Parquet file that are made text at once."""
_HEAD_ROWS = 20
"""Rows by which a sheet is told from others."""
_SUMMARIES = ("汇总", "统计", "说明", "目录", "概览", "summary", "Summary")
"""Words in titles of sheets that hold no comments."""

MOST_COLUMNS = 1_000
"""Columns of a sheet that are read."""
_SAME_WIDTH = 500
"""Rows that come equally wide, for the columns to be told by them."""

LAST_ROW = 1_048_576
"""The last row that an XLSX sheet can have."""

_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):\1(\d{1,7})"')
_MERGED_BYTES = 8 << 20
"""At the end of a sheet, in which merged cells are looked for."""
_BLOCK_ROWS = 1_000
_INEXACT = 10**15
"""From here on Excel loses digits: it keeps fifteen of a number."""

Rows = Iterator[tuple[int, list[str]]]


@dataclass
class Sheet:
    """The rows of a workbook's sheet or of a Parquet file, all cells text as of `cell_text`."""

    rows: Rows
    """Number of the row and its cells, to be read once; ReadError where the file is broken.

    Numbers are Excel's; in a Parquet file the column names are row 1. Rows of a workbook that
    hold nothing are left out, the others filled up to the widest so far.
    """
    notes: list[str]
    """What was odd; complete once the rows are read."""
    merged: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """Column, from 0 → first and last rows that are one cell there, whose value stands in the
    first."""


def workbook_rows(file: BinaryIO, name: str, wanted: str = "") -> Sheet:
    """The visible sheet of an XLSX workbook that looks like the comments, or the one that is
    ``wanted`` by name or number; of a formula, its kept value.

    Raises ReadError for a broken workbook, one without data or without that sheet.
    """
    import openpyxl

    with _reading(name):
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            # many exporters write wrong dimensions; without them every cell is read
            sheet.reset_dimensions()
    sheets = [
        (sheet.title, sheet.sheet_state == "visible", sheet.iter_rows(values_only=True))
        for sheet in book.worksheets
    ]
    title, chosen = _best_sheet(sheets, name, wanted)
    with _reading(name):
        chosen.merged = _merged_cells(book, title)
    return chosen


def old_workbook_rows(file: BinaryIO, name: str, wanted: str = "") -> Sheet:
    """As `workbook_rows`, of an XLS workbook, which is read whole.

    Raises ReadError for a broken workbook, one with a password or without data.
    """
    import xlrd

    with _reading(name):
        try:
            # it would print its warnings
            log = io.StringIO()
            book = xlrd.open_workbook(file_contents=file.read(), logfile=log, ragged_rows=True)
        except xlrd.XLRDError as error:
            if "encrypted" not in str(error):
                raise
            raise ReadError(f"{name}: has a password; save it without one") from None

    def values(sheet: Any) -> Iterator[list[Any]]:
        for number in range(sheet.nrows):
            yield [_old_value(cell, book.datemode) for cell in sheet.row(number)]

    sheets = [(sheet.name, sheet.visibility == 0, values(sheet)) for sheet in book.sheets()]
    return _best_sheet(sheets, name, wanted)[1]


def parquet_rows(file: BinaryIO, name: str) -> Sheet:
    """The rows of a Parquet file, its column names first; nested values become JSON.

    Raises ReadError for a broken file and where pyarrow is missing.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise ReadError(
            f"{name}: reading Parquet needs pyarrow; pip install 'commentnlp[parquet]'"
        ) from None
    with _reading(name):
        parquet = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
        header = list(parquet.schema_arrow.names)
        batches = parquet.iter_batches(batch_size=BATCH_ROWS)
    notes: list[str] = []

    def rows() -> Rows:
        yield 1, header
        number, inexact = 1, 0
        for batch in _guarded(batches, name, 1):
            with _reading(name):
                columns = [_parquet_values(column) for column in batch.columns]
            inexact += sum(
                isinstance(value, float) and abs(value) >= _INEXACT
                for values in columns
                for value in values
            )
            texts = [list(map(cell_text, values)) for values in columns]
            for index in range(batch.num_rows):
                number += 1
                yield number, [column[index] for column in texts]
        notes.extend(_inexact_note(inexact))

    return Sheet(rows(), notes)


def _best_sheet(
    sheets: Sequence[tuple[str, bool, Iterable[Sequence[Any]]]], name: str, wanted: str
) -> tuple[str, Sheet]:
    """Title, visible or not, and rows of all sheets → the one to read, and a note on the rest."""
    notes: list[str] = []
    if wanted:
        sheets = [_wanted_sheet(sheets, name, wanted)]
    chosen: Sheet | None = None
    others, title, most = [], "", -1
    for other, visible, values in sheets:
        rows = _filled(values, name, notes)
        head = list(islice(rows, _HEAD_ROWS))
        if not head:
            continue
        worth = _worth(other, head)
        if visible and worth > most:
            if chosen is not None:
                others.append(title)
            chosen, title, most = Sheet(chain(head, rows), notes), other, worth
        else:
            others.append(other if visible else f"{other} (hidden)")
    if chosen is None:
        raise ReadError(f"{name}: no visible sheet of the workbook holds data")
    if others:
        notes.insert(0, f"only the sheet {title} is read; not read: {', '.join(others)}")
    return title, chosen


def _merged_cells(book: Any, title: str) -> dict[int, list[tuple[int, int]]]:
    """The cells of a sheet that are merged over rows, as of `Sheet.merged`.

    They stand behind the rows; openpyxl leaves them out where it does not hold the whole sheet.
    """
    from openpyxl.utils import column_index_from_string

    tail = b""
    with book._archive.open(book[title]._worksheet_path) as file:
        while block := file.read(1 << 20):
            tail = (tail + block)[-_MERGED_BYTES:]
    merged: dict[int, list[tuple[int, int]]] = {}
    for column, first, last in _MERGED.findall(tail):
        place = column_index_from_string(column.decode()) - 1
        merged.setdefault(place, []).append((int(first), int(last)))
    return {place: sorted(runs) for place, runs in merged.items()}


def _wanted_sheet(
    sheets: Sequence[tuple[str, bool, Iterable[Sequence[Any]]]], name: str, wanted: str
) -> tuple[str, bool, Iterable[Sequence[Any]]]:
    """The sheet of that name or number; it may be hidden."""
    titles = [title.strip().lower() for title, _, _ in sheets]
    wanted = wanted.strip()
    if wanted.lower() in titles:
        place = titles.index(wanted.lower())
    elif wanted.isdecimal() and 1 <= int(wanted) <= len(titles):
        place = int(wanted) - 1
    else:
        there = ", ".join(title for title, _, _ in sheets)
        raise ReadError(f"{name}: --sheet: no sheet {wanted!r}; there are: {there}")
    title, _, rows = sheets[place]
    return title, True, rows


def _worth(title: str, head: Sequence[tuple[int, list[str]]]) -> int:
    """How much a sheet looks like the one with the comments, by its title and first rows."""
    best = 0
    for at, (_, cells) in enumerate(head[:5]):
        found = Columns.named([cell.strip() for cell in cells])
        if "text" in found.places:
            body = [row for _, row in head[at + 1 :]]
            words = "text" in found.checked(body, cells).places and len(body) > 0
            best = max(best, 1 + words + len(found.places.keys() & {"time", "name", "user"}))
    return best - (2 if any(word in title for word in _SUMMARIES) and best else 0)


def _filled(values: Iterable[Sequence[Any]], name: str, notes: list[str]) -> Rows:
    width, inexact = 0, 0
    far: list[int] = []
    for number, row in enumerate(_guarded(values, name, _BLOCK_ROWS), 1):
        if number > LAST_ROW:
            raise ReadError(f"{name}: the workbook is broken (a row after {LAST_ROW:,})")
        cells = [unescaped(value) if type(value) is str else cell_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        inexact += sum(isinstance(v, int | float) and abs(v) >= _INEXACT for v in row)
        if len(cells) > MOST_COLUMNS:
            # one cell far out to the right would make every row that wide
            far.append(number)
            del cells[MOST_COLUMNS:]
            while cells and not cells[-1]:
                cells.pop()
        if number <= _SAME_WIDTH:
            width = max(width, len(cells))
            cells += [""] * (width - len(cells))
        yield number, cells
    notes.extend(_inexact_note(inexact))
    if far:
        notes.append(
            f"{len(far)} rows have cells beyond column {MOST_COLUMNS:,}, which are not read (the"
            f" first is row {far[0]:,})"
        )


def _inexact_note(count: int) -> list[str]:
    if not count:
        return []
    return [
        f"{count} cells are numbers of more than 15 digits, the last of which may be lost: "
        "export identities as text"
    ]


def _old_value(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment = xlrd.xldate_as_datetime(cell.value, datemode)
        except (xlrd.XLDateError, OverflowError, ValueError):
            return cell.value
        return moment.time() if cell.value < 1 else moment
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#ERROR!")
    return cell.value


def _parquet_values(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_float32(column.type):
        # as a Python float 0.1 would be 0.10000000149011612
        texts = column.cast(pa.string()).to_pylist()
        return [None if text is None else float(text) for text in texts]
    if pa.types.is_timestamp(column.type):
        # nanoseconds would come as pandas' own type, and a named zone asks for a database
        zone = column.type.tz and "+00:00"
        moments = column.cast(pa.timestamp("us", zone), safe=False).to_pylist()
        return [moment and moment.astimezone(SHANGHAI) for moment in moments] if zone else moments
    values: list[Any] = column.to_pylist()
    return values


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """A broken file may raise anything in its reader, which also warns of what does not matter."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        raise ReadError(
            f"{name}: the file is broken ({type(error).__name__}: {error});"
            " open it where it comes from and save it again"
        ) from None


def _guarded(values: Iterable[Any], name: str, at_once: int) -> Iterator[Any]:
    rest = iter(values)
    while True:
        with _reading(name):
            block = list(islice(rest, at_once))
        if not block:
            return
        yield from block
