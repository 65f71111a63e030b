"""Which column is what, and rows → events: the names that exports and live tools give."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import chain, pairwise, repeat
from typing import Any, TypeVar

from commentnlp.reading.days import Days
from commentnlp.reading.values import before_now, clock, moment, number, unguarded, without_year
from commentnlp.reading.written import EVENT_COLUMNS, comments_of, events_of, levels_of
from commentnlp.records import KINDS, SCORE_ENDINGS, SHANGHAI, Event, Tag

NAMES: Mapping[str, tuple[str, ...]] = {
    "text": (
        "评论内容", "弹幕内容", "评价内容", "用户消息", "消息内容", "聊天内容", "发言内容", "内容",
        "评论", "弹幕", "评价", "消息", "留言", "用户评论", "正文", "comment_content",
        "review_content",
        "rate_content", "comment_text", "comment",
        "評論內容", "評論", "內容", "訊息",
        "comments", "content", "contents", "text", "message", "msg", "danmu", "danmaku", "review",
    ),
    "time": (
        "评论时间", "评价时间", "弹幕时间", "发送时间", "发言时间", "消息时间", "留言时间",
        "互动时间", "评论日期", "评价日期", "发布时间", "发表时间", "创建时间", "时间",
        "comment_date", "review_time", "review_date", "publish_time", "creation_time",
        "created_time", "ctime",
        "created", "购买时间",
        "comment_time", "create_time", "event_time", "send_time", "timestamp", "datetime", "time",
        "created_at", "時間", "时间戳", "日期", "date",
    ),
    "date": ("日期", "date"),
    "id": ("消息id", "评论id", "弹幕id", "msg_id", "message_id", "comment_id", "event_id", "id"),
    "room": (
        "直播间号", "直播间id", "房间号", "直播间", "room_id", "live_id", "room", "session_id",
        "来源", "平台", "platform", "source",
    ),
    "user": (
        "用户id", "user_id", "viewer_id", "uid", "sec_uid", "user_sec_uid", "open_id", "会员id",
    ),
    "name": (
        "昵称", "用户昵称", "用户名", "用户名称", "买家昵称", "会员名", "评论者", "评论人", "作者",
        "user_nickname", "nick", "screen_name", "author", "nickname", "user_name", "display_name",
        "uname", "观众", "用户", "粉丝", "暱稱", "用戶", "user",
    ),
    "role": ("角色", "身份", "role"),
    "kind": (
        "用户行为", "消息类型", "事件类型", "互动类型", "message_type", "msg_type", "event_type",
        "类型", "行为", "method", "action_type", "type",
        "kind",
    ),
    "count": ("数量", "次数", "combo_count", "gift_count", "like_count", "count"),
    "total": ("like_total", "total"),
    "item": (
        "商品名称", "商品", "产品名称", "产品", "货品", "礼物名称", "gift_name", "product_name",
        "product", "item", "goods",
    ),
    "fan": (
        "粉丝团等级", "粉丝等级", "fans_club_level", "fan_club_level", "fan_level", "medal_level",
    ),
    "pay": ("财富等级", "消费等级", "pay_grade_level", "pay_level", "user_level"),
    "guard": ("guard_level", "privilege_type"),
    "levels": ("levels",),
}  # fmt: skip
"""What a column holds → the names it goes by, the likeliest first; case, blanks and ``_`` do not
matter."""

_WORD = re.compile(r"[^\W\d_]")
_RUINED = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
"""An identity of many figures as a spreadsheet shows it: its last ones are lost."""

_TEXT_NAMES = frozenset(re.sub(r"[\s_\-]", "", name.lower()) for name in NAMES["text"])

KIND_WORDS: Mapping[str, str] = {
    **{kind: kind for kind in KINDS},
    **dict.fromkeys(
        ("实时弹幕", "弹幕", "弹幕消息", "聊天", "聊天消息", "评论", "消息", "发言", "chat",
         "message", "danmaku", "danmu", "live_comment", "webcastchatmessage",
         "回复", "追评", "提问", "reply", "sc", "superchat", "super_chat", "醒目留言",
         "留言", "上头条",
         "主播弹幕"), "comment"),
    **dict.fromkeys(("点赞", "点赞消息", "live_like", "webcastlikemessage"), "like"),
    **dict.fromkeys(("进入", "进房", "进场", "进入直播间", "用户进入店铺", "member", "enter_room",
                     "join", "webcastmembermessage"), "enter"),
    **dict.fromkeys(("关注", "用户关注", "social", "webcastsocialmessage"), "follow"),
    **dict.fromkeys(("分享", "用户分享直播间"), "share"),
    **dict.fromkeys(("礼物", "礼物消息", "送礼", "live_gift", "webcastgiftmessage"), "gift"),
    **dict.fromkeys(("粉丝团", "粉丝团消息", "live_fansclub", "webcastfansclubmessage"), "fanclub"),
    **dict.fromkeys(("用户加入购物车", "加购", "加入购物车"), "cart"),
    **dict.fromkeys(("用户正在购买", "购买", "下单", "order"), "purchase"),
    "用户领券": "coupon", "主播发优惠券": "coupon_offer", "主播推送商品": "push",
    "主播开始讲解": "explain_start", "主播正在讲解": "explain", "主播结束讲解": "explain_end",
    **dict.fromkeys(("统计", "room_stats", "roomstats", "room_user_stats", "roomuserseq"), "stats"),
    **dict.fromkeys(("表情", "emojichat"), "emoji"),
}  # fmt: skip
"""Words in a column of kinds → kind of event, case and brackets 【】 apart."""

_HOSTS = ("主播", "host", "anchor")
_STAFF = ("管理员", "房管", "助理", "客服", "小助手", "admin", "staff", "moderator")
_VIEWERS = ("viewer", "观众", "用户", "粉丝", "audience", "user", "fan", "member")
_ROLES = frozenset((*_HOSTS, *_STAFF, *_VIEWERS, "system"))
_LEVELS = ("levels", "fan", "pay", "guard")
_PREFIX = "tagged_"
_SCORE = re.compile(r"\s*(?:0(?:\.\d{1,17})?|1(?:\.0{1,17})?)\s*")
_MASKED = re.compile(r"|0+|1{6,}|.*\*\*.*|-|null|none|nan", re.IGNORECASE | re.DOTALL)

_FIELDS = [getattr(Event, field.name) for field in fields(Event)]
_T = TypeVar("_T")


def plain_name(name: str) -> str:
    """A column's name without case, blanks, ``_`` and ``-``."""
    return re.sub(r"[\s_\-\[\]【】]", "", name.lower())


