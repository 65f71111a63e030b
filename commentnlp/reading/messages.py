"""The bytes of one message → events: our own objects, what live tools send, tables, printed lines.

Each object is recognised on its own, so one message may mix them. What cannot be used is rejected
with its place and the reason, and the others are kept.

A tool is forgiven what it writes: what makes no sense counts as not there. Who sends our own
objects is told what is wrong with them. So a time that is none, is before the year 2000, or lies
more than a day ahead, is None in the one case and a reason to reject in the other.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from io import StringIO
from itertools import chain, islice
from typing import Any, NamedTuple, NoReturn

from commentnlp.errors import ReadError
from commentnlp.reading import live
from commentnlp.reading.columns import (
    NAMES,
    Columns,
    identity,
    is_role,
    judged,
    kind_of,
    plain_name,
)
from commentnlp.reading.expansion import MAX_EXPANSION, WRITTEN_OUT, expanded_length
from commentnlp.reading.misspellings import misspellings
from commentnlp.reading.sources import Source, source_of
from commentnlp.reading.tables import AGAIN, BLANK, NO_HEADER, TITLE, TRAILER
from commentnlp.reading.values import moment, number
from commentnlp.reading.written import levels_of
from commentnlp.records import KINDS, SHANGHAI, Event

MOST_SHORT = 200
"""Characters of anything but a text: an identity, a nickname, the name of a kind or of goods."""
MOST_FIELDS = 100
"""Fields of an object that is none of a tool."""
MOST_REMARKS = 100
"""Different remarks on a message; more would say nothing new."""
MOST_GOING = 10_000
"""Gift combos that are remembered; the one that rested longest goes first."""

OWN = frozenset(
    ("id", "room", "time", "user", "name", "text", "kind", "count", "total", "item", "role",
     "levels")
)  # fmt: skip
"""Fields of an event of ours."""

_EXPECTED = (
    "neither JSON, nor lines that a live tool prints, nor a table whose header names the comments;"
    ' send {"text":"…"}, an array of such objects, or one a line'
)
_WITH_HEADER = (
    "send the header line (such as 时间,昵称,内容) with each part of a table, or"
    ' {"text":"…"} objects'
)
_RARE = 10
"""Of so many rows one may hold in a column what its header says."""
_ROLES = {"viewer", "host", "staff", "system"}
_KINDS = frozenset(KINDS)
_USUAL = {plain_name(name) for names in NAMES.values() for name in names} | OWN
_LEVELS = ("fan", "pay", "user", "guard")
_APART = ("fan", "pay", "guard")
_WITH_LEVELS = {"levels", *_APART}
_SHORT = ("id", "room", "user", "name", "kind", "item")
_WRAPPERS = ("events", "comments")
_MOST_COUNT = 10**18
_EARLIEST = datetime(2000, 1, 1, tzinfo=SHANGHAI)
"""Nobody sold by livestream before; a number that says so says something else."""
_AHEAD = timedelta(days=1)
_NO_REASON = {BLANK, TITLE, TRAILER, AGAIN}
_SAMPLE = 20
_MOST_BESIDE = 20_000
"""Bytes that may stand beside a comment in its line."""
_MOST_CELLS = 1_000
_FIELD_SLIPS, _KIND_SLIPS = misspellings(OWN), misspellings(KINDS)
_ODD = re.compile("[\0\ud800-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")
HALF = "holds half a character (a lone surrogate); it was cut in two, send it whole"
_WHITE = re.compile("[ \t\r\n]*")


class TooMany(ReadError):
    """There are more events in the message than may be."""


class Rejected(NamedTuple):
    """What of a message is no event."""

    at: int
    """Where it stands: as ``Messages.lines`` says."""
    why: str
    """A sentence: ``events[3].text must be a string, not a number``."""
    field: str = ""
    """Where in the message, such as ``events[3].text``; empty where no field is to blame."""


class Remark(NamedTuple):
    """What is odd in an event that was taken all the same; one for all events that share it."""

    at: int
    """Where the first of them stands: as ``Messages.lines`` says."""
    why: str
    """A sentence: ``events[3].uesr is no field of an event; is user meant?``."""
    field: str = ""
    """Where in the message, such as ``events[3].uesr``."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What was in a message. ``line`` of each event is its place."""

    tool: str
    """The live tool or kind of table; ``events`` for our own objects, ``mixed`` for several."""
    events: list[Event]
    rejected: list[Rejected]
    lines: bool = False
    """Places are lines, counted from 1; else the order of the objects, counted from 0."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of an event → the column of the table, or the key of the objects, taken for it, where
    these have names of their own."""
    remarks: Sequence[Remark] = ()


