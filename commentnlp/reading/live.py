"""JSON of live tools → events: what they send over a socket, or save line by line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from commentnlp.errors import ReadError
from commentnlp.reading.fields import event, first_of, kind_by_field, object_of, text_of
from commentnlp.reading.values import number
from commentnlp.records import Event

NOISE = {"system", "error", "ping", "pong", "heartbeat", "hello", "ready", "welcome"}
"""Types of what tools say for themselves."""
_BILIBILI = {
    "open_id", "medal_level", "fans_medal_level", "guard_level", "privilege_type", "msg_type",
}  # fmt: skip
_PAUSE = timedelta(seconds=30)
"""A combo that rests longer has ended; its last frame comes within some three seconds."""

_BARRAGE_KINDS = {
    "1": "comment", "2": "like", "3": "enter", "4": "follow", "5": "gift",
    "6": "stats", "7": "fanclub", "8": "share", "9": "session_end",
}  # fmt: skip


def _barrage_grab(value: Mapping[str, Any]) -> Event:
    data = _inner(value.get("Data"))
    user, owner = object_of(data.get("User")), object_of(data.get("Onwer"))
    who, owner_id = text_of(user.get("Id")), text_of(owner.get("UserId"))
    kind = text_of(value.get("Type"))
    return event(
        _BARRAGE_KINDS.get(kind, kind or "unknown"),
        text=data.get("Content"),
        id=data.get("MsgId"),
        room=first_of(data, "WebRoomId", "RoomId"),
        name=user.get("Nickname"),
        ids=[who],
        host=user.get("IsAnchor") is True or (who == owner_id and who not in ("", "0")),
        staff=user.get("IsAdmin") is True,
        count=first_of(data, "GiftCount", "Count"),
        total=first_of(data, "Total", "CurrentCount", "OnlineUserCount"),
        item=data.get("GiftName"),
        fan=object_of(user.get("FansClub")).get("Level"),
        pay=user.get("PayLevel"),
        user=user.get("Level"),
    )


def _inner(data: Any) -> Mapping[str, Any]:
    try:
        decoded = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError) as error:
        raise ReadError(f"the JSON inside Data is broken: {error}") from None
    if not isinstance(decoded, dict):
        raise ReadError("Data holds no object; expected the message as JSON text")
    return decoded


_WEBCAST_KINDS = {
    "ChatMessage": "comment", "EmojiChatMessage": "emoji", "LikeMessage": "like",
    "MemberMessage": "enter", "GiftMessage": "gift", "FansclubMessage": "fanclub",
    "RoomUserSeqMessage": "stats", "RoomStatsMessage": "stats",
}  # fmt: skip
_WEBCAST_TOTALS = {
    "like": ("total",),
    "enter": ("memberCount",),
    "stats": ("displayValue", "displayShort", "total", "onlineUserForAnchor"),
    "follow": ("followCount",),
    "share": ("shareTotalCount",),
    "gift": ("repeatCount", "comboCount"),
}
# offline is said while waiting for a show to begin, not when one ends
_LIVE_STATUS = {"ROOM_ONLINE": "session_start", "ROOM_ENDED": "session_end"}


def _webcast_kind(method: str, action: Any, status: Any) -> str:
    """Kind of a message of Douyin's own protocol: action 3 shares, status 3 or 4 ends the show."""
    name = method.removeprefix("Webcast")
    if name == "SocialMessage":
        return {1: "follow", 3: "share"}.get(number(action) or 0, method)
    if name == "ControlMessage":
        return "session_end" if number(status) in (3, 4) else "system"
    # flying and paid-for comments are types of their own
    chat = "comment" if name.endswith("ChatMessage") else ""
    return _WEBCAST_KINDS.get(name) or chat or method or "unknown"


def _is_end(repeat_end: Any) -> bool:
    return repeat_end is True or bool(number(repeat_end))


def _gift_frame(repeat_end: Any, each: Any = 1) -> int:
    """Gifts that one frame of a combo adds: its last frame repeats the one before."""
    return 0 if _is_end(repeat_end) else number(each) or 1


