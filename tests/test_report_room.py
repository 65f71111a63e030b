from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from commentnlp import Model
from commentnlp.errors import CommentnlpError
from commentnlp.records import SHANGHAI, Event, Tag
from commentnlp.report.log import likes, read_log
from commentnlp.report.quoting import LONGEST_SHOWN, masked, shown
from commentnlp.report.room import Room
from commentnlp.report.settings import Settings, zone_named

from .planted_room import START, comment

ASK = {"act": "ask"}


@pytest.fixture(scope="module")
def model():
    return Model.shipped()


def after(minutes=0.0, **more):
    return START + timedelta(minutes=minutes, **more)


# the log ---------------------------------------------------------------------------------------


def test_what_was_recorded_twice_counts_once():
    one = Event("comment", "贵", id="7", user="u1", time=START)
    other = Event("comment", "便宜", id="7", user="u1", time=START)  # a sheet that numbers its rows
    log = read_log([[one, other, Event("like", id="7")], [one]])
    assert (len(log), log.twice) == (3, 1)
    assert log.texts == ("贵", "便宜")


def test_the_same_words_with_other_tags_are_another_text():
    ask, order = ({"act": (Tag(label, 0.9),)} for label in ("ask", "order"))
    log = read_log([[Event("comment", "3号", tags=tags) for tags in (ask, order, dict(ask))]])
    assert log.text.tolist() == [0, 1, 0]


def test_blank_comments_have_no_text():
    log = read_log([[Event("comment", " \n"), Event("comment", ""), Event("like", "点了赞")]])
    assert log.text.tolist() == [-1, -1, -1]


def test_likes_are_increments_whichever_way_they_come():
    told = [Event("like", count=n, total=t) for n, t in ((3, 103), (5, 108))]
    counts, total = likes(read_log([told]))
    assert (counts.tolist(), total) == ([3, 5], 5)
    # nothing but a running total, that begins anew once
    only = [Event("like", total=t) for t in (100, 140, 180, 20, 50)]
    counts, total = likes(read_log([only]))
    assert (counts.tolist(), total) == ([0, 40, 40, 0, 30], 110)
    assert likes(read_log([[Event("like", count=2), Event("comment", "贵")]]))[1] is None


# quoting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("多少钱\r\n\t包邮吗", "多少钱 包邮吗"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("\u202e反\u2066了\u200b", "反了"),
        ("e" + "\u0301" * 10_000, "e\u0301\u0301\u0301\u0301"),
        ("👩\u200d👩", "👩\u200d👩"),
        ("\ud800半", "\ufffd半"),
        ("长" * 500, "长" * (LONGEST_SHOWN - 1) + "…"),
        ("<b>&", "<b>&"),
    ],
)
def test_shown(raw, clean):
    assert shown(raw) == clean


@pytest.mark.parametrize(
    ("name", "mask"),
    [("翡翠小圆", "翡**圆"), ("阿水", "阿*"), ("圆", "*"), ("", ""), ("\u202e", "")],
)
def test_masked(name, mask):
    assert masked(name) == mask


# time ------------------------------------------------------------------------------------------


def test_steps_and_being_live(model):
    events = [Event("like", time=after(m)) for m in (50, 70, 95, 200)]
    room = Room(read_log([events]), model, Settings(step=30))
    assert [(room.moment(a).strftime("%H:%M"), (b - a) / 60) for a, b in room.live] == [
        ("19:50", 46.0),
        ("22:20", 1.0),
    ]
    assert [room.moment(a).strftime("%H:%M") for a, _ in room.steps] == [
        "19:30", "20:00", "20:30", "22:00",
    ]  # fmt: skip
    assert room.minutes(*room.steps[0]) == 10


def test_hours_are_those_of_the_zone(model):
    # New York turns its clocks back on 1 November 2026 at 06:00 UTC; India is half an hour off
    noon = datetime(2026, 11, 1, 5, 40, tzinfo=timezone.utc)
    events = [Event("like", time=noon + timedelta(minutes=20 * m)) for m in range(4)]
    room = Room(read_log([events]), model, Settings(ZoneInfo("America/New_York")))
    assert [room.moment(a).isoformat() for a, _ in room.steps] == [
        "2026-11-01T01:00:00-04:00",
        "2026-11-01T01:00:00-05:00",
    ]
    room = Room(read_log([events]), model, Settings(ZoneInfo("Asia/Kolkata")))
    assert [room.moment(a).strftime("%H:%M") for a, _ in room.steps] == ["11:00", "12:00"]