@dataclass(slots=True)
class _Rules:
    """What events must keep to, and what they are given where they lack it."""

    room: str
    zone: tzinfo
    latest: datetime
    longest: int
    going: dict[tuple[str, ...], Event]
    odd: bool
    """There may be NUL characters or halves of surrogate pairs."""
    tools: set[str] = field(default_factory=set)
    columns: dict[str, str] = field(default_factory=dict)
    """As `Messages.columns`."""
    odd_fields: list[tuple[str, str]] = field(default_factory=list)
    """Fields of the event that is looked at, and what is odd about them."""


class _UnusableError(Exception):
    """An object that is no event: the field to blame, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why


def events_of_message(
    body: bytes,
    *,
    room: str = "",
    zone: tzinfo = SHANGHAI,
    now: datetime | None = None,
    going: dict[tuple[str, ...], Event] | None = None,
    most: int | None = None,
    longest: int | None = None,
) -> Messages:
    """Events of one object, an array, ``{"events": […]}``, NDJSON, or any text `classify` reads.

    ``room`` is that of events that name none, ``zone`` the clock of times that name none. ``now``
    is an aware time. ``going`` holds gift combos that go on from one message to the next
    (`settle_gifts`); it is changed, and kept at `MOST_GOING`. ``longest`` counts characters of a
    text, written out (`expanded_length`). NUL becomes U+FFFD, and so do lone surrogates of a tool;
    our own objects must not hold any. JSON has to be UTF-8.

    Raises ReadError where the message as a whole cannot be read, `TooMany` for over ``most``.
    """
    if not body.strip():
        raise ReadError('the body is empty; send {"text":"…"} or an array of such objects')
    rules = _Rules(
        room,
        zone,
        (now or datetime.now(timezone.utc)) + _AHEAD,
        MAX_EXPANSION * len(body) if longest is None else longest,
        {} if going is None else going,
        b"\\u" in body,
    )
    limit = len(body) if most is None else most
    if is_json(body):
        found = _of_json(text_of_json(body), rules, limit)
    else:
        found = _of_text(body, rules, limit)
    while len(rules.going) > MOST_GOING:
        del rules.going[next(iter(rules.going))]
    return found


def is_json(body: bytes) -> bool:
    """Whether an object or an array begins, in whichever encoding."""
    return body.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"{", b"[")


def text_of_json(body: bytes) -> str:
    """JSON as text, its byte-order mark left out. Raises ReadError for what is not UTF-8."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ReadError(f"byte {error.start} is not UTF-8; send JSON in UTF-8") from None
    if "\0" in text:
        raise ReadError(f"byte {body.index(0)} is NUL; send JSON in UTF-8")
    return text.removeprefix("\ufeff")


def json_of(text: str) -> Any:
    """The value of a JSON text.

    Raises ReadError for what is broken, nested too deeply, or has NaN, Infinity or a number of
    thousands of digits.
    """
    try:
        return _JSON.decode(text)
    except json.JSONDecodeError as error:
        raise _broken(error) from None
    except RecursionError:
        raise ReadError("the JSON is nested too deeply") from None
    except ValueError:
        raise ReadError("the JSON has a number of thousands of digits") from None


def half(text: str) -> bool:
    """Whether a text holds a lone surrogate."""
    return bool(_HALF.search(text))


def readable(text: str) -> str:
    """The text with U+FFFD for NUL and lone surrogates, which no store takes."""
    return _ODD.sub("\ufffd", text)


def _refuse(name: str) -> NoReturn:
    raise ReadError(f"{name} is no JSON; send null, or leave the field out")


_JSON = json.JSONDecoder(parse_constant=_refuse)


def _broken(error: json.JSONDecodeError) -> ReadError:
    what = error.msg[:1].lower() + error.msg[1:]
    return ReadError(f"the JSON is broken at line {error.lineno}, column {error.colno}: {what}")


