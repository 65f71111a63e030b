import time

import pytest

from commentnlp.holdout import divide
from commentnlp.language import Language
from commentnlp.records import Sample
from commentnlp.similar import near_pairs

from .conftest import TRAINING_DATA

NORMALISER = Language.read(TRAINING_DATA / "language").normaliser
NUMBERS = "零一二三四五六七八九十百千万亿"


def several(many=200, **fields):
    """Texts that are not near to one another."""
    texts = [
        f"{chr(0x4E00 + 7 * i)}{chr(0x5E00 + 11 * i)}{chr(0x6E00 + 13 * i)}吗" for i in range(many)
    ]
    return [
        Sample(text, {}, **{k: v(i) for k, v in fields.items()}) for i, text in enumerate(texts)
    ]


def texts(samples):
    return [sample.text for sample in samples]


def test_texts_are_drawn_and_stay_where_they_are_when_more_come():
    few = divide(several(200), NORMALISER)
    more = divide(several(600), NORMALISER)
    assert 0.1 < len(few.holdout) / 200 < 0.3
    assert len(few.train) + len(few.holdout) == 200
    assert few.how == "by text"
    assert set(texts(few.holdout)) <= set(texts(more.holdout))
    assert set(texts(few.train)) <= set(texts(more.train))
    assert {sample.split for sample in few.holdout} == {"holdout"}


def test_nothing_nearly_the_same_stands_on_both_sides():
    twins = [Sample(f"{s.text[:3]}能不能便宜一点{end}", {}) for s in several(150)
             for end in ("", "啊", "呀", "!!")]  # fmt: skip
    got = divide(twins, NORMALISER)
    assert got.holdout
    assert got.near
    assert not len(near_pairs(texts(got.train), texts(got.holdout))[0])
    assert len(got.train) + len(got.holdout) + len(got.near) == len(twins)


def test_what_models_were_trained_on_is_not_held_out():
    samples = several(200)
    held = divide(samples, NORMALISER).holdout
    got = divide(samples, NORMALISER, trained=texts(held[:5]))
    assert texts(got.holdout) == texts(held[5:])
    assert set(texts(held[:5])) <= set(texts(got.train))


def test_what_the_file_says_counts():
    samples = several(
        50, split=lambda i: "holdout" if i % 10 == 0 else "", time=lambda i: f"{i:03}"
    )
    got = divide(samples, NORMALISER, trained=texts(samples))
    assert texts(got.holdout) == texts(samples[::10])
    assert got.how.startswith("by split")


def test_the_latest_are_held_out_and_equal_times_stay_together():
    got = divide(several(100, time=lambda i: f"2026-11-{i // 10 + 10} 20:00"), NORMALISER)
    assert [s.time for s in got.holdout] == ["2026-11-18 20:00"] * 10 + ["2026-11-19 20:00"] * 10
    assert got.how == "by time, all after 2026-11-17 20:00"


def test_whole_groups_are_held_out():
    got = divide(several(200, group=lambda i: f"场次{i % 20}"), NORMALISER)
    held, left = ({s.group for s in side} for side in (got.holdout, got.train))
    assert held
    assert not held & left
    assert got.how == f"by group, {len(held)} of 20"


@pytest.mark.parametrize(
    "fields",
    [{}, {"time": lambda i: "2026-11-20"}, {"group": lambda i: "一场"},
     {"time": lambda i: "" if i else "2026"}],
)  # fmt: skip
def test_where_times_and_groups_tell_nothing_texts_are_drawn(fields):
    assert divide(several(100, **fields), NORMALISER).how == "by text"


def test_there_is_always_something_to_train_on():
    assert divide([], NORMALISER).train == []
    for many in (1, 2, 3, 5):
        got = divide(several(many), NORMALISER)
        assert got.train
        assert len(got.train) + len(got.holdout) == many
    got = divide(several(3, split=lambda i: "holdout"), NORMALISER)
    assert len(got.train) == 3
    assert got.how.endswith("nothing would be left to train on")


def test_many_samples_take_no_more_than_a_moment():
    """Once, each of 50,000 texts had all of them hashed: that took hours."""
    samples = [Sample(f"第{i}句 {chr(0x4E00 + i % 20000)}{chr(0x5000 + i % 997)}", {})
               for i in range(20_000)]  # fmt: skip
    began = time.perf_counter()
    divide(samples, NORMALISER)
    assert time.perf_counter() - began < 60
