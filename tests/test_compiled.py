"""The compiled core gives the answers of the array code, whatever comes."""

import csv
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commentnlp import Model
from commentnlp.compiled_core import core_name, load_core
from commentnlp.compiled_scoring import CompiledScorer
from commentnlp.layouts import encodable
from commentnlp.layouts import layout as text_layout
from commentnlp.reading.tables import layout_of_text
from commentnlp.tag_columns import TagColumns

from .conftest import ROOT, TRAINING_DATA
from .test_text import ODD

pytestmark = pytest.mark.skipif(not load_core(), reason="the compiled core was not built")

CLOSE = 1e-4
"""Of log-odds: sums of floats in another order. A score moves by a quarter of that at most."""


def samples():
    texts = []
    for path in sorted((TRAINING_DATA / "samples").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts += [row["text"] for row in csv.DictReader(file)]
    return texts


def strange(count):
    """Texts of everything that a rule could be about, and of any characters at all."""
    chosen = random.Random(1)
    for _ in range(count):
        size = chosen.choice([0, 1, 2, 3, 8, 30, 200])
        yield "".join(chosen.choice(ODD) for _ in range(size))
        yield "".join(chr(chosen.randrange(0x110000)) for _ in range(size))
        yield "".join(chosen.choice("没不有掉色差慢 ，。!?贵好a9.") for _ in range(size))


def check(model, texts):
    scorer = CompiledScorer(model.normaliser, model.features, model.numbers())
    texts = list(texts)
    normal = model.normaliser.normalise_all(texts)
    expected = model._score(normal).logits
    assert np.abs(scorer.logits(texts) - expected).max(initial=0) < CLOSE
    hits, ruled = scorer.tag(texts, True)
    slow, _ = model._hits(texts, True)
    assert [hit[:2] for hit in hits] == [tuple(hit[:2]) for hit in slow]
    np.testing.assert_allclose([h[2] for h in hits], [h[2] for h in slow], atol=CLOSE / 4)
    assert [hit[3:5] for hit in hits] == [tuple(hit[3:5]) for hit in slow]
    np.testing.assert_allclose([h[5] for h in hits], [h[5] for h in slow], atol=CLOSE)
    for i, text in enumerate(normal):
        assert (ruled[i].text if i in ruled else texts[i].translate(model.normaliser._fold)) == (
            text.text
        )


def test_samples(shipped):
    texts = samples()
    for i in range(0, len(texts), 7000):
        check(shipped, texts[i : i + 1000])


def test_strange_texts(shipped):
    texts = list(strange(1500))
    for i in range(0, len(texts), 1000):
        check(shipped, texts[i : i + 1000])


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(deadline=None)
def test_any_texts(shipped, texts):
    check(shipped, texts)


def test_long_texts(shipped):
    check(shipped, ["不掉色 " * 2000, "好" * 10_000, "没有色差，" * 1000, "a." * 3000])


def test_a_model_without_a_second_look(tiny):
    check(tiny, ["贵", "慢", "贵 慢", "慢慢慢，贵贵贵", ""])


def test_nothing():
    scorer = Model.shipped()._compiled
    assert scorer.logits([]).shape == (0, 28)
    assert scorer.tag([], True) == ([], {})


def test_threads_share_a_model(shipped):
    texts = samples()[:4000]
    alone = shipped.tag(texts, evidence=True)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: shipped.tag(texts, evidence=True), range(8)):
            assert got == alone


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("weights", np.zeros(27, np.float32)),
        ("weights", np.zeros(28)),
        ("bias", np.zeros(0)),
        ("thresholds", np.zeros(5)),
        ("family", np.full(28, 28)),
        ("family", np.full(28, -1)),
        ("parent", np.full(28, 99)),
        ("parents", np.array([28])),
        ("second", np.zeros(100)),
        ("idf2", np.zeros(3)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(shipped, name, wrong):
    with pytest.raises(ValueError, match=r"fit|bytes"):
        CompiledScorer(shipped.normaliser, shipped.features, {**shipped.numbers(), name: wrong})


def test_it_can_be_turned_off():
    code = "from commentnlp.compiled_core import core_name; print(core_name())"
    for choice, name in (("python", "python"), ("", core_name())):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "COMMENTNLP_CORE": choice},
            cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
        assert done.stdout.strip() == name


