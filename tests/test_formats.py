"""Files in the forms that people have: what is read out of each."""

import json
import re
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from commentnlp.errors import ReadError
from commentnlp.inspection import inspect
from commentnlp.reading import TableHints, open_sources

CASES = Path(__file__).parent / "cases"
WAITING, FADED = "什么时候发货", "掉色了能退吗"


def read(path):
    (source,) = open_sources(path)
    return source, list(source.events())


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# name → comments, people, whether all have times
READ = {
    "01-emoji-first.txt": (5, 0, False),
    "01-clock-in-brackets.txt": (3, 3, True),
    "01-clock-only.txt": (2, 2, True),
    "01-bracketed-header.csv": (1, 0, True),
    "02-danmaku.xml": (4, 5, False),
    "02-danmaku-douyin-recorder.xml": (2, 2, True),
    "03-danmaku.ass": (3, 0, True),
    "03-danmaku.srt": (2, 0, True),
    "03-colons.txt": (3, 3, True),
    "08-review-and-purchase-time.csv": (2, 2, True),
    "09-number-of-comments.csv": (3, 0, True),
    "09-title-comments-content.csv": (2, 0, False),
    "09-评论-is-a-number.csv": (3, 0, True),
    "10-answer-with-comments.json": (3, 3, True),
    "10-answer-with-replies.json": (2, 0, False),
    "10-array-of-arrays.json": (2, 2, True),
    "10-elems.json": (2, 0, True),
    "10-jsonp.txt": (2, 0, True),
    "10-pages.jsonl": (3, 0, False),
    "11-date-and-sku.csv": (2, 0, True),
    "11-weibo-time.csv": (2, 2, True),
    "11-下午.csv": (2, 2, True),
    "12-published.csv": (2, 2, True),
    "12-review-export.csv": (3, 3, True),
    "13-replies.csv": (5, 5, True),
    "14-screen-chat.jsonl": (3, 3, True),
    "15-summary-looks-like-comments.xlsx": (2, 2, True),
    "15-summary-sheet-first.xlsx": (2, 2, True),
    "16-danmu_msg.jsonl": (3, 5, True),
    "17-common-method-only.jsonl": (2, 4, False),
    "17-log-prefix.log": (2, 3, True),
    "18-apostrophe.csv": (2, 2, True),
    "18-excel-text-guard.csv": (3, 3, True),
    "19-mongoexport.json": (2, 2, True),
    "19-user-object.jsonl": (3, 1, True),
    "21-merged-header.xlsx": (5, 5, True),
    "24-gender-unknown.txt": (2, 4, False),
}


@pytest.mark.parametrize(("name", "expected"), READ.items(), ids=READ)
def test_what_is_read(name, expected):
    (found,) = inspect(CASES / name)
    assert (found.comments, found.people, not found.without_time) == expected


def test_times_and_names_of_danmaku():
    _, events = read(CASES / "02-danmaku.xml")
    first, gift = events[0], next(event for event in events if event.kind == "gift")
    assert (first.text, first.name, first.user) == (WAITING, "小圆", "1234567")
    assert first.time.isoformat() == "2026-02-07T20:15:03+08:00"
    assert (gift.item, gift.count, gift.user) == ("小花花", 3, "77")


def test_danmaku_in_one_line_and_with_a_start(tmp_path):
    text = (
        '<?xml version="1.0"?><i><metadata><record_start_time>2026-02-07 20:00:00'
        '</record_start_time></metadata><d p="1.5,1,25,0,0,0,u1,1" user="小圆">多少钱</d>'
        '<sc ts="60" user="阿水" uid="9" price="30">客服不回</sc></i>'
    )
    _, events = read(write(tmp_path, "a.xml", text))
    assert [event.text for event in events] == ["多少钱", "客服不回"]
    assert events[1].time.isoformat() == "2026-02-07T20:01:00+08:00"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('<i><d p="1">多少钱</d>', "broken or cut off"),
        ('<!DOCTYPE i [<!ENTITY a "b">]><i><d p="1">&a;</d></i>', "entities of its own"),
    ],
)
def test_broken_danmaku(tmp_path, text, says):
    path = write(tmp_path, "a.xml", text)
    if text.startswith("<!"):
        text = path.read_text(encoding="utf-8").replace("<!", "<?xml version='1.0'?><i><!", 1)
        path = write(tmp_path, "a.xml", "<i><d p='0'>x</d>" + text)
    with pytest.raises(ReadError, match=says):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("阿强：亲\n芳: 多少钱\n大头：便宜点\n", ["亲", "多少钱", "便宜点"]),
        ("20:15:00 阿强: 亲\n20:15:20 芳: 多少钱\n", ["亲", "多少钱"]),
        ("[20:15:03] 小圆：什么时候发货\n[20:15:09] 好看\n", ["什么时候发货", "好看"]),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n多少钱\n", ["多少钱"]),
    ],
)  # fmt: skip
def test_pasted_chats(tmp_path, text, said):
    _, events = read(write(tmp_path, "粘贴.txt", text))
    assert [event.text for event in events] == said


