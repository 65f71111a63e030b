"""Alerts: what of a room somebody must act on.

Complaints that turn hot, and that they are over; single comments that surely complain. Who only
asks, as before a purchase, alerts nobody. What is worth telling is decided at once and left to the
webhooks; the intake never waits for them.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote as percent_encoded

from commentnlp.errors import CommentnlpError
from commentnlp.noise import ASK, COMPLAIN
from commentnlp.report import zone_named
from commentnlp.report.hotspots import LEAST_PEOPLE
from commentnlp.service.alert_messages import (
    MAX_QUOTE_CHARACTERS,
    MAX_QUOTES,
    MAX_ROOM_CHARACTERS,
    Alert,
    clean_text,
    cut_quote,
    minutes_between,
    trial_message,
)
from commentnlp.service.mutes import COMPLAINT, Mutes
from commentnlp.service.records import Stored
from commentnlp.service.settings import Settings
from commentnlp.service.webhooks import Message, Trial, Webhook, try_webhook
from commentnlp.taxonomy import Taxonomy, parent_of

HOT = ("new", "rising")
"""States of a hotspot that alert."""
FADING = "falling"
"""The state of a hotspot that is not yet over."""
STALE_SECONDS = 120.0
"""Age from which on a comment is news no more: a log that is handed in later alerts nobody."""
GATHER_SECONDS = 1_800.0
"""Within which comments of one label are told together."""
MAX_GATHERED = 1_000
"""Comments that are remembered for the next alert of a label."""
MAX_ROOMS = 1_000
"""Rooms remembered; the one that was quiet the longest is forgotten first."""
_MAX_LINK_CHARACTERS = 700


class _Complaint(NamedTuple):
    """A comment that waits for the next alert of its label."""

    time: float
    """Seconds since 1970."""
    who: str
    quote: Mapping[str, Any]
    model: str


@dataclass(slots=True)
class _Told:
    """What a room's people were told about a label, and what they were not yet."""

    hot: bool = False
    """The spell that goes on was told, or a leaf speaks for it."""
    since: str = ""
    """When the hotspot that was told began; empty where none was, or it is over."""
    people: int = 0
    """Who raised it then, at most."""
    hotspot: float = -math.inf
    """When a hotspot was told last."""
    comment: float = -math.inf
    """When comments were told last."""
    gathered: list[_Complaint] = field(default_factory=list)
    """Since then."""


