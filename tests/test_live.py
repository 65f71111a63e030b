import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.errors import ReadError
from commentnlp.reading.fields import person
from commentnlp.reading.live import events_of, recognise, settle_gifts
from commentnlp.reading.values import moment, number
from commentnlp.records import KINDS, SHANGHAI, Event

from .conftest import REAL

LIVE = Path(__file__).parent / "live"
FIXTURES = {
    "DouyinBarrageGrab": "DouyinBarrageGrab.jsonl",
    "douyinLive": "douyinLive.jsonl",
    "dycast": "[880055512345]2026-02-07_201503(12).json",
    "DouyinDanmu": "DouyinDanmu.jsonl",
    "Douyin push": "live_push.jsonl",
    "DouyinLiveGateway": "gateway.ndjson",
    "live-room-watcher": "live_room_watcher.jsonl",
    "TikTok-Live-Connector": "tiktok.jsonl",
    "blivedm": "blivedm.jsonl",
    "type/payload JSONL": "type_payload.jsonl",
}
NAME = "小荷: 爱翡翠"
XIAOHE = "9007199254740993"  # a float would make 9007199254740992 of it
LAOHAN = "556677889900112"
ROOM = "880055512345"
SESSION = "7512340000000000777"
LEVELS = {"fan": 4, "pay": 23}


def at(seconds):
    """A time of the fixtures: seconds after 20:15 that evening."""
    return datetime(2026, 2, 7, 20, 15, tzinfo=SHANGHAI) + timedelta(seconds=seconds)


def values(tool):
    text = (LIVE / FIXTURES[tool]).read_text(encoding="utf-8")
    if FIXTURES[tool].endswith(".json"):
        return json.loads(text)
    return [line if line == "pong" else json.loads(line) for line in text.splitlines()]


def events(tool):
    found = [e for n, value in enumerate(values(tool), 1) for e in events_of(tool, value, n)]
    return settle_gifts(found, {})


def viewer(kind, text="", **rest):
    return Event(kind, text, **rest)


def system(kind, **rest):
    return Event(kind, role="system", **rest)


def test_douyin_barrage_grab():
    xiaohe = {"room": ROOM, "user": XIAOHE, "name": NAME, "levels": LEVELS}
    laohan = {"room": ROOM, "user": LAOHAN, "name": "老韩"}
    text = '这条手链能调到17厘米吗，"偏大"一点\n还有现货没😊'
    expected = [
        viewer("enter", total=61, **xiaohe),
        viewer("comment", text, **xiaohe),
        Event(
            "comment", "欢迎新来的宝宝", room=ROOM, user="3300112233445", name="阿翠珠宝",
            role="host",
        ),
        Event(
            "comment", "链接在三号", room=ROOM, user="4455667788990", name="场控小丁",
            role="staff", levels={"user": 12},
        ),
        viewer("comment", "褪色怎么处理", room=ROOM, name="林***"),
        viewer("like", count=6, total=2048, **laohan),
        viewer("follow", **laohan),
        viewer("share", **laohan),
        viewer("gift", count=2, item="玫瑰", **xiaohe),
        system("stats", room=ROOM, total=61),
        viewer("fanclub", **xiaohe),
        system("12", room=ROOM),
        system("session_end", room=ROOM),
    ]  # fmt: skip
    check("DouyinBarrageGrab", expected, id_from=7512345678901230001)


def test_douyin_live():
    both = {"room": SESSION, "time": at(3.512)}
    xiaohe = {"user": XIAOHE, "name": NAME, "levels": LEVELS, **both}
    laohan = {"user": LAOHAN, "name": "老韩", **both}
    expected = [
        viewer("comment", '手寸52的还有吗,要"细"一点的💍', **xiaohe),
        viewer("comment", "上次买的掉色了", room=SESSION, time=at(4), name="周***"),
        viewer("like", count=8, total=2056, **laohan),
        viewer("like", count=0, total=2056, **laohan),
        viewer("follow", total=4021, **laohan),
        viewer("share", total=17, **laohan),
        viewer("enter", name="路过", total=64, **both),
        viewer("gift", item="玫瑰", count=1, total=1, **xiaohe),
        viewer("gift", item="玫瑰", count=2, total=3, **xiaohe),
        viewer("gift", item="玫瑰", count=0, total=3, **xiaohe),
        system("stats", total=64, **both),
        system("stats", total=64, **both),
        viewer("emoji", **xiaohe),
        system("WebcastRoomRankMessage", **both),
        system("session_end", **both),
    ]
    assert events("douyinLive")[:3] == [
        system("system", line=1),
        system("system", line=2),
        system("session_start", line=3),
    ]
    check("douyinLive", expected, id_from=7512345678901230101, skip=3)


