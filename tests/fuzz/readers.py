"""Readers never crash, lose nothing in silence, and give the same rows whichever core there is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from commentnlp.errors import CommentnlpError
from commentnlp.reading import Parser, Source, open_sources

from ..conftest import ROOT
from .mutations import mutated, repacked
from .words import check_words

CASES = ROOT / "tests" / "cases"
LIVE = ROOT / "tests" / "live"


def seeds() -> list[tuple[str, bytes]]:
    """Files that are right, by name."""
    paths = sorted([*CASES.iterdir(), *LIVE.iterdir()])
    return [(path.name, path.read_bytes()) for path in paths if path.is_file()]


def inputs(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of files, about as many right as wrong ones."""
    chance = random.Random(seed)
    some = seeds()
    for _ in range(count):
        name, data = chance.choice(some)
        packed = name.endswith((".xlsx", ".db"))
        for _ in range(chance.choice((0, 1, 1, 2))):
            data = mutated(data, chance)
        yield name, data if packed else repacked(data, chance)


def check(path: Path) -> None:
    """Read a file; raises AssertionError, or whatever a reader raises that it should not."""
    try:
        for source in open_sources(path, text=None):
            _check_source(source)
    except CommentnlpError as error:
        check_words(error)


def _check_source(source: Source) -> None:
    width = len(source.parser.layout.header)
    for piece in source.pieces:
        records = source.parser.parse(piece)
        assert len(records.rows) == len(records.comments) == len(records.lines)
        assert all(len(row) == width for row in records.rows), "rows are as wide as the header"
        source.parser.events(records, source.days)
        quick = source.parser.parse(piece, cells=False)
        assert quick.comments == records.comments
        assert quick.lines == records.lines
        if source.parser.form == "text":
            _check_lines(source.parser, piece.content, records.rows, records.lost)


def _check_lines(parser: Parser, text: str, rows: list[list[str]], lost: object) -> None:
    """Without quotation marks a line is a row, or is named as none."""
    if '"' not in text:
        lines = len(text.removesuffix("\n").split("\n"))
        named = sum(count for _, count, _ in lost)  # type: ignore[attr-defined]
        assert lines == len(rows) + named, f"{lines} lines, {len(rows)} rows, {named} named"


def run(count: int, seed: int, folder: Path) -> None:
    """Check so many files; the one that fails stays in ``folder``."""
    for number, (name, data) in enumerate(inputs(count, seed)):
        path = folder / f"{number}-{name}"
        path.write_bytes(data)
        check(path)
        path.unlink()
