"""The measurements run and render; what they find is never tested here."""

import csv
import itertools

import numpy as np
import pytest

from benchmarks import HERE, ROOT, comments, rivals, speed, table
from benchmarks.accuracy import with_parents
from commentnlp import CommentnlpError

from .conftest import TINY_TAXONOMY

TEXTS = [
    "多少钱",
    "这个多少钱呀",
    "太贵了",
    "有点贵",
    "几时发货",
    "还没发货",
    "怎么还不发货",
    "晚上好",
]
GIVEN = np.array(
    [[1, 0, 0]] * 4 + [[0, 1, 1]] * 3 + [[0, 0, 0]], bool
)  # price; logistics and its leaf; nothing

RESULTS = {
    "machine": {"cpu": "A small one", "cores": 2, "system": "Linux", "python": "3.11.7"},
    "batch": {
        "model": "abc",
        "rounds": 3,
        "comments": 1000,
        "seconds": {
            "commentnlp": [0.01, 0.02, 0.01],
            "plain": [0.08, 0.16, 0.1],
            "snownlp": [0.005, 0.005, 0.005],
        },
    },
    "whole": {
        "model": "abc",
        "rounds": 1,
        "rows": 4000,
        "comments": 2000,
        "different": 2000,
        "command": [2.0],
        "in_process": 100,
        "seconds": {"plain": [0.1], "plain_full": [0.2], "plain_same": [0.4]},
    },
    "rooms": {},
    "hundred": {
        "model": "abc",
        "rounds": 1,
        "rows": 100,
        "seconds": {"commentnlp": [0.5], "plain": [3.0]},
    },
    "memory": {
        "model": "abc",
        "rounds": 1,
        "peaks": [{"rows": 1000000, "megabytes": 123.4, "seconds": 9.0}],
    },
    "accuracy": {
        "model": "abc",
        "rounds": 1,
        "holdout": {
            "comments": 10,
            "f1": {
                "commentnlp": {"intent": 0.9, "complaint": 0.8, "act": 0.7, "mean": 0.8},
                "plain": {"intent": 0.6, "complaint": 0.5, "act": 0.4, "mean": 0.5},
            },
        },
    },
    "floor": {
        "model": "abc",
        "rounds": 1,
        "comments": 1000,
        "seconds": {name: [0.002] for name in table.FLOOR},
    },
}


# comments ---------------------------------------------------------------------------------


def test_no_comment_comes_twice():
    texts = ["多少钱", "1号多少钱", "太贵了", "多少钱，太贵了", "56圈口的飘花有没有啊"]
    made = list(itertools.islice(comments.distinct(texts), 30))
    assert made[:5] == texts
    assert len(set(made)) == 30
    assert "2号太贵了" in made


def test_a_room_repeats_itself_and_reads_back(tmp_path):
    texts = comments.pool()
    assert len(texts) == len(set(texts))
    lines = list(itertools.islice(comments.room_stream(texts), 40_000))
    assert lines == list(itertools.islice(comments.room_stream(texts), 40_000))
    fresh = sum(count not in texts[: comments.FAVOURITES] for count in set(lines))
    assert fresh / len(lines) == pytest.approx(comments.NEW, abs=0.01)
    path = tmp_path / "room.csv"
    comments.write_room(path, lines[:50])
    assert comments.viewer_comments(path) == (50, lines[:50])


