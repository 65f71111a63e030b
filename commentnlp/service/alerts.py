"""Alerts: what of a room is worth calling somebody for.

Complaints that turn hot, and single comments that surely complain. What is worth telling is
decided at once and left to the webhooks; the intake never waits for them.
"""

from __future__ import annotations

import json
import math
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from commentnlp.errors import CommentnlpError
from commentnlp.report import zone_named
from commentnlp.service.records import Stored
from commentnlp.service.settings import Settings
from commentnlp.service.webhooks import Message, Webhook
from commentnlp.taxonomy import Taxonomy, parent_of

COMPLAINT = "complaint"
"""The facet that alerts."""
HOT = ("new", "rising")
"""States of a hotspot that alert."""
STALE = 600.0
"""Seconds after which a comment is news no more: a log that is handed in later alerts nobody."""
MOST_QUOTES = 5
"""Comments quoted in an alert."""
MOST_ROOMS = 1_000
"""Rooms remembered; the one that was quiet the longest is forgotten first."""

_LONGEST_QUOTE, _LONGEST_LINE = 500, 80
"""Characters of a quote in JSON, and in a message."""
_LONGEST_ROOM = 64
_MOST_BYTES = 1_800
"""UTF-8 bytes of a message's text. With its title it must fit into the 2,048 of WeCom."""
_LONGEST_TITLE = 60

