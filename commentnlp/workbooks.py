"""Rows of text → an XLSX workbook, row by row."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from commentnlp.errors import CommentnlpError
from commentnlp.layouts import encodable
from commentnlp.whole_files import whole_file

SHEET_ROWS = 1_048_576
"""Most rows of a workbook's sheet, the header among them."""
SHEET_COLUMNS = 16_384
CELL_LENGTH = 32_767
"""Longest text of a workbook's cell, in UTF-16 units."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?", re.ASCII)
_WIDE = re.compile("[\u1100-\u115f\u2e80-\uffdc\U0001f000-\U0003ffff]")
_WIDTH_ROWS = 200


class WorkbookWriter:
    """An XLSX workbook: bold header that stays in sight, filters, identities as text.

    Cells of the columns ``times`` that say ``2026-11-22 20:15:03`` become dates, all others are
    texts: nothing is taken for a number, formula or link. Rows that a sheet has no room for go on
    in the next. The rows wait in a hidden folder beside ``path``.
    """

    def __init__(self, path: Path, header: Sequence[str], times: Collection[int] = ()) -> None:
        """Begin the file with its header."""
        try:
            import xlsxwriter
        except ImportError:
            raise CommentnlpError(
                f"{path}: writing XLSX needs xlsxwriter; pip install 'commentnlp[excel]'"
            ) from None
        if len(header) > SHEET_COLUMNS:
            raise CommentnlpError(
                f"{path}: a workbook has room for {SHEET_COLUMNS:,} columns, not for"
                f" {len(header):,}; write CSV"
            )
        self.notes: list[str] = []
        self._header, self._times = header, frozenset(times)
        self._widths = [8] * len(header)
        self._cut = self._number = 0
        path.open("wb").close()
        # the common folder for temporary files may be small
        self._scratch = tempfile.TemporaryDirectory(prefix=".", dir=path.parent)
        options = {"constant_memory": True, "tmpdir": self._scratch.name}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._book.use_zip64()
        self._bold = self._book.add_format({"bold": True})
        self._second = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._millisecond = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._begin_sheet()

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows as wide as the header."""
        for row in rows:
            if self._number == SHEET_ROWS:
                self._end_sheet()
                self._begin_sheet()
            if self._number < _WIDTH_ROWS:
                self._widen(row)
            for column, cell in enumerate(row):
                if cell:
                    self._write_cell(column, cell)
            self._number += 1

    def close(self) -> None:
        """Complete the file. Raises OSError where the disk is full."""
        import xlsxwriter.exceptions

        self._end_sheet()
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None
        self._scratch.cleanup()
        if self._cut:
            self.notes.append(
                f"{self._cut} cells had more than {CELL_LENGTH:,} characters: cut, they end in …"
            )

    def discard(self) -> None:
        """Give the file up."""
        for sheet in self._book.worksheets():
            with suppress(OSError):
                sheet._opt_close()
        self._scratch.cleanup()

    def _begin_sheet(self) -> None:
        count = len(self._book.worksheets()) + 1
        self._sheet: Any = self._book.add_worksheet(
            f"comments {count}" if count > 1 else "comments"
        )
        self._sheet.freeze_panes(1, 0)
        self._number = 1
        self._widen(self._header)
        for column, name in enumerate(self._header):
            self._sheet.write_string(0, column, self._text(name), self._bold)

    def _end_sheet(self) -> None:
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, width)
        if self._header:
            self._sheet.autofilter(0, 0, self._number - 1, len(self._header) - 1)

    def _write_cell(self, column: int, cell: str) -> None:
        moment = _moment(cell) if column in self._times else None
        if moment is None:
            self._sheet.write_string(self._number, column, self._text(cell))
        else:
            form = self._millisecond if moment.microsecond else self._second
            self._sheet.write_datetime(self._number, column, moment, form)

    def _text(self, cell: str) -> str:
        cell = encodable(cell)
        if len(cell) * 2 <= CELL_LENGTH:
            return cell
        units = cell.encode("utf-16-le")
        if len(units) <= 2 * CELL_LENGTH:
            return cell
        self._cut += 1
        # half of a pair at the end is left out
        return units[: 2 * (CELL_LENGTH - 1)].decode("utf-16-le", "ignore") + "…"

    def _widen(self, row: Sequence[str]) -> None:
        for column, cell in enumerate(row):
            line = cell[:80].partition("\n")[0]
            width = min(len(line) + len(_WIDE.findall(line)) + 2, 60)
            self._widths[column] = max(self._widths[column], width)


def _moment(cell: str) -> datetime | None:
    if _MOMENT.fullmatch(cell):
        with suppress(ValueError):
            # in 1900 Excel counts a day that never was
            return datetime.fromisoformat(cell) if cell >= "1901" else None
    return None


Cell = str | int | float | None


def write_sheets(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """A workbook of small tables: sheet name → rows, the first of which is the header.

    Texts stay texts, numbers are numbers; headers are bold and stay in sight, and can be filtered
    by. The file appears whole or not at all. Raises CommentnlpError where it cannot be written.
    """
    try:
        import xlsxwriter
        import xlsxwriter.exceptions
    except ImportError:
        raise CommentnlpError(
            f"{path}: writing XLSX needs xlsxwriter; pip install 'commentnlp[excel]'"
        ) from None
    with whole_file(path) as part:
        book = xlsxwriter.Workbook(str(part))
        _fill_sheets(book, sheets)
        close_workbook(book)


def close_workbook(book: Any) -> None:
    """Write a workbook of xlsxwriter out. Raises OSError where the disk refuses it."""
    import xlsxwriter.exceptions

    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(None, str(error)) from None


def _fill_sheets(book: Any, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for i, row in enumerate(rows):
            form = wrapped if i else bold
            for j, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(i, j, encodable(cell)[: CELL_LENGTH // 2], form)
                elif cell is not None:
                    sheet.write_number(i, j, cell, form)
        for j in range(len(rows[0])):
            column = [str(row[j]) for row in rows[:_WIDTH_ROWS] if row[j] is not None]
            width = max((len(cell) + len(_WIDE.findall(cell)) + 2 for cell in column), default=8)
            sheet.set_column(j, j, min(max(width, 8), 60))
        sheet.autofilter(0, 0, max(len(rows) - 1, 0), len(rows[0]) - 1)
