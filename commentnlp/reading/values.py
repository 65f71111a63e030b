"""What tools and people write → values: counts, and moments on the clock of Shanghai."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from commentnlp.records import SHANGHAI

_UNITS = {"": 1, "千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_NUMBER = re.compile(
    r"([\d,]{1,18}(?:\.\d{1,9})?)(千|k|万|w|亿|)\+?(?:在线观众|人)?", re.IGNORECASE
)
_MOMENT = re.compile(
    r"(\d{4})[-/.年](\d\d?)[-/.月](\d\d?)日?"
    r"(?:[T ]?\s*(\d\d?)[:：时](\d\d?)(?:[:：分](\d\d?)(?:[.,](\d{1,9}))?)?[秒分]?)?"
    r" ?(?:(Z)|([+-])(\d\d):?(\d\d))?"
)
_SECONDS = re.compile(r"\d{9,17}(\.\d{1,9})?")


def number(value: Any) -> int | None:
    """A count however it is written: 97, "97", "1,024", "1.2万" → 12000, "10万+", "20在线观众".

    None where it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return int(value) if abs(value) < 10**18 else None
    if not value:
        return None
    match = _NUMBER.fullmatch(value.strip())
    digits = match[1].replace(",", "") if match else ""
    if not match or not digits or digits.startswith("."):
        return None
    unit = _UNITS[match[2].lower()]
    return round(float(digits) * unit) if "." in digits else int(digits) * unit


def moment(value: Any, zone: tzinfo = SHANGHAI) -> datetime | None:
    """A time on the clock of ``zone``, of seconds, milli- or microseconds since 1970, or of a date.

    A date alone is its midnight; what tells no zone is read on that clock. None where it is no
    time, or one before 1974.

    >>> moment("2026年2月7日 20:15").isoformat()
    '2026-02-07T20:15:00+08:00'
    """
    if isinstance(value, str):
        text = value.strip()
        if text.isdecimal():
            return _since_1970(int(text), zone) if 9 <= len(text) <= 17 else None
        if _is_iso(text):
            try:
                return _on_clock(datetime.fromisoformat(text), zone)
            except ValueError:
                return None
        if match := _MOMENT.fullmatch(text):
            return _calendar(match, zone)
        return _since_1970(float(text), zone) if _SECONDS.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _since_1970(value, zone)


def _since_1970(value: int | float, zone: tzinfo) -> datetime | None:
    unit = 1 if value < 10**10 else 10**3 if value < 10**13 else 10**6
    if not 10**8 * unit <= value < 10**10 * unit:
        return None
    whole, part = divmod(value, unit)
    return datetime.fromtimestamp(whole, zone) + timedelta(0, 0, part * (10**6 // unit))


def _is_iso(text: str) -> bool:
    """Whether it is a time as nearly all write it: ``2026-02-07 20:15:03``, or one with an offset.

    Only what ``fromisoformat`` of every Python takes for the same as `_MOMENT`.
    """
    return (
        (len(text) == 19 or (len(text) in (25, 32) and text[-3] == ":"))
        and text[4] == text[7] == "-"
        and text[13] == text[16] == ":"
        and text[10] in " T"
        and text[11:13] != "24"
        and text.isascii()
    )


def _calendar(match: re.Match[str], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    part, utc, sign, hours, minutes = match.groups()[6:]
    micro = int((part or "0")[:6].ljust(6, "0"))
    told = timezone.utc if utc else None
    try:
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            told = timezone(-offset if sign == "-" else offset)
        return _on_clock(datetime(year, month, day, hour, minute, second, micro, told), zone)
    except ValueError:
        return None


def _on_clock(time: datetime, zone: tzinfo) -> datetime | None:
    if not 1973 < time.year < 2286:
        return None
    if time.tzinfo is not None:
        return time.astimezone(zone)
    return datetime.combine(time, time.time(), zone)  # quicker than replace
