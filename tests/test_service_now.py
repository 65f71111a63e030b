import json
import pickle
import random
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from commentnlp.reading import open_sources
from commentnlp.records import SHANGHAI, Event, Tag
from commentnlp.service.now import LONGEST, hotspots, now, reach
from commentnlp.service.records import Count
from commentnlp.taxonomy import parent_of

from .conftest import REAL
from .planted_room import CHAT, START, TOPICS, TROUBLES, comment, planted

HOT = ("new", "rising")
COLOR = "product_quality.color"
TECH = "livestream.tech"
DELAY = "logistics.delay"


def milliseconds(when):
    return int(when.timestamp() * 1000)


def counted(events):
    """The rollup that the store keeps of viewers' comments."""
    found = Counter()
    for event in events:
        if event.kind != "comment" or event.role != "viewer" or event.time is None:
            continue
        minute = milliseconds(event.time) // 60_000 * 60_000
        labels = {""}
        for facet, tags in (event.tags or {}).items():
            for tag in tags:
                labels |= {f"{facet}/{one}" for one in (tag.label, parent_of(tag.label)) if one}
        found.update((minute, label) for label in labels)
    return [Count("r", minute, label, count) for (minute, label), count in sorted(found.items())]


class Replay:
    """A room as it was at any time."""

    def __init__(self, events, model, most=3_000):
        self.events = sorted(events, key=lambda event: event.time)
        self.times = [event.time for event in self.events]
        self.counts = counted(self.events)
        self.minutes = [count.minute for count in self.counts]
        self.model, self.most = model, most

    def inputs(self, when, minutes):
        at = milliseconds(when)
        until = bisect_right(self.times, when)
        since = bisect_left(self.times, when - timedelta(minutes=reach(minutes)), 0, until)
        since = max(since, until - self.most)
        running = at // 60_000 * 60_000
        this_minute = [e for e in self.events[since:until] if milliseconds(e.time) >= running]
        before = self.counts[: bisect_left(self.minutes, running)]
        return self.events[since:until], before + counted(this_minute), at, range(since, until)

    def now(self, when, minutes=10, **more):
        recent, counts, at, seqs = self.inputs(when, minutes)
        return now(recent, counts, self.model, at=at, minutes=minutes, seqs=seqs, **more)

    def hot(self, when, label, minutes=10):
        recent, counts, at, seqs = self.inputs(when, minutes)
        found = hotspots(recent, counts, self.model, at=at, minutes=minutes, seqs=seqs)
        return next((one for one in found if one.label == label), None)


def chat(minutes, each=10, start=START):
    """Different people who say this and that."""
    events = []
    for minute in minutes:
        for n in range(each):
            text, labels = (CHAT + TOPICS)[(minute + n) % len(CHAT + TOPICS)]
            when = start + timedelta(minutes=minute, seconds=60 * n / each)
            events.append(comment(when, f"c{minute}.{n}", text, labels))
    return events


def complaints(label, when, people, *, apart=5.0, texts=None, user="k"):
    """One after the other complains."""
    texts = texts or TROUBLES[label]
    return [
        comment(when + timedelta(seconds=apart * n), f"{user}{n}" if user else "",
                texts[n % len(texts)], {"complaint": label, "act": "complain"})
        for n in range(people)
    ]  # fmt: skip


def at(minute):
    return START + timedelta(minutes=minute)


# complaints -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_is_new_within_a_minute_of_five_people_and_falls_back(shipped, seed):
    rates = {label: 0.02 for label in TROUBLES if label != COLOR}
    begin, rng = at(90), random.Random(seed)
    burst = complaints(COLOR, begin, 14, apart=rng.uniform(3, 15), user=f"b{seed}.")
    quiet = planted(seed, hours=3, per_minute=6 + 2 * seed, rates=rates)
    room = Replay(quiet + burst, shipped)
    assert room.hot(begin - timedelta(seconds=1), COLOR) is None
    five = burst[4].time
    one = room.hot(five + timedelta(minutes=1), COLOR)
    assert (one.state, one.people >= 5) == ("new", True)
    assert abs(one.since - begin) <= timedelta(minutes=1)
    assert one.usual == 0
    assert one.times is None
    seen = []
    for second in range(0, 16 * 60, 15):
        one = room.hot(five + timedelta(seconds=60 + second), COLOR)
        state = one.state if one else None
        if seen[-1:] != [state]:
            seen.append(state)
    # once each, in this order
    assert seen in (
        ["new", "falling", None],
        ["new", "falling", "quiet", None],
        ["new", "falling", "steady", "quiet", None],
    )


