import csv
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from commentnlp import Model
from commentnlp.errors import CommentnlpError, ReadError
from commentnlp.records import SHANGHAI, Event
from commentnlp.report import Settings, summarise, summarise_files

from .conftest import REAL
from .planted_room import START, comment, planted


@pytest.fixture(scope="module")
def model():
    return Model.shipped()


def at(minutes):
    return START + timedelta(minutes=minutes)


def reconciles(report):
    """Every total adds up to the rows that were read."""
    found, total, steps = report.quality, report.total, report.activity.steps
    assert found.rows == found.twice + found.outside + sum(found.kinds.values())
    comments = found.kinds.get("comment", 0)
    assert comments == found.comments + found.host + found.blank
    assert total.said.lines == found.comments
    assert total.host == found.host
    assert total.voices + total.canned + total.spam + total.repeats >= total.said.lines
    assert sum(tier.slice.said.lines for tier in report.tiers.tiers) == found.comments
    for kind, rows in found.kinds.items():
        if kind not in ("comment", "like", "gift"):
            assert total.events[kind] == rows
    if not found.without_time:
        assert sum(step.said.lines for step in steps) == found.comments
        assert sum(sum(series.kinds["comment"]) for series in report.activity.minutes) == (
            found.comments)  # fmt: skip
        for kind, count in total.events.items():
            assert sum(step.events.get(kind, 0) for step in steps) == count
            assert sum(sum(s.kinds.get(kind, ())) for s in report.activity.minutes) == count
        if report.activity.phases:
            assert sum(phase.said.lines for phase in report.activity.phases) == found.comments
        for contrast in [report.activity.contrast] if report.activity.contrast else []:
            assert sum(part.said.lines for part in contrast) == found.comments
        if report.activity.week:
            assert sum(cell.comments for cell in report.activity.week) == found.comments
        for column, one in enumerate(total.labels):
            assert sum(step.labels[column].lines for step in steps) == one.lines
    for one in total.labels:
        assert one.lines >= one.voices
        assert one.of == total.voices
        assert 0 <= one.low <= one.share <= one.high <= 1
    if report.responses:
        assert sum(s.asked for s in report.responses.steps) == report.responses.asked
        assert sum(report.responses.by.values()) == report.responses.answered


@pytest.mark.parametrize("seed", range(3))
def test_planted_rooms_reconcile(model, seed):
    events = planted(seed, busy=[(60, 100, 3.0)])
    events += [Event("like", time=at(9), count=7), Event("purchase", time=at(30), user="u1")]
    events += [
        Event("comment", "56圈口的三千八", role="host", time=at(5)),
        Event("怪事", time=at(3)),
    ]
    report = summarise(events, model)
    reconciles(report)
    assert report.quality.unknown == ("怪事",)
    assert report.total.events["like"] == 7


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside this checkout")
@pytest.mark.parametrize("path", sorted(REAL.glob("jd_live/*.csv")), ids=lambda path: path.stem)
def test_real_files_reconcile_with_their_rows(model, path):
    report = summarise_files([path], model)
    reconciles(report)
    text = path.read_text(encoding="utf-8").replace("\0", "")
    rows = [row for row in csv.reader(text.splitlines()) if any(row)]
    assert report.quality.rows == len(rows)
    by_kind = {}
    for kind, *_ in rows:
        by_kind[kind] = by_kind.get(kind, 0) + 1
    viewers = [row for row in rows if row[0] == "【实时弹幕】" and row[4:] and row[4].strip()]
    assert report.quality.comments == len(viewers)
    assert report.total.said.people == len({row[3] for row in viewers})
    assert report.total.events["purchase"] == by_kind["【用户正在购买】"]
    assert report.total.events["cart"] == by_kind["【用户加入购物车】"]
    first = min(int(row[1]) for row in rows)
    assert report.start == datetime.fromtimestamp(first / 1000, SHANGHAI)


