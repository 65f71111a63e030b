"""The body of a POST: its bytes within their limits, and what stands in them."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from commentnlp.errors import ReadError
from commentnlp.reading.expansion import MAX_EXPANSION, WRITTEN_OUT, expanded_length
from commentnlp.reading.messages import (
    HALF,
    MOST_SHORT,
    Messages,
    TooMany,
    events_of_message,
    half,
    json_of,
    readable,
    text_of_json,
)
from commentnlp.records import SHANGHAI, Event
from commentnlp.service.problems import Problem
from commentnlp.service.settings import Settings

_SHAPE = '{"comments":[{"id":"1","text":"…"}]}'
_PACKINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content-Encoding → how zlib is to take it."""
_MOST_MEMBERS = 16
"""Pieces of which a gzip body may be put together."""
_ACCEPTED = {"accept-encoding": "gzip, deflate"}
PAUSE_SECONDS = 60.0
"""Longest pause between two parts of a body, and longest for the whole of one that anybody may
send."""


class _Comment(msgspec.Struct, gc=False):
    text: str
    id: (
        Annotated[str, msgspec.Meta(max_length=MOST_SHORT)]
        | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
        | None
    ) = ""


class _Comments(msgspec.Struct):
    comments: list[_Comment]


_DECODE = msgspec.json.Decoder(_Comments).decode
_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_WRONG = re.compile(r"Expected `(.*)`, got `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_TYPES = {
    "str": "a string", "int": "a number", "float": "a number", "array": "an array",
    "object": "an object", "bool": "true or false", "null": "null",
}  # fmt: skip


async def read_body(
    receive: Callable[[], Awaitable[Any]], headers: Mapping[str, str], most_bytes: int
) -> bytes:
    """The body of an ASGI request, unpacked; names of ``headers`` are lower case.

    Raises Problem 413 as soon as it is known to have, packed or unpacked, more than ``most_bytes``,
    415 for a form or an encoding other than gzip and deflate, 400 for one that is damaged, 408
    where nothing comes for `PAUSE_SECONDS`. What is not read then is left to the server to throw
    away: a connection that is closed at once would take the answer with it.
    """
    packing = packing_of(headers)
    body = await read_packed_body(receive, headers, most_bytes)
    return unpacked(body, packing, most_bytes) if packing and body else body


def packing_of(headers: Mapping[str, str]) -> str:
    """How a body is packed; empty for not at all. Raises Problem 415 for what cannot be read."""
    if headers.get("content-type", "").lstrip()[:10].lower() == "multipart/":
        raise Problem(415, "a form cannot be read; send the file itself as the body")
    packing = headers.get("content-encoding", "").strip().lower()
    if packing not in _PACKINGS and packing not in ("", "identity"):
        raise Problem(
            415,
            "Content-Encoding must be gzip or deflate, or not be there",
            field="content-encoding",
            headers=_ACCEPTED,
        )
    return packing if packing in _PACKINGS else ""


