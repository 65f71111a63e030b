import io
import random
import struct
import sys
import warnings
import zipfile
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from commentnlp.errors import ReadError
from commentnlp.reading import open_sources, sheets
from commentnlp.reading.cells import cell_text, unescaped
from commentnlp.reading.sheets import old_workbook_rows, parquet_rows, workbook_rows

from .test_opening import ole2

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlrd")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ID = "7386920145538206719"


def read(reader, data):
    sheet = reader(io.BytesIO(data), "room")
    return list(sheet.rows), sheet.notes


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def changed(data, name, old, new):
    """The workbook with ``old`` replaced in one of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for info in source.infolist():
            part = source.read(info)
            if info.filename == name:
                assert old in part
                part = part.replace(old, new)
            target.writestr(info.filename, part)
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (-0.25, "-0.25"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (float("nan"), ""),
        (float("inf"), "inf"),
        (1e300, "1e+300"),
        (2**63 - 1, "9223372036854775807"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("#N/A", "#N/A"),
        (datetime(2026, 11, 22, 20, 15, 3), "2026-11-22 20:15:03"),
        (datetime(2026, 11, 22, 20, 15, 3, 120_000), "2026-11-22 20:15:03.120"),
        (datetime(2026, 11, 22, 20, 15, 3, 120_001), "2026-11-22 20:15:03.120001"),
        (datetime(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, tzinfo=timezone.utc), "2026-11-22 00:00:00+00:00"),
        (date(2026, 11, 22), "2026-11-22"),
        (time(20, 15), "20:15:00"),
        (timedelta(days=1, hours=2, seconds=63), "26:01:03"),
        (b"\xe7\x8e\x89\xff", "玉\ufffd"),
        (Decimal("58.80"), "58.80"),
        ([{"链接": 3, "at": date(2026, 1, 2)}, None], '[{"链接": 3, "at": "2026-01-02"}, null]'),
    ],
)
def test_cells_become_text(value, text):
    assert cell_text(value) == text


def test_characters_that_xml_cannot_hold():
    assert (
        unescaped("第一行_x000D_\n_x005F_x000D_ _xD83D_ _x12_") == "第一行\r\n_x000D_ _xD83D_ _x12_"
    )


def test_a_workbook():
    data = saved(
        workbook(
            ["评论ID", "时间", "评论", "点赞", "置顶"],
            [ID, datetime(2026, 11, 22, 20, 15, 3), "镯子圈口多少", 12, True],
            [],
            ["8", datetime(2026, 11, 22), "=1+1", 0.5, None],
            [None, None, "#N/A", 3.0, False],
        )
    )
    rows, notes = read(workbook_rows, data)
    assert rows == [
        (1, ["评论ID", "时间", "评论", "点赞", "置顶"]),
        (2, [ID, "2026-11-22 20:15:03", "镯子圈口多少", "12", "TRUE"]),
        (4, ["8", "2026-11-22", "", "0.5", ""]),  # a formula that was never calculated
        (5, ["", "", "#N/A", "3", "FALSE"]),
    ]
    assert notes == []


def test_a_formula_gives_its_kept_value():
    data = saved(workbook(["价"], ["=29+30"]))
    data = changed(data, "xl/worksheets/sheet1.xml", b"<v />", b"<v>59</v>")
    assert read(workbook_rows, data)[0] == [(1, ["价"]), (2, ["59"])]


def test_rich_text_and_escapes_are_plain_text():
    sheet = (
        f"<worksheet {NS}><sheetData>"
        '<row r="3"><c r="B3" t="inlineStr"><is><r><t>白菜价</t></r><r><t> 发货慢</t></r></is></c>'
        '<c r="C3" t="inlineStr"><is><t>两_x000D_\n行</t></is></c></row></sheetData></worksheet>'
    )
    with zipfile.ZipFile(io.BytesIO(saved(workbook(["x"])))) as source:
        old = source.read("xl/worksheets/sheet1.xml")
    data = changed(saved(workbook(["x"])), "xl/worksheets/sheet1.xml", old, sheet.encode())
    assert read(workbook_rows, data)[0] == [(3, ["", "白菜价 发货慢", "两\r\n行"])]


@pytest.mark.parametrize("wrong", [b"A1", b"A1:A2", b"A1:XFD1048576"])
def test_wrong_dimensions_do_not_matter(wrong):
    data = saved(workbook(["昵称", "评论"], ["阿玉", "几天发货"], ["小满", "掉色吗"]))
    data = changed(data, "xl/worksheets/sheet1.xml", b'ref="A1:B3"', b'ref="' + wrong + b'"')
    assert [cells for _, cells in read(workbook_rows, data)[0]] == [
        ["昵称", "评论"],
        ["阿玉", "几天发货"],
        ["小满", "掉色吗"],
    ]


def test_rows_are_as_wide_as_the_widest_so_far():
    data = saved(workbook(["直播间评论导出"], ["a", "b", "c"], ["1"], ["", "", "", "x", ""]))
    assert [cells for _, cells in read(workbook_rows, data)[0]] == [
        ["直播间评论导出"],
        ["a", "b", "c"],
        ["1", "", ""],
        ["", "", "", "x"],
    ]


def test_the_first_visible_sheet_with_data():
    book = openpyxl.Workbook()
    book.create_sheet("说明").append(["隐藏"])
    book["说明"].sheet_state = "hidden"
    book.create_sheet("评论").append(["评论"])
    book.create_sheet("汇总").append(["合计"])
    book.create_sheet("空")
    rows, notes = read(workbook_rows, saved(book))
    assert rows == [(1, ["评论"])]
    assert notes == ["only the sheet 评论 is read; not read: 说明 (hidden), 汇总"]


def test_a_workbook_without_data():
    with pytest.raises(ReadError, match="room: no visible sheet of the workbook holds data"):
        read(workbook_rows, saved(openpyxl.Workbook()))


def test_long_numbers_are_noted():
    data = saved(workbook(["id"], [20261122], [10**15 - 1], [1.5e17]))
    # some exporters write all the digits, which Excel would not
    data = changed(data, "xl/worksheets/sheet1.xml", b"20261122", ID.encode())
    rows, notes = read(workbook_rows, data)
    assert [cells for _, cells in rows] == [["id"], [ID], ["9" * 15], ["150000000000000000"]]
    assert notes == [
        "2 cells are numbers of more than 15 digits, the last of which may be lost: "
        "export identities as text"
    ]


def test_a_row_that_no_sheet_can_have(monkeypatch):
    monkeypatch.setattr(sheets, "LAST_ROW", 5000)
    data = saved(workbook(["a"], ["b"]))
    data = changed(data, "xl/worksheets/sheet1.xml", b'r="2"', b'r="99999999999999"')
    with pytest.raises(ReadError, match=r"a row after 5,000"):
        read(workbook_rows, data)


@pytest.mark.parametrize(
    ("data", "reader"),
    [
        (b"", workbook_rows),
        (b"PK\3\4 no archive", workbook_rows),
        (saved(workbook(["a"]))[:900], workbook_rows),
        (changed(saved(workbook(["a"])), "xl/workbook.xml", b"<sheets>", b"<"), workbook_rows),
        (changed(saved(workbook([1])), "xl/worksheets/sheet1.xml", b"<row", b"<"), workbook_rows),
        (b"", old_workbook_rows),
        (ole2(Contents=b"nothing"), old_workbook_rows),
        (ole2(Workbook=b"\x09\x08\x10\0"), old_workbook_rows),
        (b"", parquet_rows),
        (b"PAR1\x15\x04PAR1", parquet_rows),
    ],
)
def test_broken_files(data, reader):
    with pytest.raises(ReadError, match="room: the file is broken"):
        read(reader, data)


@pytest.mark.parametrize("kind", ["xlsx", "xls", "parquet"])
def test_damage_of_any_kind_is_a_read_error(kind):
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["手镯"] * 50, "b": list(range(50))}), file)
    data, reader = {
        "xlsx": (saved(workbook(["评论"], ["掉色吗"], [3])), workbook_rows),
        "xls": (old_workbook(), old_workbook_rows),
        "parquet": (file.getvalue(), parquet_rows),
    }[kind]
    chance = random.Random(7)
    for _ in range(120):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            read(reader, bytes(broken))
        except ReadError:
            continue


def test_warnings_of_the_readers_stay_inside():
    data = saved(workbook(["时间"], [datetime(2026, 11, 22, 20, 15)]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = archive.read("xl/worksheets/sheet1.xml")
    start = part.index(b"<v>4")
    number = part[start : part.index(b"</v>", start)]
    data = changed(data, "xl/worksheets/sheet1.xml", number, b"<v>99999999999")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [cells for _, cells in read(workbook_rows, data)[0]] == [["时间"], ["#VALUE!"]]


def record(code, data):
    return struct.pack("<HH", code, len(data)) + data


def utf16(text):
    return b"\1" + text.encode("utf-16-le")


def old_workbook(*, password=False):
    """An XLS file as Excel 97 writes it: a hidden sheet, then one with cells of every kind."""

    def begin(kind):
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))

    def cell(row, column, form=0):
        return struct.pack("<HHH", row, column, form)

    def label(row, column, text):
        return record(0x204, cell(row, column) + struct.pack("<H", len(text)) + utf16(text))

    def number(row, column, value, form=0):
        return record(0x203, cell(row, column, form) + struct.pack("<d", value))

    end = record(0x0A, b"")
    hidden = begin(0x10) + label(0, 0, "隐藏") + end
    shown = begin(0x10) + b"".join(
        [
            label(1, 0, "评论"),
            label(1, 1, "时间"),
            label(1, 2, "点赞"),
            label(2, 0, "掉色吗"),
            number(2, 1, 46348.84378472222, 1),
            number(2, 2, 12),
            number(3, 1, 46348, 1),
            number(3, 2, 1.5),
            number(4, 1, 0.5, 1),
            record(0x205, cell(4, 2) + b"\1\0"),
            record(0x205, cell(5, 2) + b"\x2a\1"),
            number(6, 0, 1.5e17),
            end,
        ]
    )
    head = begin(5) + (record(0x2F, bytes(6)) if password else b"")
    head += record(0x42, struct.pack("<H", 1200)) + record(0x22, bytes(2))
    for form in (0, 22):  # general; date and time
        head += record(0xE0, struct.pack("<HHHBBBBIIH", 0, form, 0, 32, 0, 0, 0, 0, 0, 0))
    names = [("内部", 1), ("评论", 0)]
    size = sum(4 + 6 + 2 + 2 * len(name) for name, _ in names)
    at = len(head) + size + len(end)
    for (name, state), body in zip(names, (hidden, shown), strict=True):
        head += record(0x85, struct.pack("<IBB", at, state, 0) + bytes([len(name)]) + utf16(name))
        at += len(body)
    return ole2(Workbook=head + end + hidden + shown)


def test_an_old_workbook(capsys):
    rows, notes = read(old_workbook_rows, old_workbook())
    assert rows == [
        (2, ["评论", "时间", "点赞"]),
        (3, ["掉色吗", "2026-11-22 20:15:03", "12"]),
        (4, ["", "2026-11-22", "1.5"]),
        (5, ["", "12:00:00", "TRUE"]),
        (6, ["", "", "#N/A"]),
        (7, ["150000000000000000", "", ""]),
    ]
    assert notes[0] == "only the sheet 评论 is read; not read: 内部 (hidden)"
    assert notes[1].startswith("1 cells are numbers of more than 15 digits")
    assert capsys.readouterr() == ("", "")


def test_an_old_workbook_with_a_password():
    with pytest.raises(ReadError, match="room: has a password; save it without one"):
        read(old_workbook_rows, old_workbook(password=True))


def parquet(columns, **options):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def test_parquet():
    moment = datetime(2026, 11, 22, 20, 15, 3, 250_000)
    columns = {
        "id": pa.array([int(ID), None], pa.int64()),
        "评论": ["掉色吗", ""],
        "kind": pa.array(["问", "问"]).dictionary_encode(),
        "local": pa.array([moment, None], pa.timestamp("ns")),
        "zoned": pa.array([moment, None], pa.timestamp("ms", "UTC")),
        "day": pa.array([date(2026, 11, 22), None]),
        "half": pa.array([0.1, float("nan")], pa.float32()),
        "double": pa.array([59.0, None]),
        "flag": [True, None],
        "raw": [b"\xe7\x8e\x89\xff", None],
        "list": [["a", None], None],
        "struct": [{"at": moment, "级": 3}, None],
        "decimal": [Decimal("58.80"), None],
        "null": pa.nulls(2),
    }
    rows, notes = read(parquet_rows, parquet(columns))
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[0][1] == list(columns)
    assert dict(zip(columns, rows[1][1], strict=True)) == {
        "id": ID,
        "评论": "掉色吗",
        "kind": "问",
        "local": "2026-11-22 20:15:03.250",
        "zoned": "2026-11-23 04:15:03.250+08:00",
        "day": "2026-11-22",
        "half": "0.1",
        "double": "59",
        "flag": "TRUE",
        "raw": "玉\ufffd",
        "list": '["a", null]',
        "struct": '{"at": "2026-11-22 20:15:03.250", "级": 3}',
        "decimal": "58.80",
        "null": "",
    }
    assert rows[2][1] == ["", "", "问", *[""] * 11]
    assert notes == []


def test_parquet_ids_kept_as_floats_are_noted():
    rows, notes = read(parquet_rows, parquet({"id": pa.array([7.38692014553820672e18, None])}))
    assert rows[1:] == [(2, ["7386920145538206720"]), (3, [""])]
    assert notes[0].startswith("1 cells are numbers of more than 15 digits")


def test_parquet_comes_in_batches(monkeypatch):
    monkeypatch.setattr(sheets, "BATCH_ROWS", 64)
    texts = [f"第{number}条" for number in range(1000)]
    data = parquet({"text": texts}, row_group_size=300)
    sheet = parquet_rows(io.BytesIO(data), "room")
    assert next(sheet.rows) == (1, ["text"])
    assert list(sheet.rows) == [(number, [text]) for number, text in enumerate(texts, 2)]


def test_parquet_with_one_name_twice():
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["x", "x"])
    file = io.BytesIO()
    pq.write_table(table, file)
    assert read(parquet_rows, file.getvalue())[0] == [(1, ["x", "x"]), (2, ["a", "b"])]


@pytest.mark.parametrize(
    ("package", "reader", "extra"),
    [
        ("pyarrow.parquet", parquet_rows, "parquet"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, package, reader, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ReadError, match=rf"pip install 'commentnlp\[{extra}\]'"):
        read(reader, b"")


def test_a_merged_cell_stands_in_each_row_that_it_covers(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["商品名称", "评价内容", "评价时间"])
    for row, (item, text) in enumerate(
        [
            ("平安扣", "好看"),
            ("", "贵"),
            ("", "慢"),
            ("", "无"),
            ("手镯", "长的评价"),
            ("", ""),
            ("", "快"),
        ],
        2,
    ):
        sheet.append([item, text, f"2026-02-07 20:0{row}"])
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("A6:A8")
    sheet.merge_cells("B6:B7")
    book.save(tmp_path / "评价.xlsx")
    (source,) = open_sources(tmp_path / "评价.xlsx")
    events = list(source.events())
    assert [event.item for event in events] == ["平安扣"] * 3 + [""] + ["手镯"] * 3
    assert [event.text for event in events] == ["好看", "贵", "慢", "无", "长的评价", "", "快"]
