"""Queues: out to every tool, labelled there as the tool exports it, and back."""

import csv
import json
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commentnlp.annotation import LABELS_SHEET, label_studio_config, write_queue
from commentnlp.errors import CommentnlpError, SampleError
from commentnlp.reading import open_sources
from commentnlp.records import Candidate
from commentnlp.samples import gather
from commentnlp.taxonomy import Taxonomy

from .conftest import TINY_TAXONOMY, TRAINING_DATA

SHIPPED = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
LONG_ID = "7300000000000000123"
HOSTILE = [
    "这只戒指多少钱",
    "=1+1", "+86", "-3", "@主播", "'引号", '"链接"呢', "贵,太贵|真贵；很贵", "</w:t>&lt;",
    " 前后有空 ", "　全角空格　", "第一行\n第二行", "第一行\r\n第二行", "回车\r在中间",
    "制表\t符", "好看\U0001f48d\U0001f469\u200d\U0001f469", "零\u200b宽\ufeff字\u202e符",
    "\u200b开头", "贵" * 2000, "https://example.com/a", "0012", "1e5", "2026-11-22", "TRUE",
    "#REF!", "合计", "text", "[1]", '{"a": 1}', "None", "null", "NaN", "\x0b竖\x07",
]  # fmt: skip


def candidates(texts=HOSTILE):
    return [
        Candidate(
            text, str(int(LONG_ID) + i), "2026-11-22 20:15:03", "一号直播间", i + 1,
            {"intent": ("price",), "complaint": ("logistics.delay",)}, "margin", "price 0.48",
        )
        for i, text in enumerate(texts)
    ]  # fmt: skip


def labelled(path, texts=HOSTILE, **more):
    """Written, and labelled as the model had it, in the tool the ending stands for."""
    given = [replace(one, **more) for one in candidates(texts)]
    write_queue(path, given, TINY_TAXONOMY)
    return EXPORTS[path.suffix](path)


def check_rows(path, mark="是"):
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[0].value = mark
    book.save(path)
    return path


def check_lines(path, mark="是"):
    form = {"delimiter": "\t" if path.suffix == ".tsv" else ","}
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file, **form)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = [[mark, *row[1:]] for row in rows]
        csv.writer(file, quoting=csv.QUOTE_ALL, **form).writerows([head, *rows])
    return path


def annotation(result, **more):
    return {"id": 9, "completed_by": 3, "result": result, "was_cancelled": False} | more


def choices(facet, *labels):
    value = {"choices": list(labels)}
    return {"id": "a1", "from_name": facet, "to_name": "text", "type": "choices", "value": value}


def submit_tasks(path):
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for number, task in enumerate(tasks, 1):
        result = task["predictions"][0]["result"] if task["predictions"] else []
        task |= {"id": number, "annotations": [annotation(result)], "drafts": [], "meta": {}}
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def approve_lines(path):
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    out = []
    for number, line in enumerate(lines, 1):
        value = json.loads(line)
        value |= {"id": number, "label": sorted(value["suggested"].split("|")), "Comments": []}
        out.append(json.dumps(value, ensure_ascii=False) + "\n")
    path.write_text("".join(out), encoding="utf-8", newline="\n")
    return path


EXPORTS = {
    ".xlsx": check_rows, ".csv": check_lines, ".tsv": check_lines,
    ".json": submit_tasks, ".jsonl": approve_lines,
}  # fmt: skip
ALL = pytest.mark.parametrize("suffix", list(EXPORTS))


@ALL
def test_everything_comes_back_as_it_went(tmp_path, suffix):
    gathered = gather([labelled(tmp_path / f"队列{suffix}")], TINY_TAXONOMY)
    assert gathered.problems == gathered.notes == []
    assert [s.text for s in gathered.samples] == HOSTILE
    assert [s.id for s in gathered.samples] == [one.id for one in candidates()]
    for sample in gathered.samples:
        assert sample.labels == {
            "intent": {"price"}, "complaint": {"logistics", "logistics.delay"}
        }  # fmt: skip
        assert (sample.time, sample.group) == ("2026-11-22 20:15:03", "一号直播间")


