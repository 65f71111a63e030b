import codecs
import contextlib
import csv
import gzip
import io
import json
import pickle
import zipfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.errors import ReadError
from commentnlp.reading import BLANK, Records, Remarks, open_sources
from commentnlp.reading.columns import Columns
from commentnlp.reading.encodings import (
    BROKEN,
    NULS,
    OTHER_ENCODING,
    encoding_of,
    text_blocks,
)
from commentnlp.reading.jsons import NO_JSON, NO_OBJECT
from commentnlp.reading.tables import (
    AGAIN,
    COMMAS,
    FEWER_CELLS,
    OPEN_QUOTE,
    TITLE,
    TOO_LONG,
    TRAILER,
    WIDER,
)
from commentnlp.records import Event

from .conftest import REAL

CSV = "时间,用户,评论内容\n20:01,小圆,圈口多大\n20:02,阿水,几个米\n"


def read(path, text=None):
    """All rows of a file, and its source."""
    total = Records()
    for source in open_sources(path, text=text):
        for records in source.records():
            total.rows += records.rows
            total.lines += records.lines
            total.comments += records.comments
    return source, total


def table(tmp_path, text, encoding="utf-8", name="评论.csv", column=None):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read(path, column)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(tmp_path, encoding, told):
    source, got = table(tmp_path, CSV, encoding)
    assert source.encoding == told
    assert source.parser.layout.header == ("时间", "用户", "评论内容")
    assert got.comments == ["圈口多大", "几个米"]
    assert all(note.startswith("clock times without a day") for note in source.notes)
    assert not len(source.odd) + len(source.lost)


def test_big5(tmp_path):
    text = "時間,評論內容\n20:01,這個鐲子多少錢\n20:02,什麼時候發貨\n"
    source, got = table(tmp_path, text, "big5")
    assert source.encoding == "big5"
    assert got.comments == ["這個鐲子多少錢", "什麼時候發貨"]


