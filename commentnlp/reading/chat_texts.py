"""Chats as people paste them and players save them → rows: names, clocks, subtitles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from commentnlp.reading.remarks import Remarks
from commentnlp.reading.tables import BLANK

HEADER = ("时间", "昵称", "评论内容")
NO_CHAT = "line without a name or a comment"

Row = tuple[int, list[str]]

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?"
_CLOCK = rf"\[?((?:\d{{4}}[-/.年]\d\d?[-/.月]\d\d?日?[ T])?{_TIME})\]?"
_SAID = re.compile(rf"(?:{_CLOCK}\s*)?([^\s:：,，。!！?？\[\]/]{{1,24}})\s?[:：]\s?(?=\S)(.+)")
_CLOCKED = re.compile(rf"{_CLOCK}\s+(?:([^\s:：]{{1,24}})\s?[:：]\s?)?(\S.*)")
_COLONS = re.compile(r"(\d{13}|\d{10}):(\d+):(.*)")
_ASS = re.compile(r"Dialogue:[^,]*,([^,]*),[^,]*,[^,]*,([^,]*),[^,]*,[^,]*,[^,]*,[^,]*,(.*)")
_ASS_MARKS = re.compile(r"\{[^}]*\}")
_CUE = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{1,3}) --> ")
_FEWEST = 2
_MOST_OF = 0.6
"""Share of the lines that must have the form."""


class ChatForm(NamedTuple):
    """A way of writing a chat."""

    tool: str
    header: tuple[str, ...]
    rows: Callable[[Iterable[tuple[str, int]], Remarks], Iterator[Row]]
    """Blocks of lines, each with the number of its first → rows with the numbers of their lines."""


def recognise(head: str) -> ChatForm | None:
    """The form in which most lines of a text's beginning are written; None for other texts."""
    lines = [line for line in islice(head.split("\n"), 300) if line.strip()]
    if not lines:
        return None
    first = lines[0].lstrip("\ufeff").strip()
    if first == "[Script Info]":
        return ChatForm("ASS subtitles", HEADER, _ass_rows)
    if first.startswith("WEBVTT"):
        return ChatForm("VTT subtitles", ("时间", "评论内容"), _cue_rows)
    if len(lines) > 1 and first.isdecimal() and _CUE.match(lines[1]):
        return ChatForm("SRT subtitles", ("时间", "评论内容"), _cue_rows)
    if sum("\t" in line for line in lines) * 2 > len(lines):
        return None  # a table
    for pattern, header, tool in (
        (_COLONS, ("时间", "用户id", "评论内容"), "time:id:comment lines"),
        (_CLOCKED, HEADER, "chat with clocks"),
        (_SAID, HEADER, "chat with names"),
    ):
        found = [match for line in lines if (match := pattern.fullmatch(line.strip()))]
        if len(found) < max(_FEWEST, _MOST_OF * len(lines)):
            continue
        if pattern is _SAID and not _are_names([match[2] for match in found]):
            continue
        return ChatForm(tool, header, _line_rows(pattern))
    return None


def _are_names(names: Sequence[str]) -> bool:
    """Whether what stands before the colons is people: several, none a link or a figure."""
    return (
        len(set(names)) >= _FEWEST
        and not any(name.lower() in ("http", "https") for name in names)
        and sum(name.isdecimal() for name in names) * 2 < len(names)
    )


def _line_rows(
    pattern: re.Pattern[str],
) -> Callable[[Iterable[tuple[str, int]], Remarks], Iterator[Row]]:
    def rows(blocks: Iterable[tuple[str, int]], lost: Remarks) -> Iterator[Row]:
        for number, line in _lines(blocks, lost):
            match = pattern.fullmatch(line)
            if match:
                yield number, [part or "" for part in match.groups()]
            elif pattern is _COLONS:
                lost.add(NO_CHAT, number)
            else:
                yield number, ["", "", line]

    return rows


def _ass_rows(blocks: Iterable[tuple[str, int]], lost: Remarks) -> Iterator[Row]:
    for number, line in _lines(blocks, lost, blank=False):
        if match := _ASS.fullmatch(line):
            text = _ASS_MARKS.sub("", match[3]).replace("\\N", " ").replace("\\n", " ").strip()
            if text:
                yield number, [_padded(match[1].strip()), match[2].strip(), text]


def _cue_rows(blocks: Iterable[tuple[str, int]], lost: Remarks) -> Iterator[Row]:
    time, at = "", 0
    said: list[str] = []
    for number, line in _lines(blocks, lost, blank=False, keep_blank=True):
        if match := _CUE.match(line):
            time, at, said = f"{int(match[1] or 0):02}:{match[2]}:{match[3]}", number, []
        elif not line:
            if time and said:
                yield at, [time, " ".join(said)]
            time = ""
        elif time:
            said.append(line)
    if time and said:
        yield at, [time, " ".join(said)]


def _padded(clock: str) -> str:
    """``0:00:12.34`` as the clock ``00:00:12.34``."""
    return clock.zfill(11) if re.fullmatch(r"\d:\d\d:\d\d\.\d\d", clock) else clock


def _lines(
    blocks: Iterable[tuple[str, int]],
    lost: Remarks,
    *,
    blank: bool = True,
    keep_blank: bool = False,
) -> Iterator[tuple[int, str]]:
    for text, first in blocks:
        for number, line in enumerate(text.removesuffix("\n").split("\n"), first):
            line = line.lstrip("\ufeff").strip()
            if line or keep_blank:
                yield number, line
            elif blank:
                lost.add(BLANK, number)