def test_what_was_said_before_is_rising(shipped):
    before = complaints(COLOR, at(20), 2, user="early")
    room = Replay(chat(range(120)) + before + complaints(COLOR, at(90), 12), shipped)
    one = room.hot(at(92), COLOR)
    assert (one.state, one.people, one.comments) == ("rising", 12, 12)
    assert one.of == 91 + 12  # nine minutes, and the running one has just begun
    assert one.usual == pytest.approx(2 / (83 * 10 + 2) * one.of, rel=0.01)
    assert one.times == pytest.approx(12 / one.usual, rel=0.01)
    assert one.since == at(90)
    assert 0 < one.p < 1e-6


@pytest.mark.parametrize("per_minute", [1.0, 3.0, 8.0, 16.0])
def test_quiet_rooms_stay_quiet(shipped, per_minute):
    checks = alarms = 0
    for seed in range(5):
        room = Replay(planted(seed, per_minute=per_minute), shipped)
        for minute in range(3, 300, 6):
            recent, counts, now_, _ = room.inputs(at(minute), 10)
            found = hotspots(recent, counts, shipped, at=now_)
            checks += 1
            alarms += any(one.state in HOT for one in found)
    assert checks == 250
    assert alarms <= 0.05 * checks


def test_at_the_edge_nothing_flickers(shipped):
    turns = minutes = 0
    for seed in range(4):
        room = Replay(planted(seed, hours=2, per_minute=8.0, burst=(DELAY, 1, 4.0)), shipped)
        begun = []
        hot = False
        for second in range(60 * 60, 115 * 60, 20):
            one = room.hot(START + timedelta(seconds=second), DELAY)
            if (one is not None and one.state in HOT) != hot:
                hot = not hot
                turns += 1
                begun.append(second)
            minutes += 1 / 3
        # what changed stays so for a minute at least
        assert all(b - a >= 60 for a, b in pairwise(begun)), begun
    assert turns
    assert turns < minutes / 10


def test_a_flood_of_one_person_is_nothing(shipped):
    lines = [f"{text}{n}" for n in range(20) for text in TROUBLES[COLOR]]
    flood = [replace(one, user="u1") for one in
             complaints(COLOR, at(60), 80, apart=1, texts=lines)]  # fmt: skip
    room = Replay(chat(range(90)) + flood, shipped)
    one = room.hot(at(62), COLOR)
    assert (one.state, one.people, one.comments) == ("quiet", 1, 80)
    # three with him are four people
    one = Replay(room.events + complaints(COLOR, at(61), 3), shipped).hot(at(62), COLOR)
    assert (one.state, one.people) == ("steady", 4)


def test_hidden_people_are_told_apart_by_their_words(shipped):
    same = complaints(TECH, at(60), 30, texts=["没声音了"], user="")
    room = Replay(chat(range(90)) + same, shipped)
    assert (room.hot(at(63), TECH).state, room.hot(at(63), TECH).people) == ("quiet", 1)
    texts = ["没声音", "听不见", "没声了", "黑屏", "卡死", "听不到声音"]
    other = complaints(TECH, at(60), 6, user="", texts=texts)
    one = Replay(chat(range(90)) + other, shipped).hot(at(63), TECH)
    assert (one.state, one.people) == ("new", 6)


PASTED = {
    "没声音": TECH,
    "退钱退钱": "after_sales.return",
    "主播退钱！退钱！": "after_sales.return",
    "发错货了客服不理人": "logistics.lost",
    "收到的颜色和直播间完全不一样": COLOR,
}


