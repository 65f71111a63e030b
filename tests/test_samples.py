import json

import pytest

from commentnlp.errors import SampleError
from commentnlp.samples import digest, gather, read_all_samples, read_samples, table

from .conftest import TINY_TAXONOMY

HEADER = "text,intent,complaint,source\n"


def write(tmp_path, rows, name="样本.csv"):
    path = tmp_path / name
    path.write_text(rows if rows.startswith("t") else HEADER + rows, encoding="utf-8")
    return path


def test_labels_joined_either_way_and_parents_implied(tmp_path):
    path = write(tmp_path, '贵,price,,a\n慢死了,,"logistics.delay, logistics",b\n好,,,\n')
    samples = read_samples(path, TINY_TAXONOMY)
    assert [s.text for s in samples] == ["贵", "慢死了", "好"]
    assert samples[1].labels["complaint"] == {"logistics", "logistics.delay"}
    assert samples[2].labels == {"intent": frozenset(), "complaint": frozenset()}
    assert samples[0].source == "a"
    pipe = write(tmp_path, "慢死了,,logistics|logistics.delay,b\n", "b.csv")
    assert read_samples(pipe, TINY_TAXONOMY)[0].labels == samples[1].labels


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("好,,,\n贵,prize,,\n", r"样本.csv, line 3: unknown label 'prize' in facet 'intent'"),
        ("好,,,\n  ,price,,\n", r"样本.csv, line 3: the text is empty"),
        ("慢,,logistics.slow,\n", r"line 2: unknown label 'logistics.slow'"),
        ("", "no samples"),
        ("好,,,\n贵,price,,,太多\n", r"rows have up to 5 cells, the header 4 \(first row 2\)"),
        ("好,,\n", r"line 2: row with fewer cells"),
        ("text,text,intent,complaint\n好,好,,\n", "the column 'text' stands there twice"),
        ("text,prize\n好,price\n", "no column intent or complaint; the header has: text, prize"),
        ("text,intent,split\n好,price,tets\n", "line 2: split 'tets' is none of train, holdout"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_row(tmp_path, rows, message):
    with pytest.raises(SampleError, match=message):
        read_samples(write(tmp_path, rows), TINY_TAXONOMY)


def test_the_same_text_with_other_labels_is_an_error(tmp_path):
    a = write(tmp_path, "贵,price,,\n好,,,\n", "a.csv")
    b = write(tmp_path, "贵,,,\n", "b.csv")
    with pytest.raises(
        SampleError, match=r"b.csv, line 2: '贵' has no label, but price in .*a.csv"
    ):
        read_all_samples([a, b], TINY_TAXONOMY)


def test_the_same_sample_twice_is_kept_once(tmp_path):
    a = write(tmp_path, "贵,price,,\n好,,,\n", "a.csv")
    b = write(tmp_path, "贵,price,,x\n", "b.csv")
    assert [s.text for s in read_all_samples([a, b], TINY_TAXONOMY)] == ["贵", "好"]


def test_digest_knows_texts_and_labels_and_no_order(tmp_path):
    one = read_samples(write(tmp_path, "贵,price,,\n好,,,\n"), TINY_TAXONOMY)
    other = read_samples(write(tmp_path, "好,,,\n贵,price,,x\n"), TINY_TAXONOMY)
    changed = read_samples(write(tmp_path, "好,,,\n贵,,,\n"), TINY_TAXONOMY)
    assert digest(one) == digest(other) != digest(changed)


def test_group_room_and_who(tmp_path):
    rows = "text,intent,room,annotator,id\n贵,price,一号间,林,7300000000000000123\n"
    (sample,) = read_samples(write(tmp_path, rows), TINY_TAXONOMY)
    assert (sample.group, sample.annotator, sample.id) == ("一号间", "林", "7300000000000000123")
    rows = "text,intent,room,group\n贵,price,一号间,晚场\n"
    assert read_samples(write(tmp_path, rows), TINY_TAXONOMY)[0].group == "晚场"


def test_plain_json_lines_and_a_written_table(tmp_path):
    rows = [{"text": "贵", "intent": ["price"], "complaint": []}, {"text": "好", "intent": "?"}]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    samples = read_samples(path, TINY_TAXONOMY)
    assert [s.labels for s in samples] == [
        {"intent": {"price"}, "complaint": frozenset()}, {"complaint": frozenset()}
    ]  # fmt: skip
    again = tmp_path / "again.csv"
    again.write_bytes(table(samples, TINY_TAXONOMY))
    assert [s.labels for s in read_samples(again, TINY_TAXONOMY)] == [s.labels for s in samples]


def test_nothing_is_passed_over(tmp_path):
    twice = "text,intent,intent 2,intent 2\n贵,,price,\n"
    with pytest.raises(SampleError, match="the column 'intent 2' stands there twice"):
        read_samples(write(tmp_path, twice), TINY_TAXONOMY)
    path = tmp_path / "b.csv"
    rows = "".join(f"这个太贵了,price,{i}\n" for i in range(200))
    path.write_bytes(f"text,intent,id\n{rows}便宜\0点,price,5\n".encode())
    assert "NUL character, left out" in gather([path], TINY_TAXONOMY).notes[-1]
