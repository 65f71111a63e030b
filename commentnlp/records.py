"""The frozen records that travel through the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """One label of one facet, with its calibrated probability."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The characters of the raw text that raised a label most.

    ``start`` and ``end`` count characters of the raw text; ``weight`` is their share of the
    label's log-odds.
    """

    label: str
    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """A comment with its tags: facet → tags, the likeliest first, none when nothing was said."""

    text: str
    tags: Mapping[str, tuple[Tag, ...]]
    evidence: tuple[Evidence, ...] = ()

    def labels(self, facet: str) -> tuple[str, ...]:
        """Labels of one facet, the likeliest first."""
        return tuple(tag.label for tag in self.tags[facet])


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the raw text and what it adds to a label's log-odds."""

    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a label got its score: ``bias`` and the pieces' weights add up to ``logit``."""

    facet: str
    label: str
    score: float
    threshold: float
    logit: float
    bias: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled comment; ``labels`` holds for each facet the leaf-most labels given."""

    text: str
    labels: Mapping[str, frozenset[str]]
    source: str = ""
    id: str = ""