def _douyin_live(value: Mapping[str, Any]) -> Event:
    if value.get("type") == "system":
        # its room_id is not the roomId of the messages: kept apart, it would make a second room
        return event(_LIVE_STATUS.get(text_of(value.get("code")), "system"))
    common, user = object_of(first_of(value, "common", "commonInfo")), object_of(value.get("user"))
    method = text_of(first_of(value, "method")) or text_of(common.get("method"))
    status = first_of(value, "status", "action")
    kind = _webcast_kind(method, value.get("action"), status)
    # protojson leaves a zero out
    count = number(value.get("count")) or 0 if kind == "like" else 1
    if kind == "gift":
        count = _gift_frame(value.get("repeatEnd"), value.get("groupCount"))
    return event(
        kind,
        text=value.get("content"),
        id=common.get("msgId"),
        time=first_of(common, "createTime") or value.get("eventTime"),
        room=common.get("roomId"),
        name=first_of(user, "nickname", "nickName"),
        ids=[user.get("id")],
        count=count,
        total=first_of(value, *_WEBCAST_TOTALS.get(kind, ())),
        item=object_of(value.get("gift")).get("name"),
        fan=object_of(object_of(user.get("fansClub")).get("data")).get("level"),
        pay=object_of(user.get("payGrade")).get("level"),
        user=user.get("level"),
    )


def _dycast(value: Mapping[str, Any]) -> Event:
    user, gift, room = (object_of(value.get(key)) for key in ("user", "gift", "room"))
    # shares come as follows, and nothing tells them apart
    kind = _webcast_kind(text_of(value.get("method")), 1, room.get("status"))
    total = room.get({"like": "likeCount", "follow": "followCount"}.get(kind, "audienceCount"))
    count: Any = 1
    if kind == "like":
        # the number stands in the tool's own sentence and nowhere else
        count = "".join(re.findall(r"\((\d+)\)$", text_of(value.get("content"))))
    elif kind == "gift":
        count, total = _gift_frame(gift.get("repeatEnd")), gift.get("count")
    return event(
        kind,
        text=value.get("content"),
        id=value.get("id"),
        name=user.get("name"),
        ids=[user.get("id")],
        count=count,
        total=total,
        item=gift.get("name"),
    )


_DANMU_KINDS = {
    "chat": "comment", "emojichat": "emoji", "member": "enter", "social": "follow",
    "roomstats": "stats", "fansclub": "fanclub", "control": "system",
}  # fmt: skip


def _douyin_danmu(value: Mapping[str, Any]) -> Event:
    data, kind = object_of(value.get("data")), text_of(value.get("type"))
    # it greets everyone who connects with a visitor that is none
    greeting = kind in NOISE or data.get("status") == "connected"
    kind = "system" if greeting else _DANMU_KINDS.get(kind, kind or "unknown")
    # what it puts where it could not decode a message
    nobody, nothing = data.get("userName") == "用户名", data.get("content") == "聊天消息内容"
    watching = "在线" in text_of(data.get("totalViewers"))
    return event(
        kind,
        text=None if nothing else data.get("content"),
        time=value.get("timestamp"),
        room=value.get("roomId"),
        name=None if nobody else data.get("userName"),
        ids=[] if nobody else [data.get("userId")],
        count=data.get("likeCount"),
        total=first_of(data, "giftCount", "totalViewers" if watching else "currentViewers"),
        item=data.get("giftName"),
        fan=data.get("fansClubLevel"),
        pay=data.get("payGradeLevel"),
    )


_PUSH_KINDS = {
    "content": "comment", "like_num": "like", "gift_num": "gift", "sec_gift_id": "gift",
    "use_follow_action": "follow", "user_follow_action": "follow",
    "fansclub_reason_type": "fanclub",
}  # fmt: skip


