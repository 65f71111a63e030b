"""Plain tables that people extend: one row a line, cells parted by tabs, ``#`` starts a remark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from commentnlp.errors import ReadError


def read_table(path: Path, columns: int) -> list[tuple[str, ...]]:
    """Rows of a table, each filled up with empty cells to ``columns``.

    Raises ReadError that names file and line for a row with more cells, an empty first cell or
    text that is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ReadError(f"{path}: no such table; every language folder needs one") from None
    return read_rows(content, columns, str(path))


def read_rows(content: bytes, columns: int, path: str) -> list[tuple[str, ...]]:
    """`read_table` for the bytes of a table; ``path`` is for messages."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) > columns or not cells[0]:
            raise ReadError(
                f"{path}, line {number}: expected 1 to {columns} cells parted by tabs,"
                f" the first not empty: {line!r}"
            )
        rows.append(tuple(cells + [""] * (columns - len(cells))))
    return rows


def write_table(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a file that `read_table` reads back."""
    return "".join("\t".join(row) + "\n" for row in rows).encode()
