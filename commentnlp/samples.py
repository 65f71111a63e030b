"""Labelled samples: read them, name what is wrong with them, keep nothing in silence."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from io import StringIO
from itertools import chain
from json import loads
from pathlib import Path
from unicodedata import normalize

from commentnlp.annotation import (
    CHECKED,
    FACETS,
    LABELS_SHEET,
    NONE,
    NOT_JUDGED,
    Said,
    said_in_doccano,
    said_in_label_studio,
    unfolded,
)
from commentnlp.errors import SampleError
from commentnlp.reading import BLANK, RAGGED, Remarks, Source, open_sources
from commentnlp.reading.jsons import MORE, cell_of
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy

_JOINED = (re.compile(r"[|｜;；、\n]"), re.compile(r"[,，]"))
"""What parts labels in a cell; commas last, since display names have some, too."""
_NONE = {"无", "没有", NONE}
_EMPTY = {"", "-", "—"}
_YES = {"是", "对", "yes", "y", "1", "true", "x", "✓", "✔", "√"}
_NO = {"", "否", "no", "n", "0", "false", "未", "×", "✗", "✘"}
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d+")
"""What a spreadsheet makes of a long number in CSV."""
_KEPT = ("source", "id", "group", "time", "annotator")
"""Columns that a sample keeps as they are."""
_SPLITS = {"": "", "train": "train", "holdout": "holdout", "test": "holdout", "dev": "holdout"}


@dataclass(frozen=True)
class Problem:
    """A row that makes no sample."""

    place: str
    """File and line."""
    text: str
    what: str
    """What is wrong with it, and what to do."""


@dataclass
class Gathered:
    """What files hold: samples, rows that make none, and what is to be said of the rest."""

    samples: list[Sample] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Whole sentences that begin with the file."""


def gather(paths: Iterable[Path | str], taxonomy: Taxonomy) -> Gathered:
    """Read samples of files; rows that make none become problems.

    A table has a column ``text`` and one a facet, where labels, by identifier or display name, are
    joined by ``|`` or ``,``; more labels may stand in columns such as ``intent 2``. A facet
    without a column, or with ``?`` in it, was not judged; ``-`` or ``无`` is no label, as is
    nothing. ``source``, ``id``, ``split``, ``group`` (else ``room``), ``time`` and ``annotator``
    are kept where a file has them. Where there is a column ``checked``, only rows count in which
    it says 是, yes, 1, x or ✓. Exports of Label Studio (JSON, JSON-MIN, CSV) and doccano (JSONL,
    or the archive with a file for each user) are read as well; see `annotation`. What is not
    checked or not labelled yet is left out and told in ``notes``.

    Raises ReadError or SampleError where a file is none of these, or has rows that cannot be read:
    nothing may get lost in silence.
    """
    gathered = Gathered()
    for path in paths:
        before = len(gathered.samples) + len(gathered.problems)
        told = len(gathered.notes)
        for source in open_sources(path, text=None):
            for said in _said_in(source, taxonomy, gathered.notes):
                try:
                    gathered.samples.append(_sample(said, taxonomy))
                except SampleError as error:
                    text = said.cells["text"]
                    gathered.problems.append(Problem(said.place, text, str(error)))
        if len(gathered.samples) + len(gathered.problems) == before:
            left = [note for note in gathered.notes[told:] if note.endswith("left out")]
            raise SampleError(left[0] if left else f"{path}: no samples in it")
        odd = [s.id for s in gathered.samples[before:] if _ROUNDED.fullmatch(s.id)]
        if odd:
            gathered.notes.append(
                f"{path}: {len(odd)} ids such as {odd[0]} were rounded by a spreadsheet; label in"
                " XLSX to keep them"
            )
    return gathered


def _said_in(source: Source, taxonomy: Taxonomy, notes: list[str]) -> Iterable[Said]:
    name = source.name
    header = list(source.parser.layout.header)
    _check_read(name, source.lost)
    for note in source.notes:
        if note in source.parser.layout.notes:
            raise SampleError(f"{name}: {note}; is a comma not quoted?")
        if "not read: " in note and not note.endswith(f"not read: {LABELS_SHEET}"):
            raise SampleError(f"{name}: {note}; keep the samples in one sheet, alone")
    facets = _columns(header, taxonomy)
    header = _with_text(header, source.parser.layout.columns.places, facets)
    json = source.tool.startswith("JSON")
    if json and "data" in header and {"annotations", "predictions"} & {*header}:
        said = said_in_label_studio(_rows(source, header), name, taxonomy, notes)
    elif json and "text" in header and "label" in header and not any(facets.values()):
        said = said_in_doccano(_rows(source, header), name, taxonomy, notes)
    else:
        _check_header(name, header, facets, notes)
        said = _said_in_table(_rows(source, header), name, facets, notes)
    # complete now that all has been read
    notes += [f"{name}: {note}" for note in source.notes if "not read: " not in note]
    notes += [f"{name}: {told}" for told in source.odd.told()]
    return said