# The characters that make a mention, a link or a style somewhere: <at user_id="all"> and
# [text](link) in Feishu, <@user> in WeCom and Slack, @everyone in Discord, Markdown and HTML where
# an address asks for them. Their full-width twins look alike and do nothing.
_HARMLESS = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "<>@&`*_~[]|\\#:"})
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell: a complaint that turned hot in a room, or comments that surely complain.

    What strangers wrote in it holds no control characters and is cut to a bounded length.
    """

    kind: str
    """``hotspot`` or ``comment``."""
    room: str
    facet: str
    label: str
    names: Mapping[str, str]
    """``zh`` and ``en``; those of a leaf begin with its parent's."""
    state: str
    """``new`` or ``rising``; empty for comments."""
    comments: int
    """With the label; of kind ``comment``: since the last alert."""
    people: int | None
    """Who wrote them; None for comments."""
    of: int | None
    """Comments in the same minutes, with any label or none; None for comments."""
    times: float | None
    """How many times the usual; None where there is no usual."""
    at: str
    """ISO 8601, with the zone of the settings."""
    quotes: tuple[Mapping[str, Any], ...]
    """``seq``, ``time``, ``text``, ``score``, and the evidence from ``start`` to ``end``."""
    model: str = ""
    """Version of the model that tagged."""

    def to_json(self) -> bytes:
        """The body that plain webhooks get: an object with the names of these fields."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    def title(self, language: str = "zh") -> str:
        """First line of a message, ``zh`` or ``en``.

        It begins with 评论告警 (Comment alert): a keyword for robots that want one.
        """
        if language == "zh":
            what = {"new": "新出现", "rising": "上升"}.get(self.state, f"{self.comments} 条投诉")
            title = f"评论告警：{self.names['zh']} {what}"
        else:
            one = "1 complaint" if self.comments == 1 else f"{self.comments} complaints"
            what = {"new": "is new", "rising": "is rising"}.get(self.state, one)
            title = f"Comment alert: {self.names['en']} {what}"
        return title[:_LONGEST_TITLE]

    def text(self, language: str = "zh") -> str:
        """A message without its title: where, how much, quotes.

        It pings nobody and is free of links and styles, whatever was quoted.
        """
        zh = language == "zh"
        room, clock = self.room.translate(_HARMLESS), self.at[11:16]
        lines = [f"直播间 {room}，{clock}" if zh else f"Room {room}, {clock}"]
        if self.kind == "hotspot":
            lines.append(self._measured_zh() if zh else self._measured_en())
        left = _MOST_BYTES - len("\n".join(lines).encode())
        for quote in self.quotes:
            said = _window(quote, _LONGEST_LINE)["text"].translate(_HARMLESS)
            line = f"「{said}」" if zh else f"“{said}”"
            if (score := quote.get("score")) is not None:
                line += f" {score:.0%}"
            left -= len(line.encode()) + 1
            if left < 0:
                break
            lines.append(line)
        return "\n".join(lines)

    def _measured_zh(self) -> str:
        line = f"{self.people} 人、{self.comments} 条评论提到，同期共 {self.of} 条评论"
        if self.state == "new":
            return f"{line}，此前没有人提过"
        return f"{line}，是平时的 {self.times:.1f} 倍" if self.times else line

    def _measured_en(self) -> str:
        line = f"{self.comments} comments by {self.people} people, of {self.of} in the same minutes"
        if self.state == "new":
            return f"{line}; nobody had raised it before"
        return f"{line}; {self.times:.1f} times the usual" if self.times else line


@dataclass(slots=True)
class _Told:
    """What a room's people were told about a label, and what they were not yet."""

    hot: bool = False
    """The spell that goes on was told."""
    hotspot: float = -math.inf
    """When a hotspot was told last."""
    comment: float = -math.inf
    held: int = 0
    """Comments since then."""
    quotes: list[Mapping[str, Any]] = field(default_factory=list)
    """The surest of them."""
    model: str = ""


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
        self._settings = settings
        self._labels = {label.split("/", 1)[1] for label in settings.alert_labels}
        self._zone = zone_named(settings.zone)
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: OrderedDict[str, dict[str, _Told]] = OrderedDict()
        self._due = math.inf
        self._closing = threading.Event()
        self._webhooks = [
            Webhook(place, address, self._closing, sleep)
            for place, address in enumerate(settings.webhooks, 1)
        ]
        for webhook in self._webhooks:
            webhook.start()

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

    def hotspots(self, room: str, hots: Sequence[Mapping[str, Any]], model: str = "") -> None:
        """Tell of labels that turned hot in a room.

        ``hots`` are all hotspots of the room as of now, as ``/v1/hotspots`` answers them; call it
        again and again, whether something changed or not. A label is told once while it stays hot,
        and not within ``alert_pause`` of the last time. Where a leaf is hot, its parent is silent.
        """
        if not self._webhooks:
            return
        with self._lock:
            now = self._clock()
            self._tell_due(now)
            told = self._room(room)
            hot = {
                one["label"]: one
                for one in hots
                if one["facet"] == COMPLAINT and one["state"] in HOT and self._wanted(one["label"])
            }
            for label, memory in told.items():
                memory.hot = memory.hot and label in hot
            spoken_for = {parent_of(label) for label in hot}
            for label, one in hot.items():
                memory = told.setdefault(label, _Told())
                if label in spoken_for:
                    memory.hot = True
                elif not memory.hot and now >= self._quiet_until(told, label):
                    memory.hot, memory.hotspot = True, now
                    # the hotspot counts and quotes them
                    memory.held, memory.quotes = 0, []
                    self._tell(self._hotspot(room, one, now, model))

    def comments(self, rows: Sequence[Stored]) -> None:
        """Tell of comments that complain with at least ``alert_score``.

        ``rows`` are those newly kept, of any room; what was kept before does not belong here.
        Within ``alert_pause`` of an alert of the same room and label they are only counted; the
        alert that tells of them goes out with the first call after it, so call it every few
        seconds, also with no rows.
        """
        if not self._webhooks or self._settings.alert_score is None:
            return
        with self._lock:
            now = self._clock()
            for row in rows:
                for label, quote in self._complaints(row):
                    told = self._room(row.room)
                    memory = told.setdefault(label, _Told())
                    memory.held += 1
                    memory.model = row.model
                    memory.quotes.append(quote)
                    memory.quotes.sort(key=lambda one: -one["score"])
                    del memory.quotes[MOST_QUOTES:]
                    self._due = min(self._due, self._silent_until(told, label))
            self._tell_due(now)

    def forget(self, seqs: Collection[int]) -> None:
        """Quote none of these comments: they were deleted. Messages that do are not sent."""
        gone = frozenset(seqs)
        with self._lock:
            for told in self._rooms.values():
                for memory in told.values():
                    memory.quotes = [one for one in memory.quotes if one["seq"] not in gone]
        for webhook in self._webhooks:
            webhook.drop(lambda message: not gone.isdisjoint(_quoted(message)))

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, one try each, for at most ``timeout`` seconds; drop the rest."""
        end = time.monotonic() + timeout
        with self._lock:
            for room, told in self._rooms.items():
                self._tell_held(room, told, math.inf)
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
        if len(self._rooms) > MOST_ROOMS:
            self._tell_held(*self._rooms.popitem(last=False), math.inf)
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

    def _tell_due(self, now: float) -> None:
        """Tell of comments whose pause is over."""
        if now < self._due:
            return
        self._due = math.inf
        for room, told in self._rooms.items():
            self._tell_held(room, told, now)

    def _tell_held(self, room: str, told: Mapping[str, _Told], now: float) -> None:
        for label, memory in told.items():
            if not memory.held:
                continue
            until = self._silent_until(told, label)
            if now < until:
                self._due = min(self._due, until)
                continue
            self._tell(self._comment(room, label, memory))
            memory.comment = self._clock()
            memory.held, memory.quotes = 0, []

    def _complaints(self, row: Stored) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Labels that alert, and the comment as a quote for each."""
        if not row.answer or row.received - row.time > STALE * 1e3:
            return
        if f'"{COMPLAINT}":[]' in row.answer:  # most of them: not worth parsing
            return
        answer = json.loads(row.answer)
        score = {
            tag["label"]: tag["score"]
            for tag in answer.get(COMPLAINT, ())
            if tag["score"] >= (self._settings.alert_score or 0) and self._wanted(tag["label"])
        }
        parents = {parent_of(label) for label in score}
        for label in score:
            if label in parents:
                continue
            proofs = [one for one in answer.get("evidence", ()) if one["label"] == label]
            proof = max(proofs, key=lambda one: one["weight"], default={"start": 0, "end": 0})
            quote = {
                "seq": row.seq, "time": self._moment(row.time / 1e3, "milliseconds"),
                "text": row.text, "score": score[label],
                "start": proof["start"], "end": proof["end"],
            }  # fmt: skip
            yield label, _window(quote, _LONGEST_QUOTE)

    def _hotspot(self, room: str, hot: Mapping[str, Any], now: float, model: str) -> Alert:
        times = hot.get("times")
        return Alert(
            "hotspot", _clean(room)[:_LONGEST_ROOM], COMPLAINT, hot["label"],
            self._names(hot["label"]), hot["state"], hot["comments"], hot["people"], hot["of"],
            times if times is not None and math.isfinite(times) else None, self._moment(now),
            tuple(_window(quote, _LONGEST_QUOTE) for quote in hot["quotes"][:MOST_QUOTES]), model,
        )  # fmt: skip

    def _comment(self, room: str, label: str, memory: _Told) -> Alert:
        return Alert(
            "comment", _clean(room)[:_LONGEST_ROOM], COMPLAINT, label, self._names(label), "",
            memory.held, None, None, None, self._moment(self._clock()), tuple(memory.quotes),
            memory.model,
        )  # fmt: skip

    def _names(self, label: str) -> dict[str, str]:
        chain = [one for one in (parent_of(label), label) if one]
        return {
            language: " · ".join(
                self.taxonomy.name(COMPLAINT, one, language=language) for one in chain
            )
            for language in ("zh", "en")
        }

    def _moment(self, seconds: float, precision: str = "seconds") -> str:
        return datetime.fromtimestamp(seconds, self._zone).isoformat(timespec=precision)

    def _tell(self, alert: Alert) -> None:
        language = self._settings.language
        message = Message(alert.to_json(), alert.title(language), alert.text(language))
        for webhook in self._webhooks:
            webhook.put(message)


def _quoted(message: Message) -> set[int]:
    """Numbers of the comments that a message quotes."""
    return {one["seq"] for one in json.loads(message.json)["quotes"]}


def _clean(text: str) -> str:
    """Without what is not seen but acts; every other character stays where it is."""
    return "".join(
        " " if unicodedata.category(char) in _INVISIBLE and char != "\u200d" else char
        for char in text
    )


def _window(quote: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A quote of at most so many characters, its evidence among them; cut ends show as ``…``."""
    text, start, end = _clean(quote["text"]), quote.get("start") or 0, quote.get("end") or 0
    if len(text) > most:
        first = max(0, min(start - most // 4, len(text) - most))
        last = first + most
        cut = text[first:last]
        if first:
            cut = "…" + cut[1:]
        if last < len(text):
            cut = cut[:-1] + "…"
        text = cut
        start, end = (min(max(place - first, 0), most) for place in (start, end))
    return {**quote, "text": text, "start": start, "end": end}