def _douyin_push(value: Mapping[str, Any]) -> Event:
    kind = kind_by_field(value, _PUSH_KINDS) or text_of(first_of(value, "msg_type_str", "msg_type"))
    if kind == "follow" and number(first_of(value, "use_follow_action", "user_follow_action")) != 1:
        kind = "unfollow"
    return event(
        kind or "unknown",
        text=value.get("content"),
        id=value.get("msg_id"),
        time=value.get("timestamp"),
        room=first_of(value, "roomid", "room_id"),
        name=value.get("nickname"),
        ids=[first_of(value, "sec_openid", "sec_open_id")],
        count=first_of(value, "like_num", "gift_num"),
        item=first_of(value, "gift_name", "sec_gift_id"),
        fan=value.get("fansclub_level"),
        pay=value.get("user_privilege_level"),
    )


def _gateway(value: Mapping[str, Any]) -> Event:
    kind = text_of(value.get("type"))
    kind = "system" if kind in NOISE else "enter" if kind == "enter_room" else kind
    return event(
        kind or "unknown",
        text=first_of(value, "text", "content", "comment"),
        id=first_of(value, "event_id", "msg_id"),
        time=first_of(value, "timestamp_ms", "timestamp"),
        name=value.get("display_name"),
        ids=[value.get("viewer_id")],
        count=value.get("count"),
        item=first_of(value, "gift_name", "gift_id"),
    )


def _room_watcher(value: Mapping[str, Any]) -> Event:
    return event(
        kind_by_field(value, {"content": "comment", "giftName": "gift"}) or "enter",
        text=value.get("content"),
        room=value.get("roomId"),
        name=value.get("username"),
        ids=[value.get("uid")],
        count=value.get("giftCount"),
        item=value.get("giftName"),
        fan=value.get("badgeLevel"),
    )


_TIKTOK_KINDS = {
    "comment": "comment", "emoteList": "emoji", "likeCount": "like", "giftDetails": "gift",
    "giftId": "gift", "viewerCount": "stats", "memberCount": "enter",
}  # fmt: skip


def _tiktok(value: Mapping[str, Any]) -> Event:
    common = object_of(value.get("common"))
    user, gift = object_of(value.get("user")) or value, object_of(value.get("giftDetails")) or value
    shown = text_of(first_of(object_of(common.get("displayText")) or value, "displayType"))
    kind = kind_by_field(value, _TIKTOK_KINDS)
    if not kind and ("shareTarget" in value or "follow" in shown or "share" in shown):
        kind = "share" if "share" in shown or number(value.get("action")) == 3 else "follow"
    count = value.get("likeCount")
    if kind == "gift":
        # gifts of type 1 come in streaks, whose last frame holds the sum
        streak = number(gift.get("giftType")) == 1
        count = 0 if streak and not _is_end(value.get("repeatEnd")) else value.get("repeatCount")
    return event(
        kind
        or ("enter" if "enter" in shown else text_of(first_of(value, "event", "type")))
        or "unknown",
        text=value.get("comment"),
        id=first_of(common, "msgId") or value.get("msgId"),
        time=first_of(common, "createTime") or value.get("createTime"),
        room=common.get("roomId"),
        name=user.get("nickname"),
        ids=[first_of(user, "userId", "uniqueId")],
        count=count,
        total=first_of(value, "totalLikeCount", "viewerCount", "memberCount"),
        item=first_of(gift, "giftName", "giftId"),
    )


_BLIVEDM_KINDS = {
    "like_count": "like", "msg": "comment", "message": "comment", "gift_name": "gift",
    "gift_num": "gift", "guard_num": "gift", "num": "gift",
}  # fmt: skip


def _blivedm(value: Mapping[str, Any]) -> Event:
    user = object_of(value.get("user_info")) or value
    kind = kind_by_field(value, _BLIVEDM_KINDS)
    if kind == "comment" and number(value.get("dm_type")) == 1:
        kind = "emoji"
    elif not kind and "msg_type" in value:
        shown = text_of(value["msg_type"])
        kind = {"1": "enter", "2": "follow", "3": "share"}.get(shown, f"msg_type {shown}")
    elif not kind and "open_id" in value and "uname" in value:
        kind = "enter"
    return event(
        kind or "unknown",
        text=first_of(value, "msg", "message"),
        id=first_of(value, "msg_id", "id", "message_id"),
        time=first_of(value, "timestamp", "start_time"),
        room=value.get("room_id"),
        name=first_of(user, "uname", "username"),
        ids=[first_of(user, "open_id", "uid")],
        staff=number(first_of(value, "admin", "is_admin")) == 1,
        count=first_of(value, "like_count", "gift_num", "guard_num", "num"),
        item=value.get("gift_name"),
        fan=first_of(value, "medal_level", "fans_medal_level"),
        pay=value.get("wealth_level"),
        user=value.get("user_level"),
        guard=first_of(value, "privilege_type", "guard_level"),
    )