def test_utf16_big_endian(tmp_path):
    _, got = table(tmp_path, codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"))
    assert got.rows[1][2] == "几个米"


@given(st.text(st.sampled_from("圈口多大，几个米a1 \u3000"), min_size=1).filter(str.strip))
def test_round_trip_of_encodings(text):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        data = text.encode(encoding)
        told = encoding_of(data, "x")
        assert "".join(text_blocks(data, io.BytesIO(), told, Remarks())) == text


def test_lines_in_another_encoding_are_read_in_theirs(tmp_path):
    lines = ["评论\n".encode()] + ["这是一条正常的评论\n".encode()] * 20
    lines.insert(5, "这一行是国标的编码\n".encode("gb18030"))
    source, got = table(tmp_path, b"".join(lines))
    assert got.rows[4] == ["这一行是国标的编码"]
    assert source.odd.counts == {OTHER_ENCODING: 1}


def test_characters_are_whole_whatever_the_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("commentnlp.reading.encodings.BLOCK", 7)
    monkeypatch.setattr("commentnlp.reading.sources.HEAD", 64)
    body = "".join(f"{n},第{n}条评论😀，很长\n" for n in range(200))
    for encoding in ("utf-8", "gb18030", "utf-16", "big5"):
        text = "id,评论\n" + (body.replace("😀", "") if encoding == "big5" else body)
        text = text.replace("条", "條").replace("论", "論").replace("长", "長")
        text = text.replace("评", "評")
        _, got = table(tmp_path, text, encoding)
        assert "".join(",".join(row) + "\n" for row in got.rows) == text.partition("\n")[2]
        assert got.lines == list(range(2, 202))


def test_tsv_bare_quotes_and_quoted_cells(tmp_path):
    _, got = table(tmp_path, 'text\tn\n说"好"的\t1\n"开头的引号\t2\n', name="a.tsv")
    assert [row[0] for row in got.rows] == ['说"好"的', '"开头的引号']
    _, got = table(tmp_path, 'text,n\n"两,行\n的",1\n')
    assert got.rows == [["两,行\n的", "1"]]
    assert got.lines == [2]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(tmp_path, delimiter):
    text = "时间,评论,备注\n20:01,多少钱,a\n20:02,好看,b\n".replace(",", delimiter)
    source, got = table(tmp_path, text)
    assert source.parser.layout.delimiter == delimiter
    assert got.comments == ["多少钱", "好看"]


def test_one_column_keeps_its_commas(tmp_path):
    _, got = table(tmp_path, "评论\n好看, 多少钱\n贵,了,吧\n")
    assert got.comments == ["好看, 多少钱", "贵,了,吧"]
    source, got = table(tmp_path, "好看, 多少钱\n什么时候发货\n贵,了,吧\n")
    assert got.comments == ["好看, 多少钱", "什么时候发货", "贵,了,吧"]
    assert "no header" in source.notes[0]


def test_no_header(tmp_path):
    source, got = table(tmp_path, "1,2026-02-07 20:15:03,这个多少钱\n2,2026-02-07 20:15:09,好看\n")
    assert got.comments == ["这个多少钱", "好看"]
    assert source.parser.layout.told == {"time": "column 2", "text": "column 3"}


def test_ragged_rows_lose_nothing(tmp_path):
    source, got = table(tmp_path, "text,n\n一\n二,2,多,的\n")
    assert source.parser.layout.header == ("text", "n", "column 3", "column 4")
    assert got.rows == [["一", "", "", ""], ["二", "2", "多", "的"]]
    assert source.odd.lines == {FEWER_CELLS: [2], WIDER: [3]}


def test_only_rows_that_are_ragged_are_called_so(tmp_path):
    source, got = table(tmp_path, "text,n\n一,1\n二,2,多\n三,3\n四\n")
    assert [len(row) for row in got.rows] == [3] * 4
    assert source.odd.lines == {WIDER: [3], FEWER_CELLS: [5]}


def test_lines_that_end_as_on_an_old_mac(tmp_path):
    _, got = table(tmp_path, CSV.replace("\n", "\r"))
    assert got.comments == ["圈口多大", "几个米"]
    _, got = table(tmp_path, "多少钱\r贵了\r好看")
    assert got.comments == ["多少钱", "贵了", "好看"]


@pytest.mark.parametrize(("first", "other"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_several_encodings_in_one_file(tmp_path, first, other):
    said = [f"老李{n},戴了几天就掉色了怎么退{n}\n" for n in range(33)]
    data = [line.encode(other if n > 25 else first) for n, line in enumerate(said)]
    source, got = table(tmp_path, "用户,评论内容\n".encode(first) + b"".join(data))
    assert [",".join(row) + "\n" for row in got.rows] == said
    assert source.odd.counts == {OTHER_ENCODING: 7}
    assert source.odd.lines[OTHER_ENCODING] == [28, 29, 30, 31, 32]


def test_commas_without_quotes_in_the_last_column(tmp_path):
    source, got = table(tmp_path, "时间,内容\n20:01,好,看,吗\n20:02,好\n")
    assert got.comments == ["好,看,吗", "好"]
    assert source.odd.counts == {COMMAS: 1}


def test_titles_trailers_and_headers_that_come_again(tmp_path):
    source, got = table(
        tmp_path,
        "直播间评论导出\n\n时间,用户,内容\n20:01,小圆,好看\n时间,用户,内容\n20:02,阿水,贵\n\n"
        "导出时间: 2026-02-07 23:00:00\n总记录数: 2\n",
    )
    assert got.comments == ["好看", "贵"]
    assert got.lines == [4, 6]
    assert source.lost.counts == {TITLE: 2, AGAIN: 1, BLANK: 1, TRAILER: 2}
    assert source.lost.lines[TRAILER] == [8, 9]


def test_entities_are_read_as_what_they_mean(tmp_path):
    _, got = table(tmp_path, "评论\n好看&hellip;&amp;贵\n")
    assert got.rows == [["好看&hellip;&amp;贵"]]
    assert got.comments == ["好看…&贵"]


def test_line_numbers_count_lines_of_the_file(tmp_path):
    _, got = table(tmp_path, 'text\r\n"一\r\n二"\r\n\r\n三\r\n')
    assert [row[0] for row in got.rows] == ["一\r\n二", "三"]
    assert got.lines == [2, 5]


EVENTS = (
    "【用户关注】,1657768379004,2022-07-14 11:12:59,u1\r\n"
    "【实时弹幕】,1657768379104,2022-07-14 11:12:59,u2,多少钱\r\n"
    "【主播弹幕】,1657768379204,2022-07-14 11:12:59,主播,欢迎\r\n"
)


def test_event_logs_have_no_header_and_rows_that_are_no_comments(tmp_path):
    source, got = table(tmp_path, EVENTS + "\0" * 40 + EVENTS)
    assert source.parser.layout.header == ("用户行为", "时间戳", "时间", "用户id", "用户消息")
    assert got.comments == [None, "多少钱", None] * 2
    assert source.odd.counts == {NULS: 40}
    follow, said, host = source.parser.events(got)[:3]
    assert (follow.kind, follow.user, follow.role) == ("follow", "u1", "viewer")
    assert said.time.isoformat() == "2022-07-14T11:12:59.104000+08:00"
    assert (host.kind, host.role, host.text) == ("comment", "host", "欢迎")


CELLS = st.text(st.sampled_from('贵慢a1,;|\t"\n\r\u3000 0'), max_size=5)
NAMED = ["评论", "时间", "类型", "角色", "用户id", "昵称", "数量", "商品", "财富等级", "levels"]
ODD = ["", " ", "弹幕", "点赞", "【主播弹幕】", "管理员", "1655275530879", "0000", "小***", "fan:3"]


@given(
    st.lists(st.sampled_from(NAMED), min_size=1, unique=True).flatmap(
        lambda header: st.tuples(
            st.just(header),
            st.lists(
                st.lists(st.sampled_from(ODD) | CELLS, min_size=len(header), max_size=len(header)),
                max_size=9,
            ),
        )
    )
)
def test_rows_read_together_are_as_rows_read_alone(given):
    header, rows = given
    columns = Columns.named(header)
    together = columns.events(rows, range(len(rows)))
    alone = [event for n, row in enumerate(rows) for event in columns.events([row], [n])]
    assert together == alone
    for event in together:
        # made without the constructor, but none the less whole
        assert Event(**{name: getattr(event, name) for name in Event.__slots__}) == event
        assert pickle.loads(pickle.dumps(event)) == replace(event) == event


@pytest.mark.parametrize("name", ["弹幕内容", "Comment", "CONTENT", "message", "评论", " 内容 "])
def test_usual_names(tmp_path, name):
    _, got = table(tmp_path, f"id,{name}\n1,好\n", column="")
    assert got.comments == ["好"]


def test_the_likeliest_name_wins(tmp_path):
    text = "message,评论内容\n系统,好看\n"
    assert table(tmp_path, text, column="")[1].comments == ["好看"]
    assert table(tmp_path, text, column="message")[1].comments == ["系统"]


def test_no_text_column_names_those_there_are(tmp_path):
    text = "日期,数量\n1,2\n"
    with pytest.raises(ReadError, match=r"columns are: 日期, 数量 .*--text"):
        table(tmp_path, text, column="")
    with pytest.raises(ReadError, match="no column '正文'"):
        table(tmp_path, text, column="正文")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf  \n", "empty"),
        (bytes(range(256)) * 20, "not a text file"),
        (b"abc\x02\x01\x01" + b"\x01\x02\x90" * 500, "not a text file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    with pytest.raises(ReadError, match=message):
        table(tmp_path, data)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        read(tmp_path / "没有.csv")
    with pytest.raises(ReadError, match="folder"):
        read(tmp_path)


def test_broken_bytes_are_marked_and_counted(tmp_path):
    good = "评论\n" + "这是一条正常的评论\n" * 200
    source, got = table(
        tmp_path, good.encode() + "坏在\x00这里的一条评论\n".encode().replace(b"\0", b"\xe8")
    )
    assert source.encoding == "utf-8"
    assert got.rows[-1] == ["坏在\ufffd这里的一条评论"]
    assert source.odd.counts == {BROKEN: 1}


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data):
    with contextlib.suppress(ReadError):
        told = encoding_of(data, "x")
        "".join(text_blocks(data, io.BytesIO(), told, Remarks()))


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path):
    lines = [f"{n},正常的评论" for n in range(30)]
    lines.insert(20, 'x,"没关上的引号')
    source, got = table(tmp_path, "id,评论\n" + "\n".join(lines) + "\n")
    assert len(got.rows) == 31
    assert got.rows[20] == ["x", '"没关上的引号']
    assert source.odd.lines[OPEN_QUOTE] == [22]


def test_a_stray_quote_does_not_undo_the_quoted_cells(tmp_path):
    _, got = table(tmp_path, 'id,评论\n1,55"电视\n2,"好,看"\n3,"两\n行"\n')
    assert got.rows == [["1", '55"电视'], ["2", "好,看"], ["3", "两\n行"]]


def test_blank_lines_are_counted(tmp_path):
    source, got = table(tmp_path, "评论\n一\n\n二\n\n")
    assert len(got.rows) == 2
    assert source.lost.counts == {BLANK: 2}


def test_utf32_is_not_taken_for_utf16(tmp_path):
    _, got = table(tmp_path, "评论\n😀多少钱\n", "utf-32")
    assert got.rows == [["😀多少钱"]]


def test_json_lines(tmp_path):
    source, got = table(
        tmp_path,
        '{"id": 7401234567890123456, "text": "多少钱"}\n\nno json\n'
        '{"text": "贵", "score": 1.5, "more": {"a": null}}\n'
        '{"id": null, "text": "好", "ok": true}\n[1]\n',
        column="",
    )
    assert source.tool == "JSON lines"
    assert source.parser.layout.header == ("id", "text", "score", "more", "ok")
    assert got.rows == [
        ["7401234567890123456", "多少钱", "", "", ""],
        ["", "贵", "1.5", '{"a": null}', ""],
        ["", "好", "", "", "true"],
    ]
    assert got.lines == [1, 4, 5]
    assert source.lost.counts == {BLANK: 1, NO_JSON: 1, NO_OBJECT: 1}


@pytest.mark.parametrize("indent", [None, 1])
def test_json_arrays(tmp_path, monkeypatch, indent):
    for module in ("encodings", "sources"):
        monkeypatch.setattr(f"commentnlp.reading.{module}.BLOCK", 50)
    monkeypatch.setattr("commentnlp.reading.sources.HEAD", 70)
    values = [{"评论": f"第{n}条，多少钱", "n": n} for n in range(300)]
    source, got = table(tmp_path, json.dumps(values, ensure_ascii=False, indent=indent))
    assert source.tool == "JSON array"
    assert got.comments == [value["评论"] for value in values]
    assert source.parser.layout.header == ("评论", "n", "other keys")


def test_a_json_array_that_is_cut_off(tmp_path):
    source, got = table(tmp_path, '[{"text": "贵"},\n{"text": "慢"},\n{"text": "断')
    assert got.comments == ["贵", "慢"]
    assert source.lost.lines[NO_JSON] == [3]


ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=30)


@given(
    ROWS, st.sampled_from([",", "\t", ";", "|"]), st.sampled_from(["utf-8", "utf-16", "gb18030"])
)
def test_rows_in_are_rows_out_and_rows_named(tmp_path_factory, rows, delimiter, encoding):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["时间", "评论内容"], *rows])
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    source, got = read(path)
    assert len(got.rows) + len(source.lost) == len(rows)
    assert got.rows == rows


