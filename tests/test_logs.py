import pickle
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.reading.days import day_of, saved_at
from commentnlp.reading.live import settle_gifts
from commentnlp.reading.logs import State, parse, recognise, room_of, start
from commentnlp.records import SHANGHAI, Event

LIVE = Path(__file__).parent / "live"
GRAB = LIVE / "logs/弹幕日志/(880055512345)阿翠珠宝/2025年02月11日直播/弹幕消息.txt"
FETCHER = LIVE / "DouyinLiveWebFetcher.txt"
SCREEN = LIVE / "抖音直播消息_880055512345_20260208_003012.csv"
FIXTURES = {
    "DouyinBarrageGrab log": GRAB,
    "DouyinLiveWebFetcher": FETCHER,
    "DouyinDanmu screen": SCREEN,
}
ROOM = "880055512345"
XIAOHE = "9007199254740993"
LAOHAN = "556677889900112"


def lines_of(path):
    return path.read_bytes().decode("utf-8").splitlines(keepends=True)


def read(tool, lines, state, block=10_000):
    """All events of a file read in blocks, the state pickled on its way from one to the next."""
    events, rejected = [], []
    for begin in range(0, len(lines), block):
        state = pickle.loads(pickle.dumps(state))
        found, refused, state = parse(tool, lines[begin : begin + block], begin + 1, state)
        events += found
        rejected += refused
    return events + ([state.open] if state.open else []), rejected


def fixture(tool, block=10_000):
    lines = lines_of(FIXTURES[tool])
    return read(tool, lines, start(FIXTURES[tool], "".join(lines)[-2000:]), block)


def test_barrage_grab_log_crosses_midnight():
    day = datetime(2025, 2, 11, tzinfo=SHANGHAI)

    def comment(line, clock, text, name, days=0):
        hour, minute, second = map(int, clock.split(":"))
        time = day + timedelta(days=days, hours=hour, minutes=minute, seconds=second)
        return Event("comment", text, time=time, room=ROOM, name=name, line=line)

    events, rejected = fixture("DouyinBarrageGrab log")
    assert events == [
        comment(1, "23:58:40", "能看看平安扣吗", "小荷"),
        comment(2, "23:59:02", "前天的单还没发, 急", "林***"),
        comment(3, "23:59:59", 'b: 第一行\n第二行: "要细的"💎', "a"),
        comment(5, "00:00:05", "", "小荷", days=1),
        comment(6, "00:00:03", "13:00 [弹幕消息] 是什么", "老韩", days=1),
    ]
    assert rejected == []


def test_barrage_grab_log_of_every_type():
    lines = [
        "20:15:03 [点赞消息] [男] 老韩 为主播点了9个赞，总点赞1024",
        "20:15:04 [进直播间] [女] 小荷 来了 直播间人数:61",
        "20:15:05 [关注消息] [女] 小荷 关注了主播",
        "20:15:06 [礼物消息] [女] 小荷 送出 玫瑰(可连击) x 5个，增量2个",
        "20:15:07 [礼物消息] [男] 老韩 送出 大镯子 x 1个，增量1个，给阿翠珠宝",
        "20:15:08 [直播间统计]当前直播间人数 1.2万，累计直播间人数 3.4万",
        "20:15:09 [粉丝团消息] [女] 恭喜小荷升级",
        "20:15:10 [直播间分享] [女] 小荷 分享了直播间到微信",
        "20:15:11 [新玩法] [女] 小荷 抽中了",
        "20:15:12 [阿翠珠宝] [弹幕消息] [妖] 小荷: 控制台上的一行",
        "20:15:13 [下播]直播已结束",
    ]
    assert recognise(lines) == "DouyinBarrageGrab log"
    events, rejected = read("DouyinBarrageGrab log", lines, State())
    assert events == [
        Event("like", name="老韩", count=9, total=1024, line=1),
        Event("enter", name="小荷", total=61, line=2),
        Event("follow", name="小荷", line=3),
        Event("gift", name="小荷", item="玫瑰", count=2, line=4),
        Event("gift", name="老韩", item="大镯子", count=1, line=5),
        Event("stats", role="system", total=12_000, line=6),
        Event("fanclub", line=7),
        Event("share", name="小荷", line=8),
        Event("新玩法", role="system", line=9),
        Event("comment", "控制台上的一行", name="小荷", line=10),
        Event("session_end", role="system", line=11),
    ]
    assert rejected == []