def test_dycast():
    xiaohe = {"user": "MS4wLjABxiaohe", "name": NAME}
    laohan = {"user": "MS4wLjABlaohan", "name": "老韩"}
    expected = [
        viewer("comment", "这个种水配什么衣服好看[比心]", **xiaohe),
        viewer("like", count=4, total=20485, **laohan),
        viewer("enter", total=12_000, **laohan),
        viewer("follow", total=340_000_000, **laohan),
        viewer("gift", item="玫瑰", count=1, total=1, **xiaohe),
        viewer("gift", item="玫瑰", count=3, total=4, **xiaohe),
        viewer("gift", item="玫瑰", count=0, total=4, **xiaohe),
        system("stats", total=100_000),
        viewer("emoji", **xiaohe),
        viewer("comment", "主播不理人", name="神秘人"),
        system("WebcastRoomRankMessage"),
        system("session_end"),
    ]
    check("dycast", expected, id_from=7512345678901230201)


def test_dycast_sends_arrays_or_single_messages():
    frame = values("dycast")
    assert recognise([frame]) == "dycast"
    assert [e.line for e in events_of("dycast", frame, 7)] == [7] * len(frame)
    assert events_of("dycast", frame[0], 7) == events_of("dycast", frame, 7)[:1]
    assert events_of("dycast", [], 7) == [system("system", line=7)]


def test_douyin_danmu():
    xiaohe = {"room": ROOM, "user": XIAOHE, "name": NAME, "levels": LEVELS}
    laohan = {"room": ROOM, "user": LAOHAN, "name": "老韩"}
    expected = [
        system("system", time=at(0.1)),
        system("system", time=at(0.2)),
        viewer("comment", "多少米一条,能不能便宜点", time=at(3.123456), **xiaohe),
        viewer("comment", room=ROOM, time=at(4.5)),
        viewer("comment", "什么时候发货", room=ROOM, time=at(5), name="匿名"),
        viewer("like", time=at(6), count=7, **laohan),
        viewer("enter", time=at(7), **laohan),
        viewer("follow", time=at(8), **laohan),
        viewer("gift", time=at(9), item="玫瑰", count=1, total=1, **xiaohe),
        viewer("gift", time=at(10), item="玫瑰", count=2, total=3, **xiaohe),
        viewer("gift", time=at(12), item="玫瑰", count=0, total=3, **xiaohe),
        system("stats", time=at(13), room=ROOM, total=58),
        system("stats", time=at(14), room=ROOM, total=57),
        viewer("emoji", time=at(15), **laohan),
        system("rank", time=at(16), room=ROOM),
        system("system", time=at(300)),
    ]
    check("DouyinDanmu", expected)


def test_douyin_push():
    xiaohe = {"user": "a1f0", "name": NAME, "time": at(3.512)}
    laohan = {"user": "b2e1", "name": "老韩", "time": at(3.512)}
    expected = [
        viewer("comment", "实物和直播里色差大吗", line=1, **xiaohe),
        viewer("like", count=5, line=1, **xiaohe),
        viewer("comment", "发错颜色了", levels={"fan": 3, "pay": 12}, line=2, **xiaohe),
        viewer("gift", count=2, item="n1Zk", line=3, **xiaohe),
        viewer("follow", line=4, **{**laohan, "time": at(4)}),
        viewer("unfollow", line=5, **laohan),
        viewer("fanclub", levels={"fan": 1}, line=6, **laohan),
        viewer("live_enter_room", line=7, name="吴***", time=at(3.512)),
    ]
    check("Douyin push", expected, id_from=7512345678901230301)


def test_douyin_live_gateway():
    xiaohe = {"user": "a1f0", "name": NAME}
    expected = [
        viewer("enter", **xiaohe),
        viewer("comment", "支持复检吗", time=at(3.512), **xiaohe),
        viewer("comment", **xiaohe),
        viewer("like", **xiaohe),
        viewer("follow", **xiaohe),
        viewer("gift", count=9, item="heart", **xiaohe),
        viewer("poll", **xiaohe),
    ]
    found = events("DouyinLiveGateway")
    assert found[:2] == [system("session_start", line=1), system("system", line=2)]
    assert found.pop() == system("session_end", line=10)
    check("DouyinLiveGateway", expected, id_from=7512345678901230401, skip=2, found=found)


