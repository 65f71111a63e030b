import csv
import json

import pytest

from commentnlp.batch import classify_file, default_target
from commentnlp.errors import CommentnlpError

from .test_reading import EVENTS


def write(tmp_path, text, name="弹幕 评论.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_and_column_comes_back(tiny, tmp_path):
    source = write(tmp_path, 'id,评论,备注\n7401234567890123456,这个太贵了,"a,b"\n,,\n3,慢,\n')
    summary = classify_file(tiny, source)
    assert summary.target == str(default_target(source))
    assert default_target(source).name == "弹幕 评论.tagged.csv"
    got = rows(default_target(source))
    assert [row["id"] for row in got] == ["7401234567890123456", "", "3"]
    assert got[0]["备注"] == "a,b"
    assert got[0]["intent"] == "price"
    assert got[0]["intent_score"] == "0.731"
    assert got[0]["evidence"] == "price:太贵"
    assert got[1]["intent"] == got[1]["evidence"] == ""
    assert got[2]["complaint"] == "logistics.delay"
    assert (summary.rows, summary.comments, summary.different) == (3, 2, 2)
    assert summary.labels["complaint"] == {"logistics": 1, "logistics.delay": 1}


def test_repeats_count_each_time(tiny, tmp_path):
    source = write(tmp_path, "评论\n" + "贵\n" * 5 + "慢\n慢死了\n")
    summary = classify_file(tiny, source)
    assert summary.labels["intent"]["price"] == 5
    assert (summary.comments, summary.different) == (7, 3)
    assert summary.examples["complaint/logistics"] in ("慢", "慢死了")
    assert len(rows(default_target(source))) == 7


def test_rows_that_are_no_comments_pass_through(tiny, tmp_path):
    source = write(tmp_path, EVENTS.replace("欢迎", "贵贵贵").replace("多少钱", "贵"))
    summary = classify_file(tiny, source)
    got = rows(default_target(source))
    assert [row["intent"] for row in got] == ["", "price", ""]
    assert (summary.rows, summary.comments) == (3, 1)


def test_a_column_of_the_same_name_is_kept(tiny, tmp_path):
    source = write(tmp_path, "text,intent\n贵,mine\n")
    classify_file(tiny, source)
    got = rows(default_target(source))[0]
    assert (got["intent"], got["tagged_intent"]) == ("mine", "price")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_kinds_of_output(tiny, tmp_path, suffix):
    source = write(tmp_path, 'id,评论\n1,"贵\n了"\n')
    target = tmp_path / f"出{suffix}"
    classify_file(tiny, source, target)
    text = target.read_text(encoding="utf-8")
    if suffix == ".jsonl":
        assert json.loads(text)["评论"] == "贵\n了"
    else:
        assert text.startswith("\ufeffid,评论" if suffix == ".csv" else "id\t评论")


def test_other_kinds_are_refused_before_the_work(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    with pytest.raises(CommentnlpError, match=r"one ending in .csv, .tsv, .jsonl"):
        classify_file(tiny, source, tmp_path / "out.xls")


def test_nothing_half_written(tiny, tmp_path, monkeypatch):
    source = write(tmp_path, "评论\n贵\n")
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("commentnlp.batch._write", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        classify_file(tiny, source, target)
    assert target.read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "弹幕 评论.csv"]


def test_a_folder_that_cannot_be_written(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    with pytest.raises(CommentnlpError, match="cannot be written"):
        classify_file(tiny, source, tmp_path / "none" / "out.csv")


def test_the_input_is_never_overwritten(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n", "a.csv")
    (tmp_path / "link.csv").symlink_to(source)
    for target in (source, tmp_path / "." / "a.csv", tmp_path / "link.csv"):
        with pytest.raises(CommentnlpError, match="is the input"):
            classify_file(tiny, source, target)
    assert source.read_text(encoding="utf-8") == "评论\n贵\n"


def test_columns_of_one_name_are_all_kept(tiny, tmp_path):
    source = write(tmp_path, "内容,备注,备注,内容,tagged_intent,intent\n贵,x,y,z,1,2\n")
    classify_file(tiny, source, tmp_path / "o.jsonl")
    got = json.loads((tmp_path / "o.jsonl").read_text(encoding="utf-8"))
    assert got["内容"] == "贵"
    assert got["备注 (column 3)"] == "y"
    assert got["内容 (column 4)"] == "z"
    assert got["tagged_tagged_intent"] == "price"


def test_names_as_long_as_the_file_system_takes(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n", "很" * 78 + ".csv")
    classify_file(tiny, source)
    assert len(rows(default_target(source))) == 1