def test_past_midnight_and_clocks_that_run_backwards(model):
    events = [Event("like", time=START.replace(hour=23, minute=50) + timedelta(minutes=m))
              for m in (0, 20, 5)]  # fmt: skip
    room = Room(read_log([events]), model, Settings())
    assert room.backwards == 1
    assert [room.moment(a).strftime("%d %H") for a, _ in room.steps] == ["07 23", "08 00"]
    assert np.diff(room.log.time).min() >= 0


def test_files_may_be_given_in_any_order(model):
    room = Room(read_log([[Event("like", time=after(60))], [Event("like", time=after(0))]]),
                model, Settings())  # fmt: skip
    assert (room.backwards, room.log.file.tolist()) == (0, [1, 0])


def test_without_any_time(model):
    events = [Event("comment", f"第{n}句话", user=f"u{n}") for n in range(4)]
    room = Room(read_log([events]), model, Settings())
    assert room.estimated
    assert (room.steps, room.live) == ([], [])
    room = Room(read_log([events]), model, Settings(start=after(0), end=after(120)))
    assert room.estimated
    assert [room.moment(t).strftime("%H:%M") for t in room.time] == [
        "19:15", "19:45", "20:15", "20:45",
    ]  # fmt: skip
    with pytest.raises(CommentnlpError, match="give both start and end"):
        Room(read_log([events]), model, Settings(start=after(0)))


def test_only_the_span_asked_for(model):
    events = [Event("like", time=after(m)) for m in (0, 10, 20)] + [Event("like")]
    room = Room(read_log([events]), model, Settings(start=after(10), end=after(20)))
    assert (len(room.log), room.outside, int(room.timed.sum())) == (2, 2, 1)
    with pytest.raises(CommentnlpError, match="they are from 2026-02-07 19:00:00 to"):
        Room(read_log([events[:3]]), model, Settings(start=after(60)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"start": START, "end": START}, "is not after the start"),
        ({"step": 45}, "there are 60, 30, 15"),
        ({"window": 0}, "give seconds"),
    ],
)
def test_settings_that_cannot_be(settings, told):
    with pytest.raises(CommentnlpError, match=told):
        Settings(**settings)


def test_zones():
    assert zone_named("Asia/Shanghai") is SHANGHAI
    assert zone_named("Europe/London") == ZoneInfo("Europe/London")
    assert datetime(2026, 2, 7, tzinfo=zone_named("+05:30")).utcoffset() == timedelta(minutes=330)
    for name in ("Mars", "../etc/passwd", "", "北京"):
        with pytest.raises(CommentnlpError, match="unknown time zone"):
            zone_named(name)


# comments --------------------------------------------------------------------------------------


def room_of(model, events):
    return Room(read_log([events]), model, Settings())


def test_a_person_who_says_the_same_again_is_one_voice_a_step(model):
    events = [comment(after(m), user, "没声音了", {"complaint": "livestream.tech"})
              for m, user in ((0, "a"), (1, "a"), (2, "b"), (70, "a"))]  # fmt: skip
    hidden = [comment(after(3), "", "没声音了", {}) for _ in range(2)]
    room = room_of(model, events + hidden)
    assert room.repeat.tolist() == [False, True, False, False, False, False]
    assert room.voice.sum() == 5  # hidden people are never one person


def test_floods_of_one_character_and_of_five_are_the_same_words(model):
    room = room_of(model, [comment(after(), "a", text, {}) for text in ("66666", "666666666")])
    assert room.repeat.tolist() == [False, True]


