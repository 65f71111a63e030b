"""SQLite files of live tools → rows of the table that holds the comments."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from commentnlp.errors import ReadError
from commentnlp.reading.cells import cell_text
from commentnlp.reading.columns import Columns
from commentnlp.reading.sheets import Sheet


def sqlite_rows(file: BinaryIO, name: str) -> Sheet:
    """The rows of the table with most rows among those with a column of comments.

    A log beside the file (``-wal``), in which the latest rows may stand, is read too; both are
    copied first, so that nothing of the tool's is touched. Raises ReadError for a file that is
    broken or has no such table.
    """
    notes: list[str] = []
    return Sheet(_rows(file, name, notes), notes)


def _rows(file: BinaryIO, name: str, notes: list[str]) -> Iterator[tuple[int, list[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with copy.open("wb") as out:
            file.seek(0)
            shutil.copyfileobj(file, out)
        log = Path(f"{name}-wal")
        if Path(name).is_file() and log.is_file():
            shutil.copyfile(log, Path(f"{copy}-wal"))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                yield from _table_rows(connection, name, notes)
        except sqlite3.Error as error:
            raise ReadError(
                f"{name}: the SQLite file is broken ({error}); export the comments as CSV"
            ) from None


def _table_rows(
    connection: sqlite3.Connection, name: str, notes: list[str]
) -> Iterator[tuple[int, list[str]]]:
    tables = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    found: list[tuple[int, str, list[str]]] = []
    for table in tables:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
        if "text" in Columns.named(columns).places:
            (count,) = connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()
            found.append((count, table, columns))
    if not found:
        told = ", ".join(tables[:10]) or "none"
        raise ReadError(f"{name}: no table of the SQLite file has a column of comments ({told})")
    _, table, columns = max(found, key=lambda one: one[0])
    others = [one for _, one, _ in found if one != table]
    if others:
        notes.append(f"only the table {table} is read; not read: {', '.join(others)}")
    yield 1, columns
    rows = connection.execute(f"SELECT * FROM {_quoted(table)}")
    for number, row in enumerate(rows, 2):
        yield number, [_cell(value) for value in row]


def _cell(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else cell_text(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
