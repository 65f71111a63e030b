"""Pieces of a file → tagged rows, ready to write: what a worker process does all day.

Most of a room's comments have been said before, so each text is tagged once and remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from commentnlp.layouts import Layout, encodable
from commentnlp.model import Model
from commentnlp.reading import Parser, Piece, Records, Remarks
from commentnlp.records import Given
from commentnlp.tag_columns import TagColumns
from commentnlp.text import MOST_GROWTH, normalised_length

REMEMBERED = 25_000
"""Texts after which the older half of what is remembered is dropped at once: to keep books on
every use costs more than it saves."""

LONGEST_TAGGED = 10_000
LONG = f"comment longer than {LONGEST_TAGGED:,} characters: tagged by its beginning"

_SURELY_SHORT = LONGEST_TAGGED // MOST_GROWTH
_LONGEST_REMEMBERED = 200
_NONE = (0.0, "")
_SPECIAL = frozenset('",\r\n')


class _Entry(NamedTuple):
    """The tags of a text; there are many of them, so they are kept small."""

    cells: list[str]
    """For a CSV file one: the cells as the end of a line."""
    found: tuple[tuple[int, float], ...]
    """Number and score of its labels, parents of leaves among them."""


@dataclass
class Done:
    """A tagged piece and what was in it; those of all pieces can be added up."""

    text: bytes = b""
    """Its rows, laid out."""
    rows: list[list[str]] = field(default_factory=list)
    """Its rows as cells, where the output is no text."""
    row_count: int = 0
    comments: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    """``facet/label`` → comments that have it; a leaf counts for its parent, too."""
    examples: dict[str, tuple[float, str]] = field(default_factory=dict)
    """``facet/label`` → the score and text of the comment that has it most surely."""
    odd: Remarks = field(default_factory=Remarks)
    lost: Remarks = field(default_factory=Remarks)

    def add(self, other: Done) -> None:
        """Add the counts of another piece."""
        self.row_count += other.row_count
        self.comments += other.comments
        self.labels.update(other.labels)
        for key, found in other.examples.items():
            self.examples[key] = max(self.examples.get(key, _NONE), found)
        self.odd.update(other.odd)
        self.lost.update(other.lost)

    def to_json(self) -> dict[str, Any]:
        """The counts, for a later run to go on from."""
        return {
            "row_count": self.row_count, "comments": self.comments, "labels": self.labels,
            "examples": self.examples, "odd": self.odd.to_json(), "lost": self.lost.to_json(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Done:
        """Counts that `to_json` gave."""
        return cls(
            row_count=data["row_count"], comments=data["comments"],
            labels=Counter(data["labels"]),
            examples={key: (score, text) for key, (score, text) in data["examples"].items()},
            odd=Remarks.from_json(data["odd"]), lost=Remarks.from_json(data["lost"]),
        )  # fmt: skip


class Tagger:
    """Tags pieces of one file for one output."""

    def __init__(
        self, model: Model, parser: Parser, layout: Layout | None, columns: TagColumns
    ) -> None:
        """Take the model, how pieces are read, how rows are laid out (None: as cells), and the
        columns that the tags become."""
        self.model = model
        self.parser = parser
        self.layout = layout
        self.columns = columns
        self._young: dict[str, _Entry] = {}
        self._old: dict[str, _Entry] = {}
        self._keys = [f"{facet}/{label}" for facet, label in model.taxonomy.columns]
        self._facets = [n for n, places in enumerate(columns.places) for _ in places]
        self._plain = layout is not None and layout.suffix == ".csv" and not layout.safe
        self._nothing = self._laid_out(columns.cells([]), ())
        self._no_comment = self._laid_out(columns.blank(), ())

    def tag(self, piece: Piece) -> Done:
        """Read a piece, tag its comments and lay its rows out."""
        records = self.parser.parse(piece, cells=not self._plain)
        self._shorten(records)
        counts = Counter(records.comments)
        del counts[None]
        entries = self._entries(counts)
        done = Done(row_count=len(records.rows), odd=records.odd, lost=records.lost)
        labels, scores = [0] * len(self._keys), [0.0] * len(self._keys)
        examples = [""] * len(self._keys)
        for text, count in counts.items():
            if text and not text.isspace():
                done.comments += count
                for number, score in entries[text].found:
                    labels[number] += count
                    if score > scores[number]:
                        scores[number], examples[number] = score, text
        for key, count, score, text in zip(self._keys, labels, scores, examples, strict=True):
            if count:
                done.labels[key] = count
                done.examples[key] = score, text
        found: list[_Entry] = [entries.get(c, self._no_comment) for c in records.comments]
        if self.layout is None:
            done.rows = [[*row, *e.cells] for row, e in zip(records.rows, found, strict=True)]
        else:
            done.text = self._lay_out(self.layout, records, found)
        return done

    def _shorten(self, records: Records) -> None:
        """What is longer than any comment is tagged by its beginning, else one line could take
        all the memory."""
        if max(map(len, filter(None, records.comments)), default=0) <= _SURELY_SHORT:
            return
        for i, text in enumerate(records.comments):
            if text is not None and normalised_length(text) > LONGEST_TAGGED:
                most = LONGEST_TAGGED * len(text) // normalised_length(text)
                records.comments[i] = text[:most]
                records.odd.add(LONG, records.lines[i])

    def _lay_out(self, layout: Layout, records: Records, found: Sequence[_Entry]) -> bytes:
        if layout.suffix != ".csv":
            rows = zip(records.rows, found, strict=True)
            return layout.rows([*row, *e.cells] for row, e in rows).encode()
        # a row that is a line of CSV already stays as it is
        lines = [
            (layout.rows([row])[:-1] if whole is None or layout.safe else whole) + e.cells[0]
            for row, whole, e in zip(records.rows, records.verbatim, found, strict=True)
        ]
        return encodable("\n".join([*lines, ""])).encode()

    def _entries(self, texts: Iterable[str | None]) -> dict[str | None, _Entry]:
        """Each different text with its tags."""
        entries: dict[str | None, _Entry] = {}
        new: list[str] = []
        for text in texts:
            if not text or text.isspace():
                continue
            entry = self._young.get(text) or self._old.get(text)
            if entry is None:
                new.append(text)
            else:
                entries[text] = self._young[text] = entry
        for text, entry in zip(new, self._tagged(new), strict=True):
            entries[text] = entry
            if len(text) <= _LONGEST_REMEMBERED:
                self._young[text] = entry
        if len(self._young) > REMEMBERED:
            self._old, self._young = self._young, {}
        return entries

    def _tagged(self, texts: Sequence[str]) -> Iterator[_Entry]:
        if self._plain and not self.columns.wide:
            names = self.columns.column_names
            for end in self.model.line_ends(texts, names, self._facets):
                yield _Entry([end[0]], end[1]) if isinstance(end, tuple) else self._entry(end)
        else:
            yield from map(self._entry, self.model.given(texts))

    def _entry(self, given: Sequence[Given]) -> _Entry:
        if not given:
            return self._nothing
        return self._laid_out(self.columns.cells(given), self.columns.with_parents(given))

    def _laid_out(self, cells: list[str], found: tuple[tuple[int, float], ...]) -> _Entry:
        if self.layout is not None and self.layout.suffix == ".csv":
            plain = self._plain and _SPECIAL.isdisjoint("".join(cells))
            cells = ["," + (",".join(cells) if plain else self.layout.rows([cells])[:-1])]
        return _Entry(cells, found)
