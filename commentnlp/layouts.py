"""Rows of text → lines of CSV, TSV and JSON; pure, so that other processes can do it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

TEXT_SUFFIXES = (".csv", ".tsv", ".jsonl")

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+\-]?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out; it travels to the processes that lay out blocks of rows."""

    suffix: str
    header: tuple[str, ...]
    safe: bool = False
    """Cells of CSV and TSV that a spreadsheet takes for formulas get an apostrophe before them."""

    def head(self) -> str:
        """What stands before the rows."""
        if self.suffix == ".jsonl":
            return ""
        return self.rows([self.header])

    def rows(self, rows: Iterable[Sequence[str]]) -> str:
        """Lines of the rows, all that UTF-8 can hold; half a surrogate pair becomes U+FFFD."""
        if self.suffix == ".jsonl":
            objects = (dict(zip(self.header, row, strict=True)) for row in rows)
            return encodable("".join([json.dumps(o, ensure_ascii=False) + "\n" for o in objects]))
        if self.safe:
            rows = ([*map(harmless_cell, row)] for row in rows)
        lines: list[str] = []
        # with this ending, a cell that holds a carriage return alone is quoted, too
        writer = csv.writer(
            SimpleNamespace(write=lines.append),
            delimiter="\t" if self.suffix == ".tsv" else ",",
            lineterminator="\r\n",
        )
        writer.writerows(rows)
        return encodable("".join([line[:-2] + "\n" for line in lines]))


def layout(suffix: str, header: Sequence[str], *, safe: bool = False) -> Layout:
    """The layout of a text file; keys of JSON are made unique."""
    return Layout(suffix, tuple(keys(header) if suffix == ".jsonl" else header), safe)


def harmless_cell(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet takes for a formula; plain numbers are none."""
    if _FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def keys(header: Sequence[str]) -> list[str]:
    """The names, those that are empty or were there before with their column's number."""
    unique: list[str] = []
    for number, name in enumerate(header, 1):
        while not name or name in unique:
            name = f"{name} (column {number})".strip()
        unique.append(name)
    return unique


def encodable(text: str) -> str:
    """The text, half surrogate pairs as U+FFFD and whole ones joined."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
