"""Lines that live tools print or save as text → events.

A file is parsed in blocks of consecutive lines; a small picklable `State` goes from one block to
the next. Every line that is not blank becomes an event, belongs to one (a header, a section title,
the next line of a comment), or is rejected with the reason why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

from commentnlp.errors import ReadError
from commentnlp.reading.days import day_after, day_of, saved_at
from commentnlp.reading.fields import event
from commentnlp.reading.values import clock as clock_of
from commentnlp.records import SHANGHAI, Event

GRAB = "DouyinBarrageGrab log"
FETCHER = "DouyinLiveWebFetcher"
SCREEN = "DouyinDanmu screen"

_FOLDER_ROOM = re.compile(r"\((\d+)\)")
_SAVED_ROOM = re.compile(r"^房间: *(\S+) *$", re.M)

# one file a message type, named as in the brackets; a console's line has the room's name before it
_GRAB_KINDS = {
    "弹幕消息": ("comment", r"(?P<name>.*?):(?: (?P<text>.*))?"),
    "点赞消息": ("like", r"(?P<name>.*) 为主播点了(?P<count>\d+)个赞，总点赞(?P<total>\d+)"),
    "进直播间": ("enter", r"(?P<name>.*) 来了 直播间人数:(?P<total>\d+)"),
    "关注消息": ("follow", r"(?P<name>.*) 关注了主播"),
    "礼物消息": (
        "gift",
        r"(?P<name>.*) 送出 (?P<item>.*?)(?:\(可连击\))? x \d+个，增量(?P<count>\d+)个.*",
    ),
    "直播间统计": ("stats", r"当前直播间人数 (?P<total>[^，]*)，累计直播间人数.*"),
    "粉丝团消息": ("fanclub", ""),
    "直播间分享": ("share", r"(?P<name>.*) 分享了直播间到.*"),
    "下播": ("session_end", ""),
}
_GRAB_LINE = re.compile(
    rf"(\d\d?:\d\d:\d\d) (?:\[[^\[\]]*\] (?=\[(?:{'|'.join(_GRAB_KINDS)})\]))?"
    r"\[([^\[\]]+)\](?: ?\[[男女妖]\])? ?(.*)"
)

_FETCHER_KINDS = {
    "聊天msg": ("comment", r"\[(?P<user>\d*)\](?P<name>.*?):(?: (?P<text>.*))?"),
    # a gift's number is the combo's so far
    "礼物msg": ("gift", r"(?P<name>.*) 送出了 (?P<item>.*)x(?P<total>\d+)"),
    "点赞msg": ("like", r"(?P<name>.*) 点了(?P<count>\d+)个赞"),
    "进场msg": ("enter", r"\[(?P<user>\d*)\]\[(?:男|女|未知)\](?P<name>.*) 进入了直播间"),
    "关注msg": ("follow", r"\[(?P<user>\d*)\](?P<name>.*) 关注了主播"),
    "统计msg": ("stats", r"当前观看人数: (?P<total>[^,]*), 累计观看人数:.*"),
    "直播间统计msg": ("stats", r"(?P<total>.*)"),
    "粉丝团msg": ("fanclub", ""),
    "聊天表情包id": ("emoji", r".*?nick_name='(?P<name>[^']*)'.*"),
    "√": ("system", ""),
    "X": ("system", ""),
}
_FETCHER_LINE = re.compile(rf"【({'|'.join(_FETCHER_KINDS)}|[^】]{{1,12}}msg)】 ?(.*)")
_FETCHER_STATUS = re.compile(r"【(.*)】\[(\d+)\]直播间：(正在直播|已结束)\.")
_FETCHER_BARE = {
    "直播间已结束": "session_end", "WebSocket error:": "system",
    "WebSocket connection closed.": "system", "直播间adaptation:": "直播间adaptation",
}  # fmt: skip

_SECTION = re.compile(
    r"=== (聊天消息|进场消息|礼物&关注消息|关注用户消息|统计信息)(?: \(\d+条\))? ==="
)
_HEADER = re.compile(r"时间([,\t])(类型[,\t])?用户[,\t]用户ID[,\t]粉丝团等级[,\t]财富等级[,\t].*")


def _row_pattern(comma: str, typed: bool) -> re.Pattern[str]:
    """Pattern of a row, in which nothing is quoted.

    The nickname ends where an id and two levels follow, and the text takes what is left.
    """
    cell, level = f"[^{comma}]*", r"-|\d{1,3}"
    kind = f"(?P<type>{cell}){comma}" if typed else "(?P<type>)"
    return re.compile(
        rf"(?P<clock>\d\d?:\d\d:\d\d){comma}{kind}(?P<name>.*?){comma}(?P<user>{cell}){comma}"
        rf"(?P<fan>{level}){comma}(?P<pay>{level}){comma}(?P<text>.*)"
    )


_ROW = {(comma, typed): _row_pattern(comma, typed) for comma in ",\t" for typed in (False, True)}
_LONGEST = 50
"""More line breaks than this no comment has; what comes after is something else."""
_LONGEST_SENTENCE = 300
_SCREEN_KINDS = {"聊天消息": "comment", "进场消息": "enter"}
_ROW_KINDS = {"礼物": "gift", "点赞": "like", "关注": "follow"}


@dataclass(frozen=True, slots=True)
class State:
    """What one block of lines leaves to the next."""

    day: date | None = None
    """Of the lines to come; None where nothing tells the date."""
    clock: time | None = None
    """Of the last line that had one."""
    saved: datetime | None = None
    """When the file was saved: the end of the session."""
    room: str = ""
    section: str = ""
    separator: str = ","
    typed: bool = False
    """The section has a column for the type."""
    open: Event | None = None
    """The last comment; the next line may go on with it. After the last block it is an event."""
    zone: tzinfo = SHANGHAI
    """The clock of the lines."""


def start(path: Path | str, tail: str, zone: tzinfo = SHANGHAI) -> State:
    """State before the first line: what the name, folders and last few KB of a file tell."""
    room = _SAVED_ROOM.search(tail.replace("\r", ""))
    where = room[1] if room else room_of(path)
    return State(day_of(path), saved=saved_at(tail, zone), room=where, zone=zone)


def room_of(path: Path | str) -> str:
    """Room number in the name of a folder (``(516466932480)瑞丽翡翠``), else empty."""
    found = map(_FOLDER_ROOM.match, Path(path).parent.parts[::-1])
    return next((match[1] for match in found if match), "")


def recognise(lines: Sequence[str]) -> str:
    """Name of the format of a file's first lines, up to 200; empty for none."""
    lines = [_bare(line) for line in lines]
    lines = [line for line in lines if line.strip()]
    if not lines:
        return ""
    if _SECTION.fullmatch(lines[0]):
        return SCREEN
    grab = [_GRAB_LINE.fullmatch(line) for line in lines]
    if sum(1 for match in grab if match and match[2] in _GRAB_KINDS) * 2 > len(lines):
        return GRAB
    bare = tuple(_FETCHER_BARE)
    fetched = sum(1 for line in lines if _FETCHER_LINE.fullmatch(line) or line.startswith(bare))
    return FETCHER if fetched * 2 > len(lines) else ""