def line_ends(model, texts, names):
    """By the core, and from what `given` tells."""
    columns = TagColumns(model.taxonomy, names)
    facets = [n for n, places in enumerate(columns.places) for _ in places]
    layout = text_layout(".csv", [])
    for text, end, labels in zip(
        texts,
        model.line_ends(texts, columns.column_names, facets),
        model.given(texts),
        strict=True,
    ):
        cells, found = columns.cells(labels), columns.with_parents(labels)
        slow = "," + layout.rows([cells])[:-1], found
        if isinstance(end, list):
            end = "," + layout.rows([columns.cells(end)])[:-1], columns.with_parents(end)
        yield text, (encodable(end[0]), sorted(end[1])), (slow[0], sorted(slow[1]))


@pytest.mark.parametrize("names", ["en", "zh"])
def test_ends_of_lines_are_the_cells(shipped, names):
    texts = [*samples()[::29], *strange(300), '色差，"假"货', "贵,\r\n慢", "没有", "\u200b", ""]
    for text, end, slow in line_ends(shipped, texts, names):
        assert end == slow, text


@given(score=st.floats(0.0005, 1) | st.integers(1, 2000).map(lambda n: n / 2000))
@settings(deadline=None, max_examples=500)
def test_scores_are_rounded_as_python_does(shipped, score):
    # a label whose log-odds are but its bias
    numbers = shipped.numbers()
    some = np.full(28, -50.0)
    some[0] = np.log(score / (1 - score)) if score < 1 else 60.0
    nothing = {
        "weights": numbers["weights"] * 0,
        "second": np.zeros(0),
        "parents": np.zeros(0, int),
    }
    scorer = CompiledScorer(
        shipped.normaliser, shipped.features,
        {**numbers, **nothing, "bias": some, "thresholds": np.full(28, 1e-4)},
    )  # fmt: skip
    ((end,), _, _) = scorer.line_ends(["嗯"], [*"abcdefghijklmnopqrstuvwxyzAB"], bytes(28))
    line, found = end
    assert line == f",a,{dict(found)[0]:.3f},"


def test_names_that_do_not_fit_are_refused(shipped):
    scorer = shipped._compiled
    for names, facets in ((["a"] * 27, bytes(28)), (["a"] * 28, b""), ([1] * 28, bytes(28))):
        with pytest.raises(ValueError, match="names of labels"):
            scorer.line_ends(["贵"], names, facets)


CLEAN = st.text(st.sampled_from("好,贵 \t多\r"), max_size=12)
LINE = CLEAN | st.text(st.sampled_from('好,"\r'), max_size=12) | st.sampled_from(
    ["时间,评论,类型", "2026-03-14 20:00:00,这个多少钱,弹幕", "20:00,谁,点赞", "合计,3,", "", ",,"]
)  # fmt: skip


@given(st.lists(LINE, max_size=30))
@settings(deadline=None, max_examples=1000)
def test_clean_rows_are_read_as_all_others(lines):
    text = "\n".join(["时间,评论,类型", *["20:00,好看,弹幕"] * 3, *lines, ""])
    table, _ = layout_of_text("时间,评论,类型\n20:00,好看,弹幕\n", True, "t")
    whole, quick = table.parse(text, 5), table.parse(text, 5, cells=False)
    assert quick.comments == whole.comments
    assert quick.lines == whole.lines
    assert quick.verbatim == whole.verbatim
    assert all(a == b or not a for a, b in zip(quick.rows, whole.rows, strict=True))
    assert all(
        row or line is not None for row, line in zip(quick.rows, quick.verbatim, strict=True)
    )
    assert sorted(quick.odd.to_json()) == sorted(whole.odd.to_json())
    assert sorted(quick.lost.to_json()) == sorted(whole.lost.to_json())


def test_wrong_calls_to_read_cells_are_refused():
    read_cells = load_core().read_cells
    for end, width, places, columns in ((2, 1, (), ()), (1, 0, (), ()), (1, 1, (0,), ()),
                                        (1, 1, (1,), ([],)), (1, 5000, (), ())):  # fmt: skip
        with pytest.raises(ValueError, match=r"fit|place"):
            read_cells(["好"], 0, end, ",", width, "x", places, columns)
    with pytest.raises(TypeError):
        read_cells([1], 0, 1, ",", 1, "x", (), ())