def _with_text(
    header: list[str], places: Mapping[str, int], facets: Mapping[str, Sequence[str]]
) -> list[str]:
    """The header with the column of comments named ``text``, where it has another usual name."""
    place = places.get("text")
    if "text" in header or place is None or not any(facets.values()):
        return header
    if any(header[place] in columns for columns in facets.values()):
        return header
    return [*header[:place], "text", *header[place + 1 :]]


def _rows(source: Source, header: Sequence[str]) -> Iterator[tuple[dict[str, str], int]]:
    for records in source.records():
        for why, _, lines in records.odd:
            if why in RAGGED:
                raise SampleError(f"{source.name}, line {lines[0]}: {why}; is a comma not quoted?")
        _check_read(source.name, records.lost)
        for row, line in zip(records.rows, records.lines, strict=True):
            cells = dict(zip(header, row, strict=True))
            if more := cells.pop(MORE, ""):
                cells |= {key: cell_of(value) for key, value in loads(more).items()}
            yield cells, line
    # of JSON in one piece, what is broken is found on the way
    _check_read(source.name, source.lost)


def _check_read(name: str, lost: Remarks) -> None:
    for why, _, lines in lost:
        if why != BLANK:
            where = f"{name}, line {lines[0]}" if lines else name
            raise SampleError(f"{where}: {why}; is the file cut off, or something not quoted?")


def _columns(header: Sequence[str], taxonomy: Taxonomy) -> dict[str, list[str]]:
    """Facet → its columns: ``intent``, ``intent 2``, … or, by its display name, ``关注点``."""
    columns: dict[str, list[str]] = {facet: [] for facet in taxonomy.facets}
    for name in header:
        bare, _, number = name.rpartition(" ")
        facet = taxonomy.find_facet(name) or taxonomy.find_facet(bare if number.isdecimal() else "")
        if facet:
            columns[facet].append(name)
    return columns


def _check_header(
    name: str, header: Sequence[str], facets: Mapping[str, Sequence[str]], notes: list[str]
) -> None:
    asked = [facet for facet, columns in facets.items() if columns]
    missing_facets = [facet for facet in facets if facet not in asked]
    known = {"text", CHECKED, *_KEPT, "split", "room", *chain.from_iterable(facets.values())}
    for column in header:
        near = get_close_matches(column.strip().lower(), missing_facets, n=1, cutoff=0.75)
        if near and column not in known:
            raise SampleError(
                f"{name}: no column {near[0]!r}, but one {column!r}: is {near[0]!r} meant? Rename"
                " it, or leave it out of the file"
            )
    if "text" not in header or not asked:
        missing = "text" if "text" not in header else " or ".join(facets)
        raise SampleError(
            f"{name}: no column {missing}; the header has: {', '.join(header) or 'nothing'}"
        )
    used = ("text", CHECKED, *_KEPT, "split", "room", *(c for of in facets.values() for c in of))
    twice = [column for column in used if header.count(column) > 1]
    if twice:
        raise SampleError(f"{name}: the column {twice[0]!r} stands there twice; keep one")
    if FACETS not in header:
        notes += [
            f"{name}: no column {facet!r}: not judged there"
            for facet in facets
            if facet not in asked
        ]


def _said_in_table(
    rows: Iterable[tuple[dict[str, str], int]],
    name: str,
    facets: Mapping[str, Sequence[str]],
    notes: list[str],
) -> list[Said]:
    out = []
    many = left = 0
    for cells, line in rows:
        many += 1
        if CHECKED in cells and _folded(cells[CHECKED]) in _NO:
            left += 1
            continue
        labels = {
            facet: [said for column in columns for said in unfolded(cells[column])]
            for facet, columns in facets.items()
            if columns or facet in cells.get(FACETS, "").split("|")
        }
        out.append(Said(cells, labels, f"{name}, line {line}"))
    if left:
        notes.append(f"{name}: {left} of {many} rows not checked yet: left out")
    return out