def test_a_workbook_holds_every_text_as_it_is(tmp_path):
    write_queue(tmp_path / "q.xlsx", candidates(), TINY_TAXONOMY)
    rows = [
        row
        for source in open_sources(tmp_path / "q.xlsx", text="text")
        for records in source.records()
        for row in records.rows
    ]
    assert [row[1] for row in rows] == HOSTILE


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
).filter(str.strip)


@ALL
@settings(max_examples=15, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_comes_back(tmp_path_factory, suffix, texts):
    path = tmp_path_factory.mktemp("queue") / f"queue{suffix}"
    # in a file of text, more control characters than a few make it no text
    texts = [
        "正常的评论" * 100,
        *("".join(c for c in t if c.isprintable() or c in "\n\t") for t in texts),
    ]
    texts = [text for text in texts if text.strip()]
    gathered = gather([labelled(path, texts)], TINY_TAXONOMY)
    assert [s.text for s in gathered.samples] == texts


@ALL
def test_half_a_pair_does_not_stop_the_queue(tmp_path, suffix):
    gathered = gather([labelled(tmp_path / f"q{suffix}", ["好\ud83d看", "贵"])], TINY_TAXONOMY)
    assert [s.text for s in gathered.samples] == ["好\ufffd看", "贵"]


@ALL
def test_what_nobody_looked_at_is_left_out(tmp_path, suffix):
    path = tmp_path / f"q{suffix}"
    write_queue(path, candidates(["贵", "慢", "好"]), TINY_TAXONOMY)
    with pytest.raises(SampleError, match=r"q\.\w+: 3 of 3 (rows|tasks|lines) .*left out"):
        gather([path], TINY_TAXONOMY)


def test_the_workbook_helps_to_label(tmp_path):
    path = tmp_path / "queue.xlsx"
    given = [
        replace(
            candidates(["贵"])[0],
            labels={"complaint": ("livestream.tech", "logistics.lost", "after_sales")},
        )
    ]
    write_queue(path, given, SHIPPED)
    book = openpyxl.load_workbook(path)
    sheet, labels = book.worksheets
    header = [cell.value for cell in sheet[1]]
    assert header == [
        "checked", "text", "intent", "intent 2", "complaint", "complaint 2", "complaint 3",
        "act", "act 2", "note", "why", "strategy", "count", "time", "room", "id",
    ]  # fmt: skip
    row = dict(zip(header, [cell.value for cell in sheet[2]], strict=True))
    assert row["complaint"] == "livestream.tech 卡顿无声黑屏"
    assert (row["id"], row["count"], row["checked"]) == (LONG_ID, 1, None)
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:P2"
    assert sheet["B2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height > sheet.row_dimensions[1].height
    assert sheet["B2"].number_format == sheet["P2"].number_format == "@"
    lists = {str(v.sqref): v for v in sheet.data_validations.dataValidation}
    assert set(lists) == {f"{column}2" for column in "ACDEFGHI"}
    assert {v.errorStyle for v in lists.values()} == {"warning"}
    assert labels.title == LABELS_SHEET
    place = lists["G2"].formula1.removeprefix(f"'{LABELS_SHEET}'!").replace("$", "")
    entries = [cell.value for (cell,) in labels[place]]
    assert entries[0] == "product_quality 产品质量"
    assert entries[-1] == "?"
    assert len(entries) == len(SHIPPED.facets["complaint"]) + 1


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (("price",), {"price"}),
        (("price 价格",), {"price"}),
        (("价格", "佩戴效果"), {"price", "fit"}),
        (("Price|fit",), {"price", "fit"}),
        (("价格、款式",), {"price", "style"}),
        (("", "style"), {"style"}),
        (("无",), set()),
        (("-", ""), set()),
        (("-", "price"), {"price"}),
        (("?",), None),
        (("？",), None),
    ],
)
def test_cells_as_people_fill_them(tmp_path, cells, labels):
    path = tmp_path / "queue.csv"
    rows = ["checked,text,intent,intent 2", f"√,贵,{','.join([*cells, ''][:2])}"]
    path.write_text("\n".join(rows), encoding="utf-8")
    (sample,) = gather([path], SHIPPED).samples
    assert sample.labels.get("intent") == labels