def _of_json(text: str, rules: _Rules, most: int) -> Messages:
    values, rejected, in_lines = _values(text, most)
    events: list[Event] = []
    remarks: dict[tuple[str, str], tuple[Rejected, int]] = {}
    count = 0
    for line, value in values:
        several, name = _listed(value)
        count += len(several)
        if count > most:
            raise TooMany(_too_many(most))
        # the values of a stream are counted as those of an array are
        name = name or ("" if in_lines or len(values) == 1 else "events")
        for index, one in enumerate(several, count - len(several)):
            at = line if in_lines else index
            try:
                events.append(_event(one, at, rules))
            except _UnusableError as error:
                rules.odd_fields.clear()
                if in_lines:
                    index -= count - len(several)
                rejected.append(_told(error, at, f"{name}[{index}]" if name else "", in_lines))
            if rules.odd_fields:
                place = index - (count - len(several) if in_lines else 0)
                _remark(remarks, rules, at, f"{name}[{place}]" if name else "", in_lines)
    rejected.sort()
    told = [
        Remark(first.at, f"{first.why} (and {more:,} more)" if more else first.why, first.field)
        for first, more in remarks.values()
    ]
    return Messages(_tool(rules.tools), events, rejected, in_lines, rules.columns, told)


def _remark(
    remarks: dict[tuple[str, str], tuple[Rejected, int]],
    rules: _Rules,
    at: int,
    place: str,
    in_lines: bool,
) -> None:
    """Note what is odd about an event: the first of its kind, and how many more there are."""
    for odd in rules.odd_fields:
        if odd in remarks:
            first, more = remarks[odd]
            remarks[odd] = first, more + 1
        elif len(remarks) < MOST_REMARKS:
            remarks[odd] = _told(_UnusableError(*odd), at, place, in_lines), 0
    rules.odd_fields.clear()


def _values(text: str, most: int) -> tuple[list[tuple[int, Any]], list[Rejected], bool]:
    """The values of a text with their lines, what is none, and whether there is one a line."""
    try:
        return [(1, json_of(text))], [], False
    except ReadError as error:
        whole = error
    numbered = enumerate(map(str.rstrip, StringIO(text)), 1)
    lines = ((n, line) for n, line in numbered if line)
    ahead = list(islice(lines, _SAMPLE))
    if not _one_a_line([line for _, line in ahead]):
        return _streamed(text, most, whole), [], False
    values, rejected = [], []
    for count, (n, line) in enumerate(chain(ahead, lines)):
        if count == most:
            raise TooMany(_too_many(most))
        try:
            values.append((n, json_of(line)))
        except ReadError as error:
            why = str(error).replace(" at line 1, column", " at column")
            rejected.append(Rejected(n, f"line {n}: {why}"))
    return values, rejected, True


def _one_a_line(lines: list[str]) -> bool:
    """Whether these are values, one a line, of which some may be broken."""
    good = [_is_value(line) for line in lines]
    # of two the second may be cut off
    return sum(good) * 2 > len(good) - good[0]


def _is_value(line: str) -> bool:
    try:
        return isinstance(json_of(line), (dict, list))
    except ReadError:
        return False


def _streamed(text: str, most: int, whole: ReadError) -> list[tuple[int, Any]]:
    """Values that follow one another; ``whole`` is raised where the first is broken already."""
    values: list[tuple[int, Any]] = []
    at = _end_of_white(text, 0)
    while at < len(text):
        try:
            value, at = _JSON.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _broken(error) if values else whole from None
        except (ValueError, RecursionError):
            raise whole from None
        values.append((0, value))
        if len(values) > most:
            raise TooMany(_too_many(most))
        at = _end_of_white(text, at)
    return values


def _end_of_white(text: str, at: int) -> int:
    match = _WHITE.match(text, at)
    return match.end() if match else at


def _listed(value: Any) -> tuple[list[Any], str]:
    """The objects of a value, arrays in arrays opened, and what the array is called."""
    if isinstance(value, dict):
        for name in _WRAPPERS:
            if isinstance(value.get(name), list):
                return value[name], name
        return [value], ""
    if not isinstance(value, list):
        return [value], ""
    if not any(isinstance(one, list) for one in value):
        return value, "events"
    return list(_flat(value)), "events"


