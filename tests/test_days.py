"""Times of day and times of other zones."""

import os
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.inspection import inspect
from commentnlp.reading import open_sources
from commentnlp.reading.days import Days, day_after, day_of, saved_at
from commentnlp.reading.values import clock, moment
from commentnlp.records import SHANGHAI

LIVE = Path(__file__).parent / "live"
NEW_YORK = ZoneInfo("America/New_York")
EVENING = "时间,昵称,评论\n23:58:40,小圆,几个米\n23:59:59,阿水,贵\n0:00:05,小圆,好看\n"


def times(path, **options):
    found = [event.time for source in open_sources(path, **options) for event in source.events()]
    return [time and time.isoformat(" ") for time in found]


def write(tmp_path, name, text, encoding="utf-8"):
    (tmp_path / name).write_text(text, encoding=encoding)
    return tmp_path / name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20:15:03", time(20, 15, 3)), (" 8:05 ", time(8, 5)), ("20：15：03", time(20, 15, 3)),
        ("20时15分03秒", time(20, 15, 3)), ("20:15:03.5", time(20, 15, 3, 500_000)),
        ("00:00:00", time()), ("24:00:00", None), ("26:01:03", None), ("20:60", None),
        ("2015", None), ("", None), ("20:15:03 x", None), ("2026-02-07 20:15:03", None),
    ],
)  # fmt: skip
def test_clock(text, expected):
    assert clock(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("评论_20260207.csv", date(2026, 2, 7)),
        ("2026-2-7 晚场.xlsx", date(2026, 2, 7)),
        ("a/导出2026年12月7日.csv.gz", date(2026, 12, 7)),
        ("20260207201503.csv", date(2026, 2, 7)),
        ("[880055512345]2026-02-07_201503(12).csv", date(2026, 2, 7)),
        ("2026_13_07 20260208.csv", date(2026, 2, 8)),
        ("a/all.zip › 2026.02.07/b.csv", None),
        ("a/20260207.zip › b.csv", date(2026, 2, 7)),
        ("820260207.csv", None),
        ("202602071.csv", None),
        ("19990207.csv", None),
        ("2026-02-071.csv", None),
        ("20260207/评论.csv", None),
        ("2026年2月7日直播/评论.csv", date(2026, 2, 7)),
        ("-", None),
    ],
)
def test_the_day_in_a_name(path, expected):
    assert day_of(path) == expected


def test_midnights():
    day = date(2026, 2, 7)
    assert day_after(day, None, time(0, 5)) == day
    assert day_after(day, time(20), time(23)) == day
    assert day_after(day, time(23), time(20)) == day
    assert day_after(day, time(23, 59), time(0, 1)) == date(2026, 2, 8)
    assert day_after(day, time(0, 1), time(23, 59)) == date(2026, 2, 6)
    assert day_after(day, time(7), time(20)) == day


def test_a_table_that_only_tells_the_hour(tmp_path):
    expected = [
        "2026-02-07 23:58:40+08:00", "2026-02-07 23:59:59+08:00", "2026-02-08 00:00:05+08:00",
    ]  # fmt: skip
    path = write(tmp_path, "评论.csv", EVENING)
    os.utime(path, (1_770_480_000, 1_770_480_000))  # 2026-02-08 00:00
    (found,) = inspect(path)
    assert found.start.isoformat(" ") == "2026-02-08 23:58:40+08:00"
    assert "are taken for 2026-02-08, when the file was saved" in found.notes[0]
    assert times(tmp_path / "评论.csv", day=date(2026, 2, 7)) == expected
    path = write(tmp_path, "评论_20260207.csv", EVENING)
    assert times(path) == expected
    assert times(path, day=date(2026, 3, 1))[0] == "2026-03-01 23:58:40+08:00"
    (found,) = inspect(path)
    assert (found.start.isoformat(" "), found.end.isoformat(" ")) == (expected[0], expected[2])
    assert found.without_time == 0


@pytest.mark.parametrize(
    ("end", "first"),
    [
        ("导出时间: 2026-02-08 00:30:12\n总记录数: 3\n", "2026-02-07"),
        ("导出时间：2026-02-07 23:59:59,,\n", "2026-02-07"),
        ("保存时间: 2026-02-30 00:30:12\n", None),
    ],
)
def test_the_day_at_the_end_of_a_table(tmp_path, end, first):
    found = times(write(tmp_path, "评论.csv", EVENING + end))
    today = datetime.now(SHANGHAI).date()
    assert found[0] == f"{first or today} 23:58:40+08:00"


def test_the_day_at_the_end_of_a_long_table(tmp_path, monkeypatch):
    for module in ("encodings", "sources"):
        monkeypatch.setattr(f"commentnlp.reading.{module}.BLOCK", 100)
    monkeypatch.setattr("commentnlp.reading.sources.HEAD", 200)
    rows = "".join(f"{n // 60 % 24:02}:{n % 60:02},{n}贵\n" for n in range(1200, 1200 + 3 * 1440))
    end = "导出时间: 2026-02-08 00:30:12\n"
    found = times(write(tmp_path, "评论.csv", f"时间,评论\n{rows}{end}"))
    # minute by minute through three midnights, whatever the pieces
    first = datetime(2026, 2, 7, 20, tzinfo=SHANGHAI)
    assert found == [(first + timedelta(minutes=n)).isoformat(" ") for n in range(3 * 1440)]


