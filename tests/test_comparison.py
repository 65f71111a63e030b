import time

import numpy as np
import pytest

from commentnlp.comparison import ENOUGH, FEW, PLAINLY, _bounds, _verdicts, compare, learned
from commentnlp.corpus import corpus, shipped_samples
from commentnlp.model import Model
from commentnlp.records import Sample
from commentnlp.samples import read_samples
from commentnlp.taxonomy import Taxonomy
from commentnlp.training import Settings, train

from .conftest import ROOT, TRAINING_DATA
from .test_training import LANGUAGE, TAXONOMY

HOLDOUT = TRAINING_DATA / "holdout.csv"


@pytest.fixture(scope="module")
def holdout():
    return read_samples(HOLDOUT, TAXONOMY)


@pytest.fixture(scope="module")
def golden():
    return Model.load(ROOT / "tests/golden/model")


def f1(given, predicted):
    total = given.sum() + predicted.sum()
    return 2 * (given & predicted).sum() / total if total else 0.0


def test_a_model_is_no_better_than_itself(shipped, holdout):
    same = compare(shipped, shipped, holdout)
    assert not same.lines
    assert not same.learned
    assert not same.worse
    for change in (*same.labels, *same.averages):
        assert (change.low, change.high, change.verdict) == (0, 0, "")
        assert change.before == change.after
    assert same.samples == len(holdout)


def test_a_worse_model_is_told_from_a_better_one(shipped, golden, holdout):
    began = time.perf_counter()
    down = compare(shipped, golden, holdout)
    assert time.perf_counter() - began < 20
    assert ("intent", "quality") in [(c.facet, c.label) for c in down.worse]
    up = compare(golden, shipped, holdout)
    assert not up.worse
    assert {(c.facet, c.label) for c in down.worse if c.support >= ENOUGH} == {
        (c.facet, c.label) for c in up.labels if c.verdict == "better"
    }
    spoilt = [(x.text, x.facet, x.before, x.after) for x in down.lines if x.verdict == "wrong"]
    mended = [(x.text, x.facet, x.after, x.before) for x in up.lines if x.verdict == "right"]
    assert sorted(spoilt) == sorted(mended)
    assert len(spoilt) > 20
    plainly = [change for change in down.worse if change.support < ENOUGH]
    assert plainly
    assert all(c.support >= FEW and c.before - c.after >= PLAINLY for c in plainly)


def test_the_figures_are_those_of_plain_counting(shipped, golden, holdout):
    got = compare(golden, shipped, holdout, rounds=400)
    i = TAXONOMY.columns.index(("intent", "style"))
    (change,) = (c for c in got.labels if (c.facet, c.label) == ("intent", "style"))
    given = np.array(["style" in s.labels["intent"] for s in holdout])
    old, new = (m.predict([s.text for s in holdout])[:, i] for m in (golden, shipped))
    assert change.before == pytest.approx(f1(given, old))
    assert change.after == pytest.approx(f1(given, new))
    assert change.support == given.sum()
    draw = np.random.default_rng(5)
    rounds = [draw.integers(0, len(given), len(given)) for _ in range(400)]
    differences = [f1(given[r], new[r]) - f1(given[r], old[r]) for r in rounds]
    low, high = np.percentile(differences, [2.5, 97.5])
    assert change.low == pytest.approx(low, abs=0.02)
    assert change.high == pytest.approx(high, abs=0.02)


def test_groups_are_drawn_whole(shipped, golden, holdout):
    """All rows of a few groups: the interval must be much wider than of rows by themselves."""
    from dataclasses import replace

    grouped = [replace(s, group=f"{i * 4 // len(holdout)}") for i, s in enumerate(holdout)]
    alone = compare(golden, shipped, holdout).averages[0]
    together = compare(golden, shipped, grouped).averages[0]
    assert together.before == alone.before
    assert (together.low, together.high) != (alone.low, alone.high)


def test_what_was_not_judged_does_not_count(shipped, golden):
    rows = [Sample("这个多少米", {"intent": frozenset({"price"})})] * 30
    got = compare(golden, shipped, rows)
    assert {c.facet for c in got.labels if c.support} == {"intent"}
    (act,) = (c for c in got.averages if c.facet == "act")
    assert (act.before, act.after) == (0, 0)
    assert {line.facet for line in got.lines} <= {"intent"}


def test_labels_of_one_model_alone_are_told_and_no_reason_to_refuse(golden):
    base, names = shipped_samples()
    own = Taxonomy.from_json({
        "intent": {"names": {}, "labels": {"price": {}}},
        "fans": {"names": {}, "labels": {"old": {}}},
    })  # fmt: skip
    rows = [
        Sample(f"老粉{c}", {"fans": frozenset({"old"}), "intent": frozenset()})
        for c in "来到了在呀"
    ]
    rows += [
        Sample(f"{c}多少钱", {"fans": frozenset(), "intent": frozenset({"price"})})
        for c in "这那它要快"
    ]
    after = train(
        corpus(rows, own, base=base[::60], base_taxonomy=names, few=3), LANGUAGE,
        settings=Settings(folds=2, max_features=2000, jobs=1),
    )  # fmt: skip
    got = compare(golden, after, rows)
    changes = {(c.facet, c.label): c for c in got.labels}
    assert changes["fans", "old"].before is None
    assert changes["fans", "old"].after > 0
    assert changes["intent", "quality"].after is None
    assert not got.worse
    assert "老粉" in [one.word for one in got.learned if one.label == "old"]


def test_words_that_both_know_are_not_learned(shipped, golden):
    assert learned(shipped, shipped) == []
    words = {one.word for one in learned(golden, shipped)}
    assert words
    assert not words & set(golden.features.words)


def test_models_as_good_as_each_other_are_seldom_told_apart():
    """Predictions of two models that err at random, equally often, on labels of many rows."""
    draw = np.random.default_rng(1)
    told = 0
    for _ in range(100):
        given = draw.random((400, 12)) < 0.15
        old, new = (given ^ (draw.random(given.shape) < 0.04) for _ in range(2))
        counts = draw.multinomial(400, np.full(400, 1 / 400), 600)

        def score(predicted, given=given, counts=counts):
            hits, total = counts @ (given & predicted), counts @ (given.astype(int) + predicted)
            return 2 * hits / np.maximum(total, 1)

        _, _, worse, better = _bounds(score(new) - score(old))
        told += "worse" in _verdicts(worse, better, np.ones(12, bool))
    assert told <= 12
