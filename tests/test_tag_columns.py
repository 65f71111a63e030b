"""Names and cells of tagged tables: in Chinese, one column a label, harmless; and read back."""

import csv

import openpyxl
import pytest

from commentnlp import Taxonomy
from commentnlp.batch import Options, classify_file
from commentnlp.cli import main
from commentnlp.model import Model
from commentnlp.reading import open_sources
from commentnlp.report import summarise_files
from commentnlp.samples import read_samples
from commentnlp.tag_columns import TagColumns

from .conftest import TRAINING_DATA

CHINESE = ["关注点", "关注点_分数", "投诉", "投诉_分数", "依据"]
SHOW = TRAINING_DATA / "sample_show.csv"


@pytest.fixture
def comments(tmp_path):
    path = tmp_path / "评论.csv"
    path.write_text("text,类型\n太贵,弹幕\n寄得慢,弹幕\n你好,弹幕\n,点赞\n", encoding="utf-8")
    return path


def rows(path):
    dialect = "excel-tab" if path.suffix == ".tsv" else "excel"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, dialect))


def test_names_in_chinese(tiny, comments, tmp_path):
    classify_file(tiny, comments, tmp_path / "o.csv", Options(labels="zh"))
    header, first, second, *_ = rows(tmp_path / "o.csv")
    assert header[2:] == CHINESE
    assert (first[2], first[-1]) == ("价格", "价格:太贵")
    assert second[4] == "时效"


def test_a_column_for_each_label(tiny, comments, tmp_path):
    classify_file(tiny, comments, tmp_path / "o.csv", Options(wide=True))
    header, *cells = rows(tmp_path / "o.csv")
    assert header[-3:] == list(tiny.labels)
    assert [row[-3:] for row in cells] == [
        ["1", "0", "0"], ["0", "1", "1"], ["0", "0", "0"], ["", "", ""],
    ]  # fmt: skip
    classify_file(tiny, comments, tmp_path / "o.xlsx", Options(wide=True, labels="zh"))
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").active
    assert [cell.value for cell in sheet[1]][-3:] == ["关注点/价格", "投诉/物流", "投诉/时效"]
    assert [cell.value for cell in sheet[3]][-3:] == [0, 1, 1]
    assert isinstance(sheet["D2"].value, float)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_a_table_in_chinese_is_read_back(tiny, comments, tmp_path, suffix):
    tags = []
    for labels in ("en", "zh"):
        target = tmp_path / f"{labels}{suffix}"
        classify_file(tiny, comments, target, Options(labels=labels, wide=True))
        events = [event for source in open_sources(target) for event in source.events()]
        tags.append([tiny.taxonomy.identify(event.tags) for event in events])
    assert tags[0] == tags[1]
    assert tags[1][1]["complaint"][0].label == "logistics.delay"


def test_samples_in_chinese_are_read(tiny, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("text,关注点,关注点_分数,投诉\n太贵,价格,0.9,\n慢,,,时效\n", encoding="utf-8")
    first, second = read_samples(path, tiny.taxonomy)
    assert first.labels == {"intent": {"price"}, "complaint": set()}
    assert second.labels["complaint"] == {"logistics", "logistics.delay"}


def test_a_report_of_a_table_in_chinese_says_the_same(shipped, tmp_path, monkeypatch):
    for labels in ("en", "zh"):
        classify_file(shipped, SHOW, tmp_path / f"{labels}.csv", Options(labels=labels))
    # the tags come from the files: the model is not asked
    monkeypatch.setattr(Model, "tag", lambda self, texts, **options: [] if not texts else 1 / 0)
    reports = [summarise_files([tmp_path / f"{name}.csv"], shipped) for name in ("en", "zh")]
    assert reports[0].total == reports[1].total
    assert reports[0].hotspots == reports[1].hotspots


def test_a_name_that_could_be_misread_gives_way_to_the_identifier():
    same = {"zh": "其他"}
    labels = {"a": {"zh": "甲|乙"}, "b": {}, "a.x": same, "b.x": same}
    labels |= {"c": {"zh": "b"}, "d": {"zh": "丁"}}
    taxonomy = Taxonomy.from_json(
        {"f": {"names": same, "labels": labels}, "g": {"names": same, "labels": {"e": {}}}}
    )
    columns = TagColumns(taxonomy, "zh")
    assert [*columns.label_names.values()] == ["a", "b", "a.x", "b.x", "c", "丁", "e"]
    assert columns.names([])[::2] == ["f", "g", "依据"]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_formulas_of_both_kinds_of_columns_are_harmless(tmp_path, suffix):
    path = tmp_path / "a.csv"
    path.write_text('=备注,评论\n"=cmd|x",+多少钱\n-5,好看\n', encoding="utf-8")
    target = tmp_path / f"o.{suffix}"
    for option, expected in ((["--safe-cells"], "'"), ([], "")):
        assert main(["classify", str(path), "-o", str(target), "-q", *option]) == 0
        header, first, second = rows(target)
        assert (header[0], first[0], second[0]) == (f"{expected}=备注", f"{expected}=cmd|x", "-5")
        assert first[1] == f"{expected}+多少钱"


def test_a_queue_to_label_is_made_harmless(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("评论\n=多少钱\n", encoding="utf-8")
    for option, text in ((["--safe-cells"], "'=多少钱"), ([], "=多少钱")):
        target = tmp_path / "q.csv"
        assert main(["suggest", str(path), "-o", str(target), *option]) == 0
        header, row = rows(target)
        assert row[header.index("text")] == text


@pytest.mark.parametrize(
    ("environment", "options", "chinese"),
    [
        ({}, [], False),
        ({"LANG": "zh_CN.UTF-8"}, [], True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, [], True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, [], False),
        ({}, ["--labels", "zh"], True),
        ({"LANG": "zh_CN.UTF-8"}, ["--labels", "en"], False),
    ],
)
def test_the_screen_speaks_the_language_of_the_environment(
    tmp_path, monkeypatch, capsys, environment, options, chinese
):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "a.csv"
    path.write_text("评论\n这个多少钱\n", encoding="utf-8")
    assert main(["classify", str(path), *options]) == 0
    out = capsys.readouterr().out
    assert ("\n关注点\n" in out, "intent 关注点" in out) == (chinese, not chinese)
    assert ("所以两处占比不同" in out, "its shares differ" in out) == (chinese, not chinese)
    (header, _) = rows(tmp_path / "a.tagged.csv")
    assert ("关注点" in header) == ("zh" in options)
