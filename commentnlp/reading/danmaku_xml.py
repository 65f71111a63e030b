"""Danmaku XML → events: what recorders of bilibili write, and some for Douyin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from commentnlp.errors import ReadError
from commentnlp.reading.fields import event
from commentnlp.reading.values import moment
from commentnlp.records import Event

_HEAD = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<\?xml-stylesheet[^>]*>\s*)?(?:<!--.*?-->\s*)?<i[\s>]", re.DOTALL
)
_KINDS = {"gift": "gift", "guard": "gift", "toast": "gift", "sc": "comment"}
_STARTS = ("start_time", "record_start_time", "live_start_time")


def is_danmaku_xml(head: str) -> bool:
    """Whether a text begins as ``<i>`` with danmaku in it."""
    return _HEAD.match(head) is not None and ("<d " in head or "<chat" in head or "<gift" in head)


def events_of_xml(texts: Iterable[str], name: str, zone: tzinfo) -> Iterator[tuple[Event, str]]:
    """Events and the element that each stood in, in the order of the file.

    A danmaku's time is the fifth field of ``p``, seconds or milliseconds since 1970; gifts and
    paid messages tell seconds since the start of the recording. Raises ReadError for broken XML,
    and for entities, which no recorder writes.
    """
    parser: XMLPullParser[Any] = XMLPullParser(["start", "end"])
    start: datetime | None = None
    root: Element | None = None
    try:
        for text in texts:
            if "<!DOCTYPE" in text or "<!ENTITY" in text:
                raise ReadError(f"{name}: XML with entities of its own is not read")
            parser.feed(text)
            for what, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                if what == "start":
                    root = element if root is None else root
                    continue
                start = start or _start(element, zone)
                found = _event(element, start, zone)
                if found:
                    yield found, _raw(element)
                if element is not root and root is not None:
                    root.clear()  # what has been read is let go
        parser.close()
    except ParseError as error:
        line, column = error.position
        raise ReadError(
            f"{name}: the XML is broken or cut off at line {line}, column {column + 1}"
        ) from None


def _start(element: Element, zone: tzinfo) -> datetime | None:
    """When the recording began, where the element says so."""
    said = [element.get(name) for name in _STARTS]
    if element.tag in _STARTS:
        said.append(element.text)
    return next((found for text in said if text and (found := moment(text, zone))), None)


def _event(element: Element, start: datetime | None, zone: tzinfo) -> Event | None:
    values: Mapping[str, str] = element.attrib
    if element.tag == "d":
        fields = (values.get("p") or "").split(",") + [""] * 8
        found = event(
            "comment",
            text=(element.text or "").strip(),
            id=fields[7],
            name=values.get("user"),
            ids=[values.get("uid"), fields[6], values.get("user")],
        )
        return replace(found, time=moment(fields[4], zone) or _later(start, fields[0]))
    kind = _KINDS.get(str(element.tag))
    if kind is None:
        return None
    found = event(
        kind,
        text=(element.text or "").strip(),
        name=values.get("user"),
        ids=[values.get("uid"), values.get("user")],
        count=values.get("giftcount") or values.get("count"),
        item=values.get("giftname") or values.get("name") or element.tag,
        guard=values.get("level") if element.tag == "guard" else None,
    )
    when = moment(values.get("time", ""), zone) or _later(start, values.get("ts", ""))
    return replace(found, time=when)


def _later(start: datetime | None, seconds: str) -> datetime | None:
    try:
        return start + timedelta(seconds=float(seconds)) if start else None
    except (ValueError, OverflowError):
        return None


def _raw(element: Element) -> str:
    told = " ".join(f'{name}="{value}"' for name, value in element.attrib.items())
    return f"<{element.tag} {told}>{(element.text or '').strip()}</{element.tag}>"