def parse(
    tool: str, lines: Sequence[str], first_number: int, state: State
) -> tuple[list[Event], list[tuple[int, str]], State]:
    """Events of a block of lines, the rejected lines as (number, why), and the state after it.

    ``tool`` is one that `recognise` names; ``first_number`` is the first line's number in the
    file. A line that begins no message goes on with the comment before it. The last comment of a
    block therefore waits in ``State.open``: after the last block, add it to the events.
    """
    read = {GRAB: _grab, FETCHER: _fetcher, SCREEN: _screen}[tool]
    events: list[Event] = []
    rejected = []
    for number, line in enumerate(map(_bare, lines), first_number):
        if not line.strip():
            continue
        try:
            found = read(line, state)
        except ReadError as error:
            rejected.append((number, str(error)))
            found = (None, state)
        if found is None and state.open and state.open.text.count("\n") < _LONGEST:
            longer = replace(state.open, text=f"{state.open.text}\n{line}")
            state = replace(state, open=longer)
        elif found is None:
            rejected.append((number, f"no line of {tool}, nor the next line of a comment"))
        else:
            if state.open:
                events.append(state.open)
            message, state = found
            message = replace(message, line=number) if message else None
            if message and message.kind != "comment":
                events.append(message)
                message = None
            state = replace(state, open=message)
    return events, rejected, state