def _flat(values: list[Any]) -> Iterator[Any]:
    for one in values:
        if isinstance(one, list):
            yield from one
        else:
            yield one


def _told(error: _UnusableError, at: int, place: str, in_lines: bool) -> Rejected:
    name = f"{place}.{error.name}" if place and error.name else place or error.name
    why = f"{name or 'the message'} {error.why}"
    return Rejected(at, f"line {at}: {why}" if in_lines else why, name)


def _too_many(most: int) -> str:
    return f"more than {most:,} events; send them in several calls"


def _tool(tools: set[str]) -> str:
    return "mixed" if len(tools) > 1 else next(iter(tools), "events")


def _event(value: Any, at: int, rules: _Rules) -> Event:
    """The event of one object, whoever wrote it. Raises _UnusableError for what is none."""
    if type(value) is not dict:
        raise _UnusableError("", f"must be an object, not {_named(value)}")
    if value.keys() <= OWN:
        return _own(value, at, rules, OWN)
    if tool := live.tool_of(value):
        rules.tools.add(tool)
        try:
            found = live.events_of(tool, value, at)[0]
        except ReadError as error:
            raise _UnusableError("", f"cannot be read as one of {tool}: {error}") from None
        return _settled(_kept(found, rules), rules)
    if len(value) > MOST_FIELDS:
        raise _UnusableError("", f"has more than {MOST_FIELDS} fields")
    keys = tuple(key for key in value if len(key) <= MOST_SHORT)
    names = _names(keys)
    for what, name in names.items():
        rules.columns.setdefault(what, name)
    rules.odd_fields += [
        (key, f"is no field of an event, and is left out; is {meant} meant?")
        for key, meant in _misspelt(keys)
    ]
    ours = {what for what, name in names.items() if what == name}
    try:
        return _own({what: value[name] for what, name in names.items()}, at, rules, ours)
    except _UnusableError as error:
        what, _, rest = error.name.partition(".")
        raise _UnusableError(f"{names.get(what, what)}.{rest}".rstrip("."), error.why) from None


@lru_cache(256)
def _names(keys: tuple[str, ...]) -> Mapping[str, str]:
    """What holds an event's fields, among these: our own names, else those that tables use."""
    keys = tuple(key for key in keys if plain_name(key) in _USUAL)
    names = {key: key for key in keys if key in OWN}
    for what, place in Columns.named(keys).places.items():
        if keys[place] not in OWN:
            names.setdefault(what, keys[place])
    return names