def test_a_display_name_may_hold_commas(tmp_path):
    path = tmp_path / "queue.csv"
    path.write_text('text,complaint\n掉色,"flaw, damage, fading"\n', encoding="utf-8")
    (sample,) = gather([path], SHIPPED).samples
    assert sample.labels == {"complaint": {"product_quality", "product_quality.flaw"}}


def test_checked_rows_count_and_the_others_are_told(tmp_path):
    marks = ["是", "YES", "y", "1", "x", "✔️", "对", "", "否", "×", "也许"]
    rows = [f"{mark},评论{i},price" for i, mark in enumerate(marks)]
    path = tmp_path / "queue.csv"
    path.write_text("\n".join(["checked,text,intent", *rows]), encoding="utf-8")
    gathered = gather([path], SHIPPED)
    assert len(gathered.samples) == 7
    assert f"{path}: 3 of 11 rows not checked yet: left out" in gathered.notes
    (problem,) = gathered.problems
    assert (problem.place, problem.text) == (f"{path}, line 12", "评论10")
    assert problem.what == "checked '也许' says neither 是 (yes) nor 否 (no)"


def test_wrong_labels_are_named_with_their_row(tmp_path):
    path = tmp_path / "queue.xlsx"
    write_queue(path, candidates(["贵", "慢", "好"]), SHIPPED)
    check_rows(path)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["C3"], sheet["C4"], sheet["D4"] = "prize", "无", "价格"
    book.save(path)
    first, second = gather([path], SHIPPED).problems
    assert first.place == f"{path}, line 3"
    assert first.what.startswith("unknown label 'prize' in facet 'intent'; it has: quality, price")
    assert first.what.endswith("(is price meant?)")
    assert second.what == "'none' in facet 'intent' stands beside price"


def test_another_sheet_with_rows_is_not_passed_over(tmp_path):
    path = labelled(tmp_path / "queue.xlsx", ["贵"])
    book = openpyxl.load_workbook(path)
    book.create_sheet("more").append(["text", "intent"])
    book.save(path)
    with pytest.raises(SampleError, match=r"not read: labels 标签, more; keep the samples"):
        gather([path], TINY_TAXONOMY)


def test_ids_that_a_spreadsheet_rounded_are_told(tmp_path):
    path = tmp_path / "queue.csv"
    path.write_text("checked,text,intent,id\n是,贵,price,7.3E+18\n", encoding="utf-8")
    assert "1 ids such as 7.3E+18 were rounded" in gather([path], SHIPPED).notes[-1]


def test_a_text_too_long_for_a_cell_is_not_cut(tmp_path):
    with pytest.raises(CommentnlpError, match="comment 1 has more than 32,767 characters"):
        write_queue(tmp_path / "q.xlsx", candidates(["贵" * 33_000]), TINY_TAXONOMY)
    assert not list(tmp_path.iterdir())


def test_other_endings_and_folders_are_refused(tmp_path):
    with pytest.raises(CommentnlpError, match=r"q\.ods: comments to label go to \.xlsx"):
        write_queue(tmp_path / "q.ods", candidates(["贵"]), TINY_TAXONOMY)
    for suffix in EXPORTS:
        with pytest.raises(CommentnlpError, match="cannot be written"):
            write_queue(tmp_path / "none" / f"q{suffix}", candidates(["贵"]), TINY_TAXONOMY)


def tasks(tmp_path, *tasks, name="export.json"):
    path = tmp_path / name
    path.write_text(json.dumps(list(tasks), ensure_ascii=False), encoding="utf-8")
    return path


DATA = {"text": "贵", "comment_id": LONG_ID, "facets": "intent|complaint"}


