import numpy as np
import pytest
import scipy.stats

from commentnlp.intervals import higher_by, wilson


def test_wilson_by_hand():
    # 2 of 10: middle (0.2 + 0.19207) / 1.38415, half-width by the same formula
    low, high = wilson(2, 10)
    assert low == pytest.approx(0.0566822, abs=1e-6)
    assert high == pytest.approx(0.5098375, abs=1e-6)
    # 0 of n: the high end is z² / (n + z²)
    assert wilson(0, 10) == (0.0, pytest.approx(3.841459 / 13.841459, abs=1e-6))
    assert wilson(10, 10) == (pytest.approx(10 / 13.841459, abs=1e-6), 1.0)


def test_wilson_where_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert all(type(end) is float for end in wilson(1, 3))


def test_wilson_of_arrays_is_that_of_scipy():
    count, of = np.array([0, 0, 1, 7, 50, 999, 3]), np.array([0, 4, 1, 30, 50, 12_345, 1_000_000])
    low, high = wilson(count, of)
    assert (low[0], high[0]) == (0, 1)
    for i in range(1, len(of)):
        ends = scipy.stats.binomtest(int(count[i]), int(of[i])).proportion_ci(method="wilson")
        assert (low[i], high[i]) == pytest.approx((ends.low, ends.high), abs=1e-12)
    assert (low <= count / np.maximum(of, 1)).all()


def test_a_difference_as_newcombe_has_it():
    # his table II, method 10: 56/70 less 48/80
    assert higher_by((56, 70), (48, 80)) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.3339, abs=1e-4),
    )


def test_what_is_known_well_adds_no_width():
    low, high = wilson(30, 200)
    assert higher_by((30, 200), (10**8, 10**9)) == (
        pytest.approx(low - 0.1, abs=1e-4),
        pytest.approx(high - 0.1, abs=1e-4),
    )


def test_so_many_times_another_share():
    assert higher_by((60, 200), (100, 1000), 2.0)[0] > 0
    assert higher_by((60, 200), (100, 1000), 3.0)[0] < 0 < higher_by((60, 200), (100, 1000), 3.0)[1]
    assert higher_by((60, 200), (10, 100), 2.0)[0] < 0, "the other share is not known well enough"


def test_nothing_is_sure_of_none():
    low, high = higher_by((0, 0), (0, 0))
    assert (low, high) == (-1, 1)


def test_how_often_chance_alone_is_taken_for_more():
    random = np.random.default_rng(5)
    here, there = random.binomial(400, 0.12, 2000), random.binomial(900, 0.1, 2000)
    sure = [higher_by((a, 400), (b, 900), 1.2)[0] > 0 for a, b in zip(here, there, strict=True)]
    assert 0.005 < np.mean(sure) < 0.04