def test_live_web_fetcher():
    events, rejected = fixture("DouyinLiveWebFetcher")
    assert events == [
        Event("system", role="system", line=1),
        Event("session_start", user="3300112233445", name="阿翠珠宝", role="host", line=2),
        Event("comment", "春带彩: 手镯多少圈口", user=XIAOHE, name="小荷", line=3),
        Event("comment", "第一, 能退吗\n【第二】换货也行", user=LAOHAN, name="老韩", line=4),
        Event("enter", user="101", name="路过", line=7),
        Event("follow", user=LAOHAN, name="老韩", line=8),
        Event("like", name="老韩", count=9, line=9),
        Event("gift", name="小荷", item="玫瑰", total=1, line=10),
        Event("gift", name="小荷", item="玫瑰", total=3, line=11),
        Event("gift", name="小荷", item="玫瑰", total=3, line=12),
        Event("stats", role="system", total=97, line=13),
        Event("stats", role="system", total=12_000, line=14),
        Event("fanclub", line=15),
        Event("emoji", name="小荷", line=16),
        Event("直播间排行榜msg", role="system", line=17),
        Event("system", role="system", line=18),
        Event("直播间adaptation", role="system", line=19),
        Event("comment", "质量差", name="陈***", line=20),
        Event("session_end", role="system", line=21),
        Event("system", role="system", line=22),
    ]
    assert rejected == []
    gifts = [e.count for e in settle_gifts(events, {}) if e.kind == "gift"]
    assert gifts == [1, 2, 0]


def test_a_nickname_ends_at_the_first_colon_and_space():
    events, _ = read(
        "DouyinLiveWebFetcher", ["【聊天msg】[5]a:b: c: d", "【聊天msg】[6]小荷:"], State()
    )
    assert [(e.name, e.text) for e in events] == [("a:b", "c: d"), ("小荷", "")]


def test_danmu_screen_crosses_midnight():
    saved = datetime(2026, 2, 8, tzinfo=SHANGHAI)

    def at(hour, minute, second=0):
        return saved + timedelta(days=-(hour > 12), hours=hour, minutes=minute, seconds=second)

    xiaohe = {"room": ROOM, "user": XIAOHE, "name": "小荷", "levels": {"fan": 4, "pay": 23}}
    laohan = {"room": ROOM, "user": LAOHAN, "name": "老韩", "levels": {"pay": 2}}
    events, rejected = fixture("DouyinDanmu screen")
    assert events == [
        Event("comment", "这条多少,能不能少点, 急", time=at(23, 50, 11), line=3, **xiaohe),
        Event(
            "comment", '"A货"吗', time=at(23, 58), room=ROOM, user="9007199254740995",
            name="爱,买,玉", line=4,
        ),
        Event("comment", "掉色\n第二天就掉", time=at(23, 59, 58), room=ROOM, name="匿名", line=5),
        Event("comment", "链接挂了", time=at(0, 10, 1), line=7, **laohan),
        Event("enter", time=at(23, 49), line=11, **laohan),
        Event("gift", time=at(23, 51), count=10, item="玫瑰", line=15, **xiaohe),
        Event("like", time=at(0, 1), count=6, line=16, **laohan),
        Event("follow", time=at(0, 2), line=17, **laohan),
        Event("其他", time=at(0, 11), line=21, **laohan),
    ]  # fmt: skip
    assert rejected == []


def test_danmu_screen_with_tabs_reads_the_same():
    lines = [
        line.replace(",", "\t") if "条多少" not in line else "\t".join(line.split(",", 5))
        for line in lines_of(SCREEN)
    ]
    state = start(SCREEN, "".join(lines)[-2000:])
    assert recognise(lines) == "DouyinDanmu screen"
    events, rejected = read("DouyinDanmu screen", lines, state)
    expected, _ = fixture("DouyinDanmu screen")
    expected[1:2], events[1:2] = [], []  # the one nickname with commas now has tabs
    assert (events, rejected) == (expected, [])


def test_without_a_date_there_is_no_time():
    for tool, path in FIXTURES.items():
        events, _ = read(tool, lines_of(path), State())
        assert {e.time for e in events} == {None}


@pytest.mark.parametrize("tool", FIXTURES)
@pytest.mark.parametrize("block", [1, 2, 3, 7])
def test_blocks_read_like_the_whole(tool, block):
    assert fixture(tool, block) == fixture(tool)