def _sample(said: Said, taxonomy: Taxonomy) -> Sample:
    cells = said.cells
    if not cells["text"].strip():
        raise SampleError("the text is empty")
    checked = cells.get(CHECKED) or "是"
    if _folded(checked) not in _YES:
        raise SampleError(f"checked {checked!r} says neither 是 (yes) nor 否 (no)")
    labels = {}
    for facet, given in said.labels.items():
        if not facet:
            raise SampleError(
                f"label {given[0]!r} is of no facet, or of several; write FACET/LABEL"
            )
        judged = _labels(facet, given, taxonomy)
        if judged is not None:
            labels[facet] = judged
    split = cells.get("split", "").strip().lower()
    if split not in _SPLITS:
        raise SampleError(f"split {split!r} is none of {', '.join(filter(None, _SPLITS))}")
    kept = {name: cells.get(name, "") for name in _KEPT}
    kept["id"] = cells.get("comment_id", kept["id"])
    kept["group"] = cells.get("group", cells.get("room", ""))
    return Sample(cells["text"], labels, split=_SPLITS[split], place=said.place, **kept)


def _labels(facet: str, given: Iterable[str], taxonomy: Taxonomy) -> frozenset[str] | None:
    """Labels of a facet, with parents; None where it was not judged."""
    said = {label for cell in given for label in _parted(facet, cell, taxonomy)}
    for alone in (NOT_JUDGED, NONE):
        if alone in said and alone not in taxonomy.facets[facet]:
            if len(said) > 1:
                others = ", ".join(sorted(said - {alone}))
                raise SampleError(f"{alone!r} in facet {facet!r} stands beside {others}")
            return None if alone == NOT_JUDGED else frozenset()
    return taxonomy.with_parents(facet, said)


def _parted(
    facet: str, cell: str, taxonomy: Taxonomy, joined: Sequence[re.Pattern[str]] = _JOINED
) -> Iterator[str]:
    """Labels in a cell; a display name may hold what else parts labels."""
    cell = cell.strip()
    if taxonomy.meant(facet, cell):
        yield taxonomy.find(facet, cell)
    elif _folded(cell) == NOT_JUDGED:
        yield NOT_JUDGED
    elif _folded(cell) in _NONE:
        yield NONE
    elif _folded(cell) in _EMPTY:
        return
    elif joined:
        for part in joined[0].split(cell):
            yield from _parted(facet, part, taxonomy, joined[1:])
    else:
        yield taxonomy.find(facet, cell)


def _folded(cell: str) -> str:
    # a tick may be followed by the sign that makes it a picture
    return normalize("NFKC", cell.replace("\ufe0f", "")).strip().casefold()


def read_samples(path: Path | str, taxonomy: Taxonomy) -> list[Sample]:
    """Samples of one file, as `gather` reads them; the first problem is raised as SampleError."""
    return sound(gather([path], taxonomy)).samples


def read_all_samples(paths: Iterable[Path | str], taxonomy: Taxonomy) -> list[Sample]:
    """Samples of several files; the same text with other labels is an error that names both."""
    return settled(sound(gather(paths, taxonomy)).samples)


def sound(gathered: Gathered) -> Gathered:
    """The same, where it has no problems. Raises SampleError that names file and row."""
    for problem in gathered.problems:
        more = len(gathered.problems) - 1
        raise SampleError(
            f"{problem.place}: {problem.what}"
            + (f" (and {more} more such rows; `audit` lists them)" if more else "")
        )
    return gathered


def settled(samples: Iterable[Sample]) -> list[Sample]:
    """Every text once, with the labels of all facets that somebody judged.

    Raises SampleError where the same text has other labels.
    """
    first: dict[str, Sample] = {}
    for sample in samples:
        known = first.setdefault(sample.text, sample)
        if any(known.labels.get(facet, of) != of for facet, of in sample.labels.items()):
            raise SampleError(
                f"{sample.place}: {sample.text!r} has {_spell(sample)}, but"
                f" {_spell(known)} in {known.place}; settle which is right"
            )
        if sample.labels.keys() - known.labels.keys():
            first[sample.text] = replace(known, labels={**known.labels, **sample.labels})
    return list(first.values())


def _spell(sample: Sample) -> str:
    labels = [x for facet in sample.labels.values() for x in sorted(facet)]
    return "|".join(labels) or "no label"


def table(samples: Iterable[Sample], taxonomy: Taxonomy) -> bytes:
    """Samples as a CSV file that `gather` reads; of labels those that the taxonomy has."""
    names = ("id", "group", "time", "split", "annotator", "source")
    rows = [("text", *taxonomy.facets, *names)]
    for sample in samples:
        cells = []
        for facet, labels in taxonomy.facets.items():
            given = [label for label in labels if label in sample.labels.get(facet, ())]
            cells.append("|".join(given) if facet in sample.labels else NOT_JUDGED)
        rows.append((sample.text, *cells, *(getattr(sample, name) for name in names)))
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def digest(samples: Sequence[Sample]) -> str:
    """SHA-256 over texts and labels, whatever the order of the samples."""
    lines = sorted(
        "\t".join([s.text, *(f"{f}={'|'.join(sorted(s.labels[f]))}" for f in sorted(s.labels))])
        for s in samples
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
