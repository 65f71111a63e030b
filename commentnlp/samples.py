"""Labelled samples: read them, name what is wrong with them, keep nothing in silence."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from commentnlp.errors import SampleError
from commentnlp.reading import BLANK, RAGGED, open_sources
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy

_JOINED = re.compile(r"[|,，]")
NOT_JUDGED = "?"
"""A cell of a facet for which nobody can, or did, say which labels belong there."""
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

    A table has a column ``text`` and one a facet, labels joined by ``|`` or ``,``; a facet without
    a column, or with ``?`` in it, was not judged. ``source``, ``id``, ``split``, ``group``,
    ``time`` and ``annotator`` are kept where a file has them. Raises ReadError or SampleError where
    a file is no such table, or has rows that cannot be read: nothing may get lost in silence.
    """
    gathered = Gathered()
    for path in paths:
        before = len(gathered.samples) + len(gathered.problems)
        _read_table(path, taxonomy, gathered)
        if len(gathered.samples) + len(gathered.problems) == before:
            raise SampleError(f"{path}: no samples in it")
    return gathered


def _read_table(path: Path | str, taxonomy: Taxonomy, gathered: Gathered) -> None:
    for source in open_sources(path, text=None):
        header = source.parser.layout.header
        facets = _check_header(path, header, taxonomy, gathered.notes)
        for note in source.notes:
            raise SampleError(f"{path}: {note}; is a comma not quoted?")
        for records in source.records():
            strange = [*records.odd, *((w, n, at) for w, n, at in records.lost if w != BLANK)]
            for why, _, lines in strange:
                if why in RAGGED or why in records.lost.counts:
                    raise SampleError(f"{path}, line {lines[0]}: {why}; is a comma not quoted?")
            for row, line in zip(records.rows, records.lines, strict=True):
                cells = dict(zip(header, row, strict=True))
                place = f"{path}, line {line}"
                try:
                    gathered.samples.append(_sample(cells, place, facets, taxonomy))
                except SampleError as error:
                    gathered.problems.append(Problem(place, cells["text"], str(error)))


def _check_header(
    path: Path | str, header: Sequence[str], taxonomy: Taxonomy, notes: list[str]
) -> list[str]:
    """The facets that a table judges."""
    judged = [facet for facet in taxonomy.facets if facet in header]
    if "text" not in header or not judged:
        missing = "text" if "text" not in header else " or ".join(taxonomy.facets)
        raise SampleError(
            f"{path}: no column {missing}; the header has: {', '.join(header) or 'nothing'}"
        )
    twice = [name for name in ("text", *taxonomy.facets) if header.count(name) > 1]
    if twice:
        raise SampleError(f"{path}: the column {twice[0]!r} stands there twice; keep one")
    notes += [
        f"{path}: no column {facet!r}: not judged there"
        for facet in taxonomy.facets
        if facet not in judged
    ]
    return judged


def _sample(
    cells: Mapping[str, str], place: str, facets: Iterable[str], taxonomy: Taxonomy
) -> Sample:
    if not cells["text"].strip():
        raise SampleError("the text is empty")
    labels = {}
    for facet in facets:
        given = [label.strip() for label in _JOINED.split(cells[facet]) if label.strip()]
        if given == [NOT_JUDGED]:
            continue
        labels[facet] = taxonomy.with_parents(facet, given)
    split = cells.get("split", "").strip().lower()
    if split not in _SPLITS:
        raise SampleError(f"split {split!r} is none of {', '.join(filter(None, _SPLITS))}")
    kept = {name: cells.get(name, "") for name in _KEPT}
    return Sample(cells["text"], labels, split=_SPLITS[split], place=place, **kept)


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
