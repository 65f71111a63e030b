"""What the figures rest on: rows read, repeated, spam, without time, hidden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from commentnlp.records import KINDS
from commentnlp.report.log import NOBODY, Ints
from commentnlp.report.records import File, Named, Quality
from commentnlp.report.room import Room

_MOST_CANNED = 20
_MOST_FLOODS = 20
_FEW_QUOTES = 5


def quality(room: Room, files: Sequence[File]) -> Quality:
    """Count what is in the room; ``files`` tell what reading them lost."""
    log = room.log
    kinds = Counter(dict(zip(log.kinds, np.bincount(log.kind, minlength=len(log.kinds)).tolist(),
                             strict=True)))  # fmt: skip
    comment = log.is_kind("comment")
    floods = [_flood(room, comment_at, lines) for comment_at, lines in room.floods]
    return Quality(
        files=tuple(files),
        rows=len(log) + log.twice + room.outside,
        lost=sum(remark.count for file in files for remark in file.lost),
        twice=log.twice,
        outside=room.outside,
        kinds={kind: count for kind, count in kinds.most_common() if count},
        unknown=tuple(kind for kind in log.kinds if kind not in KINDS and kinds[kind]),
        comments=len(room.said),
        host=int(room.by_host.sum()),
        blank=int((comment & (log.text == NOBODY)).sum()),
        different=len(np.unique(room.normal)),
        canned=_canned(room),
        floods=tuple(floods[:_MOST_FLOODS]),
        flood_lines=sum(lines for _, lines in room.floods),
        spam=room.count(np.flatnonzero(room.spam)),
        without_time=int((~room.timed).sum()),
        estimated=room.estimated,
        backwards=room.backwards,
        hidden=int(((log.user == NOBODY) & ~log.host).sum()),
        likes=int(room.amount[log.is_kind("like")].sum()),
        likes_total=room.likes_total,
    )


def _canned(room: Room) -> tuple[Named, ...]:
    """One-tap phrases, the most lines first."""
    of_phrase: list[tuple[int, int]] = Counter(room.normal[room.canned].tolist()).most_common()
    return tuple(
        _phrase(room, np.flatnonzero(room.canned & (room.normal == text)))
        for text, _ in of_phrase[:_MOST_CANNED]
    )


def _flood(room: Room, comment: int, lines: int) -> Named:
    same = (room.normal == room.normal[comment]) & (room.user == room.user[comment])
    return _phrase(room, np.flatnonzero(same))


def _phrase(room: Room, comments: Ints) -> Named:
    quotes = room.quotes(comments, _FEW_QUOTES)
    return Named(quotes[0].text, len(comments), room.people(comments), quotes)
