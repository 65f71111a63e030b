"""One alert → the JSON and the texts that webhooks get, in Chinese and English."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from commentnlp.service.masking import mask_identities

MAX_QUOTES = 5
"""Comments quoted in an alert."""
MAX_QUOTE_CHARACTERS, _MAX_LINE_CHARACTERS = 500, 80
"""Of a quote in JSON, and in a message."""
MAX_ROOM_CHARACTERS = 64
_MAX_BYTES = 1_800
"""UTF-8 bytes of a message's text. With its title it must fit into the 2,048 of WeCom."""
_MAX_TITLE_CHARACTERS = 60

# The characters that make a mention, a link or a style somewhere: <at user_id="all"> and
# [text](link) in Feishu, <@user> in WeCom and Slack, @everyone in Discord, Markdown and HTML where
# an address asks for them. Their full-width twins look alike and do nothing.
_HARMLESS = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "<>@&`*_~[]|\\#:"})
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell: a complaint that turned hot in a room or is over, or single complaints.

    What strangers wrote in it holds no control characters, names nobody and is cut to a bounded
    length.
    """

    kind: str
    """``hotspot`` or ``comment``."""
    room: str
    facet: str
    label: str
    names: Mapping[str, str]
    """``zh`` and ``en``; those of a leaf begin with its parent's."""
    state: str
    """``new``, ``rising``, or ``over`` once what was told is so no more; empty for comments."""
    comments: int
    """With the label; of kind ``comment``: since the last alert."""
    people: int
    """Who wrote them; of a hotspot that is over, the most at one time."""
    of: int | None
    """Comments in the same minutes, with any label or none; None for comments and what is over."""
    times: float | None
    """How many times the usual; None where there is no usual."""
    minutes: int
    """In which they were written."""
    since: str
    """ISO 8601: when a hotspot began, when the first of the comments was written."""
    at: str
    """Now, in the zone of the settings."""
    quotes: tuple[Mapping[str, Any], ...]
    """``seq``, ``time``, ``text``, ``score``, and the evidence from ``start`` to ``end``."""
    model: str = ""
    """Version of the model that tagged."""
    inquiries: int = 0
    """Of the comments of a hotspot, those that only ask."""
    link: str = ""
    """The room's page; empty where nobody told where the service is reached."""

    def to_json(self) -> bytes:
        """The body that plain webhooks get: an object with the names of these fields."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    def title(self, language: str = "zh", *, late: bool = False) -> str:
        """First line of a message, ``zh`` or ``en``; ``late`` names the time that it is of.

        It begins with 评论告警 (Comment alert): a keyword for robots that want one.
        """
        if language == "zh":
            what = {"new": "新出现", "rising": "上升", "over": "已平息"}.get(
                self.state, f"{self.comments} 条投诉"
            )
            start = f"评论告警（迟到，{_clock(self.at)}）" if late else "评论告警"
            title = f"{start}：{self.names['zh']} {what}"
        else:
            one = "1 complaint" if self.comments == 1 else f"{self.comments} complaints"
            what = {"new": "is new", "rising": "is rising", "over": "has calmed down"}.get(
                self.state, one
            )
            start = f"Comment alert (late, of {_clock(self.at)})" if late else "Comment alert"
            title = f"{start}: {self.names['en']} {what}"
        return title[:_MAX_TITLE_CHARACTERS]

    def text(self, language: str = "zh") -> str:
        """A message without its title: where, when, how much, quotes, the link.

        It pings nobody and is free of styles and of links but our own, whatever was quoted.
        """
        zh = language == "zh"
        room = self.room.translate(_HARMLESS)
        lines = [f"直播间 {room}" if zh else f"Room {room}"]
        lines.append(self._measured_zh() if zh else self._measured_en())
        last = [f"{'页面：' if zh else 'Page: '}{self.link}"] if self.link else []
        left = _MAX_BYTES - len("\n".join([*lines, *last]).encode())
        for quote in self.quotes:
            quoted = cut_quote(quote, _MAX_LINE_CHARACTERS)["text"].translate(_HARMLESS)
            line = f"「{quoted}」" if zh else f"“{quoted}”"
            if (score := quote.get("score")) is not None:
                line += f" {score:.0%}"
            left -= len(line.encode()) + 1
            if left < 0:
                break
            lines.append(line)
        return "\n".join([*lines, *last])

    def _measured_zh(self) -> str:
        people, since, at = self.people, _clock(self.since), _clock(self.at)
        if self.state == "over":
            return f"从 {since} 到 {at}（{self.minutes} 分钟），最多时 {people} 人提到"
        if self.kind == "comment":
            span = at if since == at else f"{since} 到 {at}（{self.minutes} 分钟）"
            return f"{span}，{people} 人、{self.comments} 条评论"
        line = f"最近 {self.minutes} 分钟 {people} 人、{self.comments} 条评论提到"
        line += f"（同期共 {self.of} 条）"
        if self.inquiries:
            line += f"，其中 {self.inquiries} 条只是在问"
        if self.state == "new":
            line += "，此前没有人提过"
        elif self.times:
            line += f"，是平时的 {self.times:.1f} 倍"
        return f"{line}，从 {since} 开始（现在 {at}）"

    def _measured_en(self) -> str:
        people, comments = _count(self.people, "person", "people"), _comments(self.comments)
        since, at, minutes = _clock(self.since), _clock(self.at), _minutes(self.minutes)
        if self.state == "over":
            return f"From {since} to {at} ({minutes}), {people} at most"
        if self.kind == "comment":
            span = at if since == at else f"{since} to {at} ({minutes})"
            return f"{span}: {comments} by {people}"
        line = f"In the last {minutes} {comments} by {people}, of {self.of} in all"
        if self.inquiries:
            line += f"; {self.inquiries} only ask"
        if self.state == "new":
            line += "; nobody had raised it before"
        elif self.times:
            line += f"; {self.times:.1f} times the usual"
        return f"{line}; since {since} (now {at})"


def trial_message(language: str, at: str, link: str) -> tuple[bytes, str, str]:
    """JSON, title and text of a message that only shows whether a webhook takes messages."""
    zh = language == "zh"
    title = "评论告警：测试" if zh else "Comment alert: a test"
    text = "这是一条测试消息，不是告警。" if zh else "This is a test; there is nothing to do."
    if link:
        text += f"\n{'页面：' if zh else 'Page: '}{link}"
    told = {"kind": "test", "title": title, "text": text, "at": at, "link": link}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), title, text


def clean_text(text: str) -> str:
    """Replace what is not seen but acts by blanks; every other character stays where it is."""
    return "".join(
        " " if unicodedata.category(char) in _INVISIBLE and char != "\u200d" else char
        for char in text
    )


def cut_quote(quote: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A quote of at most so many characters, its evidence among them; cut ends show as ``…``.

    Names and numbers in it are masked.
    """
    text = mask_identities(clean_text(quote["text"]))
    start, end = quote.get("start") or 0, quote.get("end") or 0
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


def minutes_between(since: str, at: str) -> int:
    """Whole minutes from one ISO 8601 time to another, at least 1."""
    seconds = (datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()
    return max(1, math.ceil(seconds / 60))


def _clock(at: str) -> str:
    return at[11:16]


def _count(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _comments(count: int) -> str:
    return _count(count, "comment", "comments")


def _minutes(count: int) -> str:
    return _count(count, "minute", "minutes")