def test_live_room_watcher():
    expected = [
        viewer("comment", "贵妃镯有没有56的", user=XIAOHE, name=NAME, levels={"fan": 4}),
        viewer("comment", "包邮不", user="9007199254740995", name="老韩"),
        viewer("comment", "666", name="观***"),
        viewer("gift", count=2, item="玫瑰", user=LAOHAN, name="老韩"),
        viewer("enter", user=LAOHAN, name="老韩"),
    ]
    check("live-room-watcher", expected)


def test_tiktok_live_connector():
    both = {"room": "7512340000000000999", "time": at(3.512)}
    mei = {"user": "6901234567890123456", "name": "美美"}
    tom = {"user": "6901234567890123457", "name": "Tom", **both}
    expected = [
        viewer("comment", "可以寄到槟城吗", **mei, **both),
        viewer("like", count=15, total=3015, **tom),
        viewer("follow", **tom),
        viewer("share", **tom),
        viewer("gift", count=0, item="Rose", **mei, **both),
        viewer("gift", count=0, item="Rose", **mei, **both),
        viewer("gift", count=3, item="Rose", **mei, **both),
        viewer("gift", count=1, item="Heart Me", **tom),
        system("stats", total=231, **both),
        viewer("enter", total=232, **tom),
        viewer("comment", "谢谢", time=at(4), **mei),
        viewer("emoji", **mei, **both),
        viewer("linkMicBattle", **tom),
    ]
    check("TikTok-Live-Connector", expected, id_from=7512345678901230501)


def test_blivedm():
    laohan = {"user": "667788990011223", "name": "老韩"}
    known = {"user": "o-78", "name": "老韩", "room": "7654321"}
    levels = {"fan": 21, "guard": 3}
    expected = [
        viewer(
            "comment", "这块紫罗兰有证书吗", time=at(3.512), user=XIAOHE, name=NAME,
            levels={**levels, "pay": 7, "user": 20},
        ),
        Event(
            "comment", "三号链接已上", time=at(3.9), user=LAOHAN, name="场控小丁", role="staff",
            levels={"user": 5},
        ),
        viewer("comment", "退货运费谁出", time=at(4), name="陈***"),
        viewer("emoji", time=at(4.1), user=XIAOHE, name=NAME, levels=levels),
        viewer("gift", time=at(5), count=5, item="辣条", levels={"fan": 2}, **laohan),
        viewer(
            "comment", "圈口能定制不", id="m-1001", time=at(6), room="7654321", user="o-77",
            name=NAME, levels=levels,
        ),
        viewer("like", id="m-1002", time=at(7), count=12, **known),
        viewer("enter", id="m-1003", time=at(8), **known),
        viewer("share", time=at(9), **laohan),
        viewer("follow", time=at(10), **laohan),
        viewer("msg_type 9", time=at(11), **laohan),
        viewer("gift", id="m-1004", time=at(12), levels={"guard": 3}, **known),
    ]  # fmt: skip
    check("blivedm", expected)


def test_type_payload():
    xiaohe = {"user": XIAOHE, "name": NAME}
    expected = [
        system("stats", time=at(0.25), total=23),
        system("stats", time=at(0.5), total=12_000),
        system("system", time=at(1)),
        viewer("enter", time=at(1.5), name="阿兰", levels={"user": 1}),
        viewer("comment", "昨天拍的今天降价,补差价吗", time=at(2.5), **xiaohe),
        viewer("comment", "没声音", time=at(3.5), name="阿兰"),
        viewer("like", time=at(4.5), name="阿兰", count=12, total=120),
        viewer("follow", time=at(5.5), **xiaohe),
        viewer("share", time=at(6.5), **xiaohe),
        viewer("gift", time=at(7.5), item="玫瑰", count=1, total=1, **xiaohe),
        viewer("gift", time=at(10.5), item="玫瑰", count=0, total=1, **xiaohe),
        system("stream_adaptation", time=at(11.5)),
    ]
    check("type/payload JSONL", expected)


def check(tool, expected, id_from=0, skip=0, found=None):
    """Compare, one by one, all events of a fixture after the first ``skip``.

    Where ``id_from`` is given the ids count up from it; lines count up unless they are expected.
    """
    found = (events(tool) if found is None else found)[skip:]
    assert len(found) == len(expected)
    for n, (got, wanted) in enumerate(zip(found, expected, strict=True)):
        filled = {
            "id": wanted.id or (str(id_from + n) if id_from else ""),
            "line": wanted.line or skip + n + 1,
        }
        assert fields(got) == {**fields(wanted), **filled}


