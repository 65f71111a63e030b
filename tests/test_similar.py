from itertools import combinations, pairwise

import numpy as np
import pytest

from commentnlp.similar import key, near_pairs


def jaccard(a, b):
    a, b = (set(pairwise(f"\x02{key(t)}\x03")) for t in (a, b))
    return len(a & b) / len(a | b)


@pytest.mark.parametrize(
    ("text", "same"),
    [("拍了57", "拍了103!!!"), ("好好好看", "好看"), ("在吗?", "在吗"), ("A货", "a货")],
)
def test_what_a_labeller_takes_for_the_same_has_one_key(text, same):
    assert key(text) == key(same)


@pytest.mark.parametrize(("text", "other"), [("会掉色", "不会掉色"), ("56的", "的"), ("!!", "?")])
def test_other_texts_have_other_keys(text, other):
    assert key(text) != key(other)


def test_nothing_is_near_to_nothing():
    assert [len(found) for found in near_pairs([])] == [0, 0]
    assert [len(found) for found in near_pairs(["多少钱"], [])] == [0, 0]
    assert [len(found) for found in near_pairs([], ["多少钱"])] == [0, 0]


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7, 1.0])
def test_the_pairs_are_those_of_all_comparisons(least):
    draw = np.random.default_rng(0)
    texts = ["".join(draw.choice(list("多少钱啊吗0!"), draw.integers(1, 9))) for _ in range(120)]
    i, j = near_pairs(texts, least=least)
    every = [(a, b) for a, b in combinations(range(120), 2)
             if jaccard(texts[a], texts[b]) >= least]  # fmt: skip
    assert every
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == every
    i, j = near_pairs(texts[:50], texts[50:], least=least)
    across = [(a, b - 50) for a, b in every if a < 50 <= b]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == across
