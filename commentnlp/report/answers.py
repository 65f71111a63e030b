"""Find which message of the host's side answers which question."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

NAME, ITEM, WORDS = "name", "item", "words"

_SHORTEST = 2
"""Characters of a name or word that can tell what a message is about."""
_MASKS = frozenset("*＊●•…")
_ADDRESSED = re.compile(r"[@＠]\s*|回复\s*[@＠:：]?\s*")
_AFTER_NAME = re.compile(r"$|[\s,.:;!?~，。：；！？～、…—-]")

_FIGURE, _HAN = r"(?<![0-9.])[0-9]{1,4}(?![0-9.])", "[零〇一二三四五六七八九十百]{1,6}"
_JOINT, _RANGE = re.compile(r"\s*[、和跟]\s*"), re.compile(r"\s*[-~–—至到]\s*")
_ONE = f"(?:{_FIGURE}|{_HAN})"
_SOME = rf"(?P<some>{_ONE}(?:\s*[-~–—至到、和跟]\s*{_ONE})*)"
_ITEMS = re.compile(
    rf"第\s*(?P<nth>{_ONE})\s*(?:个|款|号)(?:链接|宝贝)?(?!人|月|小时|星期|孩|问题|色)"
    rf"|{_SOME}\s*号(?:(?P<sure>\s*(?:链接|连接|宝贝|商品|品(?![种牌质])))|(?!码|色|线|楼|店))"
    rf"|(?P<bare>{_FIGURE})\s*(?:链接|连接|宝贝)"
    rf"|(?:链接|连接)\s*:?\s*(?P<last>{_FIGURE})(?![a-z元块个号年%圈])"
)
_NAMES_SOME = re.compile("[第号链连宝]")
"""Without any of these no item is named; most comments have none."""
# 15号 is a day or a size where this stands before or behind it
_DAY_BEFORE = re.compile(
    r"(?:[月年]|[今明昨后]天是?|(?:星期|周)[一二三四五六日天]|生日|[我指时般能]戴|[我能]穿|手指|手寸|尺码|圈口)\s*$"
)
_DAY_BEHIND = re.compile(
    r"\s*(?:[之以]?前(?!\s*[0-9])|之?后|左右|当天|那天|早上|[上下中]午|凌晨|晚(?!安)|发货|到货|能到|送到|收到"
    r"|开播|直播|生日|截止|就?(?:买|拍|下单|付款|订)的|的?(?:圈|手寸|戒围|尺码)|电池)"
)
_MOST_IN_RANGE = 30
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0}


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that waits for an answer."""

    time: float
    """Seconds, of the same clock as the messages'."""
    name: str
    """Nickname of who asked; empty where hidden."""
    items: frozenset[str]
    """Items that it names, see `items_named`."""
    words: frozenset[str]
    """Content words."""
    concepts: frozenset[str]
    topics: frozenset[str]
    """Labels that say what it is about."""


@dataclass(frozen=True, slots=True)
class Said:
    """What host or staff typed, or a tool announced, or that an item was being explained."""

    time: float
    text: str
    """As it was typed."""
    items: frozenset[str]
    words: frozenset[str]
    concepts: frozenset[str]
    topics: frozenset[str]
    announces: bool
    """Nobody's own words: it answers only questions about its item."""


def answers(
    questions: Sequence[Ask], messages: Sequence[Said], window: float
) -> list[tuple[int, str] | None]:
    """Give each question the first message that answers it, and by what.

    The message comes after the question, within ``window`` seconds. It answers by ``name`` (it
    is addressed to who asked: @小圆, 回复小圆, 小圆，), by ``item`` (both name it) or by ``words``
    (both have a content word of two characters or more, or both a concept and a topic); where
    one does so in several ways the first of these is told. Names that are masked or of one
    character answer nothing. The result holds positions in ``messages``, None where nothing
    answered. Neither sequence needs to be in order; messages of one second are taken as given.
    """
    order = sorted(range(len(messages)), key=lambda i: messages[i].time)
    ordered = [messages[i] for i in order]
    times = [message.time for message in ordered]
    names = {ask.name.strip() for ask in questions if _can_be_called(ask.name.strip())}
    indexes = (
        (NAME, _positions(_called(ordered, names))),
        (ITEM, _positions(message.items for message in ordered)),
        (WORDS, _positions(map(_subjects, ordered))),
    )
    found: list[tuple[int, str] | None] = []
    for ask in questions:
        first = bisect_right(times, ask.time)
        stop = bisect_right(times, ask.time + window)
        best, by = stop, ""
        if first < stop:
            keys: tuple[Iterable[object], ...] = ([ask.name.strip()], ask.items, _about(ask))
            for (kind, index), wanted in zip(indexes, keys, strict=True):
                for key in wanted:
                    at = _next(index.get(key, ()), first, best)
                    if at < best:
                        best, by = at, kind
        found.append((order[best], by) if by else None)
    return found


