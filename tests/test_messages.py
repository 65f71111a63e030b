import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.errors import ReadError
from commentnlp.reading import live, open_sources
from commentnlp.reading.messages import (
    MOST_GOING,
    MOST_REMARKS,
    Rejected,
    TooMany,
    events_of_message,
    is_json,
    json_of,
)
from commentnlp.records import SHANGHAI, Event

from .test_live import FIXTURES, LIVE, events

WHOLE = "{} must be a whole number from 0 on, of at most 18 digits"
NOW = datetime(2026, 3, 14, 20, 15, 3, tzinfo=SHANGHAI)


def read(body, **options):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body, ensure_ascii=False)
    body = body if isinstance(body, bytes) else body.encode()
    return events_of_message(body, **{"now": NOW, **options})


def only(body, **options):
    found = read(body, **options)
    assert not found.rejected
    (event,) = found.events
    return event


def rejected(body, **options):
    found = read(body, **options)
    assert not found.events
    return [(why, field) for _, why, field in found.rejected]


# our own objects


def test_an_event_of_ours():
    event = only(
        {
            "id": "m-1", "room": "880055512345", "time": "2026-03-14T20:15:03.120+08:00",
            "user": "u-7", "name": "小棠", "text": "这串能退吗", "kind": "comment", "count": 1,
            "total": 12, "item": "三号链接", "role": "viewer", "levels": {"fan": 4, "pay": 0},
        }
    )  # fmt: skip
    assert event == Event(
        "comment", "这串能退吗", "m-1", NOW + timedelta(milliseconds=120), "880055512345", "u-7",
        "小棠", "viewer", 1, 12, "三号链接", {"fan": 4},
    )  # fmt: skip


def test_what_may_be_left_out():
    assert only({"text": "这串能退吗"}) == Event("comment", "这串能退吗")
    nothing = dict.fromkeys(("id", "room", "user", "name", "kind", "count", "total", "levels"))
    assert only({"text": "", **nothing}) == Event("comment")
    assert only({"kind": "like"}) == Event("like")
    assert only({"text": "a", "unknown": [{}]}) == Event("comment", "a")


def test_identities_may_be_numbers_and_stay_exact():
    event = only('{"text":"a","id":7401234567890123457,"user":9007199254740993,"room":0}')
    assert (event.id, event.user, event.room) == ("7401234567890123457", "9007199254740993", "0")


@pytest.mark.parametrize("user", ["", "***", "小***", "0", "111111", "null", 0])
def test_who_is_masked_is_nobody(user):
    assert only({"text": "a", "user": user}).user == ""


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("content", "comment", "message", "弹幕", "评论内容", "Comment_Content", "msg"), "text"),
        (("nickname", "昵称", "userName", "用户昵称"), "name"),
        (("uid", "user_id", "用户ID"), "user"),
        (("roomId", "room_id", "直播间"), "room"),
        (("msg_id", "messageId", "event_id"), "id"),
        (("商品", "gift_name"), "item"),
    ],
)
def test_other_names(names, what):
    for name in names:
        event = only({name: "这串"} if what == "text" else {"text": "a", name: "这串"})
        assert getattr(event, what) == "这串"


def test_our_own_names_go_first():
    event = only({"content": "b", "text": "a", "nickname": "n", "name": "小棠", "user": "u"})
    assert (event.text, event.name, event.user) == ("a", "小棠", "u")


def test_words_for_kinds_and_roles():
    assert only({"type": "弹幕", "content": "a"}) == Event("comment", "a")
    assert only({"type": "chat", "content": "a", "role": "主播"}).role == "host"
    assert only({"kind": "【主播推送商品】", "text": "三号链接"}) == Event(
        "push", role="host", item="三号链接"
    )
    assert only({"kind": "lucky_bag", "text": "a"}) == Event("lucky_bag", "a")
    assert only({"type": "heartbeat", "message": "a"}) == Event("system", role="system")
    assert only({"kind": "", "text": "a"}).kind == only({"kind": "【】", "text": "a"}).kind
    for role in ("viewer", "观众", "User", " ", ""):
        assert only({"text": "a", "role": role}).role == "viewer"
    # a tool may call roles what it likes
    assert only({"text": "a", "身份": "VIP"}).role == "viewer"


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("coment", "comment"), ("Comments", "comment"), ("entre", "enter"), ("purchace", "purchase"),
     ("likes", "like"), ("【folow】", "follow")],
)  # fmt: skip
def test_a_misspelt_kind_is_rejected_and_the_right_one_named(kind, meant):
    ((why, field),) = rejected({"kind": kind, "text": "什么时候发货"})
    assert field == "kind"
    assert why == f"kind {kind.strip('【】')!r} is unknown; is {meant} meant?"
    # what a tool wrote is what it wrote
    assert only({"type": kind, "content": "a"}).kind == kind.strip("【】")