def test_what_cannot_be_read_is_rejected_with_its_line():
    lines = [
        "先有一行闲话",
        "20:15:03 [弹幕消息] [女] 没有冒号",
        "也不是接着的",
        "",
        "29:15:03 [弹幕消息] [女] 小荷: 多少钱",
        "20:15:04 [关注消息] [女] 小荷 关注了主播",
        "不是评论的下一行",
    ]
    events, rejected = read("DouyinBarrageGrab log", lines, State())
    assert [e.kind for e in events] == ["follow"]
    assert rejected == [
        (1, "no line of DouyinBarrageGrab log, nor the next line of a comment"),
        (2, "a comment without a nickname, a colon and a space before the text"),
        (3, "no line of DouyinBarrageGrab log, nor the next line of a comment"),
        (5, "no such time of day: 29:15:03"),
        (7, "no line of DouyinBarrageGrab log, nor the next line of a comment"),
    ]
    _, rejected = read("DouyinDanmu screen", ["多余", *lines_of(SCREEN)[1:3]], State())
    assert [number for number, _ in rejected] == [1, 3]


def test_what_goes_on_too_long_is_no_comment():
    lines = ["【聊天msg】[5]小荷: 问", *["别的程序的输出"] * 1000]
    events, rejected = read("DouyinLiveWebFetcher", lines, State())
    assert [e.text.count("\n") for e in events] == [50]
    assert [number for number, _ in rejected] == list(range(52, 1002))


@pytest.mark.parametrize("tool", FIXTURES)
def test_each_format_is_recognised_as_itself(tool):
    assert recognise(lines_of(FIXTURES[tool])) == tool


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["", "\ufeff\r\n"],
        ["多少钱", "能退吗", "20:15:03 来了"],
        ["text,label", "多少钱,price"],
        ["【实时弹幕】,1770466503512,2026-02-07 20:15:03,u1,多少钱"] * 3,
        ["ID,直播间号,时间,类型,用户ID,用户名,粉丝等级,财富等级,内容"],
        ['{"type": "chat"}'] * 3,
    ],
)
def test_other_text_is_no_log(lines):
    assert recognise(lines) == ""


def test_day_and_room_of_the_folders():
    assert day_of(GRAB) == date(2025, 2, 11)
    assert day_of("a/2025年2月1日直播/2026年13月40日/b.txt") == date(2025, 2, 1)
    assert day_of("logs/2025年02月11日直播.txt") == date(2025, 2, 11)
    assert day_of("2025年02月11日直播/2026-02-07.txt") == date(2026, 2, 7)
    assert room_of(GRAB) == ROOM
    assert room_of("logs/b.txt") == ""


def test_when_it_was_saved():
    tail = "总计: 11条\r\n保存时间: 2026-02-08 00:30:12\r\n"
    assert saved_at(tail) == datetime(2026, 2, 8, 0, 30, 12, tzinfo=SHANGHAI)
    assert saved_at("x\n导出时间: 2026-02-08 00:30:12\n总记录数: 3") == saved_at(tail)
    assert saved_at("小荷: 保存时间: 2026-02-08 00:30:12") is None
    assert saved_at("") is saved_at("保存时间: 2026-02-30 00:30:12") is None


@pytest.mark.parametrize("tool", FIXTURES)
@given(data=st.data())
def test_every_line_is_accounted_for(tool, data):
    real = st.sampled_from([line.strip("\ufeff\r\n") for line in lines_of(FIXTURES[tool])])
    cut = st.builds(lambda line, n: line[:n], real, st.integers(0, 30))
    lines = data.draw(st.lists(real | cut | st.text(max_size=20), max_size=12))
    state = State(day=date(2026, 2, 7), saved=datetime(2026, 2, 8, 1, tzinfo=SHANGHAI))
    events, rejected = read(tool, lines, state)
    assert (events, rejected) == read(tool, lines, state, block=1)
    numbers = [e.line for e in events] + [number for number, _ in rejected]
    assert len(set(numbers)) == len(numbers)
    if tool != "DouyinDanmu screen":
        more = sum(e.text.count("\n") for e in events)
        broken = sum(line.count("\n") for line in lines)
        blank = sum(not line.strip() for line in lines)
        assert len(numbers) + blank <= len(lines) <= len(numbers) + blank + more + broken
