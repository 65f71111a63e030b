import csv
import io
import json
import os
import pickle
import sys
from datetime import datetime, time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commentnlp import workbooks, writing
from commentnlp.errors import CommentnlpError
from commentnlp.reading.sheets import parquet_rows, workbook_rows
from commentnlp.workbooks import CellKinds
from commentnlp.writing import SUFFIXES, TextWriter, keys, layout, open_rows, open_text

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")
pq = pytest.importorskip("pyarrow.parquet")

HEADER = ["comment_id", "时间", "评论", "complaint", "complaint_score"]
ID = "7386920145538206719"
ROWS = [
    [ID, "2026-11-22 20:15:03", '"色差"好大,\n退了', "product_quality.color", "0.913"],
    ["+86", "2026-11-22 20:15:03.250", "=1+1", "", ""],
    ["", "刚刚", "@客服 http://例.test", "logistics|after_sales", "0.7|0.611"],
]


KINDS = CellKinds(times=frozenset({1}), texts=frozenset({0, 2}), scores=frozenset({4}))


def put(path, suffix, header, rows, kinds=None):
    with open_rows(path, suffix, header, kinds) as writer:
        # in two goes, as blocks come
        writer.write(rows[:1])
        writer.write(iter(rows[1:]))
    return writer.notes


def got(path, suffix):
    """Header and rows as a reader of that format sees them."""
    if suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]
        return [list(lines[0]) if lines else [], *(list(line.values()) for line in lines)]
    if suffix in (".csv", ".tsv"):
        text = path.read_bytes().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), dialects[suffix]))
    reader = workbook_rows if suffix == ".xlsx" else parquet_rows
    with path.open("rb") as file:
        return [cells for _, cells in reader(file, "room").rows]


dialects = {".csv": "excel", ".tsv": "excel-tab"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_come_back(tmp_path, suffix):
    # the path's own ending does not matter: a caller writes beside the target and renames
    path = tmp_path / "out.part"
    assert put(path, suffix, HEADER, ROWS, KINDS) == []
    assert got(path, suffix) == [HEADER, *ROWS]
    assert os.listdir(tmp_path) == ["out.part"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_without_rows(tmp_path, suffix):
    put(tmp_path / "out", suffix, HEADER, [])
    assert got(tmp_path / "out", suffix) == [[] if suffix == ".jsonl" else HEADER]


def text_cells(**characters):
    return st.text(st.characters(exclude_categories=["Cs"], **characters), max_size=6)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_rows_come_back(tmp_path, suffix, data):
    # Python 3.10 reads no CSV file with a NUL in it
    cell = st.sampled_from(['"', ",", "\t", "\r", "\n", "\r\n", "=A1", " a ", "_x000D_", ""])
    cell = cell | text_cells(exclude_characters="\0")
    width = data.draw(st.integers(1, 4))
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=6))
    header = [f"c{number}" for number in range(width)]
    put(tmp_path / "out", suffix, header, rows, CellKinds(times=frozenset(range(width))))
    want = [header, *rows]
    if suffix == ".jsonl" and not rows:
        want = [[]]
    if suffix == ".xlsx":
        want = [row for row in want if any(row)]
    assert got(tmp_path / "out", suffix) == want


def test_csv_begins_with_the_mark_that_excel_wants(tmp_path):
    for suffix in (".csv", ".tsv"):
        put(tmp_path / "out", suffix, ["评论"], [["贵"]])
        mark = b"\xef\xbb\xbf" if suffix == ".csv" else b""
        assert (tmp_path / "out").read_bytes() == mark + "评论\n贵\n".encode()


def test_names_of_columns_become_unique_keys():
    assert keys(["a", "", "a", "a", ""]) == [
        "a", "(column 2)", "a (column 3)", "a (column 4)", "(column 5)"
    ]  # fmt: skip
    assert keys(["a", "a", "a (column 2)"]) == ["a", "a (column 2)", "a (column 2) (column 3)"]