class Alerts:
    """Decides what is worth an alert and hands it to the webhooks of the settings.

    What was told is remembered in memory: after a restart, what is hot then is told again.
    ``hotspots`` and ``comments`` may be called from any thread and never wait for a webhook.
    """

    def __init__(
        self,
        settings: Settings,
        taxonomy: Taxonomy,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Take the settings and the names of labels; start a thread for each webhook.

        ``clock`` tells seconds since 1970; ``sleep`` waits between tries (until `close` where it
        is not given). Raises CommentnlpError for a label that is no complaint of the taxonomy and
        for a webhook's address that is not understood or needs apprise where it is not installed;
        the secret parts of addresses are in no error and no log.
        """
        known = [f"{COMPLAINT}/{label}" for label in taxonomy.facets.get(COMPLAINT, ())]
        for label in settings.alert_labels:
            if label not in known:
                raise CommentnlpError(
                    f"alert label {label!r} is no complaint that the model knows; it has:"
                    f" {', '.join(known)}"
                )
        self.taxonomy = taxonomy
        """Gives the names; may be replaced when the model is."""
        self.mutes = Mutes(clock)
        """Labels that alert nobody for a while."""
        self._settings = settings
        self._labels = {label.split("/", 1)[1] for label in settings.alert_labels}
        self._zone = zone_named(settings.zone)
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: OrderedDict[str, dict[str, _Told]] = OrderedDict()
        self._closing = threading.Event()
        self._webhooks = [
            Webhook(place, address, self._closing, sleep, clock)
            for place, address in enumerate(settings.webhooks, 1)
        ]
        for webhook in self._webhooks:
            webhook.start()

    @property
    def names(self) -> list[str]:
        """What the log calls the webhooks."""
        return [webhook.name for webhook in self._webhooks]

    @property
    def sent(self) -> int:
        """Alerts that a webhook took, counted for each webhook."""
        return sum(webhook.sent for webhook in self._webhooks)

    @property
    def failed(self) -> int:
        """Alerts that a webhook did not take in all tries."""
        return sum(webhook.failed for webhook in self._webhooks)

    @property
    def dropped(self) -> int:
        """Alerts that gave way to later ones, or were still waiting at the end of `close`."""
        return sum(webhook.dropped for webhook in self._webhooks)

    @property
    def waiting(self) -> int:
        """Alerts that wait for their turn."""
        return sum(len(webhook.messages) for webhook in self._webhooks)

    def rooms_alarmed(self) -> set[str]:
        """Rooms with a hotspot that was told and is not yet over: they want to be looked at."""
        with self._lock:
            return {
                room
                for room, memories in self._rooms.items()
                if any(memory.since for memory in memories.values())
            }

    def hotspots(
        self, room: str, hots: Sequence[Mapping[str, Any]], minutes: int, model: str = ""
    ) -> None:
        """Tell of labels that turned hot in a room, and of those that are so no more.

        ``hots`` are all hotspots of the room in the last ``minutes``, as ``/v1/hotspots`` answers
        them; call it again and again, whether something changed or not. A label is told once while
        it stays hot, and not within ``alert_pause`` of the last time. Where a leaf is hot, its
        parent is silent. What fewer than `LEAST_PEOPLE` comments say as a fact, while others only
        ask, is not told.
        """
        if not self._webhooks:
            return
        with self._lock:
            now = self._clock()
            told = self._room(room)
            states = {one["label"]: one for one in hots if one["facet"] == COMPLAINT}
            hot = {
                label: one
                for label, one in states.items()
                if one["state"] in HOT
                and self._wanted(label)
                and one["comments"] - one["inquiries"] >= LEAST_PEOPLE
            }
            for label in hot:
                told.setdefault(label, _Told())
            for label, memory in told.items():
                memory.hot = memory.hot and label in hot
                if not memory.since:
                    continue
                one = states.get(label)
                if one is not None:
                    memory.people = max(memory.people, one["people"])
                if one is not None and one["state"] in (*HOT, FADING):
                    continue
                if (parent := parent_of(label)) in hot:  # which goes on without this leaf
                    above = told[parent]
                    above.since, above.people = above.since or memory.since, memory.people
                    memory.since = ""
                else:
                    self._tell_over(room, label, memory, one, now, model)
            spoken_for = {parent_of(label) for label in hot}
            for label, one in hot.items():
                memory = told[label]
                # a leaf speaks for it, or it faded and is back before it was over
                if label in spoken_for or memory.since:
                    memory.hot = True
                elif (
                    not memory.hot
                    and now >= self._quiet_until(told, label)
                    and not self.mutes.covers(room, label)
                ):
                    alert = self._hotspot(room, one, minutes, now, model)
                    memory.hot, memory.hotspot = True, now
                    memory.since, memory.people = alert.since, alert.people
                    memory.gathered.clear()  # the hotspot counts and quotes them
                    self._tell(alert)

    def comments(self, rows: Sequence[Stored]) -> None:
        """Tell of comments that complain with at least ``alert_score`` and do not only ask.

        ``rows`` are those newly kept, of any room; what was kept before does not belong here.
        Within ``alert_pause`` of an alert of the same room and label they are only gathered; the
        next such comment after it tells of them, too, as far as they are not older than
        `GATHER_SECONDS`.
        """
        if not self._webhooks or self._settings.alert_score is None:
            return
        with self._lock:
            now = self._clock()
            touched: dict[tuple[str, str], _Told] = {}
            for row in rows:
                for label, complaint in self._complaints(row):
                    memory = self._room(row.room).setdefault(label, _Told())
                    memory.gathered.append(complaint)
                    touched[row.room, label] = memory
            for (room, label), memory in touched.items():
                recent = [one for one in memory.gathered if now - one.time <= GATHER_SECONDS]
                memory.gathered = recent[-MAX_GATHERED:]
                if recent and now >= self._silent_until(self._room(room), label):
                    self._tell(self._comment(room, label, memory))
                    memory.comment = now
                    memory.gathered = []

    def forget(self, seqs: Collection[int]) -> None:
        """Quote none of these comments: they were deleted. Messages that do are not sent."""
        gone = frozenset(seqs)
        with self._lock:
            for told in self._rooms.values():
                for memory in told.values():
                    memory.gathered = [
                        one for one in memory.gathered if one.quote["seq"] not in gone
                    ]
        for webhook in self._webhooks:
            webhook.drop(lambda message: not gone.isdisjoint(_quoted(message)))

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, one try each, for at most ``timeout`` seconds; drop the rest."""
        end = time.monotonic() + timeout
        self._closing.set()
        for webhook in self._webhooks:
            webhook.wake()
        for webhook in self._webhooks:
            webhook.end(max(0.0, end - time.monotonic()))

    # with the lock held ---------------------------------------------------------------------

    def _wanted(self, label: str) -> bool:
        return not self._labels or not self._labels.isdisjoint((label, parent_of(label)))

    def _room(self, room: str) -> dict[str, _Told]:
        told = self._rooms.setdefault(room, {})
        self._rooms.move_to_end(room)
        if len(self._rooms) > MAX_ROOMS:
            self._rooms.popitem(last=False)
        return told

    def _quiet_until(self, told: Mapping[str, _Told], label: str) -> float:
        """When the pause after the last hotspot of a label or its parent is over."""
        last = [told[one].hotspot for one in (label, parent_of(label)) if one in told]
        return self._pause_after(max(last, default=-math.inf))

    def _silent_until(self, told: Mapping[str, _Told], label: str) -> float:
        """The same for comments, which are also silent after comments."""
        return max(self._quiet_until(told, label), self._pause_after(told[label].comment))

    def _pause_after(self, last: float) -> float:
        # a clock that was set back must not make a pause longer
        return last + self._settings.alert_pause if last <= self._clock() else -math.inf

    def _complaints(self, row: Stored) -> Iterator[tuple[str, _Complaint]]:
        """Labels that alert, and the comment as a quote for each."""
        if not row.answer or row.received - row.time > STALE_SECONDS * 1e3:
            return
        if f'"{COMPLAINT}":[]' in row.answer:  # most of them: not worth parsing
            return
        answer = json.loads(row.answer)
        if only_asks(answer):
            return
        score = {
            tag["label"]: tag["score"]
            for tag in answer.get(COMPLAINT, ())
            if tag["score"] >= (self._settings.alert_score or 0) and self._wanted(tag["label"])
        }
        parents = {parent_of(label) for label in score}
        for label in score:
            if label in parents or self.mutes.covers(row.room, label):
                continue
            proofs = [one for one in answer.get("evidence", ()) if one["label"] == label]
            proof = max(proofs, key=lambda one: one["weight"], default={"start": 0, "end": 0})
            quote = {
                "seq": row.seq, "time": self._moment(row.time / 1e3, "milliseconds"),
                "text": row.text, "score": score[label],
                "start": proof["start"], "end": proof["end"],
            }  # fmt: skip
            # who is hidden is somebody else each time
            who = row.user or row.name or f"#{row.seq}"
            quote = cut_quote(quote, MAX_QUOTE_CHARACTERS)
            yield label, _Complaint(row.time / 1e3, who, quote, row.model)

    def _hotspot(
        self, room: str, hot: Mapping[str, Any], minutes: int, now: float, model: str
    ) -> Alert:
        times = hot.get("times")
        at = self._moment(now)
        return Alert(
            kind="hotspot",
            room=clean_text(room)[:MAX_ROOM_CHARACTERS],
            facet=COMPLAINT,
            label=hot["label"],
            names=self._names(hot["label"]),
            state=hot["state"],
            comments=hot["comments"],
            people=hot["people"],
            of=hot["of"],
            times=times if times is not None and math.isfinite(times) else None,
            minutes=minutes,
            since=hot["since"] or at,
            at=at,
            quotes=tuple(
                cut_quote(quote, MAX_QUOTE_CHARACTERS) for quote in hot["quotes"][:MAX_QUOTES]
            ),
            model=model,
            inquiries=hot["inquiries"],
            link=self._link(room),
        )

    def _tell_over(
        self,
        room: str,
        label: str,
        memory: _Told,
        last: Mapping[str, Any] | None,
        now: float,
        model: str,
    ) -> None:
        since, at = memory.since, self._moment(now)
        memory.hot, memory.since = False, ""
        if self.mutes.covers(room, label):
            return
        self._tell(
            Alert(
                kind="hotspot",
                room=clean_text(room)[:MAX_ROOM_CHARACTERS],
                facet=COMPLAINT,
                label=label,
                names=self._names(label),
                state="over",
                comments=last["comments"] if last else 0,
                people=memory.people,
                of=None,
                times=None,
                minutes=minutes_between(since, at),
                since=since,
                at=at,
                quotes=(),
                model=model,
                link=self._link(room),
            )
        )

    def _comment(self, room: str, label: str, memory: _Told) -> Alert:
        gathered = memory.gathered
        surest = sorted(gathered, key=lambda one: -one.quote["score"])[:MAX_QUOTES]
        since = self._moment(min(one.time for one in gathered))
        at = self._moment(self._clock())
        return Alert(
            kind="comment",
            room=clean_text(room)[:MAX_ROOM_CHARACTERS],
            facet=COMPLAINT,
            label=label,
            names=self._names(label),
            state="",
            comments=len(gathered),
            people=len({one.who for one in gathered}),
            of=None,
            times=None,
            minutes=minutes_between(since, at),
            since=since,
            at=at,
            quotes=tuple(one.quote for one in surest),
            model=gathered[-1].model,
            link=self._link(room),
        )

    def _names(self, label: str) -> dict[str, str]:
        known = self.taxonomy.facets.get(COMPLAINT, ())
        chain = [one for one in (parent_of(label), label) if one]
        return {
            language: " · ".join(
                # what was told may have labels that the model in use has no more
                self.taxonomy.name(COMPLAINT, one, language=language) if one in known else one
                for one in chain
            )
            for language in ("zh", "en")
        }

    def _moment(self, seconds: float, precision: str = "seconds") -> str:
        return datetime.fromtimestamp(seconds, self._zone).isoformat(timespec=precision)

    def _link(self, room: str) -> str:
        return page_link(self._settings.url, room)

    def _tell(self, alert: Alert) -> None:
        language = self._settings.language
        message = Message(alert.to_json(), alert.title(language), alert.text(language),
                          alert.title(language, late=True), self._clock())  # fmt: skip
        for webhook in self._webhooks:
            webhook.put(message)


def _quoted(message: Message) -> set[int]:
    """Numbers of the comments that a message quotes."""
    return {one["seq"] for one in json.loads(message.json)["quotes"]}


def only_asks(answer: Mapping[str, Any]) -> bool:
    """Whether a comment asks and states no complaint: nobody has to act on that."""
    acts = {tag["label"] for tag in answer.get(ASK[0], ())}
    return ASK[1] in acts and COMPLAIN[1] not in acts


def page_link(url: str, room: str | None = None) -> str:
    """The live page of a room; empty without ``url``, where the service is reached."""
    if not url or room is None:
        return url
    link = f"{url.rstrip('/')}/?room={percent_encoded(room, safe='', errors='replace')}"
    return link if len(link) <= _MAX_LINK_CHARACTERS else url


def try_webhooks(settings: Settings, *, clock: Callable[[], float] = time.time) -> list[Trial]:
    """Send one test message to every webhook of the settings; returns what each answered.

    Raises CommentnlpError for an address that is not understood.
    """
    at = datetime.fromtimestamp(clock(), zone_named(settings.zone)).isoformat(timespec="seconds")
    told = trial_message(settings.language, at, page_link(settings.url))
    message = Message(*told, told[1], clock())
    return [try_webhook(n, address, message) for n, address in enumerate(settings.webhooks, 1)]
