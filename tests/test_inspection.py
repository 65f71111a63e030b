from datetime import datetime, timedelta
from pathlib import Path

import pytest

from commentnlp.inspection import inspect
from commentnlp.records import SHANGHAI

from .conftest import REAL


def test_what_is_in_a_file(tmp_path):
    path = tmp_path / "弹幕.csv"
    rows = ["时间,用户ID,用户名,弹幕内容"]
    start = datetime(2026, 2, 7, 20, 0, 0)
    for n in range(12):  # a one-tap phrase of twelve people
        rows.append(f"{start + timedelta(seconds=n)},u{n},小{n},点关注领福袋啦")
    for n in range(6):  # a flood of one person
        rows.append(f"{start + timedelta(minutes=1, seconds=n)},u99,刷屏的,加我微信 13800138000")
    rows.append(f"{start + timedelta(minutes=30)},111111,***,圈口多大")
    rows.append(f"{start},u3,小3,贵")
    rows.append(",u4,小4,好")
    path.write_text("\n".join(rows) + "\n\n导出时间: 2026-02-07\n", encoding="utf-8")
    (got,) = inspect(path)
    assert got.taken_for == {"text": "弹幕内容", "time": "时间", "user": "用户ID", "name": "用户名"}
    assert got.rows == 21
    assert [(o.why, o.count, o.lines) for o in got.lost] == [
        ("blank line", 1, (23,)),
        ("line of the export's own", 1, (24,)),
    ]
    assert got.kinds == {"comment": 21}
    assert got.start == start.replace(tzinfo=SHANGHAI)
    assert got.end == got.start + timedelta(minutes=30)
    assert [(g.start.minute, g.end.minute) for g in got.gaps] == [(1, 30)]
    assert (got.without_time, got.backwards) == (1, 1)
    assert (got.comments, got.different) == (21, 5)
    assert [(p.text, p.count, p.people) for p in got.canned] == [("点关注领福袋啦", 12, 12)]
    assert [(p.text, p.count) for p in got.floods] == [("加我微信 13800138000", 6)]
    assert got.spam == 6
    assert (got.people, got.masked) == (13, 1)


def test_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("commentnlp.inspection.MOST_REMEMBERED", 10)
    path = tmp_path / "a.csv"
    path.write_text("评论\n" + "".join(f"第{n}条\n" for n in range(50)), encoding="utf-8")
    (got,) = inspect(path)
    assert (got.comments, got.different) == (50, 50)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside this checkout")
def test_real_files_reconcile():
    for path in sorted(REAL.glob("jd_live/*.csv")):
        (got,) = inspect(path)
        assert got.rows == sum(got.kinds.values())
        assert got.without_time == 0
        assert got.start.year == 2022


def test_the_next_command_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, told in (("-d.csv", "./-d.csv"), ("a b.csv", "'a b.csv'"), ("弹幕.csv", "弹幕.csv")):
        Path(name).write_text("评论\n贵\n", encoding="utf-8")
        assert inspect(name)[0].next == f"python -m commentnlp classify {told}"