_PAYLOAD_KINDS = {
    "chat": "comment", "emoji_chat": "emoji", "member": "enter", "fansclub": "fanclub",
    "room_stats": "stats", "room_user_stats": "stats", "error": "system",
}  # fmt: skip


def _type_payload(value: Mapping[str, Any]) -> Event:
    data, kind = object_of(value.get("payload")), text_of(value.get("type"))
    kind = _PAYLOAD_KINDS.get(kind, kind or "unknown")
    action = text_of(data.get("action"))
    if kind in ("follow", "social") and action:
        kind = {"follow": "follow", "1": "follow", "share": "share", "3": "share"}.get(action, kind)
    totals = {"like": ["total"], "gift": ["count"], "stats": ["current", "display_short"]}
    return event(
        kind,
        text=data.get("content"),
        time=value.get("timestamp"),
        name=data.get("nickname"),
        ids=[data.get("user_id_str"), data.get("user_id")],
        # a gift's count is the combo's so far
        count=1 if kind == "gift" else data.get("count"),
        total=first_of(data, *totals.get(kind, ())),
        item=data.get("gift_name"),
        user=data.get("level"),
    )


_COMMAND = re.compile(r"[A-Z][A-Z0-9_]+(:|$)")
_COMMANDS = {
    "DANMU_MSG": "comment", "SUPER_CHAT_MESSAGE": "comment", "SUPER_CHAT_MESSAGE_JPN": "system",
    "SEND_GIFT": "gift", "GUARD_BUY": "gift", "LIKE_INFO_V3_CLICK": "like",
    "LIKE_INFO_V3_UPDATE": "stats", "WATCHED_CHANGE": "stats", "ONLINE_RANK_COUNT": "stats",
    "LIVE": "session_start", "PREPARING": "session_end",
}  # fmt: skip
_INTERACTIONS = {"1": "enter", "2": "follow", "3": "share"}


def _bilibili(value: Mapping[str, Any]) -> Event:
    command = text_of(value.get("cmd")).partition(":")[0]
    data = object_of(value.get("data"))
    kind = _COMMANDS.get(command, command)
    if command == "DANMU_MSG":
        info = value.get("info")
        info = info if isinstance(info, list) else []
        about, text, who, medal = (info[i] if i < len(info) else None for i in range(4))
        about, who, medal = (part if isinstance(part, list) else [] for part in (about, who, medal))
        return event(
            "comment",
            text=text,
            time=about[4] if len(about) > 4 else None,
            name=who[1] if len(who) > 1 else None,
            ids=[who[0] if who else None],
            fan=medal[0] if medal else None,
            guard=info[7] if len(info) > 7 else None,
        )
    if command.startswith("INTERACT_WORD"):
        kind = _INTERACTIONS.get(text_of(data.get("msg_type")), "enter")
    user = object_of(data.get("user_info"))
    return event(
        kind,
        text=data.get("message"),
        id=data.get("id") if kind == "comment" else None,
        time=first_of(data, "timestamp", "start_time", "ts"),
        room=first_of(data, "roomid", "room_id"),
        name=first_of(data, "uname", "username") or user.get("uname"),
        ids=[first_of(data, "uid") or user.get("uid")],
        count=data.get("num") if kind == "gift" else None,
        total=first_of(data, "num", "click_count", "count") if kind == "stats" else None,
        item=first_of(data, "giftName", "gift_name"),
        guard=data.get("guard_level"),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "DouyinBarrageGrab": _barrage_grab,
    "bilibili": _bilibili,
    "douyinLive": _douyin_live,
    "dycast": _dycast,
    "DouyinDanmu": _douyin_danmu,
    "Douyin push": _douyin_push,
    "DouyinLiveGateway": _gateway,
    "live-room-watcher": _room_watcher,
    "TikTok-Live-Connector": _tiktok,
    "blivedm": _blivedm,
    "type/payload JSONL": _type_payload,
}


