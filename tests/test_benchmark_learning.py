"""The measurement of what suggestions save renders; what it finds is never tested here."""

import json
import sys

import pytest

from benchmarks import learning


def made_up():
    results = {learning.NOTHING: {"f1": 0.5, "everyday": 0.9, "base": 8000}}
    for size, at_random, asked in ((50, 0.55, 0.6), (100, 0.6, 0.7), (200, 0.7, 0.8)):
        for seed in (0, 1):
            results[f"random {size} {seed}"] = {"f1": at_random + seed / 50, "everyday": 0.9}
            if size < 200:
                results[f"suggested {size} {seed}"] = {"f1": asked + seed / 50, "everyday": 0.91}
    return results


def test_how_many_random_labels_for_as_much():
    results = made_up()
    assert learning.random_labels_for(results, 0.61) == pytest.approx(100)
    assert 100 < learning.random_labels_for(results, 0.66) < 200
    assert learning.random_labels_for(results, 0.9) is None


def test_table():
    lines = learning.table(made_up()).splitlines()
    assert lines[4].startswith("| 0 | 0.500 | 0.500 |")
    assert lines[5] == (
        "| 50 | 0.560 (0.550–0.570) | **0.610 (0.600–0.620)** | 0.610 (0.600–0.620) | 100"
        " | 0.900, 0.910 |"
    )
    assert "| 200 |" in lines[6]


def test_render(tmp_path, monkeypatch, capsys):
    kept, picture = tmp_path / "learning.json", tmp_path / "learning.png"
    kept.write_text(json.dumps(made_up()), encoding="utf-8")
    options = ["--render", "--results", str(kept), "--picture", str(picture)]
    monkeypatch.setattr(sys, "argv", ["learning", *options])
    learning.main()
    assert "| 100 |" in capsys.readouterr().out
    first = picture.read_bytes()
    learning.main()
    assert picture.read_bytes() == first


def test_only_what_is_missing_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "SIZES", (50, 100))

    class Room:
        def __init__(self):
            self.asked = []

        def measured(self, model, labelled):
            raise AssertionError("is there already")

        def picked(self, sizes, seed):
            self.asked.append(("random", sizes, seed))
            yield from ((size, {"f1": 0.1}) for size in sizes)

        def suggested(self, sizes, seed):
            self.asked.append(("suggested", sizes, seed))
            yield from ((size, {"f1": 0.2}) for size in sizes)

    results = made_up()
    del results["random 100 1"]
    room = Room()
    learning.measure(results, room, 3, tmp_path / "learning.json")
    assert room.asked == [("random", [100], 1), ("suggested", [50, 100], 2),
                          ("random", [50, 100, 200], 2)]  # fmt: skip
    assert json.loads((tmp_path / "learning.json").read_text("utf-8")) == results