def is_text_name(name: str) -> bool:
    """Whether a column or key of this name usually holds comments."""
    return plain_name(name) in _TEXT_NAMES


def kind_of(word: str) -> str:
    """Kind of event for a word; a word that is unknown stays what it is."""
    bare = word.strip().strip("【】[]")
    return KIND_WORDS.get(bare.lower(), bare)


def nickname(value: str) -> str:
    """A nickname, without the short and the long identity that some tools write behind it."""
    value = value.strip()
    joined = _JOINED.fullmatch(value) if "|" in value else None
    return joined[1].strip() if joined else value


def identity(value: str) -> str:
    """An identity, empty where it is hidden, or ruined by a spreadsheet (``7.25E+18``): such
    people are never one person."""
    value = unguarded(value)
    if "|" in value and (joined := _JOINED.fullmatch(value)):
        return joined[2]
    return "" if _MASKED.fullmatch(value) or _RUINED.fullmatch(value) else value


_JOINED = re.compile(r"(.+?)\s*\|\s*[\w.-]{2,}\s*\|\s*([\w.=-]{16,})")
"""``nickname|short identity|long identity`` in one cell."""

JUDGED = ("text", "kind", "role")
"""What tells whether a row is a viewer's comment, and which."""

LAST_ROWS = 3
"""Rows at the end of a table that may be sums of the others."""