@pytest.mark.parametrize(
    "text",
    [
        "这个多少钱\n好看: 真的\n什么时候发货\n",
        "http://a.cn/x\nhttp://b.cn/y\n",
        "时间\t昵称\t评论\n20:15:00\t小圆\t多少钱\n20:15:09\t阿水\t好看\n",
        "规格：56\n规格：57\n规格：58\n",
    ],
)
def test_other_texts_are_no_chats(tmp_path, text):
    source, _ = read(write(tmp_path, "a.txt", text))
    assert "chat" not in source.tool


def test_answers_with_replies_and_pages(tmp_path):
    answer = {
        "code": 0,
        "message": "success",
        "data": {"replies": [
            {"content": {"message": WAITING}, "member": {"mid": "1", "uname": "小圆"},
             "ctime": 1770466503, "replies": [
                {"content": {"message": FADED}, "member": {"mid": "2", "uname": "阿水"},
                 "ctime": 1770466563, "replies": None}]}]},
    }  # fmt: skip
    _, events = read(write(tmp_path, "a.json", json.dumps(answer)))
    assert [(e.text, e.user, e.name) for e in events] == [
        (WAITING, "1", "小圆"),
        (FADED, "2", "阿水"),
    ]
    assert all(event.time for event in events)


def test_rows_of_a_player(tmp_path):
    rows = [[12.3, 0, 16777215, "小圆", WAITING], [15.1, 0, 16777215, "阿水", FADED]]
    _, events = read(write(tmp_path, "a.json", json.dumps({"code": 0, "data": rows})))
    assert [event.text for event in events] == [WAITING, FADED]


def test_an_array_of_arrays_larger_than_a_block(tmp_path):
    rows = [["时间", "昵称", "评论"]]
    rows += [["2026-02-07 20:15:03", f"人{i}", f"第{i}句"] for i in range(20_000)]
    _, events = read(write(tmp_path, "a.json", json.dumps(rows, ensure_ascii=False)))
    assert [event.text for event in events] == [f"第{i}句" for i in range(20_000)]


def test_lines_that_are_partly_json_lose_nothing(tmp_path):
    path = write(tmp_path, "a.txt", '[捂脸]\n"好看"\n什么时候发货\n多少钱\n')
    _, events = read(path)
    assert len(events) == 4


@pytest.mark.parametrize("wal", [False, True])
def test_sqlite_files_with_their_log(tmp_path, wal):
    path = tmp_path / "弹幕.db"
    connection = sqlite3.connect(path)
    if wal:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE settings (name TEXT, value TEXT)")
    connection.execute(
        "CREATE TABLE danmu (id INTEGER, user_id TEXT, content TEXT, create_time INT)"
    )
    connection.executemany(
        "INSERT INTO danmu VALUES (?, ?, ?, ?)",
        [(1, "7", WAITING, 1770466503), (2, "8", FADED, 1770466563)],
    )
    connection.commit()
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir() if "shm" not in one.name}
    source, events = read(path)
    assert source.tool == "SQLITE"
    assert [(e.text, e.user) for e in events] == [(WAITING, "7"), (FADED, "8")]
    assert all(event.time for event in events)
    assert before == {
        one.name: one.read_bytes() for one in tmp_path.iterdir() if "shm" not in one.name
    }
    connection.close()


