import csv
import json
import zipfile

import openpyxl
import pytest

from commentnlp.annotation import CHECKED, ID, columns, label_studio_config, write_queue
from commentnlp.errors import CommentnlpError, ReadError, SampleError
from commentnlp.records import Candidate
from commentnlp.samples import gather
from commentnlp.taxonomy import Taxonomy

from .conftest import TINY_TAXONOMY, TRAINING_DATA

TAXONOMY = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
LONG = "7305839201746658213"
HOSTILE = [
    "这个多少米", "=1+1", "+86 138", "-发货", "@主播 看我", " 前后有空格 ", "两\n行", 'a"b,c|d\te',
    "👍🏻‍♀️", "零\u200b宽", "长" * 2000, "https://a.b", "007", "2026-11-23", "TRUE",
    "'引号", "<b>&amp;",
]  # fmt: skip


def candidates():
    labels = {"intent": ("price",), "complaint": (), "act": ("ask", "complain", "order")}
    return [
        Candidate(
            text, f"{LONG}{i}", "2026-11-23 20:00:00", "翡翠间", i, labels, "margin", "price 0.4"
        )
        for i, text in enumerate(HOSTILE)
    ]


def checked(path):
    """As somebody does who looks at every row and changes nothing."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, 1).value = "是"
        book.save(path)
    elif path.suffix == ".json":
        tasks = json.loads(path.read_text(encoding="utf-8"))
        exported = [
            {"id": 900 + i, "data": task["data"], "predictions": [], "annotations": [
                {"id": i, "completed_by": 1, "was_cancelled": False,
                 "result": task["predictions"][0]["result"]}]}
            for i, task in enumerate(tasks)
        ]  # fmt: skip
        path.write_text(json.dumps(exported), encoding="utf-8")
    elif path.suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        for i, line in enumerate(lines):
            line.update(id=i, label=[*line["label"], CHECKED], Comments=[])
        path.write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    else:
        tab = "\t" if path.suffix == ".tsv" else ","
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=tab))
        for row in rows[1:]:
            row[0] = "是"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=tab).writerows(rows)
    return path


@pytest.mark.parametrize("name", ["待标.xlsx", "待标.csv", "待标.tsv", "待标.json", "待标.jsonl"])
def test_texts_and_ids_come_back_unharmed(tmp_path, name):
    write_queue(tmp_path / name, candidates(), TAXONOMY)
    gathered = gather([checked(tmp_path / name)], TAXONOMY)
    assert [s.text for s in gathered.samples] == HOSTILE
    assert [s.id for s in gathered.samples] == [f"{LONG}{i}" for i in range(len(HOSTILE))]
    for sample in gathered.samples:
        assert sample.labels == {
            "intent": {"price"}, "complaint": set(), "act": {"ask", "complain", "order"}
        }  # fmt: skip
        assert sample.group == "翡翠间"
        assert sample.time.startswith("2026-11-23 20:00:00")
    assert not gathered.problems
    assert not gathered.notes
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["待标.xlsx", "待标.csv", "待标.json", "待标.jsonl"])
def test_what_nobody_has_looked_at_does_not_count(tmp_path, name):
    write_queue(tmp_path / name, candidates(), TAXONOMY)
    with pytest.raises(SampleError, match=rf"no samples in it: none of {len(HOSTILE)} rows"):
        gather([tmp_path / name], TAXONOMY)


def test_rows_left_out_are_told(tmp_path):
    path = tmp_path / "待标.csv"
    path.write_text(
        "checked,text,intent\n是,贵,price\n,好,\n否,慢,\n✓,多少,价格\n", encoding="utf-8"
    )
    gathered = gather([path], TINY_TAXONOMY)
    assert [s.text for s in gathered.samples] == ["贵", "多少"]
    assert gathered.notes == [
        f"{path}: no column 'complaint': not judged there",
        f"{path}: 2 of 4 rows are not checked yet: left out",
    ]


def test_the_workbook_is_made_to_label_in(tmp_path):
    path = tmp_path / "待标.xlsx"
    write_queue(path, candidates(), TAXONOMY)
    book = openpyxl.load_workbook(path)
    sheet, labels = book.worksheets
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref
    assert [cell.value for cell in sheet[1]] == columns(TAXONOMY)
    assert sheet.cell(2, columns(TAXONOMY).index("id") + 1).value == f"{LONG}0"
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "n"}
    assert all(
        cell.value is None for row in sheet.iter_rows() for cell in row if cell.data_type == "n"
    )
    lists = {str(v.sqref).split(":")[0][0]: v for v in sheet.data_validations.dataValidation}
    assert lists["A"].formula1 == '"是,否"'
    offered = {}
    for letter, name in zip("CDEFGH", columns(TAXONOMY)[2:8], strict=True):
        assert lists[letter].errorStyle == "warning"
        where = lists[letter].formula1.partition("!")[2].replace("$", "")
        offered[name] = [row[0].value for row in labels[where]]
    assert offered["intent"] == offered["intent 2"] == [
        "quality 品质", "price 价格", "style 款式", "fit 佩戴效果"
    ]  # fmt: skip
    assert len(offered["complaint"]) == len(TAXONOMY.facets["complaint"])
    assert sheet["C2"].value == "price 价格"
    assert (sheet["G2"].value, sheet["H2"].value) == ("ask 提问", "complain 不满|order 下单")


def test_it_is_written_by_the_same_bytes_in_english(tmp_path):
    write_queue(tmp_path / "a.xlsx", candidates(), TAXONOMY, language="en")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert "price" in archive.read("xl/sharedStrings.xml").decode()


def test_labels_in_any_words(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "text,intent,intent 2,complaint\n贵,价格,,无\n价,price 价格,,?\n"
        "啊,-,price,logistics.delay 时效\n",
        encoding="utf-8",
    )
    first, second, third = gather([path], TINY_TAXONOMY).samples
    assert first.labels == {"intent": {"price"}, "complaint": set()}
    assert second.labels == {"intent": {"price"}}
    assert third.labels == {"intent": {"price"}, "complaint": {"logistics", "logistics.delay"}}


def test_the_configuration_of_label_studio_fits():
    from xml.etree import ElementTree

    tree = ElementTree.fromstring(label_studio_config(TAXONOMY))
    assert tree.find("Text").get("value") == "$text"
    choices = {c.get("name"): [x.get("alias") for x in c] for c in tree.iter("Choices")}
    assert choices == {facet: list(labels) for facet, labels in TAXONOMY.facets.items()}
    assert {c.get("choice") for c in tree.iter("Choices")} == {"multiple"}


def test_several_annotators_and_skipped_tasks(tmp_path):
    def said(who, *labels, **more):
        value = {"choices": list(labels)}
        return {
            "completed_by": who,
            "result": [
                {"from_name": "intent", "to_name": "text", "type": "choices", "value": value}
            ],
            **more,
        }

    tasks = [
        {"data": {"text": "贵", ID: "1"}, "annotations": [
            said(3, "price"), said({"id": 4, "email": "li@example.com"})]},
        {"data": {"text": "好"}, "annotations": [said(3, "price", was_cancelled=True)]},
        {"data": {"text": "慢"}, "annotations": []},
    ]  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    gathered = gather([path], TINY_TAXONOMY)
    assert [(s.text, s.annotator, s.place) for s in gathered.samples] == [
        ("贵", "3", f"{path}, task 1"), ("贵", "li@example.com", f"{path}, task 1")
    ]  # fmt: skip
    assert [set(s.labels["intent"]) for s in gathered.samples] == [{"price"}, set()]
    assert gathered.notes == [f"{path}: 2 of 4 rows are not checked yet: left out"]


def test_the_short_export_of_label_studio(tmp_path):
    rows = [
        {"text": "贵", "id": 7, "comment_id": LONG, "intent": "price", "annotator": 1,
         "annotation_id": 2},
        {"text": "慢", "id": 8, "complaint": {"choices": ["logistics", "logistics.delay"]},
         "annotation_id": 3},
    ]  # fmt: skip
    path = tmp_path / "min.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    first, second = gather([path], TINY_TAXONOMY).samples
    assert (first.id, first.labels["intent"]) == (LONG, {"price"})
    assert second.labels == {"intent": set(), "complaint": {"logistics", "logistics.delay"}}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '[{"data": {"text": "贵"', r"a\.json, line 1: no JSON .*; is the file whole\?"),
        ("a.jsonl", '{"text": "贵", "label": []}\n{"text"', r"a\.jsonl, line 2: no JSON"),
        ("a.json", '[{"data": "贵", "annotations": []}]', "a.json, task 1: 'data' is no object"),
        ("a.json", "[1, 2]", r"a\.json"),
        ("a.json", "", r"a\.json: "),
        ("a.json", "[]", r"a\.json: "),
        ("a.jsonl", b"\xff\xfe\x00", r"a\.jsonl: not UTF-8"),
    ],
)
def test_damaged_exports_are_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((ReadError, SampleError), match=message):
        gather([path], TINY_TAXONOMY)


def test_unknown_labels_of_exports_are_named(tmp_path):
    lines = [
        {"text": "贵", "label": ["checked", "intent/prize"]},
        {"text": "贵", "label": ["checked", "mood/angry"]},
        {"text": "", "label": ["checked"]},
        {"text": "好", "label": ["checked"]},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    gathered = gather([path], TINY_TAXONOMY)
    assert [(p.place, p.what.partition(";")[0]) for p in gathered.problems] == [
        (f"{path}, line 1", "unknown label 'prize' in facet 'intent' (price?)"),
        (f"{path}, line 2", "no facet 'mood'"),
        (f"{path}, line 3", "the text is empty"),
    ]
    assert [s.text for s in gathered.samples] == ["好"]


def test_plain_samples_as_json_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "贵", "intent": "price", "complaint": ""}\n', encoding="utf-8")
    (sample,) = gather([path], TINY_TAXONOMY).samples
    assert sample.labels == {"intent": {"price"}, "complaint": set()}


def test_other_suffixes_and_folders_that_are_not_there(tmp_path):
    with pytest.raises(CommentnlpError, match=r"\.xlsx, \.csv, \.tsv, \.json, \.jsonl can be"):
        write_queue(tmp_path / "a.doc", candidates(), TAXONOMY)
    for suffix in ("xlsx", "csv", "json", "jsonl"):
        with pytest.raises(CommentnlpError, match="cannot be written"):
            write_queue(tmp_path / "没有" / f"a.{suffix}", candidates(), TAXONOMY)
