"""Events → tagged rows → the store → answers: nothing is acknowledged before it is durable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from hashlib import blake2b
from typing import NamedTuple

from commentnlp.noise import MIN_ONE_TAP_LENGTH, NOISE_KINDS
from commentnlp.records import Event
from commentnlp.service.answers import NOISE, Answer
from commentnlp.service.classify import Classifier
from commentnlp.service.nicknames import hash_name, mask_answer, mask_names
from commentnlp.service.records import Placed, Row, Stored
from commentnlp.service.writer import Writer

MOST_LINES = 40_000
"""Lines of all rooms of which is known who typed them first."""
NOISE_LABELS = frozenset(f"{NOISE}/{kind}" for kind in NOISE_KINDS)

_NO_ANSWER = Answer("", ())


class Taken(NamedTuple):
    """What became of the events of one call."""

    rows: list[Row]
    placed: list[Placed]
    """Of each row, in the same order."""
    model: str


class Intake:
    """Tags events and has them kept."""

    def __init__(
        self,
        classifier: Classifier,
        writer: Writer,
        *,
        name_key: bytes | None,
    ) -> None:
        """Take what tags, what writes, and the key of hashed nicknames (None: kept as they are)."""
        self._classifier = classifier
        self._writer = writer
        self._name_key = name_key
        self._speakers = FirstSpeakers()

    async def take(self, events: Sequence[Event]) -> Taken:
        """Tag and keep events. Raises Problem (503) where that cannot be done now."""
        now = datetime.now(timezone.utc)
        found = await self._classifier.classify([e.text for e in events if is_typed(e)])
        answers = iter(found.answers)
        rows = [
            self._row(
                event,
                now,
                self._answer(event, next(answers)) if is_typed(event) else self._heard(event),
                found.model,
            )
            for event in events
        ]
        rows = _apart(rows)
        placed = await self._writer.add(rows)
        return Taken(rows, placed, found.model)

    def hashed(self, name: str) -> str:
        """A nickname as it is kept."""
        return name if self._name_key is None else hash_name(name, self._name_key)

    def masked(self, text: str) -> str:
        """A text as it is kept."""
        return text if self._name_key is None else mask_names(text)

    def _answer(self, event: Event, answer: Answer) -> Answer:
        """The answer to a viewer's comment, the host's own words being a one-tap phrase."""
        if self._speakers.host_was_first(event.room, answer.words, by_host=False) and (
            NOISE_LABELS.isdisjoint(answer.labels)
        ):
            return self._classifier.as_one_tap(event.text, answer)
        return answer

    def _heard(self, event: Event) -> Answer:
        """Remember what host or staff typed."""
        if event.kind == "comment" and event.role != "viewer":
            words = self._classifier.words(event.text)
            self._speakers.host_was_first(event.room, words, by_host=True)
        return _NO_ANSWER

    def _row(self, event: Event, now: datetime, answer: Answer, model: str) -> Row:
        time = event.time or now
        text, told = self.masked(event.text), answer.json
        if text != event.text and told:
            told = mask_answer(told, text)
        return Row(
            key_of(event, time),
            # nobody has typed it yet: the sender's clock is ahead of ours
            replace(event, time=min(time, now), name=self.hashed(event.name), text=text),
            int(now.timestamp() * 1000),
            told,
            answer.labels,
            model if answer.json else "",
        )


class FirstSpeakers:
    """Who typed a line first in its room: viewers, or host and staff.

    What the host typed first, and viewers paste, is the host's own words. Of the latest lines
    only: the older half of `MOST_LINES` is forgotten, and all of them with the process.
    """

    def __init__(self) -> None:
        """Begin with no line."""
        self._young: dict[tuple[str, str], bool] = {}
        self._old: dict[tuple[str, str], bool] = {}

    def host_was_first(self, room: str, words: str, *, by_host: bool) -> bool:
        """Remember a line and tell whether the host typed it first; never of short ones."""
        if len(words) < MIN_ONE_TAP_LENGTH:
            return False
        line = room, words
        first = self._young.get(line)
        if first is None:
            first = self._young[line] = self._old.get(line, by_host)
            if len(self._young) > MOST_LINES // 2:
                self._old, self._young = self._young, {}
        return first


def _apart(rows: list[Row]) -> list[Row]:
    """Rows of hidden people told apart: in one call, the same words of nobody are several's."""
    times: Counter[bytes] = Counter()
    out = []
    for row in rows:
        if not (row.event.id or row.event.user):
            times[row.key] += 1
            if (nth := times[row.key]) > 1:
                key = blake2b(row.key + nth.to_bytes(4, "big"), digest_size=8).digest()
                row = replace(row, key=row.key[:8] + key)
        out.append(row)
    return out


def is_typed(event: Event) -> bool:
    """Whether a viewer typed it: what is tagged."""
    return event.kind == "comment" and event.role == "viewer" and not event.text.isspace() and (
        event.text != "")  # fmt: skip


def key_of(event: Event, time: datetime) -> bytes:
    """The same for the same event: by its id, else by room, person, words and second.

    It begins with what grows, the platform's number or the second, so that what comes together
    stands together in the store's index.
    """
    parts: tuple[object, ...]
    if event.id:
        head = int(event.id) if event.id.isascii() and event.id.isdecimal() else 0
        parts = event.room, event.kind, event.id
    else:
        head = int(time.timestamp())
        parts = (
            event.room, event.kind, event.user or event.name, event.text, event.item, event.count,
            event.total,
        )  # fmt: skip
    said = "\0".join(map(str, parts)).encode("utf-8", "replace")
    if not 0 < head < 1 << 64:
        return blake2b(said, digest_size=16).digest()
    return head.to_bytes(8, "big") + blake2b(said, digest_size=8).digest()


def stored(row: Row, place: Placed) -> Stored:
    """A row as it is kept."""
    event = row.event
    return Stored(
        place.seq, milliseconds(event.time), row.received, event.room, event.kind, event.id,
        event.user, event.name, event.role, event.text, event.count, event.total, event.item,
        "", place.answer, place.model,
    )  # fmt: skip


def milliseconds(time: datetime | None) -> int:
    """A time as the store counts it."""
    return int(time.timestamp() * 1000) if time else 0
