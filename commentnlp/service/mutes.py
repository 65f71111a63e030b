"""Mutes: labels that alert nobody for a while, in one room or in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from commentnlp.reading.messages import MOST_SHORT
from commentnlp.service.problems import Problem
from commentnlp.taxonomy import Taxonomy, parent_of

COMPLAINT = "complaint"
"""The facet that alerts."""
MAX_MINUTES = 1_440
MAX_MUTES = 1_000

_SHAPE = '{"room":"…","label":"complaint/logistics","minutes":30}'


class Mute(NamedTuple):
    """A label that is muted."""

    room: str
    """Empty for all rooms."""
    label: str
    """Of the facet ``complaint``, without it; leaves included. Empty for all labels."""
    until: float
    """Seconds since 1970."""


class Mutes:
    """The mutes of a service, in memory: a restart ends them. May be used from any thread."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock`` tells seconds since 1970."""
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[tuple[str, str], float] = {}

    def add(self, room: str, label: str, minutes: float) -> Mute:
        """Mute a label from now on; a mute of the same room and label is replaced.

        Raises Problem 422 where there are `MAX_MUTES` already.
        """
        until = self._clock() + 60 * minutes
        with self._lock:
            self._forget_ended()
            if len(self._until) >= MAX_MUTES and (room, label) not in self._until:
                raise Problem(422, f"there are {MAX_MUTES:,} mutes already; end some first")
            self._until[room, label] = until
        return Mute(room, label, until)

    def remove(self, room: str, label: str) -> int:
        """End a mute; returns how many were ended, 0 or 1."""
        with self._lock:
            self._forget_ended()
            return int(self._until.pop((room, label), None) is not None)

    def active(self) -> list[Mute]:
        """Mutes that go on, the first to end first."""
        with self._lock:
            self._forget_ended()
            mutes = [Mute(*key, until) for key, until in self._until.items()]
        return sorted(mutes, key=lambda mute: (mute.until, mute.room, mute.label))

    def covers(self, room: str, label: str) -> bool:
        """Whether a label, its parent or all labels are muted in a room, or in all rooms."""
        if not self._until:
            return False
        now = self._clock()
        with self._lock:
            return any(
                self._until.get((place, name), 0.0) > now
                for place in (room, "")
                for name in (label, parent_of(label) or label, "")
            )

    def _forget_ended(self) -> None:
        now = self._clock()
        self._until = {key: until for key, until in self._until.items() if until > now}


def mute_of(value: Any, taxonomy: Taxonomy) -> tuple[str, str, float]:
    """Room, label and minutes of a JSON body. Raises Problem 422 that names what is wrong."""
    if not isinstance(value, dict):
        raise Problem(422, f"the body must be an object; send {_SHAPE}")
    for name in value:
        if name not in ("room", "label", "minutes"):
            raise Problem(422, f"no field {name[:50]!r} here; send {_SHAPE}", field=name[:50])
    minutes = value.get("minutes", 0)
    if not isinstance(minutes, (int, float)) or minutes is True or not 0 < minutes <= MAX_MINUTES:
        raise Problem(422, f"minutes must be a number above 0, at most {MAX_MINUTES:,}; send"
                      f" {_SHAPE}", field="minutes")  # fmt: skip
    room, label = value.get("room", ""), value.get("label", "")
    if not isinstance(room, str) or len(room) > MOST_SHORT:
        raise Problem(422, f"room must be a string of at most {MOST_SHORT} characters, or be left"
                      " out for all rooms", field="room")  # fmt: skip
    if not isinstance(label, str):
        raise Problem(422, "label must be a string, or be left out for all labels", field="label")
    return room, label_to_mute(label, taxonomy), minutes


def label_to_mute(label: str, taxonomy: Taxonomy) -> str:
    """A complaint without its facet. Raises Problem 422 for what is none of the taxonomy."""
    name = label.removeprefix(f"{COMPLAINT}/")
    known = taxonomy.facets.get(COMPLAINT, ())
    if name and name not in known:
        raise Problem(422, f"no complaint {label[:100]!r}; there are: {', '.join(known)}",
                      field="label")  # fmt: skip
    return name
