"""The columns that tagging adds to a table: their names, and the cells of a comment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from commentnlp.records import SCORE_ENDINGS, Tagged
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

    def cells(self, tagged: Tagged) -> list[str]:
        """Give the cells of a comment; several labels in one, and their scores, stand between |."""
        cells = []
        for facet, tags in tagged.tags.items():
            cells.append("|".join([self.label_names[facet, tag.label] for tag in tags]))
            cells.append("|".join([f"{tag.score:.3f}" for tag in tags]))
        if self.evidence:
            cells.append(self.evidence_cell(tagged))
        if self.wide:
            cells += map(str, self.marks(tagged))
        return cells

    def evidence_cell(self, tagged: Tagged) -> str:
        """Give ``label:characters`` of each label, between |."""
        facets = {tag.label: facet for facet, tags in tagged.tags.items() for tag in tags}
        return "|".join(
            f"{self.label_names[facets[proof.label], proof.label]}:{proof.text}"
            for proof in tagged.evidence
        )

    def marks(self, tagged: Tagged) -> Sequence[int]:
        """Give 1 for each label that the comment has, itself or by a leaf, and 0 for the others."""
        given = {
            (facet, label)
            for facet, tags in tagged.tags.items()
            for tag in tags
            for label in (tag.label, parent_of(tag.label))
        }
        return [int(column in given) for column in self.taxonomy.columns]

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