@given(st.binary(max_size=400).map(lambda b: "时间,评论内容\n".encode() + b.replace(b"\0", b"")))
def test_no_line_is_lost_in_silence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("lines") / "a.csv"
    path.write_bytes(data)
    try:
        source, got = read(path)
    except ReadError:
        return
    rows = len(got.rows) + len(source.lost)
    # several lines may make one quoted row, but no row may vanish
    assert rows <= data.count(b"\n") + data.count(b"\r") + 1
    assert got.lines == sorted(got.lines)
    if b'"' not in data and not source.encoding.startswith("utf-16"):
        headed = source.parser.layout.header[0] != "column 1"
        assert rows + headed == len(data.removesuffix(b"\n").split(b"\n"))


@pytest.mark.parametrize("how", ["gz", "zip", "zst"])
def test_packed_tables(tmp_path, how):
    path = tmp_path / f"评论.{how}"
    if how == "gz":
        path.write_bytes(gzip.compress(CSV.encode("gb18030")))
    elif how == "zst":
        path.write_bytes(zstandard.compress(CSV.encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("一.csv", CSV)
    assert read(path)[1].comments == ["圈口多大", "几个米"]


def test_workbooks(tmp_path):
    path = tmp_path / "评论.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["直播间评论"],
        ["消息ID", "评论时间", "评论内容"],
        ["7401234567890123456", datetime(2026, 2, 7, 20, 15, 3), "多少钱"],
        [1, None, "=1+1"],
    ):
        sheet.append(row)
    book.save(path)
    source, got = read(path)
    assert source.parser.layout.told == {
        "text": "评论内容", "time": "评论时间", "id": "消息ID",
    }  # fmt: skip
    assert got.rows[0] == ["7401234567890123456", "2026-02-07 20:15:03", "多少钱"]
    assert got.lines == [3, 4]
    assert source.lost.counts == {TITLE: 1}


def test_empty_rows_of_a_workbook_are_named(tmp_path):
    book = openpyxl.Workbook()
    for place, text in ((1, "评论"), (2, "多少钱"), (6, "贵")):
        book.active.cell(place, 1, text)
    book.save(tmp_path / "a.xlsx")
    source, got = read(tmp_path / "a.xlsx")
    assert got.lines == [2, 6]
    assert (source.lost.counts, source.lost.lines) == ({BLANK: 3}, {BLANK: [3]})


def test_a_line_without_end_is_named_and_left_out(tmp_path, monkeypatch):
    for module in ("encodings", "tables"):
        monkeypatch.setattr(f"commentnlp.reading.{module}.LONGEST_LINE", 500)
    monkeypatch.setattr("commentnlp.reading.encodings.BLOCK", 100)
    monkeypatch.setattr("commentnlp.reading.sources.HEAD", 100)
    source, got = table(tmp_path, "id,评论\n1,好\n" + "2," + "长" * 5000 + "\n3,贵\n")
    assert got.comments == ["好", "贵"]
    assert source.lost.lines[TOO_LONG] == [3]
    assert got.lines == [2, 4]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside this checkout")
def test_real_files():
    for path in sorted(REAL.glob("jd_live/*.csv")) + sorted(REAL.glob("odd_files/*")):
        _, got = read(path, "")
        assert any(got.comments), path


LIVE = Path(__file__).parent / "live"


@pytest.mark.parametrize(
    ("pattern", "tool"),
    [
        ("DouyinBarrageGrab.jsonl", "DouyinBarrageGrab"),
        ("DouyinDanmu.jsonl", "DouyinDanmu"),
        ("DouyinLiveWebFetcher.txt", "DouyinLiveWebFetcher"),
        ("*(12).json", "dycast"),
        ("blivedm.jsonl", "blivedm"),
        ("douyinLive.jsonl", "douyinLive"),
        ("gateway.ndjson", "DouyinLiveGateway"),
        ("live_push.jsonl", "Douyin push"),
        ("live_room_watcher.jsonl", "live-room-watcher"),
        ("tiktok.jsonl", "TikTok-Live-Connector"),
        ("type_payload.jsonl", "type/payload JSONL"),
        ("抖音直播消息_*.csv", "DouyinDanmu screen"),
        ("logs/弹幕日志/*/*/弹幕消息.txt", "DouyinBarrageGrab log"),
    ],
)
def test_what_live_tools_write_whatever_its_name(tmp_path, pattern, tool):
    (path,) = LIVE.glob(pattern)
    source, got = read(path, "")
    assert source.tool == tool
    assert any(got.comments)
    (tmp_path / "名字.dat").write_bytes(path.read_bytes())
    again, same = read(tmp_path / "名字.dat", "")
    assert again.tool == tool
    assert same.comments == got.comments
    # what is typed is a comment, and no sentence that a tool made up
    for text in filter(None, got.comments):
        assert "总点赞" not in text
        assert "进入直播间" not in text


def test_the_raw_message_of_a_live_tool_is_kept():
    (path,) = LIVE.glob("DouyinLiveWebFetcher.txt")
    _, got = read(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [row[-1] for row in got.rows] == [lines[number - 1] for number in got.lines]


def test_a_log_gets_its_day_from_outside(tmp_path):
    (path,) = LIVE.glob("logs/弹幕日志/*/*/弹幕消息.txt")
    (tmp_path / "a.txt").write_bytes(path.read_bytes())
    for source in open_sources(tmp_path / "a.txt"):
        assert all(event.time is None for event in source.events())
    for source in open_sources(tmp_path / "a.txt", day=date(2026, 2, 7)):
        assert next(source.events()).time.date() == date(2026, 2, 7)