@pytest.mark.parametrize("people", [5, 20, 30])
@pytest.mark.parametrize("text", PASTED)
def test_a_complaint_that_many_paste_is_as_hot_as_one_in_their_own_words(shipped, text, people):
    pasted = [
        replace(one, tags=shipped.tag([text])[0].tags)
        for one in complaints(TECH, at(80), people, apart=2, texts=[text])
    ]
    one = Replay(chat(range(90), each=3) + pasted, shipped).hot(at(82), PASTED[text])
    assert (one.state, one.people, one.comments) == ("new", people, people)
    assert (one.pasted.text, one.pasted.people) == (text, people)
    assert [quote.text for quote in one.quotes] == [text]
    # words of their own are nobody's paste
    lines = [f"{text}{n}号" for n in range(people)]
    own = [replace(one, text=line) for one, line in zip(pasted, lines, strict=True)]
    one = Replay(chat(range(90), each=3) + own, shipped).hot(at(82), PASTED[text])
    assert (one.state, one.people, one.pasted) == ("new", people, None)


def test_a_room_that_has_just_opened(shipped):
    few = Replay(chat(range(3)) + complaints(TECH, at(1), 3), shipped).hot(at(2), TECH)
    assert (few.state, few.usual, few.times) == ("steady", None, None)
    many = Replay(chat(range(3)) + complaints(TECH, at(1), 9), shipped).hot(at(2), TECH)
    # nothing is known of before
    assert (many.state, many.usual, many.since) == ("rising", None, at(1))
    # one comment is all there is
    only = Replay(complaints(TECH, at(1), 1), shipped).hot(at(1), TECH)
    assert (only.state, only.people, only.of) == ("quiet", 1, 1)


@pytest.mark.parametrize(("people", "hot"), [(7, False), (8, True), (16, True)])
def test_without_a_past_eight_people_and_one_in_twenty_are_hot(shipped, people, hot):
    first = chat(range(8), each=people * 2) + complaints(COLOR, at(6), people)
    one = Replay(first, shipped).hot(at(7.9), COLOR)
    assert (one.state in HOT, one.usual, one.times) == (hot, None, None)


def test_without_a_past_a_share_below_one_in_twenty_is_steady(shipped):
    crowd = chat(range(8), each=60) + complaints(COLOR, at(3), 9)
    one = Replay(crowd, shipped).hot(at(7.9), COLOR)
    assert (one.state, one.usual, one.times) == ("steady", None, None)


def test_a_past_is_one_of_an_hour(shipped):
    show = chat(range(120))
    for minute, known in ((68, False), (69, True)):
        room = Replay(show + complaints(COLOR, at(minute - 2), 6), shipped)
        assert (room.hot(at(minute), COLOR).usual is not None) == known


@pytest.mark.parametrize("seed", range(4))
def test_state_and_factor_never_contradict_each_other(shipped, seed):
    seen = Counter()
    room = Replay(planted(seed, hours=2, per_minute=6.0, burst=(DELAY, 1, 5.0)), shipped)
    for minute in range(5, 120, 3):
        for one in room.now(at(minute)).hotspots:
            seen[one.state] += 1
            if one.state in ("steady", "quiet") or one.usual is None:
                assert one.times is None
            elif one.state in HOT:
                assert one.times is None or one.times > 1
    assert {"steady", "quiet", "rising"} <= seen.keys()


def test_neither_a_crowd_nor_the_end_of_a_lottery_is_a_hotspot(shipped):
    each_minute = [
        one for m in range(120) for one in complaints(DELAY, at(m + 0.5), m % 2, user=f"{m}.")
    ]
    # five times the comments, complaints among them
    crowd = chat(range(100, 110), each=90) + [
        one for m in range(100, 110) for one in complaints(DELAY, at(m), 2, user=f"x{m}.")
    ]
    assert (
        Replay(chat(range(120)) + each_minute + crowd, shipped).hot(at(109.9), DELAY).state
        not in HOT
    )
    # few say anything once it is over, but as many complain
    lottery = chat(range(100), each=100) + chat(range(100, 120), each=3)
    one = Replay(lottery + each_minute, shipped).hot(at(110), DELAY)
    assert one.people >= 4
    assert one.comments > 3 * one.usual
    assert one.state not in HOT