@dataclass(frozen=True)
class Columns:
    """Where in a row each thing stands."""

    places: Mapping[str, int] = field(default_factory=dict)
    facets: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Facet → where its labels and where their scores stand, in a table that has been tagged."""
    written: bool = False
    """The table begins with `EVENT_COLUMNS`: its cells stand as `cells_of` wrote them."""
    clocks: bool = False
    """There are times that lack a date or a year, or are told from now; `Days` dates them, row by
    row."""

    @classmethod
    def named(cls, header: Sequence[str]) -> Columns:
        """Find columns by their usual names."""
        facets = _facets(header)
        if tuple(header[: len(EVENT_COLUMNS)]) == EVENT_COLUMNS:
            return cls({w: n for n, w in enumerate(EVENT_COLUMNS) if w in NAMES}, facets, True)
        places = _places(header, facets)
        if "text" not in places:
            # comments with a score beside them, as in a table of reviews, are no facet
            said = set(map(plain_name, NAMES["text"]))
            facets = {f: at for f, at in facets.items() if plain_name(header[at[0]]) not in said}
            places = _places(header, facets)
        return cls(places, facets)

    def with_place(self, what: str, place: int) -> Columns:
        """The same with ``what`` (``text``, ``time``, ``name``) in the column ``place``."""
        if self.places.get(what) == place:
            return self
        others = {w: p for w, p in self.places.items() if p != place and w != what}
        facets = {facet: at for facet, at in self.facets.items() if place not in at}
        return replace(self, places={**others, what: place}, facets=facets, written=False)

    def checked(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> Columns:
        """Without a column of kinds, or of scores, that holds something else in these rows; and
        with another column of comments where the one of the name holds no words (how many
        comments there were, a click too many)."""
        if self.written:
            return self
        places, facets = dict(self.places), dict(self.facets)
        if "text" in places and not _has_words(rows, places["text"]):
            others = [
                (not is_text_name(name), place)
                for place, name in enumerate(header)
                if place not in places.values() and _has_words(rows, place)
            ]
            if others:
                places["text"] = min(others)[1]
        words = [row[places["kind"]] for row in rows if places.get("kind", len(row)) < len(row)]
        if "kind" in places and sum(kind_of(word) in KINDS for word in words) * 2 <= len(words):
            del places["kind"]
        for facet, (_, at) in self.facets.items():
            cells = [row[at] for row in rows if at < len(row) and row[at].strip()]
            if sum(map(_is_scores, cells)) * 2 < len(cells):
                del facets[facet]
        times = [row[places["time"]] for row in rows if places.get("time", len(row)) < len(row)]
        undated = any(clock(one) or before_now(one) or without_year(one) for one in times)
        return Columns(places, facets, clocks=undated)

    def comments(self, rows: Sequence[Sequence[str]]) -> list[str | None]:
        """What viewers typed, row by row; None where a row is no viewer's comment."""
        if "text" not in self.places:
            return [None] * len(rows)
        if self.written:
            return comments_of(rows)
        cells = {w: [row[self.places[w]] for row in rows] for w in JUDGED if w in self.places}
        return self.judged_comments(cells, rows)

    def judged_comments(
        self, cells: Mapping[str, Sequence[str]], rows: Sequence[Sequence[str]]
    ) -> list[str | None]:
        """The same from the cells of the columns `JUDGED`, and the last `LAST_ROWS` of ``rows``."""
        if "text" not in cells:
            return [None] * len(rows)
        found: list[str | None] = [*cells["text"]]
        for place in _totals(rows):
            found[place] = None
        for what, judge in (("kind", _is_viewers), ("role", _is_viewer)):
            if what in cells:
                good = {word: judge(word) for word in set(cells[what])}
                if not all(good.values()):
                    found = [
                        x if good[word] else None
                        for x, word in zip(found, cells[what], strict=True)
                    ]
        return [x and (_unescaped(x) if "&" in x else x) for x in found]

    def events(
        self,
        rows: Sequence[Sequence[str]],
        lines: Sequence[int],
        zone: tzinfo = SHANGHAI,
        days: Days | None = None,
    ) -> list[Event]:
        """The events that the rows tell, one each; a time that names no zone is one of ``zone``.

        ``days`` finds the dates of `clocks`; without it such rows have no time.
        """
        if self.written:
            return events_of(rows, lines, self.tags(rows), zone)
        if not rows:
            return []
        count = len(rows)

        def column(what: str, read: Callable[[str], _T], none: _T) -> list[_T]:
            place = self.places.get(what)
            return [none] * count if place is None else [read(row[place]) for row in rows]

        times = column("time", lambda cell: moment(cell, zone), None)
        if "date" in self.places:
            cells = zip(times, column("date", str, ""), column("time", str, ""), strict=True)
            times = [time or _joined(day, cell, zone) for time, day, cell in cells]
        if days:
            times = days.fill(times, column("time", str, ""))
        words = column("kind", str, "comment"), column("role", str, "")
        kinds, roles, typed = map(list, zip(*_each(judged, *words), strict=True))
        for place in _totals(rows):
            kinds[place], typed[place] = "stats", False
        said = column("text", _unescaped, "")
        items = column("item", str, "")
        return _events(
            [
                kinds,
                [x if by_hand else "" for x, by_hand in zip(said, typed, strict=True)],
                column("id", unguarded, ""),
                times,
                column("room", str.strip, ""),
                # where nobody has an identity, the nickname is the best there is
                self._people(column),
                column("name", nickname, ""),
                roles,
                column("count", _count, 1),
                column("total", number, None),
                # what is said by a tool names the goods, if anything
                [
                    (item or ("" if by_hand else x)).strip()
                    for item, x, by_hand in zip(items, said, typed, strict=True)
                ],
                self.levels(rows),
                lines,
                self.tags(rows),
            ]
        )

    def _people(self, column: Callable[[str, Callable[[str], str], str], list[str]]) -> list[str]:
        """Who each row is of: by identity or, where that is ruined, by nickname."""
        ids = column("user" if "user" in self.places else "name", identity, "")
        if "user" not in self.places or "name" not in self.places:
            return ids
        raw = column("user", unguarded, "")
        if not any(map(_RUINED.fullmatch, raw)):
            return ids
        return column("name", identity, "")

    def levels(self, rows: Sequence[Sequence[str]]) -> Sequence[Mapping[str, int]]:
        """Levels of the people, above zero."""
        places = {what: self.places[what] for what in _LEVELS if what in self.places}
        if not places:
            return [{} for _ in rows]

        def levels(*cells: str) -> dict[str, int]:
            return _levels(dict(zip(places, cells, strict=True)))

        return _each(levels, *([row[place] for row in rows] for place in places.values()))

    def tags(self, rows: Sequence[Sequence[str]]) -> Sequence[Mapping[str, tuple[Tag, ...]] | None]:
        """What the rows have been tagged with; None where the table has no tags."""
        if not self.facets:
            return [None] * len(rows)
        places = chain.from_iterable(self.facets.values())

        def tags(*cells: str) -> dict[str, tuple[Tag, ...]]:
            return dict(zip(self.facets, map(tags_of, cells[::2], cells[1::2]), strict=True))

        return _each(tags, *([row[place] for row in rows] for place in places))


