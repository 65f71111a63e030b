import pytest

from commentnlp.errors import ReadError
from commentnlp.tables import read_table, write_table


def test_remarks_blank_lines_and_short_rows(tmp_path):
    path = tmp_path / "表.tsv"
    path.write_text("\ufeff# a remark\n\n圈口\t3\n手寸\n", encoding="utf-8")
    assert read_table(path, 2) == [("圈口", "3"), ("手寸", "")]


@pytest.mark.parametrize("line", ["a\tb\tc", "\tb"])
def test_a_wrong_row_is_named(tmp_path, line):
    path = tmp_path / "words.tsv"
    path.write_text(f"好\t1\n{line}\n", encoding="utf-8")
    with pytest.raises(ReadError, match=r"words.tsv, line 2: expected 1 to 2 cells"):
        read_table(path, 2)


def test_missing_and_not_utf8(tmp_path):
    with pytest.raises(ReadError, match="no such table"):
        read_table(tmp_path / "none.tsv", 2)
    (tmp_path / "gbk.tsv").write_bytes("圈口".encode("gbk"))
    with pytest.raises(ReadError, match="not UTF-8"):
        read_table(tmp_path / "gbk.tsv", 2)


def test_round_trip(tmp_path):
    rows = [("米", "元", "多少|几", ""), ("w", "万", "", "")]
    (tmp_path / "t.tsv").write_bytes(write_table(rows))
    assert read_table(tmp_path / "t.tsv", 4) == rows
