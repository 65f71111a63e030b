"""What tools and people write → values: counts, moments and times of day."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import Any

from commentnlp.records import SHANGHAI

_UNITS = {"": 1, "千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_NUMBER = re.compile(
    r"([\d,]{1,18}(?:\.\d{1,9})?)(千|k|万|w|亿|)\+?(?:在线观众|人)?", re.IGNORECASE
)
_OF_DAY = r"(\d\d?)[:：时](\d\d?)(?:[:：分](\d\d?)(?:[.,](\d{1,9}))?)?[秒分]?"
_CLOCK = re.compile(_OF_DAY)
_MOMENT = re.compile(
    rf"(\d{{4}})[-/.年](\d\d?)[-/.月](\d\d?)日?(?:[T ]?\s*{_OF_DAY})?"
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
        text = unguarded(value)
        if text.isdecimal():
            return _since_1970(int(text), zone) if 9 <= len(text) <= 17 else None
        if _is_iso(text):
            try:
                return _on_clock(datetime.fromisoformat(text), zone)
            except ValueError:
                return None
        if match := _MOMENT.fullmatch(text):
            return _calendar(match, zone)
        if _SECONDS.fullmatch(text):
            return _since_1970(float(text), zone)
        return _otherwise(text, zone)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _since_1970(value, zone)


_GUARDED = re.compile(r'="(.*)"|[\'`\t]+(.*)')


def unguarded(text: str) -> str:
    """A cell without what keeps spreadsheets from making a number of it: ``="742…"``, ``'742…``."""
    text = text.strip()
    if text[:1] in ("=", "'", "`") and (match := _GUARDED.fullmatch(text)):
        return (match[1] if match[1] is not None else match[2]).strip()
    return text


_SERIAL = re.compile(r"[34]\d{4}\.\d{1,12}")
_POWER = re.compile(r"\d(?:\.\d+)?[eE]\+(?:0?9|1[0-5])")
_ENGLISH = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d?) (\d\d?:\d\d:\d\d) ([+-]\d{4}) (\d{4})"
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SQUEEZED = re.compile(r"(\d{4})(\d\d)(\d\d)[T ](\d\d?:?\d\d(?::?\d\d)?)")
_HALVES = re.compile(r"(.*\d日?) ?(凌晨|早上|上午|中午|下午|傍晚|晚上|[aApP][mM]) ?(\d\d?)(:.*)")
_HALF_CLOCK = re.compile(r"(凌晨|早上|上午|中午|下午|傍晚|晚上|[aApP][mM]) ?(\d\d?)(:.*)")
_DAYS_AGO = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "昨晚": 1, "前天": 2, "前日": 2}
_DAY_WORD = re.compile(rf"({'|'.join(_DAYS_AGO)})\s*(.*)")
_SECONDS_AGO = {"秒": 1, "秒钟": 1, "分": 60, "分钟": 60, "小时": 3_600, "个小时": 3_600,
                "天": 86_400, "周": 604_800, "星期": 604_800, "个星期": 604_800}  # fmt: skip
_AGO = re.compile(rf"(\d{{1,4}}|半)\s*({'|'.join(_SECONDS_AGO)})(?:之?前|以前)")
_YEARLESS = re.compile(r"(\d{1,2})(?:[-/.](\d{1,2})|月(\d{1,2})[日号])(?:\s+(.+))?")
_ZONE_NAME = re.compile(r"(.*\d)\s+[A-Z]{3,4}")
_OFFSET = re.compile(r"(.*:\d\d(?:\.\d+)?)\s*([+-]\d\d)")
_AND_MORE = re.compile(r"(\d{4}\D\d.*?\d日?)\s*(?:[·•|]|来自|已购|颜色|规格).*")
_1900 = datetime(1899, 12, 30)


