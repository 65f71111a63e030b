"""Rows of text → an XLSX workbook, row by row."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
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

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)(?:\+08:00)?)?", re.ASCII
)
"""A date, a time of that day by China's clock; with another clock it stays text."""
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d{3})?)?", re.ASCII)
_INTEGER = re.compile(r"0|-?[1-9]\d{0,14}", re.ASCII)
"""Excel keeps fifteen digits."""
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,8})\.\d{0,5}[1-9]", re.ASCII)
"""What comes back as it was, without a zero at its end."""
_SCORE = re.compile(r"[01]\.\d{3}", re.ASCII)
_WIDE = re.compile("[\u1100-\u115f\u2e80-\uffdc\U0001f000-\U0003ffff]")
_WIDTH_ROWS = 200


@dataclass(frozen=True)
class CellKinds:
    """Which columns of a workbook hold times, texts or scores; the others may hold numbers."""

    times: frozenset[int] = frozenset()
    texts: frozenset[int] = frozenset()
    """Comments, names and identities: text, even where they are digits."""
    scores: frozenset[int] = frozenset()


class WorkbookWriter:
    """An XLSX workbook: bold header that stays in sight, filters, identities as text.

    Cells become what ``kinds`` says, if it is given, where they say it plainly: times such as
    ``2026-11-22 20:15:03`` or ``20:15``, scores, numbers of at most 15 digits that come back as
    they were. All others are texts; nothing is taken for a formula or link. Rows that a sheet has
    no room for go on in the next. The rows wait in a hidden folder beside ``path``.
    """

    def __init__(self, path: Path, header: Sequence[str], kinds: CellKinds | None = None) -> None:
        """Begin the file with its header."""
        import xlsxwriter

        if len(header) > SHEET_COLUMNS:
            raise CommentnlpError(
                f"{path}: a workbook has room for {SHEET_COLUMNS:,} columns, not for"
                f" {len(header):,}; write CSV"
            )
        self.notes: list[str] = []
        self._header = header
        self._kinds = kinds or CellKinds(texts=frozenset(range(len(header))))
        self._widths = [8] * len(header)
        self._cut = self._number = 0
        path.open("wb").close()
        # the common folder for temporary files may be small
        self._scratch = tempfile.TemporaryDirectory(prefix=".", dir=path.parent)
        options = {"constant_memory": True, "tmpdir": self._scratch.name}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._book.use_zip64()
        self._bold = self._book.add_format({"bold": True})
        self._forms: dict[str, Any] = {}
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
        if column in self._kinds.texts:
            self._sheet.write_string(self._number, column, self._text(cell))
        elif column in self._kinds.times and (found := _moment(cell)):
            moment, form = found
            self._sheet.write_datetime(self._number, column, moment, self._form(form))
        elif column in self._kinds.scores and _SCORE.fullmatch(cell):
            self._sheet.write_number(self._number, column, float(cell), self._form("0.000"))
        elif column not in self._kinds.times and _INTEGER.fullmatch(cell):
            # without a form, twelve digits would show as 3.1E+11
            self._sheet.write_number(self._number, column, int(cell), self._form("0"))
        elif column not in self._kinds.times and _DECIMAL.fullmatch(cell):
            self._sheet.write_number(self._number, column, float(cell))
        else:
            self._sheet.write_string(self._number, column, self._text(cell))

    def _form(self, form: str) -> Any:
        if form not in self._forms:
            self._forms[form] = self._book.add_format({"num_format": form})
        return self._forms[form]

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


def _moment(cell: str) -> tuple[datetime | time, str] | None:
    """The time that a cell says, and the form that shows it so; None where it says none."""
    with suppress(ValueError):
        if found := _MOMENT.fullmatch(cell):
            day, clock = found.groups()
            # in 1900 Excel counts a day that never was
            if day < "1901":
                return None
            return datetime.fromisoformat(f"{day} {clock or '00:00'}"), _time_form(day, clock)
        if _CLOCK.fullmatch(cell):
            return time.fromisoformat(cell), _time_form("", cell)
    return None


def _time_form(day: str, clock: str | None) -> str:
    return " ".join(
        filter(None, ["yyyy-mm-dd" * bool(day), "hh:mm:ss.000"[: len(clock)] if clock else ""])
    )


Cell = str | int | float | None


def write_sheets(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """A workbook of small tables: sheet name → rows, the first of which is the header.

    Texts stay texts, numbers are numbers; headers are bold and stay in sight, and can be filtered
    by. The file appears whole or not at all. Raises CommentnlpError where it cannot be written.
    """
    import xlsxwriter

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
