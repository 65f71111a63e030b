"""Tag the comments of a file: read, tag each different text once, write, count."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from commentnlp.errors import CommentnlpError, ReadError
from commentnlp.model import Model
from commentnlp.reading import Table, read_table_file
from commentnlp.records import Tagged
from commentnlp.taxonomy import parent_of

SUFFIXES = (".csv", ".tsv", ".jsonl")
STDOUT = "-"


@dataclass(frozen=True)
class Summary:
    """What a file held: counts of rows, comments and labels, the hottest complaints."""

    source: str
    target: str
    rows: int
    comments: int
    different: int
    labels: Mapping[str, Counter[str]]
    """Facet → how many comments have each label; a leaf counts for its parent, too."""
    examples: Mapping[str, str]
    """Complaint label → the comment that has it with the highest score."""
    notes: tuple[str, ...] = field(default=())


def default_target(source: Path) -> Path:
    """``NAME.tagged.csv`` beside the input."""
    return source.with_name(f"{source.stem}.tagged.csv")


def classify_file(
    model: Model, source: Path | str, target: Path | str | None = None, *, text: str = ""
) -> Summary:
    """Tag every comment of ``source`` and write all its rows and columns with the tags.

    ``target`` is a file ending in ``.csv``, ``.tsv`` or ``.jsonl``, ``-`` for stdout, or None for
    `default_target`; it appears only when whole. ``text`` names the column of the comments where
    it has no usual name. Rows that are no comments get empty tags.
    """
    source = Path(source)
    if source.is_dir():
        raise ReadError(f"{source}: is a folder; name a file")
    target = default_target(source) if target is None else target
    if str(target) != STDOUT:
        _check_target(Path(target), source)
    table = read_table_file(source)
    comments = table.comments(table.text_column(text))
    different = list(dict.fromkeys(c for c in comments if c is not None and c.strip()))
    tagged = dict(zip(different, model.tag(different, evidence=True), strict=True))
    with _opened(target) as file:
        _write(file, Path(target).suffix.lower() or ".csv", model, table, comments, tagged)
    return _summarise(model, table, comments, tagged, str(target))


def _check_target(target: Path, source: Path) -> None:
    """Refuse before the work what could not be written after it."""
    if target.suffix.lower() not in SUFFIXES:
        raise CommentnlpError(
            f"{target}: cannot write that kind of file; name one ending in {', '.join(SUFFIXES)}"
        )
    if not target.absolute().parent.is_dir():
        raise CommentnlpError(f"{target}: cannot be written (no such folder)")
    if target.exists() and source.exists() and target.samefile(source):
        raise CommentnlpError(f"{target}: is the input; name another file")


def _write(
    file: TextIO,
    suffix: str,
    model: Model,
    table: Table,
    comments: Sequence[str | None],
    tagged: Mapping[str, Tagged],
) -> None:
    ours = [name for facet in model.taxonomy.facets for name in (facet, f"{facet}_score")]
    header = [*table.header]
    for name in (*ours, "evidence"):
        # an input that has such a column already keeps it
        while name in header:
            name = f"tagged_{name}"
        header.append(name)
    blank = [""] * (len(ours) + 1)
    cells = {text: _cells(model, result) for text, result in tagged.items()}
    rows = (
        [*row, *cells.get(comment or "", blank)]
        for row, comment in zip(table.rows, comments, strict=True)
    )
    if suffix == ".jsonl":
        keys: list[str] = []
        for number, name in enumerate(header, 1):
            keys.append(name if name and name not in keys else f"{name} (column {number})".strip())
        for row in rows:
            file.write(json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False) + "\n")
        return
    writer = csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def _cells(model: Model, result: Tagged) -> list[str]:
    cells = []
    for facet in model.taxonomy.facets:
        cells.append("|".join(tag.label for tag in result.tags[facet]))
        cells.append("|".join(f"{tag.score:.3f}" for tag in result.tags[facet]))
    cells.append("|".join(f"{proof.label}:{proof.text}" for proof in result.evidence))
    return cells


def _summarise(
    model: Model,
    table: Table,
    comments: Sequence[str | None],
    tagged: Mapping[str, Tagged],
    target: str,
) -> Summary:
    labels: dict[str, Counter[str]] = {facet: Counter() for facet in model.taxonomy.facets}
    best: dict[str, tuple[float, str]] = {}
    repeats = Counter(c for c in comments if c is not None and c.strip())
    for text, count in repeats.items():
        for facet, tags in tagged[text].tags.items():
            given = [tag.label for tag in tags]
            for label in model.taxonomy.with_parents(facet, given):
                labels[facet][label] += count
            for tag in tags:
                for label in filter(None, (tag.label, parent_of(tag.label))):
                    key = f"{facet}/{label}"
                    best[key] = max(best.get(key, (0.0, "")), (tag.score, text))
    return Summary(
        table.path,
        target,
        rows=len(table.rows),
        comments=sum(repeats.values()),
        different=len(repeats),
        labels=labels,
        examples={key: text for key, (_, text) in best.items()},
        notes=table.notes,
    )


@contextmanager
def _opened(target: Path | str) -> Iterator[TextIO]:
    """The file to write, complete or not there at all."""
    if str(target) == STDOUT:
        if isinstance(sys.stdout, TextIO) or hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield sys.stdout
        return
    target = Path(target)
    part = target.with_name(f".{os.getpid()}.part")
    # Excel takes a CSV file for UTF-8 only by its mark
    encoding = "utf-8-sig" if target.suffix.lower() == ".csv" else "utf-8"
    try:
        with part.open("w", encoding=encoding, newline="", errors="surrogatepass") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise CommentnlpError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