def _otherwise(text: str, zone: tzinfo) -> datetime | None:
    """Times as sites and spreadsheets write them."""
    if len(text) > 80:
        return None
    if _SERIAL.fullmatch(text):  # days since 1900, as Excel counts them
        found = _1900 + timedelta(seconds=round(float(text) * 86_400))
        return _on_clock(found, zone)
    if _POWER.fullmatch(text):
        return _since_1970(float(text), zone)
    if match := _ENGLISH.fullmatch(text):
        month, day, of_day, offset, year = match.groups()
        if month not in _MONTHS:
            return None
        number_of_month = _MONTHS.index(month) + 1
        return moment(f"{year}-{number_of_month:02}-{int(day):02} {of_day}{offset}", zone)
    if match := _SQUEEZED.fullmatch(text):
        of_day = match[4] if ":" in match[4] else ":".join(re.findall("..", match[4]))
        return moment(f"{match[1]}-{match[2]}-{match[3]} {of_day}", zone)
    if match := _HALVES.fullmatch(text):
        hour = _hour_of_day(match[2], int(match[3]))
        return moment(f"{match[1]} {hour:02}{match[4]}", zone)
    for pattern in (_ZONE_NAME, _AND_MORE):
        if match := pattern.fullmatch(text):
            return moment(match[1], zone)
    if match := _OFFSET.fullmatch(text):
        return moment(f"{match[1]}{match[2]}:00", zone)
    return None


def _hour_of_day(half: str, hour: int) -> int:
    """The hour on a clock of 24 hours, of one that is said with its half of the day."""
    late = half in ("下午", "傍晚", "晚上") or half.lower() == "pm"
    if (late and hour < 12) or (half == "中午" and hour < 3):
        return hour + 12
    return 0 if hour == 12 and half in ("凌晨", "上午", "am", "AM") else hour


def clock(text: str) -> time | None:
    """A time of day without a date; None where it is none.

    >>> clock("20:15"), clock("下午 8:15")
    (datetime.time(20, 15), datetime.time(20, 15))
    """
    text = text.strip()
    if half := _HALF_CLOCK.fullmatch(text):
        text = f"{_hour_of_day(half[1], int(half[2]))}{half[3]}"
    if not (match := _CLOCK.fullmatch(text)):
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    try:
        return time(hour, minute, second, _micro(match[4]))
    except ValueError:
        return None


def before_now(text: str) -> tuple[timedelta, time | None] | None:
    """A time told from the moment of reading: ``3小时前`` is so long before it, ``昨天 20:15`` so
    many days before it, at that time of day. None where it is none.

    >>> before_now("昨天 20:15")
    (datetime.timedelta(days=1), datetime.time(20, 15))
    """
    text = text.strip()
    if text in ("刚刚", "刚才"):
        return timedelta(), None
    if match := _AGO.fullmatch(text):
        many = 0.5 if match[1] == "半" else int(match[1])
        return timedelta(seconds=many * _SECONDS_AGO[match[2]]), None
    if match := _DAY_WORD.fullmatch(text):
        rest = match[2] if match[1] != "昨晚" or not match[2] else f"晚上 {match[2]}"
        of_day = clock(rest)
        return (timedelta(days=_DAYS_AGO[match[1]]), of_day) if of_day else None
    return None


def without_year(text: str) -> tuple[int, int, time | None] | None:
    """Month, day and time of day, if told, of a time without its year; None where it is none.

    >>> without_year("02-07 20:15"), without_year("2月7日")
    ((2, 7, datetime.time(20, 15)), (2, 7, None))
    """
    if not (match := _YEARLESS.fullmatch(text.strip())):
        return None
    of_day = clock(match[4]) if match[4] else None
    if match[4] and of_day is None:
        return None
    month, day = int(match[1]), int(match[2] or match[3])
    return (month, day, of_day) if 1 <= month <= 12 and 1 <= day <= 31 else None


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
        (
            len(text) == 19
            or (len(text) in (23, 26) and text[19] == ".")
            or (len(text) in (25, 29, 32) and text[-3] == ":")
        )
        and text[4] == text[7] == "-"
        and text[13] == text[16] == ":"
        and text[10] in " T"
        and text[11:13] != "24"
        and text.isascii()
    )


def _calendar(match: re.Match[str], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    part, utc, sign, hours, minutes = match.groups()[6:]
    told = timezone.utc if utc else None
    try:
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            told = timezone(-offset if sign == "-" else offset)
        return _on_clock(datetime(year, month, day, hour, minute, second, _micro(part), told), zone)
    except ValueError:
        return None


def _micro(fraction: str | None) -> int:
    return int((fraction or "0")[:6].ljust(6, "0"))


def _on_clock(found: datetime, zone: tzinfo) -> datetime | None:
    if not 1973 < found.year < 2286:
        return None
    if found.tzinfo is not None:
        return found.astimezone(zone)
    return datetime.combine(found, found.time(), zone)  # quicker than replace