def fields(event):
    return {name: getattr(event, name) for name in Event.__slots__}


@pytest.mark.parametrize("tool", FIXTURES)
def test_each_tool_is_recognised_as_itself(tool):
    found = values(tool)
    assert recognise(found) == tool
    assert recognise(found[:8]) == tool
    noise = [None, "pong", 3, {"type": "ping"}, {"type": "heartbeat"}, {"type": "error"}]
    assert recognise(noise * 9 + found) == tool


@pytest.mark.parametrize(
    "rows",
    [
        [],
        ["pong", None],
        [{"text": "多少钱", "label": 1}] * 5,
        [{"nickname": "小荷", "content": "多少钱", "timestamp": 1770466503}] * 5,
        [{"user": {"id": 1}, "content": "多少钱", "type": "review"}] * 5,
        [{"uname": "小荷", "uid": 5, "msg": "多少钱"}] * 5,
        [[1, 2], [3, 4]],
    ],
)
def test_a_table_in_json_is_no_tool(rows):
    assert recognise(rows) == ""


def test_a_few_rows_of_a_tool_do_not_decide():
    assert recognise(values("dycast")[:3] + [{"text": "多少钱"}] * 3) == ""


@pytest.mark.parametrize("data", ["{", "", "[" * 100_000, "[1]", "3", None, 5])
def test_broken_inner_json_is_named(data):
    with pytest.raises(ReadError, match="Data"):
        events_of("DouyinBarrageGrab", {"Type": 1, "Data": data}, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (97, 97), ("97", 97), (" 97 ", 97), (97.0, 97), (0, 0), ("0", 0), ("1,024", 1024),
        ("1.2万", 12_000), ("10万+", 100_000), ("3.4亿", 340_000_000), ("1.15w", 11_500),
        ("2K", 2000), ("20在线观众", 20), ("8人", 8), ("1.2万在线观众", 12_000),
        (None, None), ("", None), ("-", None), (",", None), (".5", None), ("好多", None),
        ("2号", None), (True, None), ([], None), ({}, None), (float("nan"), None),
        (float("inf"), None), ("9" * 5000, None), (10**400, None),
    ],
)  # fmt: skip
def test_number(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1770466503, at(3)), ("1770466503", at(3)), (1770466503512, at(3.512)),
        ("1770466503512", at(3.512)), (1770466503.25, at(3.25)), ("1770466503.25", at(3.25)),
        (1770466503512000, at(3.512)),
        ("2026-02-07T20:15:03.1234567+08:00", at(3.123456)),
        ("2026-02-07T12:15:03.5Z", at(3.5)), ("2026-02-07 20:15:03.512", at(3.512)),
        ("2026/2/7 20:15", at(0)), ("2026-02-07T07:15:03-0500", at(3)),
        (None, None), ("", None), (0, None), ("0", None), (True, None), ("昨天", None),
        ("20:15:03", None), ("2026-13-40T20:15:03", None), ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-08:00", None), ("2026-02-07T20:15:03+99:00", None),
        (float("nan"), None), (1e300, None), (10**400, None), ("9" * 30, None), ([], None),
    ],
)  # fmt: skip
def test_moment(value, expected):
    found = moment(value)
    assert found == expected
    assert found is None or found.tzinfo == SHANGHAI


def test_moment_has_a_fixed_zone():
    assert moment("2026-02-07T20:15:03").utcoffset() == timedelta(hours=8)
    assert moment("2026-02-07T20:15:03+00:00") == datetime(2026, 2, 7, 20, 15, 3, 0, timezone.utc)


DIGITS = st.text("0123456789", min_size=2, max_size=2)


@given(
    st.sampled_from(["2026-02-", "1973-12-", "2286-01-", "2026-W1"]),
    st.sampled_from(" T"),
    st.lists(DIGITS, min_size=4, max_size=4),
    st.sampled_from(["", ".512000", ".5"]),
    st.sampled_from(["", "+08:00", "-05:30", "+24:00", "+08:60", "Z", "+08"]),
)
def test_moment_reads_what_is_common_like_what_is_rare(start, between, parts, fraction, offset):
    day, *clock = parts
    text = f"{start}{day}{between}{':'.join(clock)}{fraction}{offset}"
    # with a slash it goes the long way
    assert moment(text) == moment(text.replace("-", "/", 1))