def test_label_studio_has_a_choice_for_every_label():
    root = ElementTree.fromstring(label_studio_config(SHIPPED))
    assert root.find("Text").attrib == {"name": "text", "value": "$text"}
    for facet, labels in SHIPPED.facets.items():
        (control,) = [c for c in root.findall("Choices") if c.get("name") == facet]
        assert (control.get("toName"), control.get("choice")) == ("text", "multiple")
        assert [c.get("alias") for c in control] == [*labels, "?"]
        assert len({c.get("value") for c in control}) == len(labels) + 1


def test_the_configuration_escapes_names():
    data = TINY_TAXONOMY.to_json()
    data["intent"]["labels"]["price"] = {"zh": '"价" <&>'}
    root = ElementTree.fromstring(label_studio_config(Taxonomy.from_json(data)))
    assert root.find("Choices/Choice").get("value") == 'price "价" <&>'


def test_beside_a_queue_stands_what_its_tool_needs(tmp_path):
    write_queue(tmp_path / "q.json", candidates(["贵"]), TINY_TAXONOMY)
    write_queue(tmp_path / "q.jsonl", candidates(["贵"]), TINY_TAXONOMY)
    assert (tmp_path / "q.label-studio.xml").read_text("utf-8").startswith("<View>")
    labels = json.loads((tmp_path / "q.doccano-labels.json").read_text("utf-8"))
    assert labels[0] == {"text": "intent/price 价格"}
    assert {"text": "none"} in labels
    (line,) = (tmp_path / "q.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["label"] == []
    assert "id" not in json.loads(line)
    (task,) = json.loads((tmp_path / "q.json").read_text("utf-8"))
    assert task["predictions"][0]["result"][0]["value"] == {"choices": ["price"]}


def test_annotations_of_several_people_skipped_ones_and_none(tmp_path):
    person = {"id": 4, "email": "lin@example.com"}
    path = tasks(
        tmp_path,
        {"id": 1, "data": DATA, "annotations": [
            annotation([choices("intent", "price")], completed_by=person), annotation([]),
        ], "predictions": []},
        {"id": 2, "data": DATA, "annotations": [annotation([], was_cancelled=True)]},
        {"id": 3, "data": DATA, "annotations": []},
        {"id": 4, "data": DATA, "annotations": [
            annotation([choices("intent", "?"), choices("mood", "好")])
        ]},
    )  # fmt: skip
    gathered = gather([path], TINY_TAXONOMY)
    none = frozenset()
    assert [(s.annotator, dict(s.labels), s.place) for s in gathered.samples] == [
        ("lin@example.com", {"intent": {"price"}, "complaint": none}, f"{path}, task 1"),
        ("3", {"intent": none, "complaint": none}, f"{path}, task 1"),
        ("3", {"complaint": none}, f"{path}, task 4"),
    ]
    assert gathered.notes == [
        f"{path}: 2 of 4 tasks not labelled yet, or skipped: left out",
        f"{path}: the control 'mood' is no facet: left out",
    ]


def test_a_facet_that_no_foreign_task_mentions_was_not_judged(tmp_path):
    data = {"text": "贵"}
    some = annotation([choices("intent", "价格")])
    path = tasks(
        tmp_path,
        {"id": 1, "data": data, "annotations": [some]},
        {"id": 2, "data": data, "annotations": [annotation([])]},
    )
    gathered = gather([path], TINY_TAXONOMY)
    assert [dict(s.labels) for s in gathered.samples] == [
        {"intent": {"price"}}, {"intent": frozenset()}
    ]  # fmt: skip
    assert gathered.notes == [f"{path}: no label of 'complaint': not judged there"]


def test_label_studio_in_its_short_forms(tmp_path):
    rows = [
        DATA | {"id": 1, "intent": "price", "annotator": 3, "annotation_id": 9},
        DATA
        | {"id": 2, "complaint": {"choices": ["logistics", "logistics.delay"]}, "annotator": 3},
    ]
    path = tasks(tmp_path, *rows)
    table = tmp_path / "export.csv"
    table.write_text(
        "text,comment_id,facets,id,intent,complaint,annotator\n"
        f"贵,{LONG_ID},intent|complaint,1,price,,3\n"
        f'贵,{LONG_ID},intent|complaint,2,,"{{""choices"": [""logistics.delay""]}}",3\n',
        encoding="utf-8",
    )
    none, late = frozenset(), {"logistics", "logistics.delay"}
    for given_path in (path, table):
        samples = gather([given_path], TINY_TAXONOMY).samples
        assert [s.labels for s in samples] == [
            {"intent": {"price"}, "complaint": none}, {"intent": none, "complaint": late}
        ]  # fmt: skip
        assert [(s.id, s.annotator) for s in samples] == [(LONG_ID, "3")] * 2


def lines(tmp_path, *values, name="all.jsonl"):
    path = tmp_path / name
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    path.write_text(text, encoding="utf-8")
    return path


def test_doccano_lines(tmp_path):
    path = lines(
        tmp_path,
        DATA | {"id": 1, "label": ["intent/price 价格"], "Comments": []},
        DATA | {"id": 2, "label": [], "Comments": []},
        DATA | {"id": 3, "label": ["none"], "Comments": ["对吗"]},
        DATA | {"id": 4, "label": ["logistics.delay", "intent/?"]},
        DATA | {"id": 5, "label": ["prize"]},
        DATA | {"id": 6, "label": ["intent/prise"]},
    )
    gathered = gather([path], TINY_TAXONOMY)
    none, late = frozenset(), {"logistics", "logistics.delay"}
    assert [s.labels for s in gathered.samples] == [
        {"intent": {"price"}, "complaint": none},
        {"intent": none, "complaint": none},
        {"complaint": late},
    ]
    assert {s.id for s in gathered.samples} == {LONG_ID}
    assert gathered.notes == [f"{path}: 1 of 6 lines without a label: left out"]
    assert [p.place for p in gathered.problems] == [f"{path}, line 5", f"{path}, line 6"]
    assert "'prize' is of no facet" in gathered.problems[0].what
    assert "unknown label 'prise'" in gathered.problems[1].what


def test_doccano_with_a_file_for_each_user(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for user in ("lin", "wang"):
            line = DATA | {"id": 1, "label": ["intent/price"]}
            archive.writestr(f"{user}.jsonl", json.dumps(line) + "\n")
    samples = gather([path], TINY_TAXONOMY).samples
    assert [s.annotator for s in samples] == ["lin", "wang"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.json", "", r"q\.json: the file is empty"),
        ("q.json", "[]", r"the file is empty|no JSON"),
        ("q.json", '[{"data": {"text": "贵"}, "annot', r"the file is empty|line 1: not JSON"),
        (
            "q.json",
            '[\n{"data": {"text": "贵"}, "annotations": []},\n{"data": {"te',
            r"q\.json, line 3: not JSON; is the file cut off",
        ),
        ("q.json", '[{"data": 3, "annotations": []}]', r"task 1: not a task as Label Studio"),
        ("q.json", '[{"id": 7, "data": {"text": "贵"}, "annotations": 3}]', r"task 7: not a task"),
        ("q.json", '[{"data": {"wort": "贵"}, "annotations": []}]', r"no 'text' in its data"),
        ("q.json", '{"version": 3}', r"q\.json: no column text; the header has: version"),
        ("q.json", "[1, 2, 3]", r"the file is empty|no object"),
        ("q.jsonl", '{"text": "贵", "label": ["none"]}\n{"text": "\n', r"line 2: not JSON"),
        ("q.jsonl", '{"text": "贵"}\n', r"no column intent or complaint"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommentnlpError, match=message):
        gather([path], TINY_TAXONOMY)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_exports_saved_again_by_an_editor(tmp_path, ending, encoding):
    line = json.dumps(
        DATA | {"text": "这个太贵了吧", "label": ["intent/price"]}, ensure_ascii=False
    )
    path = tmp_path / "a.jsonl"
    path.write_bytes((ending.join([line, line]) + ending).encode(encoding))
    assert [s.text for s in gather([path], TINY_TAXONOMY).samples] == ["这个太贵了吧"] * 2