@given(st.lists(st.sampled_from(["", "a", "a (column 2)", "(column 1)", "(column 3)", " "])))
def test_keys_are_unique_whatever_the_names(header):
    assert len(set(keys(header))) == len(header)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_blocks_laid_out_elsewhere_make_the_same_file(tmp_path, suffix):
    put(tmp_path / "whole", suffix, HEADER, ROWS)
    form = pickle.loads(pickle.dumps(layout(suffix, HEADER)))
    with open_text(tmp_path / "blocks", form) as writer:
        for row in ROWS:
            writer.write_text(form.rows([row]))
    assert (tmp_path / "blocks").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_half_a_surrogate_pair_is_marked(tmp_path, suffix):
    put(tmp_path / "out", suffix, ["a\ud800"], [["\udc00贵\ud83d"]])
    assert got(tmp_path / "out", suffix) == [["a\ufffd"], ["\ufffd贵\ufffd"]]
    put(tmp_path / "out", suffix, ["a"], [["\ud83d\ude00"]])
    assert got(tmp_path / "out", suffix) == [["a"], ["😀"]]


@pytest.mark.parametrize(
    ("cell", "value", "form"),
    [
        ("2026-11-22", datetime(2026, 11, 22), "yyyy-mm-dd"),
        ("2026-11-22T20:15:03+08:00", datetime(2026, 11, 22, 20, 15, 3), "yyyy-mm-dd hh:mm:ss"),
        ("2026-11-22T20:15:03+00:00", "2026-11-22T20:15:03+00:00", "General"),
        ("2026-11-22 20:15", datetime(2026, 11, 22, 20, 15), "yyyy-mm-dd hh:mm"),
        ("20:15:00", time(20, 15), "hh:mm:ss"),
        ("20:15", time(20, 15), "hh:mm"),
        ("25:15", "25:15", "General"),
        ("1700000000", "1700000000", "General"),
    ],
)
def test_times_of_a_workbook(tmp_path, cell, value, form):
    put(tmp_path / "out.xlsx", ".xlsx", ["t"], [[cell]], CellKinds(times=frozenset({0})))
    found = openpyxl.load_workbook(tmp_path / "out.xlsx").active["A2"]
    assert (found.value, found.number_format) == (value, form)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1),
        ("0", 0),
        ("-12", -12),
        ("123456789012345", 123456789012345),
        ("1234567890123456", "1234567890123456"),
        ("007", "007"),
        ("-0", "-0"),
        ("99.5", 99.5),
        ("99.50", "99.50"),
        ("1e5", "1e5"),
        ("nan", "nan"),
        ("１", "１"),
        ("0.990|0.610", "0.990|0.610"),
    ],
)
def test_numbers_of_a_workbook(tmp_path, cell, value):
    header, kinds = ["n", "评论"], CellKinds(texts=frozenset({1}))
    put(tmp_path / "out.xlsx", ".xlsx", header, [[cell, cell]], kinds)
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert (sheet["A2"].value, sheet["B2"].value) == (value, cell)
    assert got(tmp_path / "out.xlsx", ".xlsx") == [header, [cell, cell]]


def test_scores_of_a_workbook(tmp_path):
    kinds = CellKinds(scores=frozenset({0}))
    put(tmp_path / "out.xlsx", ".xlsx", ["s"], [["0.990"], ["1.000"], ["0.9|0.8"]], kinds)
    cells = [row[0] for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows()]
    assert [cell.value for cell in cells[1:]] == [0.99, 1, "0.9|0.8"]
    assert cells[1].number_format == "0.000"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_formulas_are_made_harmless_on_request(suffix):
    cells = [
        "=1+1",
        "+86 138",
        "-cmd|x",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1",
        "-5",
        "+5.2",
        "贵=",
        "",
    ]
    safe = layout(suffix, list("abcdefghijk"), safe=True).rows([cells])
    plain = layout(suffix, list("abcdefghijk")).rows([cells])
    if suffix == ".jsonl":
        assert safe == plain
        return
    rows = list(csv.reader(io.StringIO(safe, newline=""), dialects[suffix]))
    assert rows == [[*(f"'{cell}" for cell in cells[:7]), *cells[7:]]]


