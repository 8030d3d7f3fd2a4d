"""Bootstrap weights over presentations or groups, and percentile intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from alignment.inference.resampling import (
    bootstrap_weights,
    draw_interval,
    fold_factor,
    interval,
    small_sample_factor,
)


@given(n_rows=st.integers(1, 60), n_boot=st.integers(1, 20), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_each_draw_has_as_many_rows_as_there_are(n_rows, n_boot, seed):
    weights = bootstrap_weights(n_rows, None, n_boot, seed)
    assert weights.shape == (n_boot, n_rows)
    np.testing.assert_array_equal(weights.sum(axis=1), np.full(n_boot, n_rows))
    assert (weights >= 0).all() and (weights == weights.round()).all()


@given(
    groups=st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=30),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_members_of_a_group_are_drawn_together(groups, seed):
    labels = np.array(groups)
    weights = bootstrap_weights(len(labels), labels, 15, seed)
    unique = np.unique(labels)
    first = np.array([np.flatnonzero(labels == label)[0] for label in unique])
    for label, row in zip(unique, first, strict=True):
        np.testing.assert_array_equal(weights[:, labels == label], weights[:, [row]].repeat((labels == label).sum(), 1))
    np.testing.assert_array_equal(weights[:, first].sum(axis=1), np.full(15, len(unique)))


@pytest.mark.parametrize("groups", [None, np.arange(40) // 4])
def test_draws_depend_on_the_seed_alone(groups):
    first, again, other = (bootstrap_weights(40, groups, 30, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_counts_have_the_spread_of_resampling_with_replacement():
    weights = bootstrap_weights(50, None, 4000, 0)
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=0.1)
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 50, abs=0.02)


def test_interval_holds_the_middle_95_percent():
    draws = np.random.default_rng(0).permutation(np.arange(1001.0))
    assert interval(draws) == pytest.approx((25, 975))
    assert interval(draws, level=0.5) == pytest.approx((250, 750))


def test_interval_leaves_nan_out():
    draws = np.arange(1001.0)
    padded = np.concatenate([draws, np.full(500, np.nan)])
    assert interval(padded) == interval(draws)


@pytest.mark.parametrize("draws", [np.array([]), np.full(3, np.nan)])
def test_interval_of_nothing_is_nan(draws):
    assert np.isnan(interval(draws)).all()


def test_interval_is_widened_around_the_score():
    draws = np.linspace(0, 1, 1001)
    low, high = interval(draws)
    wide = interval(draws, 0.5, 1.5)
    assert wide == pytest.approx((0.5 - 1.5 * (0.5 - low), 0.5 + 1.5 * (high - 0.5)))
    assert interval(draws, 2.0, 1.5)[0] <= low


def test_five_folds_widen_by_one_and_a_half():
    assert fold_factor(100, 80) == pytest.approx(1.5)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_percentile_interval_of_columns_is_that_of_each(factor):
    draws = np.random.default_rng(0).standard_normal((501, 3))
    draws[:40, 1] = np.nan
    value = np.array([0.0, 0.3, -0.2])
    low, high = draw_interval(draws, value, factor=factor)
    for column in range(3):
        assert (low[column], high[column]) == pytest.approx(interval(draws[:, column], value[column], factor))


def test_interval_of_a_column_without_draws_is_nan():
    low, high = draw_interval(np.full((5, 2), np.nan) * [1, 1], np.zeros(2))
    assert np.isnan(low).all() and np.isnan(high).all()


def test_bca_without_bias_and_skewness_is_the_percentile_interval():
    draws = np.linspace(-1, 1, 2001)
    symmetric = np.array([-1.0, -0.5, 0.5, 1.0])
    assert np.array(draw_interval(draws, 0.0, [symmetric], method="bca")) == pytest.approx(
        np.array(draw_interval(draws, 0.0)), abs=2e-3
    )


def test_bca_follows_its_equation():
    draws, values = np.random.default_rng(1).gamma(3.0, size=4000), np.random.default_rng(2).gamma(1.0, size=25)
    pull = 24 * (values.mean() - values)
    a = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5)
    z0 = norm.ppf((draws < 3.2).mean())
    expected = [np.quantile(draws, norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))) for z in norm.ppf([0.05, 0.95])]
    found = draw_interval(draws, 3.2, [values], method="bca", level=0.9)
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-12)


def test_bca_of_constant_leave_one_out_values_has_no_skewness():
    draws = np.random.default_rng(3).standard_normal(1000)
    assert np.isfinite(draw_interval(draws, 0.0, [np.ones(5)], method="bca")).all()


def test_bca_needs_leave_one_out_values():
    with pytest.raises(ValueError, match="BCa needs leave-one-out values"):
        draw_interval(np.zeros(3), 0.0, method="bca")


def test_bc_is_bca_without_acceleration():
    draws = np.random.default_rng(4).normal(0.1, 1, size=2000)
    constant = [np.ones(5)]
    assert draw_interval(draws, 0.0, method="bc") == draw_interval(draws, 0.0, constant, method="bca")
    assert interval(draws, 0.0, 1.5, method="bc") == draw_interval(draws, 0.0, method="bc", factor=1.5)
    # Draws lie above the value, so the interval moves below them.
    assert interval(draws, 0.0, method="bc")[1] < interval(draws, 0.0)[1]


def test_few_units_widen_by_divisor_and_t():
    assert small_sample_factor(10**9) == pytest.approx(1)
    assert small_sample_factor(50, 10) == pytest.approx(np.sqrt(10 / 9) * t.ppf(0.975, 49) / norm.ppf(0.975))
    assert small_sample_factor(20, level=0.9) == pytest.approx(np.sqrt(20 / 19) * t.ppf(0.95, 19) / norm.ppf(0.95))


@pytest.mark.parametrize(("n_units", "n_tested"), [(1, None), (10, 1)])
def test_too_few_units_have_no_interval(n_units, n_tested):
    with pytest.raises(ValueError, match="needs at least 2 units, and more than 1 per fold"):
        small_sample_factor(n_units, n_tested)


def test_small_samples_are_covered_by_the_wider_interval():
    values = np.random.default_rng(5).standard_normal((10, 6000))
    draws = bootstrap_weights(10, None, 1000, 0) @ values / 10
    inside = {}
    for factor in (1.0, small_sample_factor(10)):
        low, high = draw_interval(draws, values.mean(axis=0), factor=factor)
        inside[factor] = ((low <= 0) & (high >= 0)).mean()
    assert inside[1.0] < 0.91
    assert inside[small_sample_factor(10)] == pytest.approx(0.95, abs=0.01)
