"""Labelled samples: read them, name what is wrong with them, keep nothing in silence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from commentnlp.errors import SampleError
from commentnlp.reading import BLANK, RAGGED, open_sources
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy

_JOINED = re.compile(r"[|,，]")


def read_samples(path: Path | str, taxonomy: Taxonomy) -> list[Sample]:
    """Samples of one file: a column ``text`` and one a facet, labels joined by ``|`` or ``,``.

    ``source`` and ``id`` are kept where the file has them. Raises SampleError that names file and
    row for an unknown label or an empty text, and ReadError where the file is no table.
    """
    samples: list[Sample] = []
    for source in open_sources(path, text=None):
        header = source.parser.layout.header
        missing = [name for name in ("text", *taxonomy.facets) if name not in header]
        if missing:
            raise SampleError(
                f"{path}: no column {', '.join(map(repr, missing))}; the header has:"
                f" {', '.join(header) or 'nothing'}"
            )
        twice = [name for name in ("text", *taxonomy.facets) if header.count(name) > 1]
        if twice:
            raise SampleError(f"{path}: the column {twice[0]!r} stands there twice; keep one")
        for note in source.notes:
            raise SampleError(f"{path}: {note}; is a comma not quoted?")
        for records in source.records():
            strange = [*records.odd, *((w, n, at) for w, n, at in records.lost if w != BLANK)]
            for why, _, lines in strange:
                if why in RAGGED or why in records.lost.counts:
                    raise SampleError(f"{path}, line {lines[0]}: {why}; is a comma not quoted?")
            for row, line in zip(records.rows, records.lines, strict=True):
                cells = dict(zip(header, row, strict=True))
                samples.append(_sample(cells, f"{path}, line {line}", taxonomy))
    if not samples:
        raise SampleError(f"{path}: no samples in it")
    return samples


def _sample(cells: Mapping[str, str], place: str, taxonomy: Taxonomy) -> Sample:
    if not cells["text"].strip():
        raise SampleError(f"{place}: the text is empty")
    labels = {}
    for facet in taxonomy.facets:
        given = [label.strip() for label in _JOINED.split(cells[facet]) if label.strip()]
        try:
            labels[facet] = taxonomy.with_parents(facet, given)
        except SampleError as error:
            raise SampleError(f"{place}: {error}") from None
    return Sample(cells["text"], labels, cells.get("source", ""), cells.get("id", ""))


def read_all_samples(paths: Iterable[Path | str], taxonomy: Taxonomy) -> list[Sample]:
    """Samples of several files; the same text with other labels is an error that names both."""
    samples: list[Sample] = []
    first: dict[str, tuple[Sample, Path | str]] = {}
    for path in paths:
        for sample in read_samples(path, taxonomy):
            known, where = first.setdefault(sample.text, (sample, path))
            if known.labels != sample.labels:
                raise SampleError(
                    f"{path}: {sample.text!r} has {_spell(sample, taxonomy)}, but"
                    f" {_spell(known, taxonomy)} in {where}; settle which is right"
                )
            if known is sample:
                samples.append(sample)
    return samples


def _spell(sample: Sample, taxonomy: Taxonomy) -> str:
    labels = [x for facet in taxonomy.facets for x in sorted(sample.labels[facet])]
    return "|".join(labels) or "no label"


def digest(samples: Sequence[Sample]) -> str:
    """SHA-256 over texts and labels, whatever the order of the samples."""
    lines = sorted(
        "\t".join([s.text, *(f"{f}={'|'.join(sorted(s.labels[f]))}" for f in sorted(s.labels))])
        for s in samples
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