def test_rows_that_come_late_and_rows_from_the_last_to_the_first(tmp_path):
    rows = "时间,评论\n23:59,一\n0:00,二\n23:59,三\n0:01,四\n"
    days = [time[:10] for time in times(write(tmp_path, "20260207.csv", rows))]
    assert days == ["2026-02-07", "2026-02-08", "2026-02-07", "2026-02-08"]
    rows = "时间,评论\n0:01,四\n23:59,三\n23:00,二\n"
    days = [time[:10] for time in times(write(tmp_path, "20260208.csv", rows))]
    assert days == ["2026-02-08", "2026-02-07", "2026-02-07"]


def test_a_date_in_a_column_of_its_own(tmp_path):
    rows = (
        "日期,时间,评论\n2026/2/7,23:59:01,一\n2026-02-08 00:00:00,0:01,二\n,0:02,三\n"
        "2026-02-09,2026-02-10 20:00,四\n,没记,五\n"
    )
    path = write(tmp_path, "评论_20200101.csv", rows)
    assert times(path) == [
        "2026-02-07 23:59:01+08:00", "2026-02-08 00:01:00+08:00", "2026-02-08 00:02:00+08:00",
        "2026-02-10 20:00:00+08:00", None,
    ]  # fmt: skip
    for source in open_sources(path):
        assert source.parser.layout.told == {"text": "评论", "time": "时间", "date": "日期"}


def test_a_table_without_a_header_that_only_tells_the_hour(tmp_path):
    path = write(tmp_path, "2026年2月7日.csv", "20:15:03,小圆,几个米\n20:15:09,阿水,太贵了\n")
    assert times(path) == ["2026-02-07 20:15:03+08:00", "2026-02-07 20:15:09+08:00"]


def test_sheets_and_json_that_only_tell_the_hour(tmp_path):
    book = openpyxl.Workbook()
    for row in (["时间", "评论"], [time(23, 59, 1), "贵"], [time(0, 1), "好看"]):
        book.active.append(row)
    book.save(tmp_path / "20260207.xlsx")
    expected = ["2026-02-07 23:59:01+08:00", "2026-02-08 00:01:00+08:00"]
    assert times(tmp_path / "20260207.xlsx") == expected
    rows = '{"时间": "23:59:01", "评论": "贵"}\n{"时间": "0:01", "评论": "好看"}\n'
    assert times(write(tmp_path, "20260207.jsonl", rows)) == expected


def test_times_of_another_zone(tmp_path):
    rows = (
        "时间,评论\n2026-07-07 20:15:03,一\n1770466503,二\n2026-02-07T20:15:03+08:00,三\n"
        "2026/2/7 20:15,四\n"
    )
    path = write(tmp_path, "a.csv", rows)
    assert times(path, zone=NEW_YORK) == [
        "2026-07-07 20:15:03-04:00", "2026-02-07 07:15:03-05:00", "2026-02-07 07:15:03-05:00",
        "2026-02-07 20:15:00-05:00",
    ]  # fmt: skip
    assert times(path, zone=timezone.utc)[0] == "2026-07-07 20:15:03+00:00"
    path = write(tmp_path, "20260207.csv", EVENING)
    assert times(path, zone=NEW_YORK)[2] == "2026-02-08 00:00:05-05:00"
    book = openpyxl.Workbook()
    for row in (["时间", "评论"], [datetime(2026, 7, 7, 20, 15), "贵"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert times(tmp_path / "a.xlsx", zone=NEW_YORK) == ["2026-07-07 20:15:00-04:00"]


def test_logs_of_another_zone():
    (grab,) = LIVE.glob("logs/弹幕日志/*/*/弹幕消息.txt")
    assert times(grab, zone=NEW_YORK)[0] == "2025-02-11 23:58:40-05:00"
    assert times(grab, zone=NEW_YORK, day=date(2026, 7, 1))[0] == "2026-07-01 23:58:40-04:00"
    (screen,) = LIVE.glob("*.csv")
    here, there = times(screen), times(screen, zone=NEW_YORK)
    assert [time[:19] for time in here] == [time[:19] for time in there]
    # what tells its own zone is left alone
    assert times(LIVE / "DouyinDanmu.jsonl", zone=NEW_YORK) == times(LIVE / "DouyinDanmu.jsonl")


@given(st.lists(st.text(max_size=8) | st.times().map(str), max_size=20), st.none() | st.dates())
def test_no_cell_crashes(cells, day):
    day = day and min(max(day, date(1974, 1, 1)), date(2285, 1, 1))
    found = Days(SHANGHAI, day).fill([moment(cell) for cell in cells], cells)
    assert len(found) == len(cells)
    assert all(
        isinstance(clock(cell), time)
        for cell, t in zip(cells, found, strict=True)
        if t and not moment(cell)
    )


def test_when_it_was_saved_in_another_zone():
    tail = "保存时间: 2026-07-08 00:30:12\n"
    assert saved_at(tail, NEW_YORK) == datetime(2026, 7, 8, 4, 30, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "name", ["3月14日 翡翠专场 弹幕导出.csv", "弹幕 3.14.csv", "弹幕03-14.csv", "弹幕20260314.csv"]
)
def test_the_day_in_a_name_without_a_year(tmp_path, name):
    path = write(tmp_path, name, EVENING)
    os.utime(path, (1_773_600_000, 1_773_600_000))  # 2026-03-16
    assert times(path)[0] == "2026-03-14 23:58:40+08:00"


def test_the_day_in_a_title(tmp_path):
    path = write(tmp_path, "导出.csv", "直播弹幕 2026-03-14 翡翠专场\n" + EVENING)
    assert times(path)[0] == "2026-03-14 23:58:40+08:00"