def test_a_workbook_has_dates_numbers_and_texts(tmp_path):
    put(tmp_path / "out.xlsx", ".xlsx", HEADER, ROWS, KINDS)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    sheet = book.active
    assert (book.sheetnames, sheet.freeze_panes) == (["comments"], "A2")
    assert sheet.auto_filter.ref == "A1:E4"
    assert all(cell.font.bold for cell in sheet[1])
    assert (sheet["A2"].value, sheet["A2"].data_type) == (ID, "s")
    assert (sheet["C3"].value, sheet["C3"].data_type) == ("=1+1", "s")
    assert (sheet["A3"].data_type, sheet["E2"].data_type) == ("s", "n")
    assert (sheet["C4"].value, sheet["C4"].hyperlink) == (ROWS[2][2], None)
    assert sheet["B2"].value == datetime(2026, 11, 22, 20, 15, 3)
    assert sheet["B2"].number_format == "yyyy-mm-dd hh:mm:ss"
    assert sheet["B3"].value == datetime(2026, 11, 22, 20, 15, 3, 250_000)
    assert sheet["B3"].number_format == "yyyy-mm-dd hh:mm:ss.000"
    assert (sheet["B4"].value, sheet["D3"].value) == ("刚刚", None)
    widths = {name: column.width for name, column in sheet.column_dimensions.items()}
    assert 20 < widths["A"] < 30
    assert 20 < widths["B"] < 30


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01 00:00:00",
        "1899-12-31 00:00:00",
        "2026-11-22",
        "2026-11-22 20:15:03.1234",
        "٢٠٢٦",
    ],
)
def test_what_is_no_moment_stays_text(tmp_path, text):
    put(tmp_path / "out", ".xlsx", ["t"], [[text]], CellKinds(times=frozenset({0})))
    assert got(tmp_path / "out", ".xlsx") == [["t"], [text]]


def test_long_texts_of_a_workbook_are_cut(tmp_path):
    fits, long, wide = "长" * 32_767, "长" * 32_768, "😀" * 16_384
    notes = put(tmp_path / "out", ".xlsx", ["a"], [[fits], [long], [wide]])
    assert got(tmp_path / "out", ".xlsx")[1:] == [
        [fits], ["长" * 32_766 + "…"], ["😀" * 16_383 + "…"]
    ]  # fmt: skip
    assert notes == ["2 cells had more than 32,767 characters: cut, they end in …"]


def test_rows_go_on_in_the_next_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "SHEET_ROWS", 4)
    put(tmp_path / "out.xlsx", ".xlsx", ["n"], [[str(number)] for number in range(7)])
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert [[row[0].value for row in sheet] for sheet in book] == [
        ["n", "0", "1", "2"], ["n", "3", "4", "5"], ["n", "6"]
    ]  # fmt: skip
    assert book.sheetnames == ["comments", "comments 2", "comments 3"]
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:A4", "A1:A4", "A1:A2"]
    assert [sheet.freeze_panes for sheet in book] == ["A2"] * 3


def test_more_columns_than_a_workbook_has(tmp_path):
    with pytest.raises(CommentnlpError, match=r"room for 16,384 columns, not for 16,385"):
        open_rows(tmp_path / "out", ".xlsx", ["a"] * 16_385)
    assert os.listdir(tmp_path) == []


def test_parquet_has_groups_of_rows_and_only_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "GROUP_ROWS", 10)
    put(tmp_path / "out", ".parquet", ["id", "id"], [[str(number), ""] for number in range(25)])
    file = pq.ParquetFile(tmp_path / "out")
    assert file.metadata.num_row_groups == 3
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("id", "string"), ("id (column 2)", "string")
    ]  # fmt: skip
    assert file.read().column(1).null_count == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_given_up_leaves_nothing_but_itself(tmp_path, suffix):
    def fail():
        with open_rows(tmp_path / "out", suffix, HEADER) as writer:
            writer.write(ROWS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_such_folder_is_an_os_error(tmp_path, suffix):
    with pytest.raises(FileNotFoundError):
        open_rows(tmp_path / "none" / "out", suffix, HEADER)
    with pytest.raises(OSError, match="directory"):
        open_rows(tmp_path, suffix, HEADER)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_full_disk_is_an_os_error(tmp_path, suffix):
    path = tmp_path / "out"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        put(path, suffix, HEADER, ROWS * 1000)


def test_a_full_disk_while_a_workbook_is_packed(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xlsxwriter.workbook.Workbook._store_workbook", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path / "out", ".xlsx", HEADER, ROWS)
    assert os.listdir(tmp_path) == ["out"]


def test_text_written_after_the_file_is_closed(tmp_path):
    writer = TextWriter(tmp_path / "out", layout(".csv", ["a"]))
    writer.close()
    writer.discard()
    with pytest.raises(ValueError, match="closed"):
        writer.write_text("b\n")


@pytest.mark.parametrize(
    ("package", "suffix", "extra"),
    [("pyarrow", ".parquet", "parquet")],
)
def test_a_missing_package_is_named(tmp_path, monkeypatch, package, suffix, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CommentnlpError, match=rf"pip install 'commentnlp\[{extra}\]'"):
        open_rows(tmp_path / "out", suffix, HEADER)
    assert os.listdir(tmp_path) == []
