"""Halves of repetitions: each pair once, each stimulus its own where repetitions are unequal, and their correlation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from alignment.ceilings.halving import (
    draw_halvings,
    equal_halves,
    mean_correlation,
    own_halves,
    paired_correlation,
)


@pytest.mark.parametrize("n_repetitions", [2, 3, 4, 5, 6, 8])
def test_every_halving_occurs_once(n_repetitions):
    half = n_repetitions // 2
    halvings = draw_halvings(n_repetitions, 100, 0)
    seen = [frozenset((frozenset(first), frozenset(second))) for first, second in halvings]
    expected = {
        frozenset((frozenset(first), frozenset(second)))
        for first in itertools.combinations(range(n_repetitions), half)
        for second in itertools.combinations(set(range(n_repetitions)) - set(first), half)
    }
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
    assert len(seen) == math.comb(n_repetitions, half) * math.comb(n_repetitions - half, half) // 2


def test_many_repetitions_use_random_halvings_of_the_seed():
    draws = [draw_halvings(12, 30, seed) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == 30
    assert all(sorted(first + second) == list(range(12)) for first, second in draws[0])


def test_no_halvings_at_all_are_refused():
    with pytest.raises(ValueError, match="max_halvings must be at least 1, received 0"):
        draw_halvings(4, 0, 0)


def test_correlation_is_pearson_for_each_weighting():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 30, 4)) + 5
    counts = rng.integers(0, 3, (6, 30))
    r = paired_correlation(first, second, counts.astype(float))
    for draw, count in enumerate(counts):
        for unit in range(4):
            a, b = np.repeat(first[:, unit], count), np.repeat(second[:, unit], count)
            assert r[draw, unit] == pytest.approx(pearsonr(a, b).statistic, rel=1e-10)
    np.testing.assert_allclose(r, paired_correlation(second, first, counts.astype(float)), rtol=1e-13)


def test_stimuli_without_a_half_are_left_out_per_unit():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 30, 2))
    first[:5, 0], second[20:, 1] = np.nan, np.nan
    r = paired_correlation(first, second, np.ones((1, 30)))[0]
    assert r[0] == pytest.approx(pearsonr(first[5:, 0], second[5:, 0]).statistic, rel=1e-12)
    assert r[1] == pytest.approx(pearsonr(first[:20, 1], second[:20, 1]).statistic, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_constant_half_has_no_correlation_on_either_side(value):
    varying = np.random.default_rng(0).standard_normal((20, 1))
    constant = np.full((20, 1), value)
    one = np.ones((1, 20))
    assert np.isnan(paired_correlation(varying, constant, one)).all()
    assert np.isnan(paired_correlation(constant, varying, one)).all()


def test_tiny_responses_are_not_taken_for_constant():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 20, 1))
    one = np.ones((1, 20))
    expected = paired_correlation(first, second, one)
    np.testing.assert_allclose(paired_correlation(1e-90 * first, 1e-90 * second, one), expected, rtol=1e-10)
    np.testing.assert_allclose(paired_correlation(1e-200 * first + 0, 1e-100 * second, one), np.nan)


@settings(max_examples=25, deadline=None)
@given(n_repetitions=st.integers(2, 7), n_units=st.integers(1, 3), seed=st.integers(0, 99))
def test_covariances_of_repetitions_give_what_halves_give(n_repetitions, n_units, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((1, 25, n_units)) + rng.standard_normal((n_repetitions, 25, n_units)) + 3
    weights = rng.integers(0, 3, (4, 25)).astype(float)
    halvings = draw_halvings(n_repetitions, 20, 0)
    direct = np.mean([paired_correlation(*pair, weights) for pair in equal_halves(values, halvings)], axis=0)
    np.testing.assert_allclose(mean_correlation(values, halvings, weights), direct, rtol=1e-9, atol=1e-11)


def test_blocks_of_units_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    values, weights = rng.standard_normal((4, 30, 7)), rng.integers(0, 3, (5, 30)).astype(float)
    halvings = draw_halvings(4, 20, 0)
    whole = mean_correlation(values, halvings, weights)
    monkeypatch.setattr("alignment.ceilings.halving.MAX_BLOCK", 200)
    np.testing.assert_allclose(mean_correlation(values, halvings, weights), whole, rtol=1e-12)


def test_more_pairs_than_halves_take_the_short_way():
    rng = np.random.default_rng(0)
    values, weights = rng.standard_normal((9, 30, 2)), np.ones((1, 30))
    halvings = draw_halvings(9, 3, 0)
    direct = np.mean([paired_correlation(*pair, weights) for pair in equal_halves(values, halvings)], axis=0)
    np.testing.assert_allclose(mean_correlation(values, halvings, weights), direct, rtol=1e-12)


def unequal(rng, n_repetitions=6, n_stimuli=12, n_units=3):
    values = rng.standard_normal((n_repetitions, n_stimuli, n_units))
    values[rng.random(values.shape) < 0.3] = np.nan
    return values


def test_own_halves_are_disjoint_and_as_large_as_can_be():
    rng = np.random.default_rng(0)
    values = unequal(rng)
    # Powers of two tell which repetitions a mean was made of.
    code = np.where(np.isfinite(values), 2.0 ** np.arange(6)[:, None, None], np.nan)
    half = np.isfinite(values).sum(axis=0) // 2
    for first, second in own_halves(code, 5, 0):
        with np.errstate(invalid="ignore"):
            members = [np.nan_to_num(side * half).round().astype(int) for side in (first, second)]
        assert (members[0] & members[1] == 0).all()
        present = np.where(np.isfinite(values), 2 ** np.arange(6)[:, None, None], 0).sum(axis=0)
        for member in members:
            assert (member & ~present == 0).all()
            np.testing.assert_array_equal(np.vectorize(lambda one: int(one).bit_count())(member), half)
        np.testing.assert_array_equal(np.isnan(first), half == 0)


def test_every_repetition_is_as_often_in_either_half():
    values = np.tile(2.0 ** np.arange(5)[:, None, None], (1, 1, 1))
    seen = np.zeros((2, 5))
    for pair in own_halves(values, 4000, 0):
        for side, mean in enumerate(pair):
            member = round(2 * mean.item())
            seen[side] += [(member >> place) & 1 for place in range(5)]
    np.testing.assert_allclose(seen / 4000, 2 / 5, atol=0.03)


def test_units_that_lack_the_same_responses_share_halves_and_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    values = unequal(rng)
    values[..., 1] = np.where(np.isnan(values[..., 0]), np.nan, 2 * np.nan_to_num(values[..., 0]))
    whole = list(own_halves(values, 7, 3))
    for first, second in whole:
        np.testing.assert_allclose(first[:, 1], 2 * first[:, 0])
        np.testing.assert_allclose(second[:, 1], 2 * second[:, 0])
    monkeypatch.setattr("alignment.ceilings.halving.MAX_BLOCK", 800)
    for pair, again in zip(whole, own_halves(values, 7, 3), strict=True):
        np.testing.assert_allclose(pair, again)
