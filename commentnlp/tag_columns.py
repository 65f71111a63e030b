"""The columns that tagging adds to a table: their names, and the cells of a comment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, starmap

from commentnlp.records import SCORE_ENDINGS, Given
from commentnlp.taxonomy import Taxonomy, parent_of

LANGUAGES = ("en", "zh")
"""``en``: labels by their identifiers, which stay as they are; ``zh``: by their Chinese names."""

_EVIDENCE = {"en": "evidence", "zh": "依据"}


@dataclass(frozen=True)
class TagColumns:
    """For each facet its labels and their scores, the evidence, and, if wide, a column a label."""

    taxonomy: Taxonomy
    language: str = "en"
    """Of names and labels, one of `LANGUAGES`."""
    wide: bool = False
    """Also a column of 0 and 1 for each label; a leaf counts for its parent, too."""
    evidence: bool = True

    def __post_init__(self) -> None:
        """Refuse a language that there is not."""
        if self.language not in LANGUAGES:
            raise ValueError(f"labels {self.language!r}: one of {', '.join(LANGUAGES)}")

    def names(self, header: Collection[object]) -> list[str]:
        """Name the columns; one that the table has already gets a prefix."""
        ending = SCORE_ENDINGS[self.language]
        facets = [self._facet_names[facet] for facet in self.taxonomy.facets]
        ours = [name for facet in facets for name in (facet, facet + ending)]
        ours += [_EVIDENCE[self.language]] * self.evidence
        if self.wide:
            ours += [
                f"{self._facet_names[facet]}/{self.label_names[facet, label]}"
                for facet, label in self.taxonomy.columns
            ]
        names: list[str] = []
        for name in ours:
            while name in header or name in names:
                name = f"tagged_{name}"
            names.append(name)
        return names

    def score_places(self) -> list[int]:
        """Say which of the columns hold scores."""
        return [2 * place + 1 for place in range(len(self.taxonomy.facets))]

    def blank(self) -> list[str]:
        """Give the cells of a row that is no comment."""
        marks = len(self.taxonomy.columns) if self.wide else 0
        return [""] * (2 * len(self.taxonomy.facets) + self.evidence + marks)

    def with_parents(self, given: Iterable[Given]) -> tuple[tuple[int, float], ...]:
        """Give the numbers and scores of labels, and of their parents: of its surest leaf each."""
        scores: dict[int, float] = {}
        for column, score, _ in given:
            for number in (column, self._parents[column]):
                scores[number] = max(scores.get(number, 0.0), score)
        return tuple(scores.items())

    def cells(self, given: Sequence[Given]) -> list[str]:
        """Give the cells of a comment; several labels in one, and their scores, stand between |.

        ``given`` are its labels in the order of the taxonomy.
        """
        cells = []
        for columns in self.places:
            found = [one for one in given if one.column in columns]
            if len(found) > 1:
                found.sort(key=lambda one: -one.score)
            cells.append("|".join([self.column_names[one.column] for one in found]))
            cells.append("|".join([f"{one.score:.3f}" for one in found]))
        if self.evidence:
            names = self.column_names
            cells.append("|".join([f"{names[x.column]}:{x.said}" for x in given if x.said]))
        if self.wide:
            cells += map(str, self.marks(one.column for one in given))
        return cells

    def marks(self, columns: Iterable[int]) -> list[int]:
        """Give 1 for each label that the comment has, itself or by a leaf, and 0 for the others."""
        marks = [0] * len(self.taxonomy.columns)
        for column in columns:
            marks[column] = marks[self._parents[column]] = 1
        return marks

    @cached_property
    def places(self) -> list[range]:
        """Of each facet the numbers of its labels."""
        ends = list(accumulate(map(len, self.taxonomy.facets.values()), initial=0))
        return list(starmap(range, pairwise(ends)))

    @cached_property
    def column_names(self) -> list[str]:
        """The name of each label, by its number."""
        return [self.label_names[column] for column in self.taxonomy.columns]

    @cached_property
    def _parents(self) -> list[int]:
        """Of each label the number of its parent, or its own."""
        numbers = {column: number for number, column in enumerate(self.taxonomy.columns)}
        return [numbers.get((f, parent_of(x)), n) for n, (f, x) in enumerate(numbers)]

    @cached_property
    def label_names(self) -> dict[tuple[str, str], str]:
        """``(facet, label)`` → its name, or its identifier where the name could be misread."""
        return {
            (facet, label): self._label_name(facet, label) for facet, label in self.taxonomy.columns
        }

    @cached_property
    def _facet_names(self) -> dict[str, str]:
        if self.language == "en":
            return {facet: facet for facet in self.taxonomy.facets}
        names = {facet: self.taxonomy.name(facet) for facet in self.taxonomy.facets}
        return {
            facet: name if self.taxonomy.find_facet(name) == facet else facet
            for facet, name in names.items()
        }

    def _label_name(self, facet: str, label: str) -> str:
        if self.language == "en":
            return label
        name = self.taxonomy.name(facet, label)
        plain = "|" not in name and ":" not in name
        return name if plain and self.taxonomy.meant(facet, name) == (label,) else label
