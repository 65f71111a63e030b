"""Tag the comments of files of any size: read, tag and write piece by piece, count, go on later."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from datetime import date
from itertools import chain, count, islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from commentnlp.checkpoints import resumable_file
from commentnlp.cycles import no_search_for_cycles
from commentnlp.errors import CommentnlpError, ReadError
from commentnlp.layouts import TEXT_SUFFIXES, layout
from commentnlp.model import Model
from commentnlp.reading import NO_HINTS, Source, TableHints, open_sources
from commentnlp.tag_columns import TagColumns
from commentnlp.tagging import Done, Tagger
from commentnlp.whole_files import check_target, whole_file
from commentnlp.workbooks import CellKinds
from commentnlp.writing import SUFFIXES, open_rows

STDIN = STDOUT = "-"

_TEXTS = ("text", "id", "room", "user", "name")
"""What is never a number, whatever digits it has."""

_LONGEST_NAME = 220
"""Bytes of a name, without its ending: file systems take 255."""

_FEW_PIECES = 4
"""Pieces of a file that one process tags sooner than others are started."""


@dataclass(frozen=True)
class Summary:
    """What a file held: counts of rows, comments and labels, what was odd, the surest examples."""

    source: str
    target: str
    tool: str
    """The live tool that wrote the file, or the kind of table."""
    rows: int
    comments: int
    labels: Mapping[str, Counter[str]]
    """Facet → how many comments have each label; a leaf counts for its parent, too."""
    examples: Mapping[str, str]
    """``facet/label`` → the comment that has it with the highest score."""
    notes: tuple[str, ...] = ()
    """How the file was read where that was not plain."""
    odd: tuple[str, ...] = ()
    """What was strange about rows that are kept, how often, on which lines."""
    lost: tuple[str, ...] = ()
    """What is no row and stands in no output, likewise."""


@dataclass(frozen=True)
class Options:
    """How files are read and written."""

    text: str = ""
    """Column of the comments; found by its usual names if empty."""
    hints: TableHints = NO_HINTS
    """Other columns and the sheet, where they have unusual names."""
    day: date | None = None
    """Date of logs that only tell the hour."""
    bom: bool = True
    """Begin CSV files with a byte-order mark, without which Excel does not see that it is UTF-8."""
    resume: bool = False
    """Go on where an earlier run of the same files was broken off."""
    labels: str = "en"
    """Names of columns and labels: ``en`` by their identifiers, ``zh`` in Chinese."""
    wide: bool = False
    """Also a column of 0 and 1 for each label."""
    safe_cells: bool = False
    """In CSV and TSV, put an apostrophe before what a spreadsheet would take for a formula."""
    jobs: int = 1
    """Processes that tag. With more than one, call from under ``if __name__ == "__main__":``."""


def classify_file(
    model: Model,
    source: Path | str,
    target: Path | str | None = None,
    options: Options = Options(),
    *,
    progress: Callable[[int, int, int | None], None] = lambda rows, position, size: None,
    unreadable: Callable[[ReadError], None] | None = None,
) -> list[Summary]:
    """Tag every comment of ``source`` and write all its rows and columns with the tags.

    ``source`` is a file of any kind that `commentnlp.reading` knows, or ``-`` for stdin; a zip
    archive of several files gives one output and one summary for each. ``target`` is a file whose
    ending says how to write (`SUFFIXES`), ``-`` for stdout, or None for ``NAME.tagged.csv`` beside
    the input; it appears only when whole. Rows that are no comments of viewers get empty tags.
    Memory does not grow with the file. ``progress`` is told rows done, bytes read, bytes in all.

    Raises CommentnlpError; after an interrupt, or where the disk was full, the same call with
    ``resume`` goes on (text outputs only). Of a file in an archive that cannot be read
    ``unreadable`` is told, if given, and the others are tagged.
    """
    if options.resume and (str(source) == STDIN or Path(source).is_fifo()):
        raise CommentnlpError("--resume: a pipe cannot be read again; run without it")
    if target is not None and str(target) != STDOUT:
        check_output(target, source)
    summaries = []
    written: set[Path | str] = set()
    with no_search_for_cycles():
        sources = open_sources(
            source, text=options.text, day=options.day, hints=options.hints, unreadable=unreadable
        )
        for number, opened in enumerate(sources):
            if number and target is not None:
                raise CommentnlpError(
                    f"{source}: holds several files, but -o names one;"
                    " leave -o out to write one each"
                )
            to = default_target(source, opened.name) if target is None else target
            if to in written and to != STDOUT:
                to = distinct_target(Path(to), PurePosixPath(opened.name).suffix, written)
            written.add(to)
            if target is None and to != STDOUT:
                check_output(to, source)
            summaries.append(_classify(model, opened, str(source), to, options, progress))
    return summaries


def default_target(source: Path | str, name: str = "") -> Path | str:
    """``NAME.tagged.csv`` beside the input; ``name`` tells the member of an archive."""
    if str(source) == STDIN:
        return STDOUT
    path = Path(source)
    stem = _stem(path.name)
    member = PurePosixPath(name.rpartition(" › ")[2] if " › " in name else "")
    inside = ".".join([*member.parent.parts, _stem(member.name)]).strip("./")
    if inside and inside != stem:
        stem = f"{stem}.{inside}"
    if len(stem.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        stem = f"{stem[: _LONGEST_NAME // 4]}-{digest}"
    return path.parent / f"{stem}.tagged.csv"


def distinct_target(target: Path, ending: str, others: Collection[Path | str]) -> Path:
    """Another name for the output of ``x.txt`` where there is an ``x.csv`` beside it, too."""
    stem = target.name.removesuffix(".tagged.csv") + ending
    names = chain([stem], (f"{stem}.{number}" for number in count(2)))
    return next(
        path for name in names if (path := target.with_name(f"{name}.tagged.csv")) not in others
    )


def _stem(name: str) -> str:
    path = Path(name)
    return Path(path.stem).stem if path.suffix.lower() in (".gz", ".zst", ".zip") else path.stem


def check_output(target: Path | str, source: Path | str) -> None:
    """Refuse before the work what could not be written after it. Raises CommentnlpError."""
    target = Path(target)
    if target.suffix.lower() not in SUFFIXES:
        raise CommentnlpError(
            f"{target}: cannot write that kind of file; name one ending in {', '.join(SUFFIXES)}"
        )
    check_target(target, [] if str(source) == STDIN else [source])


def _classify(
    model: Model,
    source: Source,
    path: str,
    target: Path | str,
    options: Options,
    progress: Callable[[int, int, int | None], None],
) -> Summary:
    header = source.parser.layout.header
    columns = TagColumns(model.taxonomy, options.labels, options.wide)
    full = [*header, *columns.names(header)]
    suffix = ".csv" if str(target) == STDOUT else Path(target).suffix.lower()
    total = Done()
    with ExitStack() as stack:
        if suffix in TEXT_SUFFIXES:
            lines = layout(suffix, full, safe=options.safe_cells)
            mark = "\ufeff" if options.bom and suffix == ".csv" and str(target) != STDOUT else ""
            known = _identity(model, path, full, options)
            head = (mark + lines.head()).encode()
            output = _text_output(source, target, head, known, path, options.resume, total)
        else:
            if options.resume:
                raise CommentnlpError(
                    f"{target}: --resume works for {', '.join(TEXT_SUFFIXES)}; run without it"
                )
            lines = None
            places = source.parser.layout.columns.places
            kinds = CellKinds(
                times=frozenset(places[what] for what in ("time", "date") if what in places),
                texts=frozenset(places[what] for what in _TEXTS if what in places),
                scores=frozenset(len(header) + place for place in columns.score_places()),
            )
            output = _row_output(Path(target), suffix, full, kinds)
        write, done_before, notes = stack.enter_context(output)
        tagger = Tagger(model, source.parser, lines, columns)
        for done in _tagged(tagger, source, done_before, options.jobs):
            total.add(done)
            write(done)
            progress(total.row_count, source.position(), source.size)
    total.odd.update(source.odd)
    total.lost.update(source.lost)
    return _summary(model, source, target, total, notes)


def _tagged(tagger: Tagger, source: Source, skip: int, jobs: int) -> Iterator[Done]:
    """Tag the pieces after the first ``skip``, in order; by several processes if that pays."""
    pieces = islice(source.pieces, skip, None)
    ahead = list(islice(pieces, _FEW_PIECES)) if jobs > 1 else []
    if len(ahead) < _FEW_PIECES or tagger.model.folder is None:
        return map(tagger.tag, chain(ahead, pieces))
    from commentnlp.workers import tag_pieces  # what runs processes takes its time to import

    return tag_pieces(tagger, tagger.model.folder, chain(ahead, pieces), jobs)


def _summary(
    model: Model, source: Source, target: Path | str, total: Done, notes: Sequence[str]
) -> Summary:
    labels: dict[str, Counter[str]] = {facet: Counter() for facet in model.taxonomy.facets}
    for key, comments in total.labels.items():
        facet, _, label = key.partition("/")
        labels[facet][label] = comments
    return Summary(
        source.name,
        str(target),
        source.tool,
        total.row_count,
        total.comments,
        labels,
        {key: text for key, (_, text) in total.examples.items()},
        (*source.notes, *notes),
        tuple(total.odd.told()),
        tuple(total.lost.told()),
    )


# outputs: each gives a function that takes a tagged piece, how many pieces it has already, notes

_Output = tuple[Callable[[Done], None], int, list[str]]


@contextmanager
def _row_output(
    target: Path, suffix: str, header: Sequence[str], kinds: CellKinds
) -> Iterator[_Output]:
    """A workbook or Parquet file."""
    with (
        whole_file(target) as part,
        open_rows(part, suffix, header, kinds) as writer,
    ):
        yield (lambda done: writer.write(done.rows)), 0, writer.notes


@contextmanager
def _text_output(
    source: Source,
    target: Path | str,
    head: bytes,
    identity: dict[str, Any],
    path: str,
    resume: bool,
    total: Done,
) -> Iterator[_Output]:
    """A text file, which can be gone on with where it was broken off."""
    if str(target) == STDOUT:
        sys.stdout.buffer.write(head)
        yield (lambda done: _write_all(sys.stdout.buffer, done.text)), 0, []
        return
    plain = path != STDIN and Path(path).is_file()
    with resumable_file(
        target,
        identity,
        Path(path) if plain else None,
        source.position,
        total.to_json,
        resume=resume,
    ) as (before, write):
        notes = []
        if resume:
            if before.pieces:
                total.add(_counts(target, before.counts))
            notes = [
                f"went on after {total.row_count} rows"
                if before.pieces
                else "nothing to go on with"
            ]
        start = before.pieces

        def append(done: Done) -> None:
            write(done.text if before.pieces else head + done.text)

        yield append, start, notes
        if not before.pieces:
            write(head)


def _counts(target: Path | str, told: Any) -> Done:
    try:
        return Done.from_json(told)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CommentnlpError(
            f"{target}: the record of the run that was broken off is damaged; run without --resume"
            " to begin anew"
        ) from None


def _write_all(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()


def _identity(model: Model, path: str, header: Sequence[str], options: Options) -> dict[str, Any]:
    """What must be the same for a run to go on where another stopped."""
    return {
        "input": os.path.abspath(path),
        "model": model.meta.version,
        "header": list(header),
        "bom": options.bom,
        "labels": options.labels,
        "safe_cells": options.safe_cells,
        "text": options.text,
        "hints": list(astuple(options.hints)),
        "day": str(options.day),
    }
