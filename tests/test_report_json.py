import json

from commentnlp.report.jsons import to_json

from .report_example import GOLD, example, hostile


def test_the_gold_file():
    """Made anew by ``python -m tests.report_example``."""
    assert to_json(example()) == (GOLD / "report.json").read_text(encoding="utf-8")


def test_the_records_as_they_are():
    report = example()
    found = json.loads(to_json(report))
    assert next(iter(found)) == "format"
    assert found["format"] == report.format
    assert found["start"] == "2026-11-13T20:00:00+08:00"
    assert found["total"]["said"]["lines"] == report.total.said.lines
    assert found["total"]["labels"][0]["label"] == "quality"
    assert found["activity"]["minutes"][0]["kinds"]["cart"][:3] == [
        *report.activity.minutes[0].kinds["cart"][:3]
    ]
    assert "翡翠" in to_json(report)


def test_hostile_texts_stay_data():
    text = to_json(hostile())
    found = json.loads(text.encode("utf-8"))
    kinds = found["quality"]["kinds"]
    assert len(kinds) == len(hostile().quality.kinds)
    assert "\x1b" not in text
    assert "\ufffd半" in text
