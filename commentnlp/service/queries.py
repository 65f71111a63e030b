"""What stands in a query string → values, or a Problem that names the parameter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from difflib import get_close_matches

from fastapi import Request

from commentnlp.service.problems import Problem
from commentnlp.taxonomy import Taxonomy


def check_names(request: Request, known: Sequence[str]) -> None:
    """Raise Problem 422 for a parameter that is not among the ``known``, or comes twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            near = get_close_matches(name[:40], known, n=1)
            meant = f" is {near[0]} meant?" if near else ""
            there = f"there are {', '.join(known)}" if known else "there are none"
            raise Problem(422, f"{name[:40]!r} is no parameter here;{meant} {there}",
                          field=name[:40])  # fmt: skip
        if given.count(name) > 1:
            raise Problem(422, f"{name} is given more than once; give it once", field=name)


def time_of(text: str | None, field: str, zone: tzinfo) -> int | None:
    """A time as milliseconds since 1970: ISO, or seconds since then; None for none."""
    if text is None:
        return None
    try:
        if text.isascii() and text.isdecimal():
            return _milliseconds(datetime.fromtimestamp(int(text), zone), zone)
        # the plus of an offset arrives as a blank where somebody forgot to escape it
        when = datetime.fromisoformat(text.strip().replace(" 0", "+0").replace("Z", "+00:00"))
        return _milliseconds(when, zone)
    except (ValueError, OverflowError, OSError):
        raise Problem(422, f"{text[:40]!r} is no time such as 2026-03-14T20:00:00+08:00",
                      field=field) from None  # fmt: skip


def day_of(text: str, zone: tzinfo) -> tuple[int, int]:
    """Beginning and end of a day."""
    try:
        begin = datetime.combine(date.fromisoformat(text), datetime.min.time(), zone)
        return _milliseconds(begin, zone), _milliseconds(begin + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise Problem(422, f"{text[:40]!r} is no day such as 2026-03-14", field="day") from None


def _milliseconds(when: datetime, zone: tzinfo) -> int:
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    return int(when.timestamp() * 1000)


def label_of(text: str | None, taxonomy: Taxonomy) -> str | None:
    """A label as the store knows it: ``facet/label``; the facet may be left out."""
    if text is None:
        return None
    known = [f"{facet}/{label}" for facet, label in taxonomy.columns]
    found = [one for one in known if text in (one, one.partition("/")[2])]
    if len(found) != 1:
        why = "is several labels" if found else "is no label of the model"
        hint = ", ".join(found or known)
        raise Problem(422, f"{text[:60]!r} {why}; give one of {hint}", field="label")
    return found[0]


def place_of(text: str | None) -> tuple[int, int] | None:
    """Where a page of comments goes on."""
    if text is None:
        return None
    time, _, seq = text.partition(".")
    try:
        place = int(time), int(seq)
    except ValueError:
        place = None
    if place is None or max(map(abs, place)) >= 1 << 62:
        raise Problem(422, "give what `next` of the page before said", field="before")
    return place