def tool_of(value: Mapping[str, Any]) -> str:
    """The tool that writes such an object; empty where any program might."""
    keys = value.keys()
    common = object_of(value.get("common"))
    method = text_of(value.get("method")) or text_of(common.get("method"))
    webcast = method.startswith("Webcast")
    if _COMMAND.match(text_of(value.get("cmd"))) and keys & {"info", "data"}:
        return "bilibili"
    if "Type" in keys and isinstance(value.get("Data"), str):
        return "DouyinBarrageGrab"
    if (webcast and "common" in keys) or (value.get("type") == "system" and "event" in keys):
        return "douyinLive"
    if (webcast or value.get("method") == "CustomMessage") and "id" in keys:
        return "dycast"
    if {"type", "roomId", "timestamp"} <= keys and isinstance(value.get("data"), dict):
        return "DouyinDanmu"
    if {"type", "timestamp"} <= keys and isinstance(value.get("payload"), dict):
        return "type/payload JSONL"
    if "msg_id" in keys and keys & {"sec_openid", "sec_open_id"}:
        return "Douyin push"
    if {"v", "type", "session_id"} <= keys:
        return "DouyinLiveGateway"
    if {"uid", "username"} <= keys and keys & {"badgeName", "badgeLevel"}:
        return "live-room-watcher"
    if "uniqueId" in keys or "uniqueId" in object_of(value.get("user")) or "viewerCount" in keys:
        return "TikTok-Live-Connector"
    if keys & {"uname", "username", "user_info"} and keys & _BILIBILI:
        return "blivedm"
    return ""


def recognise(values: Sequence[Any]) -> str:
    """Name of the tool that wrote most of these values, the first 200 or so of a file.

    Empty where it is none, as for a plain table in JSON. Heartbeats, errors and text that is no
    object have no say.
    """
    found: Counter[str] = Counter()
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            tool = tool_of(item) if isinstance(item, dict) else ""
            if tool or (isinstance(item, dict) and text_of(item.get("type")) not in NOISE):
                found[tool] += 1
    tool, hits = found.most_common(1)[0] if found else ("", 0)
    return tool if hits * 2 > found.total() else ""


def events_of(tool: str, value: Any, line: int) -> list[Event]:
    """Events of one JSON value: one each, and as many as it has elements where it is an array.

    ``tool`` is one that `recognise` names. What is no object, such as ``"pong"``, is a ``system``
    event; a type that the tool does not document keeps its own name as kind. Raises ReadError
    that says what is wrong with the value, for the caller to add file and line.
    """
    reader = _READERS[tool]
    return [
        replace(reader(item) if isinstance(item, dict) else event("system"), line=line)
        for item in (value if isinstance(value, list) and value else [value])
    ]


def settle_gifts(events: Iterable[Event], last: dict[tuple[str, ...], Event]) -> list[Event]:
    """Turn the running totals of gift combos into what each frame added.

    A combo of three comes as frames of 1, 2 and 3 and often, to end it, 3 once more. `events_of`
    sees one frame at a time: it puts the running total into ``total`` and counts 1, or 0 for a
    frame marked as the last. Given the frames in order, this counts exactly, also where one frame
    brings many. ``last`` holds the combos still going; it is changed, so that the next block of a
    long file can go on with it.
    """
    return [
        _settled(found, last) if found.kind == "gift" and found.total is not None else found
        for found in events
    ]


def _settled(frame: Event, last: dict[tuple[str, ...], Event]) -> Event:
    key = (frame.room, frame.user or frame.name, frame.item)
    before, total = last.pop(key, None), frame.total or 0
    if before and before.time and frame.time and frame.time - before.time > _PAUSE:
        before = None
    so_far = (before.total or 0) if before else 0
    if so_far > total:
        so_far = 0
    if frame.count and total > so_far:
        last[key] = frame
    return replace(frame, count=total - so_far)
