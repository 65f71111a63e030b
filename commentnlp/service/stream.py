"""New events to whoever listens, as server-sent events.

Listeners keep no queue: each remembers the last event that it saw and reads on from there, from the
latest few thousand in memory or, where it is further behind, from the store. A slow one costs
nothing, and one that comes back with ``Last-Event-ID`` misses nothing.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from commentnlp.service.answers import text_of
from commentnlp.service.records import Stored
from commentnlp.service.store import Store

REMEMBERED = 5_000
"""Events in memory."""
MOST_BEHIND = 20_000
"""Events that a listener is given from the store; one that is further behind hears of a gap."""
SIGN_OF_LIFE = 10.0
"""Seconds after which a listener hears something even when nothing happens."""
TURN = 0.2
"""Seconds between two looks at what is new."""

MOST_RELABELLED = 1_000
"""Corrected comments in memory."""
MOST_DELETED = 10_000
"""Numbers of deleted comments that who comes back is told."""
PATIENCE = 600.0
"""Seconds for which all numbers are remembered for who listens now."""

_PIECE = 500
_MOST_TOLD = 2_000
"""Numbers in one message."""


class Listener(NamedTuple):
    """What somebody wants to hear."""

    room: str | None
    rate: int | None
    """Most comments a second, the latest ones; None for all."""
    now: bool
    """Also what the room is like now."""


class Hub:
    """Passes on what is new. Lives on the loop."""

    def __init__(self, store: Store, shown: Callable[[Stored], str]) -> None:
        """Take the store, for who is far behind, and how an event is shown."""
        self._store = store
        self._shown = shown
        self._recent: deque[tuple[int, str, str]] = deque(maxlen=REMEMBERED)
        self._last = self._complete_from = store.last()
        self._changed = asyncio.Event()
        self._now: dict[str | None, tuple[int, str]] = {}
        self._versions = 0
        self._model: tuple[int, str] = (0, "")
        self._rooms: tuple[int, str] = (0, "[]")
        self._burning: tuple[int, str] = (0, "{}")
        self._labels: deque[_Relabelled] = deque(maxlen=MOST_RELABELLED)
        self._deleted: deque[_Deleted] = deque()
        self._gone: set[int] = set()
        self._remember(store.deleted_seqs())
        self.closing = False
        self.listeners: list[Listener] = []

    def publish(self, events: Sequence[Stored]) -> None:
        """Tell of events that are durable now."""
        for event in events:
            self._last = max(self._last, event.seq)
            if event.answer:
                if len(self._recent) == REMEMBERED:
                    self._complete_from = self._recent[0][0]
                self._recent.append((event.seq, event.room, self._shown(event)))
        self._wake()

    def publish_now(self, room: str | None, now: str) -> None:
        """Tell what a room is like now."""
        self._versions += 1
        self._now[room] = self._versions, now
        self._wake()

    def publish_rooms(self, rooms: Sequence[str]) -> None:
        """Tell which rooms there are."""
        self._versions += 1
        self._rooms = self._versions, text_of(rooms)
        self._wake()

    def publish_burning(self, burning: Mapping[str, object]) -> None:
        """Tell in which rooms which complaints are rising or new."""
        self._versions += 1
        self._burning = self._versions, text_of(burning)
        self._wake()

    def publish_deleted(self, seqs: Sequence[int]) -> None:
        """Tell that comments were deleted, and hold nothing of them any more."""
        self._remember(seqs)
        kept = [one for one in self._recent if one[0] not in self._gone]
        self._recent = deque(kept, maxlen=REMEMBERED)
        labels = [one for one in self._labels if one.seq not in self._gone]
        self._labels = deque(labels, maxlen=MOST_RELABELLED)
        self._now.clear()  # it quotes comments
        self._wake()

    def publish_labels(self, events: Sequence[Stored]) -> None:
        """Tell of comments whose labels were corrected, or are the model's again."""
        for event in events:
            self._versions += 1
            told = self._shown(event)
            self._labels.append(_Relabelled(self._versions, event.seq, event.room, told))
            at = bisect_left(self._recent, event.seq, key=lambda one: one[0])
            if at < len(self._recent) and self._recent[at][0] == event.seq:
                self._recent[at] = event.seq, event.room, told
        self._wake()

    def publish_model(self, version: str, *, due: bool = False) -> None:
        """Tell that another model is in use, or that retraining is due now, or no longer."""
        self._versions += 1
        self._model = self._versions, text_of({"version": version, "due": due})
        self._wake()

    def close(self) -> None:
        """Let all listeners go."""
        self.closing = True
        self._wake()

    def rooms_heard(self) -> set[str | None]:
        """Rooms of which somebody wants to know what they are like now."""
        return {one.room for one in self.listeners if one.now}

    async def listen(self, listener: Listener, after: int | None) -> AsyncIterator[bytes]:
        """What a listener hears from the event after ``after`` on (None: from now on)."""
        self.listeners.append(listener)
        try:
            async for heard in self._listen(listener, after):
                yield heard
        finally:
            self.listeners.remove(listener)
            if listener.room not in self.rooms_heard():
                self._now.pop(listener.room, None)

    async def _listen(self, listener: Listener, start: int | None) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        # who comes back may show what was deleted meanwhile
        heard_deleted, before = (self._versions, -1) if start is None else (-1, self._versions)
        heard_labels = heard_deleted
        after = self._last if start is None else start
        # who is new is told the state at once
        heard_now, heard_rooms, heard_burning, heard_model = 0, 0, 0, self._model[0]
        loop = asyncio.get_running_loop()
        quota = _Quota(listener.rate)
        while not self.closing:
            changed = self._changed
            out: list[bytes] = []
            if after < self._last:
                after, comments, skipped = await self._since(after, listener.room)
                if skipped:
                    out.append(_message("gap", text_of({"skipped": skipped})))
                out += [
                    _message("comment", told, seq) for seq, told in quota.of(comments, loop.time())
                ]
            for label in [one for one in self._labels if one.version > heard_labels]:
                heard_labels = label.version
                theirs = listener.room in (None, label.room)
                if theirs and (label.version > before or label.seq <= (start or 0)):
                    out.append(_message("labels", label.told))
            for one in [one for one in self._deleted if one.version > heard_deleted]:
                heard_deleted = one.version
                # what came after ``start`` it has never seen
                if one.version > before or min(one.seqs) <= (start or 0):
                    out.append(_message("deleted", one.told))
            if self._model[0] > heard_model:
                heard_model, told = self._model
                out.append(_message("model", told))
            if listener.now and self._rooms[0] > heard_rooms:
                heard_rooms, told = self._rooms
                out.append(_message("rooms", told))
            if listener.now and self._burning[0] > heard_burning:
                heard_burning, told = self._burning
                out.append(_message("burning", told))
            version, now = self._now.get(listener.room, (0, ""))
            if listener.now and version > heard_now:
                heard_now = version
                out.append(_message("now", now))
            if out:
                yield b"".join(out)
                await asyncio.sleep(TURN)
            if changed.is_set() or after < self._last:
                continue
            try:
                await asyncio.wait_for(changed.wait(), SIGN_OF_LIFE)
            except asyncio.TimeoutError:
                yield _message("now", now) if listener.now and now else b":\n\n"

    async def _since(self, after: int, room: str | None) -> tuple[int, list[tuple[int, str]], int]:
        """Comments after an event: where they end, they themselves, how many were left out."""
        last = self._last
        if after >= self._complete_from:
            start = bisect_right(self._recent, after, key=lambda one: one[0])
            recent = islice(self._recent, start, None)
            return last, [(s, told) for s, where, told in recent if room in (None, where)], 0
        skipped = max(last - MOST_BEHIND - after, 0)
        after += skipped
        piece = await asyncio.to_thread(self._store.after, after, _PIECE)
        comments = [
            (one.seq, self._shown(one))
            for one in piece
            # one may have been deleted since it was read
            if one.answer and room in (None, one.room) and one.seq not in self._gone
        ]
        # a piece that is not full ends where the store did
        return piece[-1].seq if len(piece) == _PIECE else last, comments, skipped

    def _remember(self, seqs: Sequence[int]) -> None:
        """Remember that events are deleted: for a while all, then the latest `MOST_DELETED`."""
        now = time.monotonic()
        for at in range(0, len(seqs), _MOST_TOLD):
            some = seqs[at : at + _MOST_TOLD]
            self._versions += 1
            self._deleted.append(_Deleted(self._versions, now, some, text_of({"seqs": some})))
            self._gone.update(some)
        while len(self._gone) > MOST_DELETED and now - self._deleted[0].at > PATIENCE:
            self._gone.difference_update(self._deleted.popleft().seqs)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Relabelled(NamedTuple):
    """A comment that was corrected."""

    version: int
    seq: int
    room: str
    told: str


class _Deleted(NamedTuple):
    """Comments that were deleted at once."""

    version: int
    at: float
    seqs: Sequence[int]
    told: str


class _Quota:
    """Lets so many comments a second through, the latest of those that came."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._second = 0.0
        self._left = float(rate or 0)

    def of(self, comments: Sequence[tuple[int, str]], now: float) -> Sequence[tuple[int, str]]:
        if self._rate is None:
            return comments
        self._left = min(self._rate, self._left + (now - self._second) * self._rate)
        self._second = now
        few = comments[-int(self._left) :] if int(self._left) else []
        self._left -= len(few)
        return few


def _message(event: str, data: str, seq: int | None = None) -> bytes:
    """One event as it goes over the line; JSON has no line breaks."""
    head = f"id: {seq}\n" if seq is not None else ""
    return f"{head}event: {event}\ndata: {data}\n\n".encode()