def test_far_below_the_usual_level_is_falling(shipped):
    usual = [one for m in range(90) for one in complaints(DELAY, at(m), 3, user=f"{m}.")]
    few = complaints(DELAY, at(95), 3, user="few")
    one = Replay(chat(range(110)) + usual + few, shipped).hot(at(100), DELAY)
    assert (one.state, one.people) == ("falling", 3)


def test_a_parent_is_told_where_it_says_more_than_its_leaf(shipped):
    delay = complaints(DELAY, at(50), 4)
    room = Replay(chat(range(60)) + delay, shipped)
    assert room.hot(at(55), "logistics") is None
    lost = complaints("logistics.lost", at(51), 1, texts=["包裹丢了"], user="lost")
    room = Replay(chat(range(60)) + delay + lost, shipped)
    assert room.hot(at(55), "logistics").people == 5
    assert [one.label for one in room.now(at(55)).hotspots] == [
        "logistics", DELAY, "logistics.lost"
    ]  # fmt: skip


def test_quotes_show_the_plainest_and_the_latest_with_evidence(shipped):
    texts = [
        "色差太大了",
        "色差太大了！！",
        "收到颜色不对",
        "颜色比镜头深",
        "色差好严重",
        "色差好大",
    ]
    said = complaints(COLOR, at(50), 6, texts=texts)
    said[2] = replace(said[2], tags={**said[2].tags, "complaint": (Tag(COLOR, 0.99),)})
    one = Replay(chat(range(60)) + said, shipped).hot(at(55), COLOR)
    found = [quote.text for quote in one.quotes]
    assert found == ["收到颜色不对", "色差好大", "色差好严重", "颜色比镜头深"]
    assert [quote.score for quote in one.quotes] == [0.99, 0.9, 0.9, 0.9]
    for quote in one.quotes:
        assert quote.text[quote.start : quote.end] in quote.text
        assert quote.start < quote.end
    assert one.quotes[1].text[one.quotes[1].start : one.quotes[1].end].startswith("色差")
    # the seq that came along
    events = sorted(chat(range(60)) + said, key=lambda event: event.time)
    assert [events[quote.seq].text for quote in one.quotes] == found


def test_long_and_broken_texts_are_cut_and_mended(shipped):
    text = "啊" * 3000 + "\ud83d色差太大了" + "哦" * 3000
    said = complaints(COLOR, at(50), 1, texts=[text])
    found = Replay(chat(range(60)) + said, shipped).now(at(55), room="\ud800r")
    told = json.loads(found.to_json())
    quote = told["hotspots"][0]["quotes"][0]
    assert len(quote["text"]) <= LONGEST + 2
    assert quote["text"][0] == quote["text"][-1] == "…"
    if quote["end"]:
        assert "色差" in quote["text"][quote["start"] : quote["end"]]
    assert told["room"] == "\ufffdr"


# questions --------------------------------------------------------------------------------------

ASK = {"intent": "fit", "act": "ask"}


def ask(minute, user, text, labels=ASK):
    return comment(at(minute), user, text, labels)


def host(minute, text, **more):
    return Event("comment", text, time=at(minute), user="h", name="主播", role="host", **more)


def test_what_is_asked_and_who_waits(shipped):
    ship = {"act": "ask"}
    events = [
        ask(50, "a", "圈口多大"), ask(51, "b", "什么圈口"), ask(52, "c", "多大圈口的"),
        ask(52.1, "c", "多大圈口的"), ask(53, "d", "什么时候发货", ship),
        ask(54, "e", "几时发货呀", ship), ask(55, "f", "能不能复检", ship),
    ]  # fmt: skip
    room = Replay(chat(range(40), each=3) + events, shipped)
    found = room.now(at(58))
    assert [(one.people, one.comments, one.answered) for one in found.asked] == [
        (3, 4, 0), (2, 2, 0)
    ]  # fmt: skip
    first = found.asked[0]
    assert first.text == "多大圈口的"
    assert (first.last, first.seconds) == (at(52.1), 354)
    assert room.events[first.seq].time == at(52.1)
    assert [(one.people, one.seconds) for one in found.unanswered] == [(3, 480), (2, 300), (1, 180)]
    assert room.events[found.unanswered[0].seq].time == found.unanswered[0].since == at(50)