_TOTALS = frozenset(("合计", "总计", "小计", "总数", "total", "合计:", "合计："))


def _totals(rows: Sequence[Sequence[str]]) -> list[int]:
    """Which of the last rows sum the others up."""
    return [i for i in range(max(len(rows) - LAST_ROWS, 0), len(rows)) if _is_total(rows[i])]


def _is_total(row: Sequence[str]) -> bool:
    """Whether a row is the sum at the foot of a table."""
    first = next((cell.strip() for cell in row if cell.strip()), "")
    return first.lower() in _TOTALS and sum(bool(cell.strip()) for cell in row) > 1


def _has_words(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column holds letters or Chinese characters, no dates, figures and links alone."""
    cells = [row[place] for row in rows if place < len(row) and row[place].strip()]
    said = [c for c in cells if _WORD.search(c) and moment(c) is None and "://" not in c]
    return len(said) * 5 > len(cells)


def _each(read: Callable[..., _T], *columns: Iterable[str]) -> list[_T]:
    """What the cells of each row mean, where few are different: those are read once."""
    cells = list(zip(*columns, strict=True))
    known = {some: read(*some) for some in set(cells)}
    return [known[some] for some in cells]


def _events(columns: Sequence[Sequence[Any]]) -> list[Event]:
    """Events of their fields, column by column.

    The constructor of what is frozen finds each field by its name; this is twice as quick.
    """
    events = [object.__new__(Event) for _ in columns[0]]
    for field_of, column in zip(_FIELDS, columns, strict=True):
        deque(map(field_of.__set__, events, column), maxlen=0)
    return events


@lru_cache(10_000)
def tags_of(labels: str, scores: str) -> tuple[Tag, ...]:
    """Tags of a cell of labels and one of scores; 0.0 where there is no such score.

    >>> tags_of("price|size", "0.97|0.61")[1]
    Tag(label='size', score=0.61)
    """
    names = [name.strip() for name in labels.split("|")]
    given = scores.split("|")
    numbers = [float(one) if _SCORE.fullmatch(one) else 0.0 for one in given]
    pairs = zip(names, chain(numbers, repeat(0.0)), strict=False)
    return tuple(Tag(name, score) for name, score in pairs if name)


def _places(header: Sequence[str], facets: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """What stands where by its name, facets apart."""
    plain = [plain_name(name) for name in header]
    for place in chain.from_iterable(facets.values()):
        plain[place] = ""
    places: dict[str, int] = {}
    for what, names in NAMES.items():
        for name in map(plain_name, names):
            if name in plain and plain.index(name) not in places.values():
                places[what] = plain.index(name)
                break
    return places


def _facets(header: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Columns with their scores in the next one; with the most prefixes those tagged last."""
    found: dict[str, tuple[int, int, int]] = {}
    for place, (name, beside) in enumerate(pairwise(map(_bare, header))):
        (facet, prefixes), (scores, more) = name, beside
        if facet and scores in (facet + ending for ending in SCORE_ENDINGS.values()):
            found[facet] = max(found.get(facet, (-1, 0, 0)), (prefixes + more, place, place + 1))
    return {facet: (place, beside) for facet, (_, place, beside) in found.items()}


def _bare(name: str) -> tuple[str, int]:
    """A name without the prefixes that kept it apart, and how many these were."""
    bare = name.strip()
    while bare.startswith(_PREFIX):
        bare = bare.removeprefix(_PREFIX)
    return bare, (len(name.strip()) - len(bare)) // len(_PREFIX)


def _is_scores(cell: str) -> bool:
    return any(map(_SCORE.fullmatch, cell.split("|")))


def _unescaped(text: str) -> str:
    """``&hellip;`` and its like as what they mean."""
    if "&" not in text:
        return text
    from html import unescape  # few files need its long table

    return unescape(text)


def _joined(day: str, cell: str, zone: tzinfo) -> datetime | None:
    date, time = moment(day, zone), clock(cell)
    return datetime.combine(date, time, zone) if date and time else None


def _count(cell: str) -> int:
    found = number(cell)
    return 1 if found is None else found


def _levels(cells: Mapping[str, str]) -> dict[str, int]:
    levels = levels_of(cells.get("levels", ""))
    grades = {what: number(cells.get(what)) or 0 for what in ("fan", "pay", "guard")}
    return {**levels, **{what: level for what, level in grades.items() if level > 0}}


def _is_viewers(word: str) -> bool:
    kind, role, _ = judged(word, "")
    return kind == "comment" and role == "viewer"


def _is_viewer(role: str) -> bool:
    return judged("", role)[1] == "viewer"


def is_role(word: str) -> bool:
    """Whether `judged` knows what a word for a role means."""
    return word.strip().lower() in _ROLES


def judged(word: str, role: str) -> tuple[str, str, bool]:
    """Kind of event, role of who did it, and whether its text was typed, as people name them."""
    kind = kind_of(word)
    role = role.strip().lower()
    if word.strip("【】 ").startswith("主播") or role in _HOSTS:
        role = "host"
    elif role in _STAFF:
        role = "staff"
    elif role != "system":
        role = "viewer"
    return kind, role, kind == "comment" or kind not in KINDS
