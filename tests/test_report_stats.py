import math

import numpy as np
import pytest
import scipy.stats

from commentnlp.report.stats import higher, log_odds, lower, significant


def test_log_odds_by_hand():
    # word 0: (6 + 1) of (10 + 4) here, (2 + 1) of (20 + 4) elsewhere
    delta = math.log(7 / 7) - math.log(3 / 21)
    expected = delta / math.sqrt(1 / 7 + 1 / 3)
    z = log_odds([6, 4, 0], [2, 9, 9], [1, 2, 1])
    assert z[0] == pytest.approx(expected)
    # word 2: (0 + 1) of 14, (9 + 1) of 24
    assert z[2] == pytest.approx((math.log(1 / 13) - math.log(10 / 14)) / math.sqrt(1 + 1 / 10))


def test_the_prior_weighs_as_much_as_the_smaller_side():
    here, elsewhere = np.array([6, 4, 0]), np.array([3, 9, 8])
    # 10 words here, 20 elsewhere, the prior a third of both together
    assert log_odds(here, elsewhere) == pytest.approx(log_odds(here, elsewhere, [3, 13 / 3, 8 / 3]))


def test_log_odds_is_fair_to_both_sides():
    z = log_odds([5, 1, 3], [1, 7, 3])
    assert log_odds([1, 7, 3], [5, 1, 3]) == pytest.approx(-z)
    assert log_odds([10, 20, 30], [100, 200, 300]) == pytest.approx([0, 0, 0], abs=1e-12)


def test_rare_words_do_not_stand_out():
    here, elsewhere = np.array([1, 60, 939]), np.array([0, 100, 8900])
    z = log_odds(here, elsewhere)
    assert z[1] > 3 > 1.96 > z[0] > 0


def test_log_odds_stays_within_chance():
    generator = np.random.default_rng(3)
    shares = generator.dirichlet(np.full(300, 0.3))
    z = log_odds(generator.multinomial(2000, shares), generator.multinomial(9000, shares))
    assert (abs(z) > 1.96).mean() < 0.05


def test_words_nobody_says_have_no_odds():
    assert log_odds([0, 3, 1], [0, 1, 3])[0] == 0
    assert log_odds([4, 1], [2, 2], [0, 1])[0] != 0
    assert log_odds([4, 1], [0, 2], [0, 1])[0] == 0
    assert list(log_odds([4], [7])) == [0]
    assert list(log_odds([0, 0], [0, 0])) == [0, 0]
    assert list(log_odds([1, 2], [0, 0])) == [0, 0]
    assert log_odds([], []).shape == (0,)


def test_rates_by_hand():
    # three events, half the exposure: three heads of three; none of three
    assert higher(3, 10, 0, 10) == pytest.approx(1 / 8)
    assert lower(0, 10, 3, 10) == pytest.approx(1 / 8)
    # 2 or more of 3 at a quarter: 3 · 1/16 · 3/4 + 1/64
    assert higher(2, 1, 1, 3) == pytest.approx(10 / 64)
    # 1 or fewer of 3 at a quarter: 27/64 + 3 · 1/4 · 9/16
    assert lower(1, 1, 2, 3) == pytest.approx(54 / 64)


def test_rates_are_those_of_scipy():
    generator = np.random.default_rng(5)
    count, rest = generator.integers(0, 40, 200), generator.integers(0, 400, 200)
    of, rest_of = generator.integers(1, 500, 200), generator.integers(1, 5000, 200)
    up, down = higher(count, of, rest, rest_of), lower(count, of, rest, rest_of)
    for i in range(200):
        if count[i] + rest[i]:
            n, chance = int(count[i] + rest[i]), of[i] / (of[i] + rest_of[i])
            for p, side in ((up[i], "greater"), (down[i], "less")):
                test = scipy.stats.binomtest(int(count[i]), n, chance, alternative=side)
                assert p == pytest.approx(test.pvalue, rel=1e-9, abs=1e-300)


def test_rates_with_nothing_to_compare():
    for test in (higher, lower):
        assert test(0, 10, 0, 100) == 1
        assert test(3, 10, 0, 0) == 1
        assert test(0, 0, 3, 10) == 1
        assert test([], [], [], []).shape == (0,)


def test_rates_of_arrays_are_broadcast():
    p = higher(np.array([0, 5, 50]), 100, 10, 1000)
    assert p.shape == (3,)
    assert p[0] == 1 > p[1] > p[2] > 0


def test_benjamini_and_hochberg_by_hand():
    # limits 0.01 0.02 0.03 0.04 0.05: the fourth passes and takes the second and third along
    p = np.array([0.038, 0.009, 0.9, 0.025, 0.031])
    assert list(significant(p)) == [True, True, False, True, True]
    assert list(significant(p, 0.01)) == [False] * 5
    assert list(significant([0.03, 0.5])) == [False, False]


def test_benjamini_and_hochberg_as_in_scipy():
    generator = np.random.default_rng(7)
    for _ in range(50):
        p = np.concatenate([generator.random(40), generator.random(20) / 100])
        expected = scipy.stats.false_discovery_control(p) <= 0.05
        assert (significant(p) == expected).all()


def test_no_tests_none_significant():
    assert significant([]).shape == (0,)
    assert significant([]).dtype == bool
    assert not significant(np.ones(3)).any()