@pytest.mark.parametrize(
    "said",
    [
        host(54, "圈口都是56到58的"),
        host(54, "@名b 有大有小"),
        replace(host(54, "56到58圈口"), role="staff"),
    ],
    ids=["words", "name", "staff"],
)
def test_an_answer_is_for_all_who_asked_the_same_before(shipped, said):
    events = [ask(50, "a", "圈口多大"), ask(51, "b", "什么圈口"), ask(56, "c", "多大圈口")]
    found = Replay([*chat(range(40), each=3), *events, said], shipped).now(at(58))
    (one,) = [one for one in found.asked if "圈口" in one.text]
    assert (one.people, one.comments, one.answered) == (3, 3, 2)
    # who asks again waits again
    (one,) = [one for one in found.unanswered if "圈口" in one.text]
    assert (one.people, one.since, one.seconds) == (1, at(56), 120)


def test_showing_the_item_answers(shipped):
    events = [ask(50, "a", "看看5号"), Event("explain_start", item="5号", time=at(52))]
    found = Replay(chat(range(60), each=3) + events, shipped).now(at(55))
    assert not [one for one in found.unanswered if "5号" in one.text]


def test_a_question_goes_with_the_window(shipped):
    events = [*chat(range(40), each=3), ask(46, "a", "能复检吗")]
    found = Replay(events, shipped).now(at(55))
    assert [(one.text, one.seconds) for one in found.unanswered] == [("能复检吗", 540)]
    assert found.open_questions == 1
    found = Replay(events, shipped).now(at(58))
    assert (found.asked, found.unanswered, found.open_questions) == ((), (), 0)


def test_all_open_questions_are_counted(shipped):
    topics = ("能复检吗", "圈口多大", "几点下播", "有证书吗", "多少钱", "什么颜色", "可以退吗",
              "在哪里产的", "送礼盒吗", "怎么保养", "能定做吗", "包邮吗", "多重啊")  # fmt: skip
    events = [ask(50 + n / 10, f"u{n}", text) for n, text in enumerate(topics)]
    found = Replay(events, shipped).now(at(55))
    assert len(found.unanswered) == 10
    assert 10 < found.open_questions <= len(topics)
    assert found.open_questions == len(Replay(events, shipped).now(at(55)).asked) + 3


# figures ----------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_counts(shipped):
    room = Replay(chat(range(70), each=6) + chat([69], each=12), shipped)
    found = room.now(at(70) - timedelta(seconds=0.5), room="r1")
    told = json.loads(found.to_json())
    assert list(told) == ["room", "at", "minutes", "source", "last_event", "last_event_seconds",
                          "rate", "voice_rate", "people", "comments", "one_tap", "spam", "series",
                          "labels", "asked", "open_questions", "unanswered",
                          "hotspots"]  # fmt: skip
    assert (told["room"], told["minutes"], told["comments"]) == ("r1", 10, 72)
    assert told["at"] == "2026-02-07T20:09:59+08:00"
    assert told["rate"] == 18.0
    assert [one["comments"] for one in told["series"]] == [6] * 59 + [18]
    assert told["series"][0]["minute"] == "2026-02-07T19:10:00+08:00"
    shares = {(one["facet"], one["label"]): one for one in told["labels"]}
    asks = sum(count.comments for count in room.counts
               if count.label == "act/ask" and count.minute >= milliseconds(at(60)))  # fmt: skip
    assert shares["act", "ask"] == {
        "facet": "act", "label": "ask", "comments": asks, "share": round(asks / 72, 4)
    }  # fmt: skip
    assert list(told["asked"][0]) == [
        "text",
        "people",
        "comments",
        "answered",
        "last",
        "seconds",
        "seq",
    ]
    assert list(told["unanswered"][0]) == ["text", "people", "comments", "since", "seconds", "seq"]
    said = Replay(room.events + complaints(COLOR, at(65), 1), shipped).now(at(69))
    told = json.loads(said.to_json())["hotspots"][0]
    assert list(told) == ["facet", "label", "state", "comments", "people", "of", "usual", "times",
                          "p", "since", "pasted", "quotes", "inquiries"]  # fmt: skip
    assert list(told["quotes"][0]) == ["seq", "time", "text", "score", "start", "end"]


