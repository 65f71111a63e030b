"""Rows of text → files: CSV, TSV, JSON lines, XLSX, Parquet, by the ending of the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from commentnlp.errors import CommentnlpError
from commentnlp.layouts import Layout, encodable, keys, layout
from commentnlp.workbooks import CellKinds, WorkbookWriter

__all__ = ["SUFFIXES", "Layout", "TextWriter", "Writer", "keys", "layout", "open_rows", "open_text"]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")
GROUP_ROWS = 50_000
"""Rows of a Parquet row group."""


class Writer(Protocol):
    """A file that takes rows as wide as its header; the caller gives the path and renames it."""

    notes: list[str]
    """What had to be changed; complete once the file is closed."""

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows. Raises OSError where the disk is full."""

    def close(self) -> None:
        """Complete the file. Raises OSError where the disk is full."""

    def discard(self) -> None:
        """Give the file up as it is; never raises."""


_Writer = TypeVar("_Writer", bound=Writer)


def open_rows(
    path: Path, suffix: str, header: Sequence[str], kinds: CellKinds | None = None
) -> AbstractContextManager[Writer]:
    """A new file at ``path``, written as ``suffix`` says, whatever the path's own ending.

    It is complete at the end of the block, and unusable where the block raises. ``kinds`` says
    what the cells of a workbook are; all are texts if not given. Raises OSError for what the disk
    refuses and CommentnlpError for a missing package or too many columns.
    """
    if suffix == ".xlsx":
        return _completed(WorkbookWriter(path, header, kinds))
    if suffix == ".parquet":
        return _completed(_Parquet(path, header))
    return open_text(path, layout(suffix, header))


def open_text(path: Path, layout: Layout) -> AbstractContextManager[TextWriter]:
    """A new text file at ``path``, which can take text laid out elsewhere; see `open_rows`."""
    return _completed(TextWriter(path, layout))


@contextmanager
def _completed(writer: _Writer) -> Iterator[_Writer]:
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.discard()
        raise


class TextWriter:
    """A text file in UTF-8; takes rows, or text that a `Layout` laid out elsewhere."""

    def __init__(self, path: Path, layout: Layout) -> None:
        """Begin the file: with the byte-order mark if CSV, and the layout's head."""
        self.notes: list[str] = []
        self._layout = layout
        self._file = path.open("wb")
        # Excel takes a CSV file for UTF-8 only by its mark
        self.write_text("\ufeff" * (layout.suffix == ".csv") + layout.head())

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows."""
        rest = iter(rows)
        while block := list(islice(rest, 1000)):
            self.write_text(self._layout.rows(block))

    def write_text(self, text: str) -> None:
        """Append lines."""
        self._file.write(text.encode())

    def close(self) -> None:
        """Complete the file."""
        self._file.close()

    def discard(self) -> None:
        """Give the file up."""
        with suppress(OSError):
            self._file.close()


class _Parquet:
    def __init__(self, path: Path, header: Sequence[str]) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise CommentnlpError(
                f"{path}: writing Parquet needs pyarrow; pip install 'commentnlp[parquet]'"
            ) from None
        self.notes: list[str] = []
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(encodable(key), pyarrow.string()) for key in keys(header)])
        self._file = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Sequence[str]] = []

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == GROUP_ROWS:
                self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._file.close()

    def discard(self) -> None:
        with suppress(Exception):
            self._file.close()

    def _flush(self) -> None:
        columns = [
            self._arrow.array([*map(encodable, column)], self._arrow.string())
            for column in zip(*self._rows, strict=True)
        ]
        self._file.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))
        self._rows = []
