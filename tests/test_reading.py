import codecs
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.errors import ReadError
from commentnlp.reading import read_table_file
from commentnlp.reading.encodings import decode

from .conftest import REAL

CSV = "时间,用户,评论内容\n20:01,小圆,圈口多大\n20:02,阿水,几个米\n"


def table(tmp_path, text, encoding="utf-8", name="评论.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_table_file(path)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
    ],
)
def test_encodings(tmp_path, encoding, told):
    got = table(tmp_path, CSV, encoding)
    assert got.encoding == told
    assert got.header == ("时间", "用户", "评论内容")
    assert got.comments(got.text_column()) == ["圈口多大", "几个米"]
    assert got.notes == ()


def test_utf16_big_endian(tmp_path):
    got = table(tmp_path, codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"))
    assert got.rows[1][2] == "几个米"


@given(st.text(st.sampled_from("圈口多大，几个米a1 \u3000"), min_size=1).filter(str.strip))
def test_round_trip_of_encodings(text):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert decode(text.encode(encoding), "x").text == text


def test_tsv_bare_quotes_and_quoted_cells(tmp_path):
    got = table(tmp_path, 'text\tn\n说"好"的\t1\n"开头的引号\t2\n', name="a.tsv")
    assert [row[0] for row in got.rows] == ['说"好"的', '"开头的引号']
    got = table(tmp_path, 'text,n\n"两,行\n的",1\n')
    assert got.rows == [["两,行\n的", "1"]]
    assert got.lines == [2]


def test_ragged_rows_lose_nothing(tmp_path):
    got = table(tmp_path, "text,n\n一\n二,2,多,的\n")
    assert got.header == ("text", "n", "column 3", "column 4")
    assert got.rows == [["一", "", "", ""], ["二", "2", "多", "的"]]
    assert "1 rows have more cells" in got.notes[0]


def test_line_numbers_count_lines_of_the_file(tmp_path):
    got = table(tmp_path, 'text\r\n"一\r\n二"\r\n\r\n三\r\n')
    assert [row[0] for row in got.rows] == ["一\r\n二", "三"]
    assert got.lines == [2, 5]


EVENTS = (
    "【用户关注】,1657768379004,2022-07-14 11:12:59,u1\r\n"
    "【实时弹幕】,1657768379104,2022-07-14 11:12:59,u2,多少钱\r\n"
    "【主播弹幕】,1657768379204,2022-07-14 11:12:59,主播,欢迎\r\n"
)


def test_event_logs_have_no_header_and_rows_that_are_no_comments(tmp_path):
    got = table(tmp_path, EVENTS + "\0" * 40 + EVENTS)
    assert got.header == ("用户行为", "时间戳", "时间", "用户id", "用户消息")
    assert got.comments(got.text_column()) == [None, "多少钱", None] * 2
    assert got.notes == ("40 NUL characters left out",)


@pytest.mark.parametrize("name", ["弹幕内容", "Comment", "CONTENT", "message", "评论", " 内容 "])
def test_usual_names(tmp_path, name):
    got = table(tmp_path, f"id,{name}\n1,好\n")
    assert got.comments(got.text_column()) == ["好"]


def test_the_likeliest_name_wins(tmp_path):
    got = table(tmp_path, "message,评论内容\n系统,好看\n")
    assert got.comments(got.text_column()) == ["好看"]
    assert got.comments(got.text_column("message")) == ["系统"]


def test_no_text_column_names_those_there_are(tmp_path):
    got = table(tmp_path, "日期,数量\n1,2\n")
    with pytest.raises(ReadError, match=r"columns are: 日期, 数量 .*--text"):
        got.text_column()
    with pytest.raises(ReadError, match="no column '正文'"):
        got.text_column("正文")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf  \n", "empty"),
        (b"PK\x03\x04" + b"\0" * 100, "Excel workbook; save it as CSV"),
        (b"\x1f\x8b\x08\x00abc", "gzip"),
        (bytes(range(256)) * 20, "not a text file"),
        (b"\x7fELF\x02\x01\x01" + b"\x01\x02\x90" * 500, "not a text file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    with pytest.raises(ReadError, match=message):
        table(tmp_path, data)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        read_table_file(tmp_path / "没有.csv")
    with pytest.raises(ReadError, match="is a folder"):
        read_table_file(tmp_path)


def test_broken_bytes_are_marked_and_counted(tmp_path):
    good = "评论\n" + "这是一条正常的评论\n" * 200
    got = table(tmp_path, good.encode() + b"\xe8\xb4 bad\n")
    assert got.encoding == "utf-8"
    assert got.rows[-1] == ["\ufffd bad"]
    assert "1 broken bytes" in got.notes[0]


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data):
    with contextlib.suppress(ReadError):
        decode(data, "x")


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path):
    lines = [f"{n},正常的评论" for n in range(30)]
    lines.insert(20, 'x,"没关上的引号')
    got = table(tmp_path, "id,评论\n" + "\n".join(lines) + "\n")
    assert len(got.rows) == 31
    assert got.rows[20] == ["x", '"没关上的引号']
    assert "never closed" in got.notes[0]


def test_a_stray_quote_does_not_undo_the_quoted_cells(tmp_path):
    got = table(tmp_path, 'id,评论\n1,55"电视\n2,"好,看"\n3,"两\n行"\n')
    assert got.rows == [["1", '55"电视'], ["2", "好,看"], ["3", "两\n行"]]
    assert "has no partner" in got.notes[0]


def test_blank_lines_are_counted(tmp_path):
    got = table(tmp_path, "评论\n一\n\n二\n\n")
    assert len(got.rows) == 2
    assert got.notes == ("2 blank lines left out",)


def test_utf32_is_not_taken_for_utf16(tmp_path):
    got = table(tmp_path, "评论\n😀多少钱\n", "utf-32")
    assert got.rows == [["😀多少钱"]]


def test_json_is_told_apart(tmp_path):
    with pytest.raises(ReadError, match="JSON, not a table"):
        table(tmp_path, '{"text": "好"}\n')


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside this checkout")
def test_real_files():
    for path in sorted(REAL.glob("jd_live/*.csv")) + sorted(REAL.glob("odd_files/*.csv")):
        got = read_table_file(path)
        assert got.rows
        column = got.text_column()
        assert any(got.comments(column))
