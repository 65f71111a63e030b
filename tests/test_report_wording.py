"""What reading remarks is said in Chinese, too."""

import os
import re
import sqlite3
import zipfile
from datetime import datetime

import pytest

from commentnlp.reading import chat_texts, encodings, jsons, open_sources, tables
from commentnlp.report.wording import Wording

ENGLISH = re.compile(r"[a-z]{3,}")
CONSTANTS = [
    *(getattr(tables, name) for name in (
        "MORE_CELLS", "COMMAS", "FEWER_CELLS", "WIDER", "NO_HEADER", "OPEN_QUOTE", "BLANK", "TITLE",
        "TRAILER", "AGAIN", "TOO_LONG",
    )),
    *(getattr(encodings, name) for name in ("BROKEN", "OTHER_ENCODING", "NULS")),
    chat_texts.NO_CHAT, jsons.NO_JSON, jsons.NO_OBJECT,
]  # fmt: skip


@pytest.mark.parametrize("remark", CONSTANTS)
def test_remarks_on_lines(remark):
    said = Wording("zh").remark(remark)
    assert said != remark
    assert not ENGLISH.search(said)
    assert Wording("en").remark(remark) == remark


def workbook(path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "评论表"
    book.active.append(["评论"])
    book.active.append(["多少钱"])
    book.active.append([1234567890123456789])
    book.active.cell(3, 1200).value = "x"
    book.create_sheet("另一张").append(["评论"])
    book.save(path)


def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table a (content text, nickname text)")
        connection.execute("create table b (content text, nickname text)")
        connection.executemany("insert into a values (?, ?)", [("多少钱", "小圆")] * 3)
        connection.execute("insert into b values ('好', '小方')")


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("评论.csv", "评论\n多少钱\n")
        for number in range(5):
            file.writestr(f"{number}.png", "x")


def texts(text):
    return lambda path: path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("直播.xlsx", workbook),
        ("直播.db", database),
        ("直播.zip", archive),
        ("直播.csv", texts("时间,评论\n20:10,多少钱\n20:11,好看\n")),
        ("3月14日.csv", texts("时间,评论\n20:10,多少钱\n20:11,好看\n")),
        ("无表头.csv", texts("2026-02-07 20:10:00,小圆,多少钱\n2026-02-07 20:11:00,小方,好看\n")),
        ("宽.csv", texts("评论,时间\n好,1,2,3\n好看,2,3,4\n")),
        ("字幕.srt", texts("1\n00:00:01,000 --> 00:00:02,000\n多少钱\n\n")),
        ("聊天.txt", texts("20:10:01 小圆：多少钱\n20:10:02 小方：好看\n20:10:05 小三：来了\n")),
        ("数组.json", texts('[{"text": "好看"}, {"text": "多少钱"}]')),
    ],
)
def test_notes_on_files(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    saved = datetime(2026, 3, 20).timestamp()
    os.utime(path, (saved, saved))
    wording = Wording("zh")
    for source in open_sources(path, text=None):
        assert list(source.events())
        for note in (*source.notes, source.tool):
            said = wording.remark(note)
            assert not ENGLISH.search(re.sub(r"\d\.png|JSON|XLSX|SQLITE|CSV|--date", "", said)), (
                note
            )
