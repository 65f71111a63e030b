"""The frozen records that travel through the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from commentnlp.errors import FacetError

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The clock of every room; China has had no other, and no summer time, since 1992."""

KINDS = (
    "comment", "emoji", "like", "enter", "follow", "share", "gift", "fanclub",
    "cart", "purchase", "coupon", "coupon_offer", "push",
    "explain_start", "explain", "explain_end", "stats", "session_start", "session_end", "system",
)  # fmt: skip
"""What can happen in a room. A kind that is not listed keeps the name its tool gave it."""

SCORE_ENDINGS = {"en": "_score", "zh": "_分数"}
"""What follows the name of a facet in the name of its column of scores, in a tagged table."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One label of one facet, with its calibrated probability."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a room, whichever tool wrote it down.

    Identities are text for ever: nineteen digits do not survive as a float.
    """

    kind: str
    """One of `KINDS`, else the tool's own name for it."""
    text: str = ""
    """What somebody typed; empty where a tool made up a sentence (X 为主播点了9个赞)."""
    id: str = ""
    time: datetime | None = None
    """With its time zone; None where the file does not say."""
    room: str = ""
    user: str = ""
    """Identity of who did it; empty where hidden."""
    name: str = ""
    """Nickname."""
    role: str = "viewer"
    """``viewer``, ``host``, ``staff`` or ``system``."""
    count: int = 1
    """How many: likes in this click, gifts of this event. An increment, never a running total."""
    total: int | None = None
    """Running total that came along: likes so far, people in the room."""
    item: str = ""
    """The goods, gift or coupon concerned, as the tool names it."""
    levels: Mapping[str, int] = field(default_factory=dict)
    """``fan``, ``pay``, ``user`` or ``guard`` → level, where above zero."""
    line: int = 0
    """Line of the file, or row of the sheet, on which it stands."""
    tags: Mapping[str, tuple[Tag, ...]] | None = None
    """Facet → tags, where the file has been tagged already; None where not."""


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


class Given(NamedTuple):
    """A label that a comment was given, as the model counts labels."""

    column: int
    """Number of the label among those of the taxonomy."""
    score: float
    said: str
    """Its evidence; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A comment with its tags: facet → tags, the likeliest first, none when nothing was said."""

    text: str
    tags: Mapping[str, tuple[Tag, ...]]
    evidence: tuple[Evidence, ...] = ()

    def labels(self, facet: str) -> tuple[str, ...]:
        """Labels of one facet, the likeliest first. Raises FacetError for one that is unknown."""
        if facet not in self.tags:
            raise FacetError(f"no facet {facet!r}; there are: {', '.join(self.tags)}")
        return tuple(tag.label for tag in self.tags[facet])

    def cells(self, *, evidence: bool = True) -> list[str]:
        """As tables hold it: for each facet labels and scores, joined by ``|``; the evidence."""
        cells = []
        for tags in self.tags.values():
            cells.append("|".join([tag.label for tag in tags]))
            cells.append("|".join([f"{tag.score:.3f}" for tag in tags]))
        if evidence:
            cells.append("|".join([f"{proof.label}:{proof.text}" for proof in self.evidence]))
        return cells


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the raw text and what it adds to a label's log-odds."""

    start: int
    end: int
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a label got its score: ``bias``, the pieces' weights and ``others`` make ``logit``."""

    facet: str
    label: str
    score: float
    threshold: float
    logit: float
    bias: float
    pieces: tuple[Piece, ...]
    others: float = 0.0
    """What the other labels and the length of the comment add (`commentnlp.stacking`)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled comment."""

    text: str
    labels: Mapping[str, frozenset[str]]
    """Facet → labels, parents of leaves among them; a facet that is not there was not judged."""
    source: str = ""
    id: str = ""
    split: str = ""
    """``train``, ``holdout``, or empty where the file does not say."""
    group: str = ""
    """What it belongs to (a show, a room): a split keeps a group together."""
    time: str = ""
    """When it was written, as its file says; of one file or of files alike, they sort."""
    annotator: str = ""
    """Who labelled it."""
    place: str = ""
    """File and line, for messages."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A comment that is worth labelling."""

    text: str
    id: str = ""
    time: str = ""
    room: str = ""
    count: int = 1
    """How often the text came."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the model says of it: facet → labels, leaves instead of their parents."""
    strategy: str = ""
    """By which strategy it was chosen."""
    why: str = ""
    """The reason, for who labels it."""