def items_named(text: str) -> frozenset[str]:
    """Numbers of the items that a text names, as plain figures.

    It knows 3号, 十二号, 1-3号, 131链接, 链接5 and 第2个. Figures with other units (56圈口, 18k,
    98年) are no items, nor are days (8月3号, 15号前) and sizes (我戴15号, 5号色).

    >>> sorted(items_named("３号和十二号多少钱"))
    ['12', '3']
    """
    text = unicodedata.normalize("NFKC", text)
    items: set[str] = set()
    if not _NAMES_SOME.search(text):
        return frozenset()
    for match in _ITEMS.finditer(text):
        some = match["some"]
        if not some:
            items.add(str(_number(match["nth"] or match["bare"] or match["last"])))
        elif match["sure"] or not (
            _DAY_BEFORE.search(text, max(0, match.start() - 8), match.start())
            or _DAY_BEHIND.match(text, match.end())
        ):
            for part in _JOINT.split(some):
                items.update(map(str, _range([_number(end) for end in _RANGE.split(part)])))
    return frozenset(items)


def _can_be_called(name: str) -> bool:
    return len(name) >= _SHORTEST and not _MASKS & set(name)


def _called(messages: Iterable[Said], names: Collection[str]) -> Iterator[set[str]]:
    """Whom of ``names`` each message is addressed to."""
    lengths = sorted({len(name) for name in names}, reverse=True)
    for message in messages:
        called: set[str] = set()
        if not message.announces:
            text = message.text.strip()
            called.update(_name_at(text, 0, lengths, names, _AFTER_NAME))
            for match in _ADDRESSED.finditer(text):
                called.update(_name_at(text, match.end(), lengths, names))
        yield called


def _name_at(
    text: str,
    start: int,
    lengths: Sequence[int],
    names: Collection[str],
    behind: re.Pattern[str] | None = None,
) -> list[str]:
    """The longest name that stands at ``start``, if any."""
    for length in lengths:
        name = text[start : start + length]
        if name in names and (behind is None or behind.match(text, start + length)):
            return [name]
    return []


def _subjects(message: Said) -> set[object]:
    return set() if message.announces else _about(message)


def _about(one: Ask | Said) -> set[object]:
    """What two have to share: a word, or a concept and a topic."""
    about: set[object] = {word for word in one.words if len(word) >= _SHORTEST}
    about.update((concept, topic) for concept in one.concepts for topic in one.topics)
    return about


def _positions(keys: Iterable[Iterable[object]]) -> dict[object, list[int]]:
    """Key → positions that have it, in order."""
    positions: dict[object, list[int]] = {}
    for at, found in enumerate(keys):
        for key in found:
            positions.setdefault(key, []).append(at)
    return positions


def _next(positions: Sequence[int], first: int, stop: int) -> int:
    """The first position from ``first`` on; ``stop`` where there is none."""
    at = bisect_left(positions, first)
    return positions[at] if at < len(positions) else stop


def _range(ends: Sequence[int]) -> Sequence[int]:
    if len(ends) == 2 and 0 < ends[1] - ends[0] < _MOST_IN_RANGE:
        return range(ends[0], ends[1] + 1)
    return ends


def _number(written: str) -> int:
    """The value of 112, 一百一十二 or 一一二."""
    if written.isascii():
        return int(written)
    if not set("十百") & set(written):
        return int("".join(str(_DIGITS[char]) for char in written))
    value, digit = 0, None
    for char in written:
        if char in "十百":
            value += (1 if digit is None else digit) * (10 if char == "十" else 100)
            digit = None
        else:
            digit = _DIGITS[char]
    return value + (digit or 0)