async def read_packed_body(
    receive: Callable[[], Awaitable[Any]],
    headers: Mapping[str, str],
    most_bytes: int,
    *,
    trusted: bool = True,
) -> bytes:
    """The body of an ASGI request as it came.

    Of a sender who is not trusted, the whole has to come within `PAUSE_SECONDS`: a byte now and
    then would keep it for ever. Raises Problem as `read_body` does.
    """
    told = headers.get("content-length", "")
    if len(told) > 18 or (told.isdecimal() and int(told) > most_bytes):
        raise _too_long(most_bytes)
    wait = _Wait(trusted)
    blocks, size, more = [], 0, True
    while more:
        message = await wait.until(receive)
        if message["type"] != "http.request":
            raise Problem(400, "the connection was closed before the whole body had come")
        block, more = message.get("body", b""), message.get("more_body", False)
        size += len(block)
        if size > most_bytes:
            raise _too_long(most_bytes)
        blocks.append(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


class _Wait:
    """Waits for the parts of a body, and not for ever.

    `asyncio.wait_for` makes a task of whatever is waited for, which costs more than tagging a
    comment; a timer that cancels the task costs nothing to speak of.
    """

    def __init__(self, trusted: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = None if trusted else self._loop.time() + PAUSE_SECONDS
        self._expired = False

    async def until(self, receive: Callable[[], Awaitable[Any]]) -> Any:
        task = asyncio.current_task()
        assert task is not None
        ends = self._loop.time() + PAUSE_SECONDS if self._ends is None else self._ends
        timer = self._loop.call_at(ends, self._expire, task)
        try:
            return await receive()
        except asyncio.CancelledError:
            if not self._expired:
                raise
            if hasattr(task, "uncancel"):  # since Python 3.11
                task.uncancel()
            raise Problem(
                408,
                f"the body was not there within {PAUSE_SECONDS:g} seconds; send it anew",
                headers={"Connection": "close"},
            ) from None
        finally:
            timer.cancel()

    def _expire(self, task: asyncio.Task[Any]) -> None:
        self._expired = True
        task.cancel()


def unpacked(body: bytes, packing: str, most_bytes: int) -> bytes:
    """The body without its Content-Encoding ``packing``, ``gzip`` or ``deflate``.

    Raises Problem 413 where that has more than ``most_bytes``, 400 where it is damaged or cut off.
    """
    window = _PACKINGS[packing]
    if window == 15 and not (body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0):
        window = -15  # some send deflate without the frame that the standard wants
    out = b""
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(window)
        try:
            out += member.decompress(body, most_bytes + 1 - len(out))
        except zlib.error as error:
            raise Problem(400, f"the {packing} body is damaged: {error}") from None
        if len(out) > most_bytes:
            raise _too_long(most_bytes)
        if not member.eof:
            raise Problem(400, f"the {packing} body is cut off; send it whole")
        body = member.unused_data.lstrip(b"\0")
        if not body:
            return out
        if window != 31:
            break
    raise Problem(400, f"something stands behind the {packing} body; send it alone")


def _too_long(most_bytes: int) -> Problem:
    return Problem(413, f"the body has more than {most_bytes:,} bytes; send it in parts")


def comments_of(body: bytes, settings: Settings) -> list[tuple[str, str]]:
    """Id and text of each comment in ``{"comments":[{"id":"1","text":"…"}]}``.

    An id that is left out is empty, a whole number becomes text. NUL becomes U+FFFD. Other fields
    are not looked at. Raises Problem that names what is wrong: 400 for broken JSON, 413 for too
    many, 422 for the rest.
    """
    try:
        try:
            comments = _DECODE(body).comments
            # looking for one character first is ten times quicker
            odd = b"\\" in body and b"\\u0000" in body
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # a mark at the beginning or half a character is forgiven; of the rest, tell where it is
            comments, odd = msgspec.convert(_trimmed(json_value(body)), _Comments).comments, True
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None
    if len(comments) > settings.most_comments:
        raise Problem(
            413,
            f"{len(comments):,} comments; at most {settings.most_comments:,} a call may be: send"
            " them in several calls",
            field="comments",
        )
    texts, ids = [one.text for one in comments], [one.id for one in comments]
    most = settings.most_characters
    # no part of a short body is long
    if MAX_EXPANSION * len(body) > most:
        _check_lengths(texts, most)
    if odd:
        for at, (id, text) in enumerate(zip(ids, texts, strict=True)):
            for name, value in (("id", _id(id)), ("text", text)):
                if half(value):
                    field = f"comments[{at}].{name}"
                    raise Problem(422, f"{field} {HALF}", field=field)
        texts, ids = list(map(readable, texts)), [readable(_id(id)) for id in ids]
    return [(id if id.__class__ is str else _id(id), x) for id, x in zip(ids, texts, strict=True)]


def _check_lengths(texts: Sequence[str], most: int) -> None:
    for at, text in enumerate(texts):
        if MAX_EXPANSION * len(text) > most and (length := expanded_length(text)) > most:
            field = f"comments[{at}].text"
            how = WRITTEN_OUT if length > len(text) else ""
            why = f"{field} has {length:,} characters{how}; at most {most:,} may be"
            raise Problem(422, why, field=field)


def _id(value: Any) -> str:
    return "" if value is None else str(value)


def json_value(body: bytes) -> Any:
    """The value of a JSON body. Raises Problem 400 for what is none."""
    if not body.strip():
        raise Problem(400, "the body is empty; send a JSON object")
    try:
        return json_of(text_of_json(body))
    except ReadError as error:
        raise Problem(400, str(error)) from None


def _trimmed(value: Any) -> Any:
    # msgspec stumbles over other fields that have half a character in their name
    value = _bare(value, "comments")
    if isinstance(value, dict) and isinstance(value.get("comments"), list):
        value["comments"] = [_bare(one, "id", "text") for one in value["comments"]]
    return value


def _bare(value: Any, *names: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in names if name in value}


def _wrong(said: str) -> Problem:
    """What msgspec says of a value that does not fit, in our words."""
    where = _WHERE.search(said)
    field = where[1] if where else ""
    said = said[: where.start()] if where else said
    if missing := _MISSING.fullmatch(said):
        field = f"{field}.{missing[1]}".lstrip(".")
        return Problem(422, f"{field} is missing; send {_SHAPE}", field=field)
    if field.endswith(".id"):
        what = f"a string of at most {MOST_SHORT} characters, or a whole number of 64 bits"
        return Problem(422, f"{field} must be {what}", field=field)
    match = _WRONG.fullmatch(said)
    wanted, got = match.groups() if match else ("str", "int")
    wanted, got = _TYPES.get(wanted, wanted), _TYPES.get(got, got)
    return Problem(
        422, f"{field or 'the body'} must be {wanted}, not {got}; send {_SHAPE}", field=field
    )


@lru_cache(8)
def _zone(name: str) -> tzinfo:
    # the same clock, and quicker
    return SHANGHAI if name == str(SHANGHAI) else ZoneInfo(name)


def events_of(
    body: bytes,
    settings: Settings,
    *,
    room: str = "",
    going: dict[tuple[str, ...], Event] | None = None,
    now: datetime | None = None,
) -> Messages:
    """What `events_of_message` finds in the body of a POST, within the limits of the settings.

    Raises Problem 400 for what cannot be read at all, 413 for too many events, and 422 where
    there are messages and none can be used.
    """
    try:
        found = events_of_message(
            body,
            room=room,
            zone=_zone(settings.zone),
            now=now,
            going=going,
            most=settings.most_events,
            longest=settings.most_characters,
        )
    except TooMany as error:
        raise Problem(413, str(error)) from None
    except ReadError as error:
        raise Problem(400, str(error)) from None
    if found.rejected and not found.events:
        first, more = found.rejected[0], len(found.rejected) - 1
        detail = f"{first.why} (and {more:,} more)" if more else first.why
        raise Problem(422, detail, field=first.field)
    return found
