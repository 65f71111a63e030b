"""Which column is what, and rows → events: the names that exports and live tools give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from commentnlp.reading.values import moment, number
from commentnlp.records import KINDS, Event

NAMES: Mapping[str, tuple[str, ...]] = {
    "text": (
        "评论内容", "弹幕内容", "评价内容", "用户消息", "消息内容", "聊天内容", "发言内容", "内容",
        "评论", "弹幕", "评价", "消息", "留言", "comment_content", "comment_text", "comment",
        "評論內容", "評論", "內容", "訊息",
        "comments", "content", "contents", "text", "message", "msg", "danmu", "danmaku", "review",
    ),
    "time": (
        "评论时间", "弹幕时间", "发送时间", "发言时间", "消息时间", "互动时间", "购买时间", "时间",
        "comment_time", "create_time", "event_time", "send_time", "timestamp", "datetime", "time",
        "created_at", "時間", "时间戳", "日期", "date",
    ),
    "id": ("消息id", "评论id", "弹幕id", "msg_id", "message_id", "comment_id", "event_id", "id"),
    "room": (
        "直播间号", "直播间id", "房间号", "直播间", "room_id", "live_id", "room", "session_id",
        "来源", "平台", "platform", "source",
    ),
    "user": (
        "用户id", "user_id", "viewer_id", "uid", "sec_uid", "user_sec_uid", "open_id", "会员id",
    ),
    "name": (
        "昵称", "用户昵称", "用户名", "user_nickname", "nickname", "user_name", "display_name",
        "uname", "观众", "用户", "粉丝", "暱稱", "用戶", "user",
    ),
    "role": ("角色", "身份", "role"),
    "kind": (
        "用户行为", "消息类型", "事件类型", "互动类型", "message_type", "msg_type", "event_type",
        "类型", "行为", "method", "action_type", "type",
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
}  # fmt: skip
"""What a column holds → the names it goes by, the likeliest first; case, blanks and ``_`` do not
matter."""

KIND_WORDS: Mapping[str, str] = {
    **{kind: kind for kind in KINDS},
    **dict.fromkeys(
        ("实时弹幕", "弹幕", "弹幕消息", "聊天", "聊天消息", "评论", "消息", "发言", "chat",
         "message", "danmaku", "danmu", "live_comment", "webcastchatmessage",
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
_MASKED = re.compile(r"|0+|1{6,}|.*\*\*\*?.*|-|null|none|nan", re.IGNORECASE)


def plain_name(name: str) -> str:
    """A column's name without case, blanks, ``_`` and ``-``."""
    return re.sub(r"[\s_\-]", "", name.lower())


def kind_of(word: str) -> str:
    """Kind of event for a word; a word that is unknown stays what it is."""
    bare = word.strip().strip("【】[]")
    return KIND_WORDS.get(bare.lower(), bare)


def identity(value: str) -> str:
    """An identity, empty where it is hidden: masked people are never one person."""
    value = value.strip()
    return "" if _MASKED.fullmatch(value) else value


@dataclass(frozen=True)
class Columns:
    """Where in a row each thing stands."""

    places: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def named(cls, header: Sequence[str]) -> Columns:
        """Find columns by their usual names."""
        plain = [plain_name(name) for name in header]
        places: dict[str, int] = {}
        for what, names in NAMES.items():
            for name in map(plain_name, names):
                if name in plain and plain.index(name) not in places.values():
                    places[what] = plain.index(name)
                    break
        return cls(places)

    def without(self, what: str) -> Columns:
        """The same with one thing not found."""
        return Columns({name: place for name, place in self.places.items() if name != what})

    def cell(self, row: Sequence[str], what: str) -> str:
        """The cell that holds ``what``; empty where the table has none."""
        return row[self.places[what]] if what in self.places else ""

    def comments(self, rows: Sequence[Sequence[str]]) -> list[str | None]:
        """What viewers typed, row by row; None where a row is no viewer's comment."""
        if "text" not in self.places:
            return [None] * len(rows)
        text = self.places["text"]
        found: list[str | None] = [row[text] for row in rows]
        for what, judge in (("kind", _is_viewers), ("role", _is_viewer)):
            if what in self.places:
                place = self.places[what]
                good = {word: judge(word) for word in {row[place] for row in rows}}
                found = [
                    x if good[row[place]] else None for x, row in zip(found, rows, strict=True)
                ]
        return [_unescaped(x) if x is not None and "&" in x else x for x in found]

    def event(self, row: Sequence[str], line: int) -> Event:
        """The event that a row tells."""
        word = self.cell(row, "kind")
        kind = kind_of(word) if "kind" in self.places else "comment"
        role = _role(word, self.cell(row, "role"))
        said = _unescaped(self.cell(row, "text"))
        typed = kind == "comment" or kind not in KINDS
        count = number(self.cell(row, "count"))
        levels = {what: number(self.cell(row, what)) or 0 for what in ("fan", "pay", "guard")}
        return Event(
            kind,
            said if typed else "",
            id=self.cell(row, "id").strip(),
            time=moment(self.cell(row, "time")),
            room=self.cell(row, "room").strip(),
            # where nobody has an identity, the nickname is the best there is
            user=identity(self.cell(row, "user" if "user" in self.places else "name")),
            name=self.cell(row, "name").strip(),
            role=role,
            count=1 if count is None else count,
            total=number(self.cell(row, "total")),
            item=(self.cell(row, "item") or ("" if typed else said)).strip(),
            levels={what: level for what, level in levels.items() if level > 0},
            line=line,
        )


def _unescaped(text: str) -> str:
    """``&hellip;`` and its like as what they mean."""
    from html import unescape  # few files need its long table

    return unescape(text)


def _is_viewers(word: str) -> bool:
    return kind_of(word) == "comment" and not word.strip("【】 ").startswith("主播")


def _is_viewer(role: str) -> bool:
    return _role("", role) == "viewer"


def _role(kind: str, role: str) -> str:
    role = role.strip().lower()
    if kind.strip("【】 ").startswith("主播") or role in _HOSTS:
        return "host"
    return "staff" if role in _STAFF else "viewer"