def test_a_sqlite_file_without_comments(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE settings (name TEXT, value TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(ReadError, match="no table of the SQLite file has a column of comments"):
        read(tmp_path / "a.db")


def test_ruined_identities_give_way_to_nicknames(tmp_path):
    rows = "".join(f"7.25E+18,人{i},多少钱{i}\n" for i in range(5))
    (found,) = inspect(write(tmp_path, "a.csv", "用户id,昵称,评论\n" + rows))
    assert found.people == 5


def test_the_total_at_the_foot_is_no_comment(tmp_path):
    (found,) = inspect(write(tmp_path, "a.csv", "评论,数量\n多少钱,1\n好看,2\n合计,3\n"))
    assert found.comments == 2


def odd_workbook(path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["本表由运营导出"])
    for title, said in (("上半场", "这个多少钱"), ("下半场", "什么时候发货")):
        sheet = book.create_sheet(title)
        sheet.append(["甲", "乙", "丙"])
        for minute in range(3):
            sheet.append([f"2026-02-07 20:1{minute}", f"小{minute}", said])
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("sheet", "said"), [("下半场", "什么时候发货"), ("3", "什么时候发货"), ("2", "这个多少钱")]
)
def test_columns_and_sheet_that_somebody_names(tmp_path, sheet, said):
    path = odd_workbook(tmp_path / "直播.xlsx")
    hints = TableHints(time="甲", name="2", sheet=sheet)
    (source,) = open_sources(path, text="丙", hints=hints)
    events = list(source.events())
    assert [event.text for event in events] == [said] * 3
    assert [event.name for event in events] == ["小0", "小1", "小2"]
    assert [event.time.minute for event in events] == [10, 11, 12]


def test_a_named_column_of_clock_times(tmp_path):
    path = tmp_path / "评论.csv"
    path.write_text("甲,乙,丙\n20:10,小圆,多少钱\n20:11,小方,发货吗\n", encoding="utf-8")
    (source,) = open_sources(path, text="3", hints=TableHints(time="1"), day=date(2026, 2, 7))
    assert [event.time.isoformat() for event in source.events()] == [
        "2026-02-07T20:10:00+08:00", "2026-02-07T20:11:00+08:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        (TableHints(sheet="九"), "--sheet: no sheet '九'; there are: 说明, 上半场, 下半场"),
        (TableHints(sheet="0"), "no sheet '0'"),
        (
            TableHints(sheet="上半场", time="丁"),
            "--time: no column '丁'; the columns are: 甲, 乙, 丙",
        ),
        (TableHints(sheet="上半场", name="4"), "--name: no column '4'"),
    ],
)
def test_what_is_named_and_not_there(tmp_path, hints, says):
    path = odd_workbook(tmp_path / "直播.xlsx")
    with pytest.raises(ReadError, match=re.escape(says)):
        list(open_sources(path, text=None, hints=hints))
    table = tmp_path / "a.csv"
    table.write_text("评论\n好\n", encoding="utf-8")
    with pytest.raises(ReadError, match="no workbook"):
        list(open_sources(table, hints=TableHints(sheet="1")))


@pytest.mark.parametrize(
    "lines",
    [
        ['["好看', "[1]好看", "{哈哈", "[捂脸]来了"],
        ["[1]好看", "[2]好贵"],
        ['{"a好', "[]好"],
        ['["', "{}}"],
    ],
)
def test_comments_that_begin_like_json_are_comments(tmp_path, lines):
    path = tmp_path / "评论.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (source,) = open_sources(path)
    assert [event.text for event in source.events()] == lines
    assert not source.lost


def test_times_told_from_when_the_table_was_written(tmp_path):
    path = tmp_path / "评论.csv"
    told = {
        "昨天 20:15": "2026-02-06T20:15", "前天 08:10": "2026-02-05T08:10",
        "昨晚 9:05": "2026-02-06T21:05", "今天 下午 1:00": "2026-02-07T13:00",
        "3小时前": "2026-02-07T19:30", "半小时前": "2026-02-07T22:00", "2 天前": "2026-02-05T22:30",
        "刚刚": "2026-02-07T22:30", "上午 9:00": "2026-02-07T09:00", "很久以前": None,
        "02-06 20:15": "2026-02-06T20:15", "2月5日": "2026-02-05T00:00",
        "12/31 23:59": "2025-12-31T23:59", "13-40": None,
    }  # fmt: skip
    rows = "".join(f"{cell},好看\n" for cell in told)
    path.write_text(f"评论时间,评论内容\n{rows}导出时间：2026-02-07 22:30:41\n", encoding="utf-8")
    (source,) = open_sources(path)
    found = [event.time for event in source.events()]
    assert [one and one.isoformat()[:16] for one in found] == list(told.values())


def test_hours_ago_need_to_know_the_hour(tmp_path):
    path = tmp_path / "评论_20260207.csv"
    path.write_text("评论时间,评论内容\n昨天 20:15,好看\n3小时前,好贵\n", encoding="utf-8")
    (source,) = open_sources(path)
    first, second = (event.time for event in source.events())
    assert first.isoformat() == "2026-02-06T20:15:00+08:00"
    assert second is None


def test_nickname_and_identities_in_one_cell(tmp_path):
    path = tmp_path / "评论.csv"
    who = "小|圆|88123|MS4wLjABAAAAxq7Lk2"
    path.write_text(f"用户,评论\n{who},多少钱\n{who},好看\n小方|1,贵\n", encoding="utf-8")
    (source,) = open_sources(path)
    assert [(event.name, event.user) for event in source.events()] == [
        ("小|圆", "MS4wLjABAAAAxq7Lk2"), ("小|圆", "MS4wLjABAAAAxq7Lk2"), ("小方|1", "小方|1"),
    ]  # fmt: skip