def test_one_tap_phrases(model):
    tapped = [comment(after(n), f"u{n}", "点击领取福利大礼", {}) for n in range(10)]
    asked = [comment(after(n), f"v{n}", "什么时候能发货", ASK) for n in range(10)]
    others = [comment(after(n), f"w{n}", f"第{n}句话", {}) for n in range(20)]
    room = room_of(model, tapped + asked + others)
    assert room.canned.sum() == 10  # ten of forty people may ask the same
    assert not (room.canned & room.has(*ASK_LABEL)).any()
    # a button is told by what it says: all of them may ask or complain in the same words
    assert not room_of(model, asked).canned.any()
    pasted = [comment(after(n), f"x{n}", "发错货了客服不理人", LOST) for n in range(30)]
    room = room_of(model, pasted + others[:5])
    assert not room.canned.any()
    assert room.has("complaint", "logistics.lost").sum() == 30
    # a slogan that all copy neither asks nor complains
    slogan = [comment(after(n), f"y{n}", "零食还得是这家店", {}) for n in range(10)]
    assert room_of(model, slogan + others).canned.sum() == 10


def test_the_host_s_own_words_are_one_tap_phrases_of_viewers(model):
    asked = [comment(after(n), f"v{n}", "想要的宝宝扣下单了", LOST) for n in range(3)]
    host = Event("comment", "想要的宝宝扣下单了！", role="host", time=after(-1))
    room = room_of(model, [host, *asked])
    assert room.canned.all()
    assert not room.has("complaint", "logistics.lost").any()
    # who repeats what viewers typed first has not handed it out
    assert not room_of(model, [*asked, replace(host, time=after(1))]).canned.any()


def test_one_tap_phrases_of_hidden_people(model):
    tapped = [comment(after(n), "", "零食还得是这家店", {}) for n in range(10)]
    assert room_of(model, tapped).canned.all()
    assert not room_of(model, tapped[:9]).canned.any()


ASK_LABEL = ("act", "ask")
LOST = {"complaint": "logistics.lost"}


def test_spam_has_no_voice(model):
    room = room_of(model, [comment(after(), "a", "加我微信 13800138000", {"intent": "price"})])
    assert (room.spam.sum(), room.voice.sum(), room.has("intent", "price").sum()) == (1, 0, 0)


def test_what_is_tagged_stays_tagged_and_the_rest_is_tagged_now(model):
    tagged = comment(after(), "a", "多少钱", {"intent": "style"})
    room = room_of(model, [tagged, Event("comment", "多少钱", time=after(), user="b")])
    assert room.has("intent", "style").tolist() == [True, False]
    assert room.has("intent", "price").tolist() == [False, True]


def test_a_leaf_has_its_parent(model):
    room = room_of(model, [comment(after(), "a", "没声音", {"complaint": "livestream.tech"})])
    assert room.has("complaint", "livestream").all()


def test_tags_of_another_taxonomy_are_refused(model):
    with pytest.raises(CommentnlpError, match="'colour' of facet 'intent'"):
        room_of(model, [comment(after(), "a", "贵", {"intent": "colour"})])


def test_the_host_is_no_viewer(model):
    room = room_of(model, [Event("comment", "大家好", role="host", time=after())])
    assert len(room.said) == 0


def test_who_said_it(model):
    events = [
        Event("comment", "贵", name="翡翠小圆", user="104", time=after()),
        Event("comment", "贵", user="u1234567", time=after()),
        Event("comment", "贵", time=after()),
    ]
    room = room_of(model, events)
    assert [room.who(n) for n in range(3)] == ["翡**圆", "u**7", ""]
    room = Room(read_log([events]), model, Settings(show_names=True))
    assert [room.who(n) for n in range(3)] == ["翡翠小圆", "u1234567", ""]


def test_who_is_called_by_name_is_masked_too(model):
    events = [
        Event("comment", "多少钱", name="翡翠小圆", user="104", time=after()),
        Event("comment", "@翡翠小圆有的 回复翡翠小圆：3号 @别人", role="host", time=after(1)),
    ]
    room = room_of(model, events)
    assert room.quote(1).text == "@翡**圆有的 回复翡**圆：3号 @别人"
    room = Room(read_log([events]), model, Settings(show_names=True))
    assert room.quote(1).text == events[1].text


def test_quotes_are_different_texts_spread_through_time(model):
    events = [comment(after(n), f"u{n}", f"第{n % 80}句话", {}) for n in range(160)]
    room = room_of(model, events)
    quotes = room.quotes(np.arange(160), 8)
    assert len({quote.text for quote in quotes}) == 8
    assert quotes[0].text == "第0句话"
    assert quotes[-1].text == "第79句话"
