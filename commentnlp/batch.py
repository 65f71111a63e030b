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

from commentnlp.errors import CommentnlpError
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
    target = default_target(source) if target is None else target
    if str(target) != STDOUT and Path(target).suffix not in SUFFIXES:
        raise CommentnlpError(
            f"{target}: cannot write that kind of file; name one ending in {', '.join(SUFFIXES)}"
        )
    table = read_table_file(source)
    comments = table.comments(table.text_column(text))
    different = list(dict.fromkeys(c for c in comments if c is not None and c.strip()))
    tagged = dict(zip(different, model.tag(different, evidence=True), strict=True))
    with _opened(target) as file:
        _write(file, Path(target).suffix or ".csv", model, table, comments, tagged)
    return _summarise(model, table, comments, tagged, str(target))


def _write(
    file: TextIO,
    suffix: str,
    model: Model,
    table: Table,
    comments: Sequence[str | None],
    tagged: Mapping[str, Tagged],
) -> None:
    ours = [name for facet in model.taxonomy.facets for name in (facet, f"{facet}_score")]
    # an input that has such a column already keeps it
    taken = set(table.header)
    header = [*table.header]
    header += [f"tagged_{name}" if name in taken else name for name in (*ours, "evidence")]
    blank = [""] * (len(ours) + 1)
    cells = {text: _cells(model, result) for text, result in tagged.items()}
    rows = (
        [*row, *cells.get(comment or "", blank)]
        for row, comment in zip(table.rows, comments, strict=True)
    )
    if suffix == ".jsonl":
        for row in rows:
            file.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")
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
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    # Excel takes a CSV file for UTF-8 only by its mark
    encoding = "utf-8-sig" if target.suffix == ".csv" else "utf-8"
    try:
        with part.open("w", encoding=encoding, newline="", errors="surrogatepass") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise CommentnlpError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