def test_the_rate_glides(shipped):
    room = Replay(chat(range(30), each=12), shipped)
    found = [room.now(at(20) + timedelta(seconds=second)).rate for second in range(0, 60, 7)]
    assert all(11 <= rate <= 13 for rate in found), found


def test_with_more_comments_than_recent_holds(shipped):
    busy = chat(range(60), each=20) + chat(range(60, 70), each=400)
    burst = complaints(TECH, at(69), 40, apart=1)
    events = busy + burst
    found = Replay(events, shipped, most=1_000).now(at(69.9))
    assert found.comments > 3_900
    assert found.series[-1].comments > 300
    assert found.people <= 1_000
    one = next(one for one in found.hotspots if one.label == TECH)
    assert (one.state, one.comments, one.people) == ("new", 40, 40)
    assert one.of == found.comments
    # most of the burst lies before the recent ones
    found = Replay(busy + complaints(TECH, at(61), 40, apart=1), shipped, most=500).now(at(69.9))
    assert not found.hotspots


# odd rooms --------------------------------------------------------------------------------------

ODD = {
    "nothing": [],
    "host only": [host(50 + n, f"大家好{n}") for n in range(5)],
    "one-tap phrase": complaints(COLOR, at(50), 40, texts=["购物袋里领大额优惠"]),
    "spam": complaints(COLOR, at(50), 40, texts=["加我微信vx12345678看好货"]),
    "emoji": [comment(at(55), f"u{n}", "😀" * (n + 1), {}) for n in range(9)],
    "blank": [comment(at(55), f"u{n}", " \n", {}) for n in range(9)],
    "no time": [replace(one, time=None) for one in chat([1])],
    "the future": chat(range(100, 200, 10)),
    "the past": chat([1]),
    "backwards": chat(range(58, 40, -1)),
    "one id": [replace(one, id="7") for one in complaints(COLOR, at(52), 9, texts=["色差"])],
    "likes": [Event("like", user="u", time=at(55), count=9, total=1 << 40)],
}


@pytest.mark.parametrize("events", ODD.values(), ids=ODD)
@pytest.mark.parametrize("minutes", [1, 10, 120])
def test_odd_rooms(shipped, events, minutes):
    found = now(events, counted(events), shipped, at=milliseconds(at(58)), minutes=minutes)
    told = json.loads(found.to_json())
    assert len(told["series"]) == 60
    assert not [
        one for one in told["hotspots"] if one["state"] in HOT and events is not ODD["one id"]
    ]
    # without the counts
    json.loads(now(events, [], shipped, at=milliseconds(at(58)), minutes=minutes).to_json())
    assert not now([], counted(events), shipped, at=milliseconds(at(58))).people


def test_phrases_and_spam_are_no_complaints(shipped):
    for odd in ("one-tap phrase", "spam"):
        found = Replay(chat(range(60), each=2) + ODD[odd], shipped).now(at(55))
        assert found.hotspots == ()
        assert found.comments >= 40
    one = Replay(chat(range(60), each=2) + ODD["spam"] + complaints(COLOR, at(50), 1), shipped)
    assert one.hot(at(55), COLOR).comments == 1


def test_what_the_store_kept_twice_counts_twice(shipped):
    (one,) = now(ODD["one id"], [], shipped, at=milliseconds(at(58))).hotspots
    assert one.people == 9


