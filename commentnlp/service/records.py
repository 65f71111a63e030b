"""What the service keeps and hands out: the frozen records of its store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commentnlp.records import Event


@dataclass(frozen=True, slots=True)
class Row:
    """An event ready to be kept: tagged, dated, its nickname made unreadable."""

    key: bytes
    """16 bytes that are the same for the same event: what comes twice is kept once."""
    event: Event
    """With its time; ``tags`` are not looked at."""
    received: int
    """Milliseconds since 1970."""
    answer: str = ""
    """Tags and evidence as a JSON object; empty for what is no viewer's comment."""
    labels: tuple[str, ...] = ()
    """``facet/label`` of each tag, parents of leaves among them."""
    model: str = ""
    """Version of the model that tagged it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a row: where it stands, and the answer that is kept."""

    seq: int
    new: bool
    """False where it was kept before."""
    answer: str
    model: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it is kept."""

    seq: int
    """Counts up in the order of coming."""
    time: int
    """Milliseconds since 1970, as are all times in this file."""
    received: int
    room: str
    kind: str
    id: str
    user: str
    name: str
    role: str
    text: str
    count: int
    total: int | None
    item: str
    levels: str
    """JSON object."""
    answer: str
    """JSON object, as people corrected it; empty for what is no viewer's comment."""
    model: str
    correction: str = ""
    """JSON object: ``id``, ``by`` and ``at`` of the latest correction, and what the model had
    said; empty where nobody has corrected it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, the latest first; ``next`` goes on behind them, None where nothing is left.

    A page looks at a bounded number of events, so it may hold fewer than asked for, or none, and
    still go on.
    """

    events: tuple[Stored, ...]
    next: tuple[int, int] | None
    """Time and seq of the last event looked at."""


@dataclass(frozen=True, slots=True)
class Count:
    """Comments of one minute with one label (all of them where ``label`` is empty)."""

    room: str
    minute: int
    """Milliseconds since 1970 of its beginning."""
    label: str
    """``facet/label``."""
    comments: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says the labels of a comment are."""

    text: str
    labels: Mapping[str, tuple[str, ...]]
    """Facet → labels; a facet that is not there was not judged."""
    by: str
    at: int
    """Milliseconds since 1970."""
    seq: int | None = None
    """The event it is about, where it is kept."""
    room: str = ""
    was: str = ""
    """The answer that was corrected, as JSON."""
    model: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion took away."""

    events: int
    labels: int
    """Corrections."""
    seqs: tuple[int, ...]
    """Numbers of the events."""
    rooms: tuple[str, ...]
    """Rooms of which nothing is kept any more."""
    erased: bool
    """Whether it has left the files of the store, too; False where that is still to come, or is
    PostgreSQL's own affair."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The record of a deletion: nothing in it says whose data it was."""

    id: int
    at: int
    """Milliseconds since 1970."""
    by: str
    """Who asked for it."""
    what: str
    """``person`` or ``room``."""
    events: int
    labels: int