def test_busy_windows_are_found(model):
    for seed in range(10):
        first = 60 + 15 * seed
        report = summarise(planted(seed, busy=[(first, first + 30, 3.0)]), model)
        assert any(
            spell.start < at(first + 30) and spell.end > at(first) for spell in report.activity.busy
        )
        assert [part.key for part in report.activity.contrast] == ["busy", "rest"]
        busy, rest = report.activity.contrast
        assert busy.per_minute > 1.5 * rest.per_minute


def test_phases(model):
    report = summarise(planted(1, busy=[(120, 160, 3.0)]), model)
    assert [phase.key for phase in report.activity.phases] == ["warm_up", "peak", "closing"]
    assert sum(phase.minutes for phase in report.activity.phases) == pytest.approx(300, abs=2)
    assert report.activity.phases[1].minutes == pytest.approx(40, abs=10)


def test_a_quiet_show_has_no_phases(model):
    even = [Event("like", time=at(m)) for m in range(90)]
    assert summarise(even, model).activity.phases == ()


def test_a_show_of_several_days_has_no_phases(model):
    first = planted(1, busy=[(120, 160, 3.0)])
    second = [replace(event, time=event.time + timedelta(days=1)) for event in first]
    report = summarise([*first, *second], model)
    assert len(report.activity.busy) == 2
    assert report.activity.phases == ()


def test_complaints_are_parted_into_discontent_and_inquiries(model):
    texts = ["戴了一周就掉色了", "能退吗", "客服三天了没人理", "主播好美", "几天发货"]
    found = summarise([Event("comment", text, user=text) for text in texts], model)
    complaints = found.complaints
    assert complaints.total.lines == complaints.discontent.lines + complaints.inquiries.lines
    assert {quote.text for quote in complaints.discontent.quotes} == {texts[0], texts[2]}
    assert {quote.text for quote in complaints.inquiries.quotes} >= {"能退吗"}


def test_the_title_is_asked_for_or_the_room_or_the_file(model, tmp_path):
    path = tmp_path / "晚场.csv"
    path.write_text("text\n多少钱\n", encoding="utf-8")
    assert summarise_files([path], model).title == "晚场"
    assert summarise_files([path], model, Settings(title="三月十四")).title == "三月十四"
    assert summarise([Event("comment", "多少钱", room="小店")], model).title == "小店"


def test_words_set_an_hour_apart(model):
    events = planted(3)
    events += [comment(at(130 + n / 10), f"k{n}", f"金价跌了吗{n}", {}) for n in range(20)]
    report = summarise(events, model)
    assert report.activity.steps[2].words[0].word in ("金价", "跌")
    assert report.activity.steps[2].words[0].here == 20
    assert all("金价" not in [w.word for w in report.activity.steps[n].words] for n in (0, 1, 3))


def test_products_are_counted(model):
    events = [comment(at(n), f"u{n}", text, {}) for n, text in enumerate(
        ["翡翠手镯", "冰种的吗", "珍珠项链", "翡翠还是翡翠", "黄金多少一克"])]  # fmt: skip
    products = summarise(events, model).total.products
    assert {one.name: one.lines for one in products} == {"翡翠": 3, "珍珠": 1, "黄金": 1}


def test_items_are_told_by_the_tool_and_by_what_it_types_for_the_host(model):
    events = [
        Event("explain_start", time=at(0), item="3号"),
        comment(at(1), "a", "这个多少钱", {"act": "ask"}),
        Event("explain_end", time=at(2), item="3"),
        comment(at(3), "b", "大家好呀", {}),
        Event("comment", "正在讲解12号宝贝", role="host", time=at(4)),
        comment(at(5), "c", "有证书吗", {"act": "ask"}),
        Event("explain_end", time=at(6), item="3号"),  # late news
        comment(at(7), "d", "圈口多大", {"act": "ask"}),
        Event("purchase", time=at(8), item="3号链接", user="a"),
    ]
    items = {one.key: one for one in summarise(events, model).items}
    assert {key: one.said.lines for key, one in items.items()} == {"12号": 2, "3号": 1}
    assert items["3号"].minutes == pytest.approx(2)
    assert items["3号"].events == {"explain_start": 1, "explain_end": 2, "purchase": 1}