def test_an_unknown_kind_is_kept_and_remarked():
    found = read('[{"kind":"lucky_bag","text":"a"},{"kind":"lucky_bag"},{"kind":"seckill"}]')
    assert [event.kind for event in found.events] == ["lucky_bag", "lucky_bag", "seckill"]
    assert [(one.at, one.field, one.why) for one in found.remarks] == [
        (0, "events[0].kind",
         "events[0].kind 'lucky_bag' is unknown: it is kept, and not tagged (and 1 more)"),
        (2, "events[2].kind", "events[2].kind 'seckill' is unknown: it is kept, and not tagged"),
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["streamer", "VIP", "系统", "1", "\u202ehost"])
def test_an_unknown_role_is_rejected_and_the_known_ones_named(role):
    ((why, field),) = rejected({"text": "我们家都是天然的", "role": role})
    assert field == "role"
    assert why == f"role {role!r} is unknown; send viewer, host, staff or system"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("uesr", "user"), ("tiem", "item or time"), ("tmie", "time"), ("romm", "room"),
     ("nmae", "name"), ("USR", "user"), ("levles", "levels"), ("rooms", "room"), ("totl", "total")],
)  # fmt: skip
def test_a_misspelt_field_is_remarked(name, meant):
    found = read(json.dumps([{"text": "a"}, {"text": "b", name: "1"}, {"text": "c", name: "2"}]))
    assert len(found.events) == 3
    (remark,) = found.remarks
    assert (remark.at, remark.field) == (1, f"events[1].{name}")
    assert remark.why == (
        f"events[1].{name} is no field of an event, and is left out; is {meant} meant? (and 1 more)"
    )


def test_fields_of_others_are_not_remarked():
    for more in ({"user": "u", "uesr": "v"}, {"platform": "x"}, {"昵称": "小棠"}, {"x": 1, "": 2}):
        assert read(json.dumps({"text": "a", **more})).remarks == []


def test_a_remark_tells_the_line():
    found = read('{"text":"a"}\n{"text":"b","uesr":"1"}\n')
    assert found.remarks[0].at == 2
    assert found.remarks[0].why.startswith("line 2: uesr is no field of an event")


def test_an_event_that_is_rejected_is_not_remarked_as_well():
    found = read('[{"uesr":"1"},{"text":"a"}]')
    assert len(found.rejected) == 1
    assert found.remarks == []


def test_remarks_are_not_without_end():
    body = json.dumps([{"kind": f"kind {n}"} for n in range(MOST_REMARKS + 20)])
    assert len(read(body).remarks) == MOST_REMARKS


def test_levels_of_others_stand_apart():
    event = only({"content": "a", "fansClubLevel": "7", "pay_level": "-", "guard_level": 2})
    assert event.levels == {"fan": 7, "guard": 2}
    assert only({"text": "a", "levels": "fan:4 pay:23"}).levels == {"fan": 4, "pay": 23}


