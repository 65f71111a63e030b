"""What a report may be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from commentnlp.errors import CommentnlpError
from commentnlp.records import SHANGHAI

STEPS = (60, 30, 15)
"""Minutes that a step may have."""


@dataclass(frozen=True)
class Settings:
    """What a report may be told."""

    zone: tzinfo = SHANGHAI
    """Whose hours are shown."""
    step: int = 60
    """Minutes of a step: 60, 30 or 15."""
    window: int = 120
    """Seconds within which the host must answer."""
    start: datetime | None = None
    end: datetime | None = None
    """Only this span; the span of a file without any time."""
    show_names: bool = False
    """Nicknames in full."""
    title: str = ""
    """What the report is called; if empty, by its rooms, else by its first file."""

    def __post_init__(self) -> None:
        """Raise CommentnlpError for what cannot be."""
        if self.step not in STEPS:
            raise CommentnlpError(f"step {self.step}: there are {', '.join(map(str, STEPS))}")
        if self.window <= 0:
            raise CommentnlpError(f"window {self.window}: give seconds from 1 on")
        if self.start and self.end and self.end <= self.start:
            raise CommentnlpError(
                f"the end ({self.end:%Y-%m-%d %H:%M:%S}) is not after the start"
                f" ({self.start:%Y-%m-%d %H:%M:%S})"
            )


def zone_named(name: str) -> tzinfo:
    """A time zone by its name. Raises CommentnlpError for one that is unknown."""
    from zoneinfo import ZoneInfo  # few need it

    if name == "Asia/Shanghai":
        return SHANGHAI
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        pass
    try:
        return _offset(name)
    except ValueError:
        raise CommentnlpError(
            f"unknown time zone {name!r}; give one such as Asia/Shanghai, Europe/London or +08:00"
        ) from None


def _offset(name: str) -> tzinfo:
    return timezone(datetime.strptime(name, "%z").utcoffset() or timedelta(), name)