def test_the_masked_are_nobody():
    assert person("小荷", "", "a1") == "a1"
    assert person("小荷", "", "") == ""
    assert person("小***", "a1") == ""
    assert person("小荷", "111111", "a1") == person("小荷", "a1", "0") == ""


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("douyinLive", [1, 1, 0]), ("dycast", [1, 1, 0]), ("TikTok-Live-Connector", [0, 0, 3, 1]),
        ("DouyinBarrageGrab", [2]), ("type/payload JSONL", [1, 1]),
    ],
)  # fmt: skip
def test_one_frame_alone_never_counts_the_running_total(tool, expected):
    found = [e for value in values(tool) for e in events_of(tool, value, 1)]
    assert [e.count for e in found if e.kind == "gift"] == expected


def test_a_gift_that_comes_in_many_frames_counts_once():
    def gift(total, seconds=0.0, count=1, name="小荷"):
        return Event("gift", time=at(seconds), name=name, item="玫瑰", count=count, total=total)

    def counts(frames):
        return [e.count for e in settle_gifts(frames, {})]

    assert counts([gift(1), gift(2), gift(5), gift(5)]) == [1, 1, 3, 0]
    assert counts([gift(1), gift(1), gift(1), gift(1)]) == [1, 0, 1, 0]
    assert counts([gift(3), gift(3, count=0), gift(3), gift(3, count=0)]) == [3, 0, 3, 0]
    assert counts([gift(520)]) == [520]
    assert counts([gift(1), gift(1, name="老韩"), gift(2)]) == [1, 1, 1]
    assert counts([gift(7), gift(2), gift(3)]) == [7, 2, 1]
    assert counts([gift(99), gift(99, seconds=60)]) == [99, 99]
    assert counts([Event("gift", count=4), Event("like", count=3, total=9)]) == [4, 3]
    last = {}
    blocks = [settle_gifts([frame], last) for frame in (gift(1), gift(4), gift(4))]
    assert [e.count for block in blocks for e in block] == [1, 3, 0]
    assert last == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
            if key == "Data":
                yield from keys_of(json.loads(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


@pytest.mark.parametrize("tool", FIXTURES)
@given(data=st.data())
def test_no_value_crashes(tool, data):
    fixture = values(tool)
    keys = st.sampled_from(sorted(set(keys_of(fixture))))
    inner = st.dictionaries(keys, JSON | st.dictionaries(keys, JSON, max_size=4), max_size=8)
    sample = data.draw(st.sampled_from([v for v in fixture if isinstance(v, dict)] or [{}]))
    drawn = data.draw(inner | st.builds(lambda new: {**sample, **new}, inner) | JSON)
    if tool == "DouyinBarrageGrab" and data.draw(st.booleans()):
        drawn = {"Type": data.draw(JSON), "Data": json.dumps(drawn)}
    assert recognise([drawn]) in ("", *FIXTURES)
    try:
        found = events_of(tool, drawn, 3)
    except ReadError:
        assert tool == "DouyinBarrageGrab"
        return
    for event in settle_gifts(found, {}):
        assert event.kind
        assert event.line == 3
        assert event.text == "" or event.kind == "comment"
        assert all(isinstance(part, str) for part in (event.id, event.room, event.user, event.name))
        assert isinstance(event.count, int)
        assert event.time is None or event.time.tzinfo == SHANGHAI


@pytest.mark.skipif(not REAL.exists(), reason="no real files beside the checkout")
def test_a_real_type_payload_file():
    lines = (REAL / "odd_files" / "douyin_timao.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    tool = recognise(rows[:200])
    assert tool == "type/payload JSONL"
    found = [e for n, row in enumerate(rows, 1) for e in events_of(tool, row, n)]
    kinds = [e.kind for e in found]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "comment": 152, "enter": 887, "follow": 22, "gift": 18, "like": 54, "stats": 273,
        "stream_adaptation": 87, "system": 8,
    }  # fmt: skip
    assert set(kinds) - set(KINDS) == {"stream_adaptation"}
    assert all(e.time for e in found)
    assert all(e.text for e in found if e.kind == "comment")
    assert all(e.total is not None for e in found if e.kind == "stats")
    assert {e.user for e in found if e.kind in ("comment", "enter", "like")} == {""}
    # eight gifts came twice, two once
    assert sum(e.count for e in settle_gifts(found, {}) if e.kind == "gift") == 10
