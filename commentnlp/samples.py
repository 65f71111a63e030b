"""Labelled samples: read them, name what is wrong with them, keep nothing in silence."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from commentnlp.annotation import (
    CHECKED,
    ID,
    LABELS_SHEET,
    Labelled,
    is_checked,
    read_labelled,
    slots_of,
)  # fmt: skip
from commentnlp.errors import SampleError
from commentnlp.reading import BLANK, ONLY_SHEET, RAGGED, open_sources
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy

_JOINED = re.compile(r"[|,，]")
_KEPT = ("source", "id", "group", "time", "annotator")
"""What a sample keeps as it is."""
_SPLITS = {"": "", "train": "train", "holdout": "holdout", "test": "holdout", "dev": "holdout"}
_NONE = ("无", "none", "-")
_MOST_SLOTS = 9
NOT_JUDGED = "?"
"""A cell of a facet for which nobody can, or did, say which labels belong there."""


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

    A table has a column ``text`` and one a facet (or several: ``intent``, ``intent 2``), labels by
    their ids or names, joined by ``|`` or ``,``; a facet without a column, or with ``?`` in it, was
    not judged. ``source``, ``id``, ``split``, ``group`` (else ``room``), ``time`` and ``annotator``
    are kept where a file has them. Where it has a column ``checked``, rows without a yes there are
    left out, and that is told. What Label Studio and doccano export is read, too
    (`commentnlp.annotation`). Raises ReadError or SampleError where a file is nothing of these, or
    has rows that cannot be read: nothing may get lost in silence.
    """
    gathered = Gathered()
    for path in paths:
        before = len(gathered.samples) + len(gathered.problems)
        labelled = None
        if Path(path).suffix.lower() in (".json", ".jsonl"):
            labelled = read_labelled(Path(path), taxonomy)
        unchecked = (
            _read_table(path, taxonomy, gathered)
            if labelled is None
            else _take_labelled(labelled, taxonomy, gathered)
        )
        rows = len(gathered.samples) + len(gathered.problems) - before
        if not rows:
            more = f": none of {unchecked} rows is checked yet" if unchecked else ""
            raise SampleError(f"{path}: no samples in it{more}")
        if unchecked:
            gathered.notes.append(
                f"{path}: {unchecked} of {rows + unchecked} rows are not checked yet: left out"
            )
    return gathered


def _take_labelled(labelled: Iterable[Labelled], taxonomy: Taxonomy, gathered: Gathered) -> int:
    """What tools for labelling exported; gives how many comments nobody has checked."""
    unchecked = 0
    for place, known, labels in labelled:
        if labels is None:
            unchecked += 1
            continue
        cells = {name: "" if value is None else str(value) for name, value in known.items()}
        cells["id"] = cells.get(ID, cells.get("id", ""))
        try:
            strange = [facet for facet in labels if facet not in taxonomy.facets]
            if strange:
                known_facets = ", ".join(taxonomy.facets)
                raise SampleError(f"no facet {strange[0]!r}; there are {known_facets}")
            every = {facet: labels.get(facet, ()) for facet in taxonomy.facets}
            gathered.samples.append(_sample(cells, every, place, taxonomy))
        except SampleError as error:
            gathered.problems.append(Problem(place, cells.get("text", ""), str(error)))
    return unchecked


def _read_table(path: Path | str, taxonomy: Taxonomy, gathered: Gathered) -> int:
    """A table of samples; gives how many rows nobody has checked."""
    unchecked = 0
    for source in open_sources(path, text=None):
        header = source.parser.layout.header
        facets = _check_header(path, header, taxonomy, gathered.notes)
        for note in source.notes:
            if not note.startswith(ONLY_SHEET):
                raise SampleError(f"{path}: {note}; is a comma not quoted?")
            if not note.endswith(f": {LABELS_SHEET}"):
                gathered.notes.append(f"{path}: {note}")
        for records in source.records():
            strange = [*records.odd, *((w, n, at) for w, n, at in records.lost if w != BLANK)]
            for why, _, lines in strange:
                if why in RAGGED or why in records.lost.counts:
                    raise SampleError(f"{path}, line {lines[0]}: {why}; is a comma not quoted?")
            for row, line in zip(records.rows, records.lines, strict=True):
                cells = dict(zip(header, row, strict=True))
                if CHECKED in cells and not is_checked(cells[CHECKED]):
                    unchecked += 1
                    continue
                place = f"{path}, line {line}"
                given = {f: _JOINED.split("|".join(cells[c] for c in facets[f])) for f in facets}
                try:
                    gathered.samples.append(_sample(cells, given, place, taxonomy))
                except SampleError as error:
                    gathered.problems.append(Problem(place, cells["text"], str(error)))
    return unchecked


def _check_header(
    path: Path | str, header: Sequence[str], taxonomy: Taxonomy, notes: list[str]
) -> dict[str, list[str]]:
    """The facets that a table judges, and their columns."""
    slots = {facet: slots_of(facet, _MOST_SLOTS) for facet in taxonomy.facets}
    judged = {f: [c for c in several if c in header] for f, several in slots.items()}
    judged = {facet: several for facet, several in judged.items() if several}
    if "text" not in header or not judged:
        missing = "text" if "text" not in header else " or ".join(taxonomy.facets)
        raise SampleError(
            f"{path}: no column {missing}; the header has: {', '.join(header) or 'nothing'}"
        )
    for name in ("text", CHECKED, *(c for several in judged.values() for c in several)):
        if header.count(name) > 1:
            raise SampleError(f"{path}: the column {name!r} stands there twice; keep one")
    notes += [
        f"{path}: no column {facet!r}: not judged there"
        for facet in taxonomy.facets
        if facet not in judged
    ]
    return judged


def _sample(
    cells: Mapping[str, str],
    given: Mapping[str, Iterable[str]],
    place: str,
    taxonomy: Taxonomy,
) -> Sample:
    if not cells.get("text", "").strip():
        raise SampleError("the text is empty")
    labels = {}
    for facet, several in given.items():
        said = [label.strip() for label in several if label.strip()]
        if said != [NOT_JUDGED]:
            named = [taxonomy.label_named(facet, x) for x in said if x.lower() not in _NONE]
            labels[facet] = taxonomy.with_parents(facet, named)
    split = cells.get("split", "").strip().lower()
    if split not in _SPLITS:
        raise SampleError(f"split {split!r} is none of {', '.join(filter(None, _SPLITS))}")
    kept = {name: cells.get(name, "") for name in _KEPT}
    kept["group"] = kept["group"] or cells.get("room", "")
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