def test_counts():
    event = only({"kind": "like", "count": 3.0, "total": "1.2万"})
    assert (event.count, event.total) == (3, 12_000)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "text is missing; a comment needs one, another event a kind"),
        ({"kind": "comment"}, "text is missing; a comment needs one"),
        ({"text": None}, "text is missing; a comment needs one, another event a kind"),
        ({"text": 666}, "text must be a string, not a number"),
        ({"content": ["a"]}, "content must be a string, not an array"),
        ({"text": "a", "name": {"zh": "a"}}, "name must be a string, not an object"),
        ({"text": "a", "kind": 1}, "kind must be a string, not a number"),
        ({"text": "a", "kind": False}, "kind must be a string, not true or false"),
        ({"text": "a", "role": []}, "role must be a string, not an array"),
        ({"text": "a", "id": 1.5}, "id must be a string or a whole number, not a number"),
        ({"text": "a", "user": True}, "user must be a string or a whole number, not true or false"),
        ({"text": "a", "item": {}}, "item must be a string or a whole number, not an object"),
        ({"text": "a", "count": []}, "count must be a whole number, not an array"),
        ({"text": "a", "count": 1.5}, WHOLE.format("count")),
        ({"text": "a", "count": -1}, WHOLE.format("count")),
        ({"text": "a", "total": "many"},
         WHOLE.format("total")),
        ({"text": "a", "total": 10**18},
         WHOLE.format("total")),
        ({"text": "a", "total": "999999999999999999亿"},
         WHOLE.format("total")),
        ({"text": "a", "levels": [1]}, "levels must be an object, not an array"),
        ({"text": "a", "levels": {"fan": "x"}},
         WHOLE.format("levels.fan")),
        ({"text": "a", "levels": {"pay": {}}}, "levels.pay must be a whole number, not an object"),
        ({"text": "a", "time": {}}, "time must be a string or a number, not an object"),
        ({"text": "a", "time": False}, "time must be a string or a number, not true or false"),
        ({"text": "a", "id": "1" * 201}, "id has more than 200 characters"),
        ({"text": "a", "roomId": "1" * 201}, "roomId has more than 200 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body, why):
    assert rejected(body) == [(why, why.split()[0])]
    ((_, field),) = rejected([body])
    assert field == f"events[0].{why.split()[0]}"


def test_1e400_is_no_number_of_ours():
    for name in ("count", "total"):
        ((why, _),) = rejected(f'{{"text":"a","{name}":1e400}}')
        assert why.startswith(f"{name} must be a whole number")
    assert rejected('{"text":"a","id":1e400}')
    assert rejected('{"text":"a","time":1e400}')


# times


@pytest.mark.parametrize(
    ("said", "time"),
    [
        (1773490503120, "2026-03-14T20:15:03.120000+08:00"),
        (1773490503, "2026-03-14T20:15:03+08:00"),
        (1773490503.5, "2026-03-14T20:15:03.500000+08:00"),
        ("1773490503120", "2026-03-14T20:15:03.120000+08:00"),
        ("2026-03-14T12:15:03.120Z", "2026-03-14T20:15:03.120000+08:00"),
        ("2026-03-14T12:15:03Z", "2026-03-14T20:15:03+08:00"),
        ("2026-03-14T20:15:03.120+08:00", "2026-03-14T20:15:03.120000+08:00"),
        ("2026-03-14T13:15:03.120456+01:00", "2026-03-14T20:15:03.120456+08:00"),
        ("2026-03-14 20:15:03", "2026-03-14T20:15:03+08:00"),
        ("2026年3月14日 20:15", "2026-03-14T20:15:00+08:00"),
        (0, None),
        ("", None),
        (None, None),
    ],
)
def test_times(said, time):
    event = only({"text": "a", "time": said})
    assert time == (event.time and event.time.isoformat())


def test_a_time_without_a_zone_is_one_of_the_given_zone():
    event = only({"text": "a", "time": "2026-03-14 12:15:03"}, zone=ZoneInfo("Europe/Lisbon"))
    assert event.time == NOW


def test_a_date_of_its_own():
    assert only({"text": "a", "date": "2026-03-14", "time": "20:15:03"}).time == NOW
    assert rejected({"text": "a", "date": {"a": 1}, "time": "20:15:03"})


ABSURD = [
    "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999+08:00", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", 10**400, -(10**400), 1e300, -1, 1, "1e400", "NaN", "soon",
    "9" * 17, "9" * 5000, 253402300799, 253402300799999, -62135596800, "20:15:03",
    "2026-03-16T00:00:00", "2026-02-30", "2026-03-14T25:00:00", "1999-12-31T23:59:59+08:00",
]  # fmt: skip


@pytest.mark.parametrize("said", ABSURD)
def test_a_time_that_cannot_be_is_told_to_who_sends_our_objects(said):
    ((why, field),) = rejected({"text": "a", "time": said})
    assert field == "time"
    assert why.startswith(("time is no time of our days", "time lies more than a day ahead"))


@pytest.mark.parametrize("said", [*ABSURD, True, [], {}])
def test_a_time_that_cannot_be_is_none_of_a_tool(said):
    body = {"msg_id": "1", "sec_openid": "a", "content": "b", "timestamp": said}
    assert only(body).time is None


def test_a_day_ahead_may_be_a_clock_that_is_wrong():
    assert only({"text": "a", "time": "2026-03-15T20:15:03+08:00"}).time == NOW + timedelta(days=1)
    assert rejected({"text": "a", "time": "2026-03-15T20:15:04+08:00"})
    ahead = datetime.now(timezone.utc) + timedelta(hours=25)
    assert events_of_message(json.dumps({"text": "a", "time": ahead.isoformat()}).encode()).rejected


# forms


def test_forms_of_json():
    one, two = Event("comment", "a"), Event("comment", "b")
    for body in (
        '[{"text":"a"},{"text":"b"}]',
        '{"events":[{"text":"a"},{"text":"b"}]}',
        '{"comments":[{"text":"a"},{"text":"b"}]}',
        '{"text":"a"}{"text":"b"}',
        '{"text":"a"}\n\n  {\n"text":\n"b"}\n',
        '[[{"text":"a"}],[{"text":"b"}]]',
        '\ufeff [{"text":"a"},{"text":"b"}]',
    ):
        found = read(body)
        assert (found.tool, found.lines) == ("events", False), body
        assert found.events == [one, replace(two, line=1)], body
    found = read('{"text":"a"}\r\n\n{"text":"b"}')
    assert (found.events, found.lines) == ([replace(one, line=1), replace(two, line=3)], True)
    assert read("[]").events == []


def test_what_cannot_be_used_has_its_place():
    found = read('[{"text":"a"},null,7,"b",{"text":[]},{"text":"c"}]')
    assert [event.line for event in found.events] == [0, 5]
    assert found.rejected == [
        Rejected(1, "events[1] must be an object, not null", "events[1]"),
        Rejected(2, "events[2] must be an object, not a number", "events[2]"),
        Rejected(3, "events[3] must be an object, not a string", "events[3]"),
        Rejected(4, "events[4].text must be a string, not an array", "events[4].text"),
    ]
    assert read('{"comments":[{"text":1}]}').rejected[0].field == "comments[0].text"


def test_what_cannot_be_used_has_its_line():
    found = read('{"text":"a"}\n{"text":\n\n{"text":5}\n[{"text":"b"},{}]\npong\n{"text":"c"}')
    assert [(event.text, event.line) for event in found.events] == [("a", 1), ("b", 5), ("c", 7)]
    assert found.rejected == [
        Rejected(2, "line 2: the JSON is broken at column 9: expecting value"),
        Rejected(4, "line 4: text must be a string, not a number", "text"),
        Rejected(
            5,
            "line 5: events[1].text is missing; a comment needs one, another event a kind",
            "events[1].text",
        ),
        Rejected(6, "line 6: the JSON is broken at column 1: expecting value"),
    ]


def test_lines_of_which_the_last_is_cut_off():
    found = read('{"text":"a"}\n{"text":"b')
    assert [event.text for event in found.events] == ["a"]
    assert [at for at, _, _ in found.rejected] == [2]


def test_lines_of_which_the_first_is_broken():
    found = read('{"text":"a"\n{"text":"b"}\n{"text":"c"}\n')
    assert [event.text for event in found.events] == ["b", "c"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \n", b"{", b'[{"text":"a"}', b'[{"text":"a"},\n{"text":"b"}', b"[\n" * 100_000,
        b'{\n"comments": [\n{"text":"a"},\n{"text": }\n]\n}', b'{"text":NaN}', b'{"a":' * 100_000,
        b'{"text":"a"} {"text":', b'{"text":"a"} ' + b"[" * 100_000, b'{"id":' + b"9" * 5000 + b"}",
        '{"text":"这串"}'.encode("gb18030"), '{"text":"a"}'.encode("utf-16"), b"pong", b"null",
        b'{"text":"a"}'.replace(b"a", b"\xff"), b"\0" * 50, b"PK\3\4" + b"\0" * 50, b"\x1f\x8b\x08",
        b"%PDF-1.7", b"PAR1\x00\x01\x02", "这串能退吗".encode(), "多少钱\n能退吗\n".encode(),
        b"a,b\n1,2\n", b"a" * 100_000, b"," * 100_000, bytes(range(256)),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_read_at_all(body):
    with pytest.raises(ReadError) as told:
        read(body)
    assert 10 < len(str(told.value)) < 400


def test_too_many():
    lines = b'{"text":"a"}\n' * 3
    for body in (
        b"[" + b'{"text":"a"},' * 2 + b"{}]", b"[[1,2],[3]]", lines, lines.replace(b"\n", b""),
        "评论\n贵\n贵\n贵\n".encode(), "评论\n".encode() + b"\n" * 1000,
        "【聊天msg】[1]小棠: 贵\n".encode() * 3,
    ):  # fmt: skip
        with pytest.raises(TooMany):
            read(body, most=2)
    assert len(read(lines, most=3).events) == 3


def test_a_text_that_is_too_long():
    assert rejected({"text": "贵" * 6}, longest=5) == [
        ("text has 6 characters, at most 5 may be", "text")
    ]
    assert only({"text": "贵" * 5}, longest=5)
    (why, _), *_ = rejected("评论,时间\n" + "贵" * 6 + ",1\n", longest=5)
    assert why == "line 2: text has 6 characters, at most 5 may be"


@pytest.mark.parametrize("columns", [99, 100])
def test_many_fields(columns):
    body = {"text": "a", "content": "b", **{f"k{n}": n for n in range(columns - 2)}}
    assert only(body).text == "a"
    assert rejected({**body, **{"x": 1, "y": 2}})


def test_half_a_character_is_refused_in_our_own_objects():
    for field in ("text", "name", "id", "room", "item"):
        ((why, where),) = rejected(json.dumps({"text": "a", field: "半\ud83d"}))
        assert where == field
        assert "cut in two" in why
    assert only(rb'{"text":"\ud83d\ude00","\ud83d":1}').text == "😀"


def test_halves_of_characters_and_nul_of_a_tool_become_a_mark():
    event = only(rb'{"text":"a\u0000","id":"b\u0000","x":1}')
    assert (event.text, event.id) == ("a\ufffd", "b\ufffd")
    data = json.dumps({"Content": "贵\ud83d", "MsgId": 5})
    event = only(json.dumps({"Type": 1, "Data": data}))
    assert (event.text, event.id) == ("贵\ufffd", "5")


def test_is_json():
    assert is_json(b'\xef\xbb\xbf {"a"')
    assert is_json("[".encode("utf-16"))
    assert not is_json("评论".encode())
    assert not is_json(b"")


def test_json_of():
    assert json_of(' {"a":1} ') == {"a": 1}
    with pytest.raises(ReadError, match="line 1, column 9: extra data"):
        json_of('{"a":1x}'.replace("x", "} {"))


# tools


@pytest.mark.parametrize("tool", FIXTURES)
def test_what_tools_send(tool):
    body = (LIVE / FIXTURES[tool]).read_bytes()
    found = read(body)
    assert found.tool == tool
    # a line without an object is told apart, and not an event
    apart = {entry.at for entry in found.rejected}
    assert all(body.split(b"\n")[at - 1].strip() == b"pong" for at in apart)
    expected = [event for event in events(tool) if not (found.lines and event.line in apart)]
    assert [replace(event, line=0) for event in found.events] == [
        replace(event, line=0) for event in expected
    ]


def test_one_message_after_the_other_gives_the_same():
    for tool in ("douyinLive", "TikTok-Live-Connector", "type/payload JSONL"):
        going, found = {}, []
        for line in (LIVE / FIXTURES[tool]).read_bytes().split(b"\n"):
            if is_json(line):
                found += read(line, going=going).events
        whole = read((LIVE / FIXTURES[tool]).read_bytes()).events
        assert found == [replace(event, line=0) for event in whole]


def test_each_object_is_recognised_on_its_own():
    found = read(
        [
            {"text": "这串能退吗", "user": "u1"},
            {"msg_id": "1", "sec_openid": "a", "content": "慢", "nickname": "小棠"},
            {"uid": "5", "username": "老韩", "badgeLevel": 4, "content": "贵"},
        ]
    )
    assert found.tool == "mixed"
    assert [event.text for event in found.events] == ["这串能退吗", "慢", "贵"]
    assert found.events[2].levels == {"fan": 4}


def test_broken_data_of_a_tool_is_told():
    ((why, field),) = rejected([{"Type": 1, "Data": "{"}])
    assert why.startswith("events[0] cannot be read as one of DouyinBarrageGrab: the JSON inside")
    assert field == "events[0]"
    assert rejected({"Type": 1, "Data": "[" * 100_000})


def test_the_room_of_the_header():
    push = [{"msg_id": "1", "sec_openid": "a", "content": "b"}]
    assert only(push, room="880055512345").room == "880055512345"
    assert only([{**push[0], "roomid": "7"}], room="880055512345").room == "7"
    assert only({"text": "a"}, room="880055512345").room == "880055512345"
    assert only({"text": "a", "room": "7"}, room="880055512345").room == "7"
    assert only("评论\n贵\n", room="880055512345").room == "880055512345"


def gift(total, user="5", end=0):
    return {
        "common": {"roomId": "7", "msgId": f"{user}-{total}-{end}"}, "user": {"id": user},
        "method": "WebcastGiftMessage", "repeatCount": str(total), "repeatEnd": end,
        "gift": {"name": "玫瑰"},
    }  # fmt: skip


def test_a_combo_goes_on_in_the_next_message():
    going = {}
    counts = [only(gift(n, end=end), going=going).count for n, end in ((1, 0), (3, 0), (3, 1))]
    assert (counts, going) == ([1, 2, 0], {})


def test_combos_that_never_end_are_forgotten():
    going = {}
    for start in range(0, MOST_GOING + 100, 100):
        read([gift(2, user=str(n)) for n in range(start, start + 100)], going=going)
    assert len(going) == MOST_GOING
    assert ("7", "50", "玫瑰") not in going


def test_our_own_gifts_are_counted_as_they_say():
    event = only({"kind": "gift", "count": 2, "total": 7, "item": "玫瑰"})
    assert (event.count, event.total) == (2, 7)


# text


@pytest.mark.parametrize("path", sorted(p for p in LIVE.rglob("*") if p.suffix in (".txt", ".csv")))
def test_lines_that_tools_print(path):
    found = read(path.read_bytes())
    expected = [event for source in open_sources(path) for event in source.events()]
    assert found.lines
    # the name of a file tells room and date
    assert [replace(e, time=None, room="") for e in found.events] == [
        replace(e, time=None, room="") for e in expected
    ]


def test_printed_gifts_are_counted_from_one_message_to_the_next():
    going = {}
    lines = [f"【礼物msg】小棠 送出了 玫瑰x{n}" for n in (1, 2, 5)]
    assert [only(line, going=going).count for line in lines] == [1, 1, 3]


def test_tables():
    found = read("昵称,评论内容,时间\n小棠,这串能退吗,2026-03-14 20:15:03\n老韩,贵,\n")
    assert found.tool == "CSV table"
    assert found.events == [
        Event("comment", "这串能退吗", time=NOW, name="小棠", line=2),
        Event("comment", "贵", name="老韩", line=3),
    ]
    event = only("【实时弹幕】,1773490503120,2026-03-14 20:15:03,u7,这串能退吗\n")
    assert (event.text, event.user, event.time) == (
        "这串能退吗", "u7", NOW + timedelta(milliseconds=120),
    )  # fmt: skip
    assert only("评论内容\n这串能退吗\n".encode("gb18030")).text == "这串能退吗"
    assert only("评论,时间\n这串能退吗,2026-03-14 12:15:03\n", zone=timezone.utc).time == NOW


def test_a_table_with_a_row_that_is_too_long():
    found = read("评论,昵称\n贵,小棠\n慢," + "棠" * 201 + "\n")
    assert [event.text for event in found.events] == ["贵"]
    assert found.rejected == [Rejected(3, "line 3: name has more than 200 characters", "name")]


def test_a_time_of_a_table_that_cannot_be_is_none():
    assert only("评论,时间\n贵,2026-03-20 20:15:03\n").time is None


@pytest.mark.parametrize(
    "body",
    [
        "评论,时间\n" + '"\n' * 10_000,
        "评论,时间\n" + '"a\n' * 2_000,
        "评论," * 900 + "\n",
        "【礼物msg】" + " 送出了 " * 600 + "x" * 5000 + "\n",
        json.dumps({"text": "a", "user": "*" * 10**6 + "\n."}),
        json.dumps({"text": "a", "time": "2026-03-14" + " " * 10**6 + "x"}),
    ],
)
def test_what_could_take_long_does_not(body):
    with suppress(ReadError):
        read(body, most=5000, longest=10_000)


# anything

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([*ABSURD, "WebcastGiftMessage", "WebcastChatMessage", "[]", "{}", 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *("id", "room", "time", "user", "name", "text", "kind", "count", "total", "item", "role"),
        *("levels", "Type", "Data", "method", "common", "type", "roomId", "timestamp", "data"),
        *("payload", "msg_id", "sec_openid", "content", "v", "session_id", "uid", "username"),
        *("badgeLevel", "uniqueId", "viewerCount", "uname", "medal_level", "gift", "repeatEnd"),
        *("repeatCount", "giftDetails", "user_info", "event", "date", "弹幕", "events", "comments"),
    ]
)


@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=8), max_size=3))
def test_any_objects(objects):
    found = events_of_message(json.dumps(objects).encode())
    for event in found.events:
        assert type(event.text) is type(event.id) is type(event.kind) is str
        assert event.kind
        assert event.time is None or event.time.tzinfo
        assert -(2**63) < event.count < 2**63
        json.dumps(event.text + event.name + event.item + event.id, ensure_ascii=False).encode()


@given(st.binary(max_size=200))
def test_any_bytes(body):
    for start in (b"", b"{", b'[{"text":"', b"\xef\xbb\xbf[", "评论,时间\n".encode(), b'{"a":1}\n'):
        with suppress(ReadError):
            events_of_message(start + body)


def test_the_tools_are_those_that_files_are_told_by():
    assert {*FIXTURES, "bilibili"} == set(live._READERS)


SHOW = (
    "时间,类型,用户ID,用户名,身份,粉丝等级,数量,商品,内容\n"
    "2026-03-14 19:30:22,弹幕,8560774982,momo,,18,,,开播啦\n"
    "2026-03-14 19:30:29,点赞,63460291968,阿真,,,20,,\n"
    "2026-03-14 19:30:38,弹幕,8560774982,momo,,18,,,还有货吗\n"
)


def test_which_column_was_taken_for_what():
    told = events_of_message(SHOW.encode())
    assert len(told.events) == 3
    assert told.columns == {
        "text": "内容", "time": "时间", "user": "用户ID", "name": "用户名", "role": "身份",
        "kind": "类型", "count": "数量", "item": "商品", "fan": "粉丝等级",
    }  # fmt: skip
    objects = '[{"昵称":"小圆","content":"好看"},{"text":"好看"}]'.encode()
    assert events_of_message(objects).columns == {"name": "昵称", "text": "content"}
    assert events_of_message(b'{"text":"x","user":"u"}').columns == {}


@pytest.mark.parametrize(
    "part",
    [
        SHOW.partition("\n")[2],  # a kind that is called as a column of comments is
        SHOW.split("\n", 2)[2],
        "2026-03-14 19:58:06,小圆,弹幕\n2026-03-14 19:58:07,小圆,还有货吗\n",
        "8001,小圆,评论\n8002,阿真,还有货吗\n",
        "弹幕,小圆,还有货吗\n弹幕,阿真,好看\n点赞,小圆,\n",
        "小圆,评论,翡翠间\n阿真,好看,翡翠间\n小方,内容,翡翠间\n",
    ],
)
def test_a_part_of_a_table_without_its_header_is_refused(part):
    with pytest.raises(ReadError, match="send the header line"):
        events_of_message(part.encode())


def test_a_comment_may_say_what_its_header_says():
    body = "昵称,内容\n" + "".join(f"u{n},{n}号\n" for n in range(20)) + "小圆,内容\n"
    assert events_of_message(body.encode()).events[-1].text == "内容"


def test_titles_above_a_header_may_hold_a_date():
    body = "导出时间,2026-03-14\n时间,昵称,评论内容\n2026-03-14 20:00:00,小圆,好看\n"
    [event] = events_of_message(body.encode()).events
    assert (event.text, event.name) == ("好看", "小圆")
