"""A few labelled lines, as people begin: nothing ends in a traceback, nothing is starved."""

import json

import pytest

from commentnlp.cli import main
from commentnlp.errors import SampleError
from commentnlp.holdout import divide
from commentnlp.samples import gather, sound
from commentnlp.taxonomy import Taxonomy
from commentnlp.text import Normaliser

from .conftest import TRAINING_DATA
from .test_corpus import sample

TAXONOMY = {
    "intent": {"labels": {"price": {}, "quality": {}}, "names": {}},
    "act": {"labels": {"ask": {}, "praise": {}}, "names": {}},
}


@pytest.fixture
def taxonomy(tmp_path):
    path = tmp_path / "taxonomy.json"
    path.write_text(json.dumps(TAXONOMY), encoding="utf-8")
    return path


def written(path, header, *rows):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("text,intent,act", [f"多少钱{i}个,price,ask" for i in range(12)]),
        ("text,intent,act", [f"多少钱{i},price," for i in range(9)] + ["好看,,praise"] * 1),
        ("text,intent", [f"多少钱{i},price" for i in range(9)] + [f"哈哈{i}," for i in range(9)]),
        ("text,intent,act", ["多少钱,price,ask", "好看,quality,praise"]),
        ("text,intent,act", ["多少钱,price,ask"]),
    ],
)
def test_audit_never_ends_in_a_traceback(tmp_path, taxonomy, header, rows, capsys):
    path = written(tmp_path / "few.csv", header, *rows)
    out = tmp_path / "audit.xlsx"
    status = run("audit", path, "--taxonomy", taxonomy, "--base", "none", "-q", "-o", out)
    assert status in (0, 1)
    assert out.exists()
    shown = capsys.readouterr().out
    assert f"{len(rows)} samples" in shown
    assert "doubtful labels" in shown


@pytest.mark.parametrize(
    ("header", "meant"), [("text,intents,act", "intent"), ("text,intent,acts", "act")]
)
def test_a_misspelt_facet_is_asked_after(tmp_path, header, meant):
    path = written(tmp_path / "few.csv", header, "多少钱,price,ask")
    taxonomy = Taxonomy.from_json(TAXONOMY)
    with pytest.raises(SampleError, match=f"is '{meant}' meant"):
        sound(gather([path], taxonomy))


@pytest.mark.parametrize("name", ["内容", "评论", "comment"])
def test_usual_names_of_the_text_column(tmp_path, name):
    path = written(tmp_path / "few.csv", f"{name},intent", "多少钱,price")
    (one,) = sound(gather([path], Taxonomy.from_json(TAXONOMY))).samples
    assert one.text == "多少钱"


def test_the_holdout_starves_no_label():
    samples = [sample(f"第{i}句多少钱呀", intent="price") for i in range(60)]
    samples += [sample(f"{i}号什么材质", intent="quality") for i in range(10)]
    divided = divide(samples, Normaliser(), few=8)
    kept = sum("quality" in one.labels["intent"] for one in divided.train)
    assert kept >= 8
    assert divided.holdout


def test_a_dry_run_writes_nothing(tmp_path, taxonomy, capsys):
    rows = [f"第{i}个多少钱,price,ask" for i in range(30)] + [
        f"{i}号好看,,praise" for i in range(4)
    ]
    path = written(tmp_path / "mine.csv", "text,intent,act", *rows)
    out = tmp_path / "model"
    assert run("train", path, "--taxonomy", taxonomy, "--base", "none", "--dry-run", "-o", out) == 0
    assert not out.exists()
    shown = capsys.readouterr().out
    assert "act/praise" in shown
    assert "left out" in shown
    assert "nothing was written" in shown


def task(number, *results):
    return {
        "id": number,
        "data": {"text": f"第{number}句"},
        "annotations": [{"result": [
            {"from_name": name, "to_name": "text", "type": kind, "value": {kind: value}}
            for name, kind, value in results
        ]}],
    }  # fmt: skip


def test_label_studio_s_other_controls(tmp_path):
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    path = tmp_path / "export.json"
    tasks = [
        task(1, ("complaint", "taxonomy", [["logistics", "logistics.delay"]])),
        task(2, ("complaint", "choices", ["logistics"]), ("intent", "labels", ["price"])),
        task(3, ("complaint", "choices", []), ("stars", "rating", 4)),
    ]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    gathered = sound(gather([path], taxonomy))
    labels = [one.labels["complaint"] for one in gathered.samples]
    assert labels == [{"logistics", "logistics.delay"}, {"logistics"}, set()]
    assert gathered.samples[1].labels["intent"] == {"price"}
    assert any("'stars' (rating) gives no labels: 1 results" in note for note in gathered.notes)
