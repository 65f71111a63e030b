import math
import time

import numpy as np
import pytest
import scipy.stats

from commentnlp.report.spells import BUSY, COLD, Window, _clumping, _likeliest, spells, usual_level


def test_level_by_hand():
    # sums of five minutes: 10, 15, 60; the odd minute at the end is no stretch
    counts = np.array([2] * 5 + [3] * 5 + [12] * 5 + [500])
    assert usual_level([counts]) == 3
    # the stretches of all sessions count together: 5, 5, 10, 15, 60
    assert usual_level([counts, np.ones(10, int)]) == 2


def test_level_of_quiet_rooms():
    # five minutes never hold five comments, a quarter of an hour holds six
    assert usual_level([np.tile([0, 2, 0, 0, 0], 6)]) == pytest.approx(6 / 15)
    # an hour has no five either: the mean
    assert usual_level([np.array([0, 1, 0, 2])]) == 0.75
    lonely = np.zeros(600, int)
    lonely[100] = 3
    assert usual_level([lonely]) == 3 / 600


def test_level_where_nobody_speaks():
    assert usual_level([]) == 0
    assert usual_level([np.zeros(0, int), np.zeros(200, int)]) == 0


def test_a_flood_does_not_move_the_level():
    counts = np.random.default_rng(1).poisson(3, 300)
    flooded = counts.copy()
    flooded[100:110] += 80
    assert usual_level([flooded]) == pytest.approx(usual_level([counts]), rel=0.1)


def test_windows_by_hand():
    # at 2 a minute ten minutes with 6 gain 10 · (6 ln 2 - 2) = 21.6 > 9, four do not
    counts = np.full(60, 2)
    counts[20:30] = 6
    assert spells(counts, 2) == [Window(20, 30, BUSY)]
    # ten silent minutes gain 10 · 1.5
    counts[40:50] = 0
    assert spells(counts, 2) == [Window(20, 30, BUSY), Window(40, 50, COLD)]


def test_short_windows_are_none():
    counts = np.full(60, 10)
    counts[20:24] = 60
    assert spells(counts, 10) == []
    counts[24] = 60
    assert spells(counts, 10) == [Window(20, 25, BUSY)]


def test_the_edges_belong_to_windows():
    counts = np.full(40, 8)
    counts[:6] = 0
    counts[30:] = 40
    assert spells(counts, 8) == [Window(0, 6, COLD), Window(30, 40, BUSY)]


def test_a_flood_of_one_minute_is_no_window():
    counts = np.random.default_rng(2).poisson(0.5, 300)
    before = spells(counts, 0.5)
    counts[150] = 500
    assert spells(counts, 0.5) == before == []


def test_nothing_from_nothing():
    assert spells(np.zeros(0, int), 1) == []
    assert spells(np.array([50, 50, 50, 50]), 1) == []
    assert spells(np.zeros(100, int), 0) == []
    assert spells(np.zeros(20, int), 3) == [Window(0, 20, COLD)]


@pytest.mark.parametrize("level", [2, 3, 12])
def test_planted_windows_are_found(level):
    found = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        counts = generator.poisson(level, 300)
        start = int(generator.integers(0, 290))
        counts[start : start + 10] = generator.poisson(3 * level, 10)
        windows = spells(counts, usual_level([counts]))
        found += any(w.state == BUSY and w.start < start + 10 and start < w.stop for w in windows)
    assert found >= 98


def test_planted_silence_is_found():
    for seed in range(50):
        counts = np.random.default_rng(seed).poisson(3, 300)
        counts[100:120] = np.random.default_rng(seed).poisson(0.3, 20)
        states = [w.state for w in spells(counts, usual_level([counts]))]
        assert states.count(COLD) >= 1


@pytest.mark.parametrize("level", [0.3, 2, 20])
def test_a_steady_room_has_no_windows(level):
    rooms = [np.random.default_rng(seed).poisson(level, 300) for seed in range(200)]
    assert sum(bool(spells(counts, usual_level([counts]))) for counts in rooms) <= 10


def test_clumps_ask_for_more():
    assert _clumping(np.array([1.0, 3.0, 2.0])) == 1  # (4 + 1) / (4 + 5) is below 1
    assert _clumping(np.array([0.0, 6.0, 0.0])) == 72 / 12
    assert _clumping(np.zeros(5)) == 1
    steady = np.random.default_rng(4).poisson(7, 3000)
    assert _clumping(steady.astype(float)) == pytest.approx(1, abs=0.1)


def test_the_way_is_the_likeliest_of_all():
    generator = np.random.default_rng(6)
    for _ in range(20):
        costs = generator.random((6, 3)) * 20
        ways = np.stack(np.meshgrid(*[[0, 1, 2]] * 6), -1).reshape(-1, 6)
        before = np.hstack([np.ones((len(ways), 1), int), ways[:, :-1]])
        entered = ((ways != before) & (ways != 1)).sum(axis=1)
        total = costs[np.arange(6), ways].sum(axis=1) + 9.0 * entered
        way = np.array(_likeliest(costs))
        assert total[(ways == way).all(axis=1)][0] == pytest.approx(total.min())


def test_costs_are_poisson():
    # what the states' costs differ by is what Poisson's log-likelihoods differ by
    for k in (0, 1, 4):
        usual, busy = (scipy.stats.poisson.logpmf(k, rate) for rate in (2, 4))
        assert busy - usual == pytest.approx(k * math.log(2) - 2)


def test_a_long_show_is_quick():
    counts = np.random.default_rng(8).poisson(4, 10_000)
    started = time.perf_counter()
    spells(counts, 4)
    # 10 ms on a laptop
    assert time.perf_counter() - started < 0.5