def test_times_to_come_are_left_out(shipped):
    events = chat(range(60)) + complaints(COLOR, at(70), 9)
    found = now(events, counted(events), shipped, at=milliseconds(at(59.5)))
    assert (found.comments, found.people, found.hotspots) == (100, 100, ())
    # a clock some seconds ahead is of the running minute, and no age is below nothing
    ahead = [ask(59.9, "a", "能复检吗")]
    found = now(ahead, counted(ahead), shipped, at=milliseconds(at(59.5)))
    assert (found.comments, [one.seconds for one in found.unanswered]) == (1, [0])


def test_labels_of_another_model_are_read_anew(shipped):
    tags = {"intent": (Tag("gone", 0.9),), "complaint": (), "act": ()}
    events = [
        comment(at(55), "u", "收到手镯色差太大了", {}),
    ]
    events = [replace(event, tags=tags) for event in events]
    found = now(events, [Count("r", milliseconds(at(55)), "intent/gone", 1)], shipped,
                at=milliseconds(at(58)))  # fmt: skip
    assert found.labels == ()
    assert [one.label for one in found.hotspots] == [COLOR]


def test_a_taxonomy_without_complaints_or_questions(tiny):
    events = [Event("comment", text, time=at(55), user=text) for text in ("慢", "贵", "好")]
    found = now(events, counted(events), tiny, at=milliseconds(at(58)))
    assert (found.comments, found.people, found.asked) == (3, 3, ())
    assert [one.label for one in found.hotspots] == [DELAY]


def test_cost(shipped):
    rng = random.Random(1)
    people = [f"u{n}" for n in range(2_000)]
    events = [
        comment(at(50) + timedelta(seconds=n / 5), rng.choice(people), f"{text}{n % 400}", labels)
        for n in range(3_000)
        for text, labels in [rng.choice(CHAT + TOPICS)]
    ]
    counts = [replace(one, minute=one.minute - 600_000 * n) for one in counted(events)
              for n in range(144)]  # fmt: skip
    for many, seconds in ((3_000, 0.15), (300, 0.02)):
        best = min(measured(events[-many:], counts, shipped) for _ in range(5))
        assert best < 5 * seconds  # of a quiet machine; others are slower


def measured(events, counts, model):
    start = time.process_time()
    now(events, counts, model, at=milliseconds(events[-1].time)).to_json()
    return time.process_time() - start


@pytest.mark.skipif(not REAL.is_dir(), reason="no real rooms here")
def test_a_real_room_without_trouble(shipped):
    path = REAL / "jd_live" / "20220930b.csv"
    events = [event for source in open_sources(path) for event in source.events() if event.time]
    tags = {one.text: one.tags for one in shipped.tag(sorted({event.text for event in events}))}
    room = Replay([replace(event, tags=tags[event.text]) for event in events], shipped)
    when, asked = room.times[0], 0
    while when < room.times[-1]:
        when += timedelta(minutes=5)
        found = room.now(when)
        asked += bool(found.asked)
        assert not [one for one in found.hotspots if one.state in HOT]
        assert all(0 <= one.seconds <= 60 * reach() for one in found.unanswered)
    assert asked > 20


def test_it_travels_between_processes(shipped):
    found = Replay(chat(range(60)) + complaints(COLOR, at(50), 6), shipped).now(at(55))
    assert pickle.loads(pickle.dumps(found)) == found


def test_it_needs_no_renderer():
    code = (
        "import sys, commentnlp.service.now as n, commentnlp;"
        "n.now([], [], commentnlp.Model.shipped(), at=0).to_json();"
        "sys.exit(sum(name.split('.')[0] in ('matplotlib', 'jinja2', 'sklearn', 'pandas')"
        " for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_zone_is_that_of_the_page(shipped):
    found = now([], [], shipped, at=milliseconds(datetime(2026, 3, 14, 20, tzinfo=SHANGHAI)),
                zone=timezone.utc)  # fmt: skip
    assert found.at.isoformat() == "2026-03-14T12:00:00+00:00"
    assert found.room is None