def test_the_planted_share_is_answered(model):
    events = []
    for n in range(60):  # one question a minute, asked by somebody else each time
        text = "请问" * (n % 2) + ("圈口多大呢", "3号多少钱呢", "有没有证书呀")[n % 3]
        labels = {"act": "ask", "intent": ("fit", "price", "quality")[n % 3]}
        events.append(comment(at(n), f"u{n}", text, labels))
    host = {
        0: (20, "@名u0 56的"),  # by name
        3: (30, "回复名u3 58圈口"),
        4: (10, "3号三千八"),  # by item
        7: (50, "看看3号链接"),
        8: (5, "都带国检证书的"),  # by words
        20: (130, "@名u20 有的"),  # too late
        30: (20, "欢迎新来的宝宝"),  # about nothing
    }
    events += [
        Event("comment", text, role="host", time=at(minute) + timedelta(seconds=wait))
        for minute, (wait, text) in host.items()
    ]
    found = summarise(events, model, Settings(window=58)).responses
    assert (found.asked, found.answered) == (60, 5)
    assert found.by == {"name": 2, "item": 2, "words": 1}
    assert found.median_wait == pytest.approx(20)
    assert found.p90_wait == pytest.approx(42)  # 0.9 of the way from 30 to 50 by order
    assert [answer.answer.text for answer in found.examples][:2] == [
        "@名**0 56的",
        "回复名**3 58圈口",
    ]
    assert found.unanswered == ()  # each was answered to somebody
    assert sum(question.answered for question in summarise(events, model).total.questions) >= 5
    never = summarise(events, model, Settings(window=1)).responses
    assert [question.people for question in never.unanswered] == [20, 20, 20]


def test_what_is_broadcast_again_and_again_answers_nobody(model):
    events = [comment(at(n), f"u{n}", f"优惠券几点发呢{n}", {"act": "ask"}) for n in range(8)]
    host = [Event("comment", "优惠券八点整发", role="host", time=at(n + 0.5)) for n in range(8)]
    assert summarise(events + host[:4], model).responses.answered >= 4
    found = summarise(events + host, model).responses
    assert (found.answered, found.announcements, found.host_lines) == (0, 8, 8)


def test_a_bare_number_asks_to_be_shown_that_item(model):
    events = [comment(at(1), "a", "107", {"act": "ask"}),
              Event("explain_start", time=at(2), item="107号"),
              Event("comment", "正在讲解107号宝贝", role="host", time=at(2))]  # fmt: skip
    found = summarise(events, model).responses
    assert (found.answered, found.by, found.announcements) == (1, {"item": 1}, 1)
    assert found.examples == ()  # the tool typed it


def test_tiers_by_level(model):
    events = [
        Event("comment", f"第{n}句话", time=at(n), user=f"u{n}" if n < 9 else "",
              levels={"fan": n} if 0 < n < 9 else {})
        for n in range(12)
    ]  # fmt: skip
    tiers = summarise(events, model).tiers
    assert (tiers.by, tiers.bounds) == ("fan", {"core": 7, "regular": 1})
    found = {tier.slice.key: (tier.people, tier.low, tier.high) for tier in tiers.tiers}
    assert found == {
        "core": (2, 7, 8), "regular": (6, 1, 6),
        "newcomer": (1, None, None), "unknown": (0, None, None),
    }  # fmt: skip
    assert tiers.tiers[3].slice.said.lines == 3