def test_logs_are_looped_whole(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(
        '【实时弹幕】,1,t,u,"上\n下"\r\n\0\0【用户关注】,2,t,u\r\n'.encode()
    )
    (tmp_path / "b.csv").write_bytes("【实时弹幕】,3,t,u,好看".encode())
    monkeypatch.setattr(comments, "ROOMS", tmp_path)
    comments.loop_rooms(tmp_path / "out", 5)
    assert comments.viewer_comments(tmp_path / "out") == (5, ["上\n下", "好看", "上\n下"])


# rivals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "plain_full", "plain_same"])
def test_plain_pipelines_learn_and_are_kept(name, tmp_path):
    rival = rivals.make(name)
    rival.fit(TEXTS * 5, np.tile(GIVEN, (5, 1)))
    predicted = rival.predict(TEXTS)
    assert predicted.dtype == bool
    assert (predicted == GIVEN).all()
    rival.save(tmp_path / name)
    again = rivals.make(name)
    again.load(tmp_path / name)
    assert (again.predict(TEXTS) == GIVEN).all()


@pytest.mark.parametrize("engine", ["jieba", "rjieba"])
def test_fasttext_learns_and_is_kept(engine, tmp_path):
    pytest.importorskip("fasttext")
    pytest.importorskip(engine)
    rival = rivals.FastText(engine)
    rival.fit(TEXTS * 20, np.tile(GIVEN, (20, 1)))
    assert (rival.predict(TEXTS) == GIVEN).all()
    assert [line.replace(" ", "") for line in rival.cut(["两\n行", "一行"])] == ["两行", "一行"]
    rival.save(tmp_path / "model")
    again = rivals.FastText(engine)
    again.load(tmp_path / "model")
    assert again.labels == 3
    assert (again.predict(TEXTS[:1]) == GIVEN[:1]).all()


def test_snownlp_and_ours_answer():
    shipped = rivals.Shipped()
    columns = shipped.model.taxonomy.columns
    assert shipped.predict(["多少钱"])[0, columns.index(("intent", "price"))]
    pytest.importorskip("snownlp")
    assert rivals.SnowNlp().predict(["很好", "很差"]).shape == (2, 1)


def test_concepts_are_those_of_the_model(shipped):
    concepts = rivals.Concepts.learn(["企鹅"] * 50 + ["水车"] * 49)
    lexicon = shipped.features.concepts
    word = next(word for word in lexicon if "#" not in word)
    figures = next(word for word in lexicon if word.startswith("#"))
    words = [word, figures.replace("#", "8"), "企鹅", "水车"]
    assert concepts(words) == [lexicon[word], lexicon[figures], "企鹅", "OTHER"]


def test_the_plain_command_tags_a_table(tmp_path):
    rival = rivals.make("plain")
    rival.fit(TEXTS * 5, np.tile(GIVEN, (5, 1)))
    rival.save(tmp_path / "model")
    comments.write_room(tmp_path / "in.csv", ["多少钱", "还没发货"])
    rivals.tag_file(str(tmp_path / "model"), str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row[-1] for row in csv.reader(file)] == ["labels", "0", "1|2"]


def test_a_leaf_brings_its_parent():
    assert with_parents(TINY_TAXONOMY, np.array([[0, 0, 1]], bool)).tolist() == [
        [False, True, True]
    ]


# measures ---------------------------------------------------------------------------------


def test_rounds_time_everybody_on_new_comments():
    seen = {"a": [], "b": []}
    systems = {
        "a": speed.Timed(list, seen["a"].append),
        "b": speed.Timed(lambda texts: [text.upper() for text in texts], seen["b"].append),
    }
    found = speed._rounds(systems, list("pqrstu"), 2, 3, 2)
    assert found["comments"] == 3
    assert [len(times) for times in found["seconds"].values()] == [2, 2]
    assert seen["a"] == [["p", "q"], ["r"], ["s", "t"], ["u"]]
    assert seen["b"] == [["P", "Q"], ["R"], ["S", "T"], ["U"]]


# tables and picture -----------------------------------------------------------------------


def test_ratios_are_worked_out_round_by_round():
    assert table.rate(RESULTS["batch"], "commentnlp") == 100_000
    assert table.times(RESULTS["batch"], "plain") == 8
    # 2,000 comments in 2 seconds against 100 in 0.1
    assert table.times_command(RESULTS["whole"], "plain") == 1
    assert table.times_command(RESULTS["whole"], "plain_same") == 4


def test_the_summary_tells_all_that_was_found():
    block = table.summary(RESULTS, "en", "speed.png")
    assert "| **commentnlp** | 100,000 |  | 0.800 |" in block
    assert "scikit-learn | 10,000 | ×8 | 0.500 |" in block
    assert "| SnowNLP (sentiment only) | 200,000 | ×0.5 |  |" in block
    assert "| 4,000 rows, no comment twice | 2,000 | 1,000 | ×1 | ×2 | ×4 |" in block
    assert "A hundred rows, the whole process: 0.50 s; the plain ones 3.00 s." in block
    assert "123 MB at 1,000,000 rows" in block
    assert "A small one, 2 cores, Linux, Python 3.11.7, model abc; medians of 1–3 rounds" in block


def test_both_languages_have_the_same_figures():
    numbers = [
        [line.split("|")[2:] for line in table.summary(RESULTS, x, "p").splitlines()
         if line.startswith("|") and "×" in line]
        for x in ("en", "zh")
    ]  # fmt: skip
    assert numbers[0] == numbers[1] != []
    assert table.EN.keys() == table.ZH.keys()


def test_details_tell_facets_spread_and_floor():
    block = table.details(RESULTS)
    assert "| 0.900 | 0.800 | 0.700 | 0.800 |" in block
    assert "| cut words, jieba.lcut | 2.0 |" in block


@pytest.mark.parametrize("name", [None, *RESULTS])
def test_what_was_not_measured_is_left_out(name):
    found = {} if name is None else {name: RESULTS[name]}
    for language in table.LANGUAGES:
        table.summary(found, language, "speed.png")
    table.details(found)


def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib")
    table.draw(RESULTS, tmp_path / "one.png")
    table.draw(RESULTS, tmp_path / "two.png")
    first = (tmp_path / "one.png").read_bytes()
    assert first[:4] == b"\x89PNG"
    assert first == (tmp_path / "two.png").read_bytes()
    table.draw({}, tmp_path / "empty.png")


def test_blocks_go_between_the_markers(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{table.OPEN}\nold\n{table.CLOSE}\nafter\n", encoding="utf-8")
    table.put(path, r"new \1")
    want = f"before\n{table.OPEN}\nnew \\1\n{table.CLOSE}\nafter\n"
    assert path.read_text(encoding="utf-8") == want
    path.write_text("no markers", encoding="utf-8")
    with pytest.raises(CommentnlpError, match="found it 0 times"):
        table.put(path, "new")


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "README.zh-CN.md", HERE / "README.md"])
def test_the_readmes_have_markers(path):
    text = path.read_text(encoding="utf-8")
    assert text.count(table.OPEN) == text.count(table.CLOSE) == 1


def test_results_are_kept(tmp_path):
    assert table.read_results(tmp_path / "results.json") == {}
    table.write_results(tmp_path / "results.json", RESULTS)
    assert table.read_results(tmp_path / "results.json") == RESULTS


def test_every_measure_is_explained():
    text = (HERE / "README.md").read_text(encoding="utf-8")
    for name in speed.MEASURES:
        assert f"| `{name}` |" in text, name
