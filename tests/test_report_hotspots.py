from datetime import timedelta

import pytest

from commentnlp import Model
from commentnlp.report.hotspots import LEAST_PEOPLE, hotspots
from commentnlp.report.log import read_log
from commentnlp.report.room import Room
from commentnlp.report.settings import Settings
from commentnlp.report.topics import Explained

from .planted_room import START, TROUBLES, comment, planted


@pytest.fixture(scope="module")
def model():
    return Model.shipped()


def found(model, events, earlier=()):
    room = Room(read_log([events]), model, Settings())
    before = Room(read_log([earlier]), model, Settings()) if earlier else None
    return {one.label: one for one in hotspots(room, Explained(room), before)}


def crowd(label, minutes, people=None, **more):
    """Comments with one complaint, one at each of these minutes."""
    return [
        comment(START + timedelta(minutes=m, seconds=n % 60), people or f"u{label}{m}{n}",
                f"{TROUBLES[label][n % 4]}{n}", {"complaint": label}, **more)
        for n, m in enumerate(minutes)
    ]  # fmt: skip


def chat(minutes, each=20):
    return [
        comment(START + timedelta(minutes=m, seconds=2 * n), f"c{m}{n}", f"第{m}分钟第{n}句", {})
        for m in minutes
        for n in range(each)
    ]


def test_bursts_are_found_and_quiet_hours_stay_quiet(model):
    hours = alarms = bursts = 0
    for seed in range(200):
        level = (3.0, 5.0, 8.0, 12.0)[seed % 4]
        quiet = found(model, planted(seed, per_minute=level))
        hours += 5
        alarms += len({step.start for one in quiet.values() for step in one.steps if step.rising})
        label, hour = list(TROUBLES)[seed % 5], seed % 4
        hot = found(model, planted(seed, per_minute=level, burst=(label, hour, 3.0)))[label]
        rest = (sum(step.voices for step in hot.steps) - hot.steps[hour].voices) / 4
        if hot.steps[hour].voices >= max(20, 3 * rest):
            bursts += 1
            assert hot.steps[hour].rising, (seed, [step.voices for step in hot.steps])
            assert hot.state in ("rising", "new")
    assert bursts > 50
    assert alarms <= 0.05 * hours


def test_by_hand(model):
    # 4 of 24 voices against 2 of 62: under one rate each of the 6 is here with chance 24/86
    events = chat(range(60, 63)) + crowd("livestream.tech", [10, 20])
    events += chat([0]) + crowd("livestream.tech", [0] * 4)
    # the step is the hour: 19:00 has all of both
    events += chat(range(120, 122))
    one = found(model, events)["livestream.tech"]
    assert [step.voices for step in one.steps] == [6, 0, 0]
    assert [step.of for step in one.steps] == [26, 60, 40]
    assert one.steps[0].p == pytest.approx((26 / 126) ** 6)
    assert one.steps[0].expected == 0


def test_a_flood_of_one_person_is_nothing(model):
    events = chat(range(0, 120, 10)) + crowd("livestream.tech", [70] * 60, people="u1")
    one = found(model, events)["livestream.tech"]
    assert (one.state, one.total.people) == ("quiet", 1)
    assert one.total.lines == 60


def test_new_is_what_nobody_raised_before(model):
    events = chat(range(0, 180, 5)) + crowd("livestream.tech", [130] * 25)
    one = found(model, events)["livestream.tech"]
    assert (one.state, one.when.hour, one.times) == ("new", 21, None)
    events += crowd("livestream.tech", [20])
    one = found(model, events)["livestream.tech"]
    assert (one.state, one.when.hour) == ("rising", 21)
    assert one.times > 10
    # in the very first hour nothing comes before: not known to be new
    events = chat(range(0, 180, 5)) + crowd("livestream.tech", [10] * 25)
    assert found(model, events)["livestream.tech"].state == "rising"


def test_falling_and_steady(model):
    early = chat(range(0, 180, 5)) + crowd(
        "logistics.delay", [*range(0, 120, 5)] * 2 + [*range(120, 180, 8)]
    )
    assert found(model, early)["logistics.delay"].state == "falling"
    even = chat(range(0, 180, 5)) + crowd("logistics.delay", list(range(0, 180, 3)))
    assert found(model, even)["logistics.delay"].state == "steady"


def test_earlier_shows_are_compared_hour_by_hour(model):
    day = timedelta(days=1)
    events = chat(range(0, 120, 2)) + crowd("logistics.delay", [70] * 20)

    def earlier(minutes):
        return [
            type(e)(e.kind, e.text, time=e.time - day, user=e.user, tags=e.tags)
            for e in chat(range(0, 120, 2)) + crowd("logistics.delay", minutes)
        ]

    usual = found(model, events, earlier([70] * 18))["logistics.delay"]
    assert (usual.state, usual.earlier.voices) == ("steady", 18)
    # a short earlier show with a complaint or two does not hide a burst
    short = [e for e in earlier([70]) if e.text.endswith(("1句", "2句")) or "第" not in e.text]
    assert found(model, events, short)["logistics.delay"].state == "rising"
    # as many, but at the other hour
    assert found(model, events, earlier([10] * 18))["logistics.delay"].state == "rising"
    assert found(model, events, earlier([]))["logistics.delay"].state == "new"
    assert found(model, chat(range(0, 120, 2)) + crowd("logistics.delay", [70] * 3),
                 earlier([70] * 30))["logistics.delay"].state == "falling"  # fmt: skip


def test_leaves_stand_beside_their_parent(model):
    events = chat(range(0, 180, 5)) + crowd("livestream.tech", [130] * 25)
    labels = found(model, events)
    assert labels["livestream"].total.lines == labels["livestream.tech"].total.lines == 25
    assert next(iter(labels)) in ("livestream", "livestream.tech")
    assert "logistics" not in labels  # nobody raised it


def test_what_it_is_about(model):
    events = chat(range(0, 60, 5))
    events += [type(events[0])("explain_start", time=START, item="112号")]
    events += [
        comment(START + timedelta(minutes=20, seconds=n), f"p{n}", f"珍珠颜色不对{n}",
                {"complaint": "product_quality.color"})
        for n in range(9)
    ]  # fmt: skip
    one = found(model, events)["product_quality.color"]
    assert [(item.name, item.lines) for item in one.items] == [("112号", 9)]
    assert [(kind.name, kind.people) for kind in one.products] == [("珍珠", 9)]
    assert {word.word for word in one.words} >= {"珍珠", "颜色"}
    assert one.first.text == "珍珠颜色不对0"
    assert LEAST_PEOPLE == 3


def nobody(events):
    return [type(e)(e.kind, e.text, time=e.time, tags=e.tags) for e in events]


def test_rooms_whose_people_are_hidden(model):
    events = chat(range(0, 180, 5)) + crowd("livestream.tech", [130] * 25)
    one = found(model, nobody(events))["livestream.tech"]
    assert (one.state, one.total.people, one.steps[2].people) == ("new", 0, 25)
    # one text again and again may be one person's
    flood = [comment(START + timedelta(minutes=130, seconds=n), "", "没声音了", {
        "complaint": "livestream.tech"}) for n in range(25)]  # fmt: skip
    assert found(model, nobody(chat(range(0, 180, 5))) + flood)["livestream.tech"].state == "quiet"