@lru_cache(256)
def _misspelt(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Keys that are nearly a field of ours which is not there, and that field."""
    there, found = _names(keys), []
    for key in keys:
        name = plain_name(key)
        meant = [one for one in _FIELD_SLIPS.get(name, ()) if one not in there]
        if meant and name not in _USUAL:
            found.append((key, " or ".join(meant)))
    return found


def _check_words(kind: str, role: str, rules: _Rules, ours: Container[str]) -> None:
    """Look at words for kind and role; those in fields ``ours`` must be words that are known.

    Raises _UnusableError for a kind that is nearly one of ours, and for an unknown role.
    """
    if "kind" in ours and kind and (known := kind_of(kind)) not in _KINDS:
        if near := _KIND_SLIPS.get(known.lower()):
            raise _UnusableError(
                "kind", f"{known[:40]!r} is unknown; is {' or '.join(near)} meant?"
            )
        rules.odd_fields.append(("kind", f"{known[:40]!r} is unknown: it is kept, and not tagged"))
    if "role" in ours and role.strip() and not is_role(role):
        raise _UnusableError(
            "role", f"{role[:40]!r} is unknown; send viewer, host, staff or system"
        )


def _own(value: Mapping[str, Any], at: int, rules: _Rules, ours: Container[str]) -> Event:
    """The event of an object of ours; ``ours`` are the fields that go by our own names."""
    get = value.get
    text, kind, role = _string(get("text"), "text"), get("kind"), get("role")
    typed = True
    if kind is None:
        kind = "comment"
    if kind != "comment" or role is not None:
        kind, role = _string(kind, "kind") or "", _string(role, "role") or ""
        kind = kind.strip("【】[] \t\r\n") or "comment"
        if kind in live.NOISE:
            kind = role = "system"
            text = ""
        if kind not in _KINDS or role not in _ROLES:
            _check_words(kind, role, rules, ours)
            kind, role, typed = judged(kind, role)
        else:
            typed = kind == "comment"
    if text is None:
        if kind == "comment":
            why = "is missing; a comment needs one"
            raise _UnusableError("text", why if "kind" in value else f"{why}, another event a kind")
        text = ""
    if kind != "system":
        rules.tools.add("events")
    item, user = _word(get("item"), "item"), _word(get("user"), "user")
    if not typed:
        # as in a table: what is said by a tool names the goods, if anything
        item, text = item or text[:MOST_SHORT], ""
    found = Event(
        kind, text,
        _word(get("id"), "id"),
        _time(value, rules),
        _word(get("room"), "room") or rules.room,
        identity(user),
        _string(get("name"), "name") or "",
        role or "viewer",
        1 if (count := get("count")) is None else _count(count, "count"),
        None if (total := get("total")) is None else _count(total, "total"),
        item,
        {} if value.keys().isdisjoint(_WITH_LEVELS) else _levels(value),
        at,
    )  # fmt: skip
    if rules.odd:
        for name in ("text", *_SHORT):
            if half(getattr(found, name)):
                raise _UnusableError(name, HALF)
    return _within(found, rules)


def _string(value: Any, name: str) -> str | None:
    if value is None or type(value) is str:
        return value
    raise _UnusableError(name, f"must be a string, not {_named(value)}")


def _word(value: Any, name: str) -> str:
    """Identities and names of goods, which some send as numbers."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    raise _UnusableError(name, f"must be a string or a whole number, not {_named(value)}")


def _count(value: Any, name: str) -> int:
    if type(value) is int and 0 <= value < _MOST_COUNT:
        return value
    if type(value) not in (int, float, str):
        raise _UnusableError(name, f"must be a whole number, not {_named(value)}")
    found = None if isinstance(value, float) and not value.is_integer() else number(value)
    if found is None or not 0 <= found < _MOST_COUNT:
        raise _UnusableError(name, "must be a whole number from 0 on, of at most 18 digits")
    return found


def _time(value: Mapping[str, Any], rules: _Rules) -> datetime | None:
    said = value.get("time")
    if said is None or said == "" or (type(said) is int and said == 0):
        return None
    if type(said) not in (str, int, float):
        raise _UnusableError("time", f"must be a string or a number, not {_named(said)}")
    found = moment(said, rules.zone)
    if found is None and type(date := value.get("date")) is str:
        found = moment(f"{date} {said}", rules.zone)
    if found is None or found < _EARLIEST:
        why = "is no time of our days; send ISO 8601, or seconds or milliseconds since 1970"
        raise _UnusableError("time", why)
    if found > rules.latest:
        raise _UnusableError("time", "lies more than a day ahead; leave it out for the time of now")
    return found


def _levels(value: Mapping[str, Any]) -> dict[str, int]:
    levels = value.get("levels")
    if type(levels) is str:
        levels = levels_of(levels)
    if levels is not None and type(levels) is not dict:
        raise _UnusableError("levels", f"must be an object, not {_named(levels)}")
    found = {
        what: _count(level, f"levels.{what}")
        for what, level in (levels or {}).items()
        if what in _LEVELS and level is not None
    }
    # by the names that others use they stand apart, and may be anything
    found.update((what, number(value.get(what)) or 0) for what in _APART if what in value)
    return {what: level for what, level in found.items() if level > 0}


def _named(value: Any) -> str:
    """What a JSON value is called."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a string"


def _kept(event: Event, rules: _Rules) -> Event:
    """What others wrote as it may be kept. Raises as `_within` does, and for vast numbers."""
    for name in ("count", "total"):
        if abs(getattr(event, name) or 0) >= _MOST_COUNT:
            raise _UnusableError(name, "is too large")
    changed: dict[str, Any] = {}
    if event.time and not _EARLIEST <= event.time <= rules.latest:
        changed["time"] = None
    if len(event.item) > MOST_SHORT:
        changed["item"] = event.item[:MOST_SHORT]
    if not event.room and rules.room:
        changed["room"] = rules.room
    return _within(replace(event, **changed) if changed else event, rules)


def _within(event: Event, rules: _Rules) -> Event:
    """The event without characters that no store takes.

    Raises _UnusableError for a text or a name that is too long.
    """
    text, kind, room, user = event.text, event.kind, event.room, event.user
    if (
        MAX_EXPANSION * len(text) > rules.longest
        and (length := expanded_length(text)) > rules.longest
    ):
        how = WRITTEN_OUT if length > len(text) else ""
        why = f"has {length:,} characters{how}, at most {rules.longest:,} may be"
        raise _UnusableError("text", why)
    if (
        len(event.id) + len(room) + len(user) + len(event.name) + len(kind) + len(event.item)
        > MOST_SHORT
    ):
        for name in _SHORT:
            if len(getattr(event, name)) > MOST_SHORT:
                raise _UnusableError(name, f"has more than {MOST_SHORT} characters")
    if not rules.odd:
        return event
    if not _ODD.search("".join((text, event.id, room, user, event.name, kind, event.item))):
        return event
    mended: dict[str, Any] = {name: readable(getattr(event, name)) for name in ("text", *_SHORT)}
    return replace(event, **mended)


def _settled(event: Event, rules: _Rules) -> Event:
    """A gift of a tool, counted as what its frame added."""
    if event.kind != "gift" or event.total is None:
        return event
    return live.settle_gifts([event], rules.going)[0]


def _of_text(body: bytes, rules: _Rules, most: int) -> Messages:
    """Events of a table, or of lines that a tool printed."""
    _check_shape(body, rules.longest, most)
    source = source_of(body, "the body", zone=rules.zone)
    layout, printed = source.parser.layout, source.parser.form == "events"
    if not (printed or layout.events or "text" in Columns.named(layout.header).places):
        if len(layout.header) > 1 and NO_HEADER in layout.notes:
            raise ReadError(f"the body is a table without a header; {_WITH_HEADER}")
        raise ReadError(f"the body is {_EXPECTED}")
    events: list[Event] = []
    rejected = []
    for found in _events(source, most):
        try:
            kept = _kept(found, rules)
        except _UnusableError as error:
            rejected.append(_told(error, found.line, "", True))
            continue
        events.append(_settled(kept, rules) if printed else kept)
    for why, count, lines in source.lost:
        if why not in _NO_REASON:
            rejected += [Rejected(line, f"line {line}: {why}") for line in lines]
            if count > len(lines):
                rejected.append(Rejected(lines[-1], f"{count - len(lines)} more: {why}"))
    rejected.sort()
    columns = {} if printed or layout.events else layout.told
    return Messages(source.tool, events, rejected, True, columns)


def _check_shape(body: bytes, longest: int, most: int) -> None:
    """Refuse what takes the readers of files long: they trust a table to be one."""
    lines = re.split(b"\r?\n|\r", body)
    if len(lines) > 2 * most + _SAMPLE:
        raise TooMany(_too_many(most))
    if max(map(len, lines)) > 4 * longest + _MOST_BESIDE:
        raise ReadError("the body has a line that is too long for a comment; send fewer in a line")
    if any(
        line.count(comma) > _MOST_CELLS for line in lines for comma in (b",", b"\t", b";", b"|")
    ):
        raise ReadError(f"the body has a line of more than {_MOST_CELLS:,} cells")


def _events(source: Source, most: int) -> Iterator[Event]:
    columns, count = source.parser.layout.columns, 0
    hidden = "name" in columns.places and "user" not in columns.places
    rows, again = 0, Counter[int]()
    header = dict(enumerate(source.parser.layout.header))
    for records in source.records():
        if source.parser.form == "text":
            rows += len(records.rows)
            again.update(i for row in records.rows for i, cell in enumerate(row) if cell
                         and cell == header[i])  # fmt: skip
            if max(again.values(), default=0) * _RARE > rows:
                raise ReadError("the first line of the body is no header, since its cells come"
                                f" again below it; {_WITH_HEADER}")  # fmt: skip
        found = source.parser.events(records, source.days)
        count += len(found)
        if count > most:
            raise TooMany(_too_many(most))
        for event in found:
            # of a table without identities the nickname stands for them, which may be a secret
            yield replace(event, user="") if hidden and event.user else event