def test_tiers_by_what_people_do(model):
    events = [Event("purchase", time=at(n), user="heavy") for n in range(6)]
    events += [Event("purchase", time=at(n), user=f"b{n}") for n in range(5)]
    events += [comment(at(n), "talks", f"第{n}句话", {}) for n in range(4)]
    events += [comment(at(9), "heavy", "颜色不对", {"complaint": "product_quality.color"})]
    events += [comment(at(9), "new", "怎么下单", {"act": "ask"})]
    tiers = summarise(events, model).tiers
    assert tiers.by == "activity"
    assert {tier.slice.key: tier.people for tier in tiers.tiers} == {
        "core": 1, "regular": 1, "newcomer": 6, "unknown": 0,
    }  # fmt: skip
    assert [(one.who, one.purchases) for one in tiers.upset] == [("名**y", 6)]
    assert [question.text for question in tiers.newcomers] == ["怎么下单"]


def test_this_show_against_an_earlier_one(model):
    earlier = planted(1, hours=3)
    later = [
        Event(e.kind, e.text, time=e.time + timedelta(days=7), user=e.user, tags=e.tags)
        for e in planted(2, hours=2, per_minute=6.0)
    ]
    report = summarise(later, model, earlier=earlier)
    assert [pair.hour for pair in report.activity.compared] == [19, 20]
    for pair in report.activity.compared:
        assert pair.here.minutes == pair.there.minutes == 60
        assert pair.here.per_minute > 1.5 * pair.there.per_minute


def test_several_days_make_a_week(model):
    events = [
        comment(at(24 * 60 * day + m), "a", f"{day}天{m}分", {})
        for day in range(3)
        for m in range(30)
    ]
    week = summarise(events, model).activity.week
    assert [(cell.weekday, cell.hour, cell.minutes, cell.comments) for cell in week] == [
        (0, 19, 30, 30), (5, 19, 30, 30), (6, 19, 30, 30),
    ]  # fmt: skip


def test_without_times_there_is_one_block(model):
    events = [comment(None, f"u{n}", f"第{n}句话", {"act": "ask"}) for n in range(5)]
    report = summarise(events, model)
    assert report.quality.estimated
    assert (report.start, report.activity.minutes, report.activity.busy) == (None, (), ())
    assert [(step.start, step.said.lines) for step in report.activity.steps] == [(None, 5)]
    report = summarise(events, model, Settings(start=at(0), end=at(100)))
    assert report.quality.estimated
    assert [step.said.lines for step in report.activity.steps] == [3, 2]
    reconciles(report)


def test_what_has_no_time_is_in_the_totals_alone(model):
    events = [comment(at(1), "a", "大家好", {}), comment(None, "b", "来了", {})]
    report = summarise(events, model)
    assert (report.quality.without_time, report.quality.estimated) == (1, False)
    assert report.total.said.lines == 2
    assert [step.said.lines for step in report.activity.steps] == [1]


def test_no_comments_at_all(model):
    report = summarise([Event("like", time=at(0), count=3)], model)
    assert (report.total.said.lines, report.hotspots, report.responses) == (0, (), None)
    reconciles(report)


def test_nothing_is_no_report(model):
    with pytest.raises(CommentnlpError, match="no events"):
        summarise([], model)


def test_a_missing_file_is_named(model, tmp_path):
    with pytest.raises(ReadError, match=r"没有\.csv"):
        summarise_files([tmp_path / "没有.csv"], model)


def test_files_tell_what_reading_them_lost(model, tmp_path):
    path = tmp_path / "弹幕.csv"
    path.write_text("时间,用户,弹幕\n2026-02-07 20:00:00,小圆,多少钱\n\n", encoding="utf-8")
    report = summarise_files([path, path], model)
    assert [(file.name, file.rows, sum(r.count for r in file.lost)) for file in report.quality.files
            ] == [("弹幕.csv", 1, 1)] * 2  # fmt: skip
    assert (report.quality.rows, report.quality.lost) == (2, 2)
    assert [quote.file for quote in report.total.said.quotes] == [0]


def test_names_are_masked_unless_asked_for(model):
    events = [comment(at(0), "a", "多少钱", {"act": "ask"})]
    assert summarise(events, model).total.said.quotes[0].who == "名*"
    shown = summarise(events, model, Settings(show_names=True))
    assert shown.total.said.quotes[0].who == "名a"