_Found = tuple[Event | None, State] | None
"""A message and the state after it; no message for a line that only belongs to the file's form;
None for a line that is none of the tool's."""


def _grab(line: str, state: State) -> _Found:
    match = _GRAB_LINE.fullmatch(line)
    if not match:
        return None
    clock = _clock(match[1])
    day = state.day and day_after(state.day, state.clock, clock)
    message = _message(_GRAB_KINDS, match[2], match[3])
    when = datetime.combine(day, clock, state.zone) if day else None
    state = replace(state, day=day, clock=clock)
    return replace(message, time=when, room=state.room), state


def _fetcher(line: str, state: State) -> _Found:
    if match := _FETCHER_LINE.fullmatch(line):
        return _message(_FETCHER_KINDS, match[1], match[2]), state
    if match := _FETCHER_STATUS.fullmatch(line):
        kind = "session_start" if match[3] == "正在直播" else "session_end"
        return event(kind, name=match[1], ids=[match[2]], host=True), state
    kind = next((kind for words, kind in _FETCHER_BARE.items() if line.startswith(words)), "")
    return (event(kind), state) if kind else None


def _screen(line: str, state: State) -> _Found:
    if match := _SECTION.fullmatch(line):
        return None, replace(state, section=match[1])
    if match := _HEADER.fullmatch(line):
        return None, replace(state, separator=match[1], typed=match[2] is not None)
    if state.section == "统计信息":
        return None, state
    match = _ROW[state.separator, state.typed].fullmatch(line)
    # chosen users are shown again apart; what has no section of its own stands only there
    if state.section == "关注用户消息" and (not match or match["type"] != "其他"):
        return None, state
    if not match or not state.section:
        return None
    return _row(match.groupdict(), state), state


def _row(cells: dict[str, str], state: State) -> Event:
    kind = _SCREEN_KINDS.get(state.section) or _ROW_KINDS.get(cells["type"], cells["type"])
    item, _, count = cells["text"].rpartition(" x") if kind in ("gift", "like") else ("", "", None)
    message = event(
        kind,
        text=cells["text"],
        room=state.room,
        name=cells["name"],
        ids=[cells["user"]],
        count=count,
        item=item if kind == "gift" else "",
        fan=cells["fan"],
        pay=cells["pay"],
    )
    clock = _clock(cells["clock"])
    if state.saved is None:
        return message
    when = datetime.combine(state.saved, clock, state.zone)
    # saved at half past midnight, a row of eleven at night is of the day before
    return replace(message, time=when if when <= state.saved else when - timedelta(days=1))


def _message(kinds: Mapping[str, tuple[str, str]], named: str, words: str) -> Event:
    """The message that a tool named so and put into these words.

    Only a comment must read as expected; of the rest, what is not understood is left out.
    """
    kind, pattern = kinds.get(named, (named, ""))
    # what a tool makes up itself is short, and its patterns take long over what is not
    may = kind == "comment" or len(words) <= _LONGEST_SENTENCE
    match = re.fullmatch(pattern, words) if may else None
    if kind == "comment" and not match:
        raise ReadError("a comment without a nickname, a colon and a space before the text")
    parts: dict[str, Any] = match.groupdict() if match else {}
    return event(kind, ids=[parts.pop("user", None)], **parts)


def _clock(text: str) -> time:
    found = clock_of(text)
    if found is None:
        raise ReadError(f"no such time of day: {text}")
    return found


def _bare(line: str) -> str:
    return line.removeprefix("\ufeff").rstrip("\r\n")
