"""What tools and people write → values: counts, and moments on the clock of Shanghai."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
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
    match = _NUMBER.fullmatch(value.strip())
    digits = match[1].replace(",", "") if match else ""
    if not match or not digits or digits.startswith("."):
        return None
    unit = _UNITS[match[2].lower()]
    return round(float(digits) * unit) if "." in digits else int(digits) * unit


def moment(value: Any) -> datetime | None:
    """A time on Shanghai's clock, of seconds, milli- or microseconds since 1970, or of a date.

    A date alone is its midnight; without a zone it is Shanghai's own. None where it is no time,
    or one before 1974.

    >>> moment("2026年2月7日 20:15").isoformat()
    '2026-02-07T20:15:00+08:00'
    """
    if isinstance(value, str):
        text = value.strip()
        if match := _MOMENT.fullmatch(text):
            return _calendar(match)
        if not _SECONDS.fullmatch(text):
            return None
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    for unit in (1, 10**3, 10**6):
        if 10**8 * unit <= value < 10**10 * unit:
            whole, part = divmod(value, unit)
            fraction = timedelta(microseconds=round(part * 10**6 / unit))
            return datetime.fromtimestamp(whole, SHANGHAI) + fraction
    return None


def _calendar(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    part, utc, sign, hours, minutes = match.groups()[6:]
    micro = int((part or "0")[:6].ljust(6, "0"))
    try:
        zone = timezone.utc if utc else SHANGHAI
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            zone = timezone(-offset if sign == "-" else offset)
        time = datetime(year, month, day, hour, minute, second, micro, zone)
    except ValueError:
        return None
    return time.astimezone(SHANGHAI) if 1973 < year < 2286 else None
