"""Dates for times of day: what the name and the end of a file tell, and midnights in between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

from commentnlp.reading.values import before_now, clock, moment, without_year
from commentnlp.records import SHANGHAI

_FOLDER_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_FILE_DAY = re.compile(
    r"(?<!\d)(20\d\d)(?:[-_.年](\d\d?)[-_.月](\d\d?)|(\d\d)(\d\d)(?:\d{6})?)(?!\d)"
)
_YEARLESS = re.compile(r"(?<!\d)(\d{1,2})(?:月(\d{1,2})[日号]|[.-](\d{1,2}))(?!\d|[.-]\d)")
_CLOCKS = "clock times without a day"
_SAVED = re.compile(
    r"^(?:保存时间|导出时间)[:：] *(\d{4}-\d\d?-\d\d? \d\d?:\d\d(?::\d\d)?)[ ,;\t]*$", re.M
)


def day_of(path: Path | str) -> date | None:
    """Day in the name of a file (``评论_20260207``, ``2026-02-07``, ``2026年2月7日``), else in that
    of a folder (``2025年02月11日直播``), the innermost first."""
    path = Path(path)
    found = [*_FILE_DAY.finditer(path.name)]
    for folder in path.parent.parts[::-1]:
        found += _FOLDER_DAY.finditer(folder)
    for match in found:
        try:
            return date(*map(int, filter(None, match.groups())))
        except ValueError:
            continue
    return None


def day_near(text: str, near: date) -> date | None:
    """The day that a text names without a year (``3月14日``, ``3.14``): the last one up to a week
    after ``near``."""
    for match in _YEARLESS.finditer(text):
        if found := last_date(int(match[1]), int(match[2] or match[3]), near):
            return found
    return None


def last_date(month: int, day: int, near: date) -> date | None:
    """The last such day up to a week after ``near``; None where there is none."""
    for year in (near.year + 1, near.year, near.year - 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= near + timedelta(days=7):
            return found
    return None


def find_day(name: str, titles: str, zone: tzinfo) -> tuple[date | None, str]:
    """The day of a table that tells clock times only, and what to say of it.

    From the file's name, what stands above its header, a day without a year in either, else when
    the file on the disk was last changed. None where nothing tells a day.
    """
    if found := day_of(name):
        return found, ""
    for match in (*_FOLDER_DAY.finditer(titles), *_FILE_DAY.finditer(titles)):
        with suppress(ValueError):
            return date(*map(int, filter(None, match.groups()))), ""
    if not (saved := changed_at(name, zone)):
        return None, ""
    changed = saved.date()
    for text in (Path(name).name, titles):
        if found := day_near(text, changed):
            return found, f"{_CLOCKS} are taken for {found}; the year is not told, --date tells it"
    return changed, f"{_CLOCKS} are taken for {changed}, when the file was saved; --date tells it"


def changed_at(name: str, zone: tzinfo) -> datetime | None:
    """When a file on the disk, or the archive that it is in, was last changed."""
    try:
        return datetime.fromtimestamp(Path(name.partition(" › ")[0]).stat().st_mtime, zone)
    except (OSError, ValueError, OverflowError):
        return None


def saved_at(tail: str, zone: tzinfo = SHANGHAI) -> datetime | None:
    """When a file was saved or exported, by the last such line in its last few KB."""
    found = _SAVED.findall(tail.replace("\r", ""))
    return moment(found[-1], zone) if found else None


def day_after(day: date, before: time | None, now: time) -> date:
    """The day of a row at ``now`` o'clock, where the row above it was of ``day`` at ``before``.

    The next one where the clock falls by more than half a day.
    """
    fallen = _hours(before) - _hours(now) if before else 0.0
    if fallen > 12:
        return day + timedelta(days=1)
    # a row that came late, from before midnight
    return day - timedelta(days=1) if fallen < -18 else day


def _hours(clock: time) -> float:
    return clock.hour + clock.minute / 60


@dataclass
class Days:
    """Finds the dates of a table's rows, which must come in their order."""

    zone: tzinfo
    day: date | None = None
    """Of the last row; before the first one what is known of the show, None for nothing."""
    saved: datetime | None = None
    """When the file was saved: the show began within the day before."""
    before: time | None = None
    """The clock of the last row."""
    exported: datetime | None = None
    """When the table was written, which times such as ``3小时前`` count from."""
    told: date | None = None
    """The day on which it was, where no more than that is known."""

    def fill(self, times: Sequence[datetime | None], cells: Sequence[str]) -> list[datetime | None]:
        """The times; for None, what the cell tells, which may be a time of day."""
        return [
            self._seen(found) if found else self._dated(clock(cell)) or self._before(cell)
            for found, cell in zip(times, cells, strict=True)
        ]

    def _seen(self, found: datetime) -> datetime:
        self.day, self.before = found.date(), found.time()
        return found

    def _before(self, cell: str) -> datetime | None:
        near = self.exported.date() if self.exported else self.told
        if near and (yearless := without_year(cell)):
            month, day_of_month, of_day = yearless
            at = last_date(month, day_of_month, near)
            return datetime.combine(at, of_day or time(), self.zone) if at else None
        if not (found := before_now(cell)):
            return None
        ago, of_day = found
        if of_day is None:
            # what is told in hours is not known to the second
            minute = self.exported and self.exported.replace(second=0, microsecond=0)
            return minute - ago if minute else None
        return datetime.combine(near - ago, of_day, self.zone) if near else None

    def _dated(self, now: time | None) -> datetime | None:
        if now is None:
            return None
        if self.day is None and self.saved:
            late = datetime.combine(self.saved, now, self.zone) > self.saved
            self.day = self.saved.date() - timedelta(days=late)
        if self.day is None:
            return None
        self.day, self.before = day_after(self.day, self.before, now), now
        return datetime.combine(self.day, now, self.zone)
