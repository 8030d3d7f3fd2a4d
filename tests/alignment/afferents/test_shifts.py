"""Circular shifts: sums, correlations and p as a plain loop finds them, and p uniform under the null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from alignment.afferents.shifts import shift_p, shifted_correlations, shifted_sums


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n_times=st.integers(3, 40))
def test_sums_and_correlations_are_those_of_rolled_series(seed, n_times):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((2, n_times))
    sums = shifted_sums(second, np.stack([first, first**2]))
    r = shifted_correlations(first, second)
    for shift in range(n_times):
        rolled = np.roll(second, -shift)
        np.testing.assert_allclose(sums[:, shift], [rolled @ first, rolled @ first**2], atol=1e-10)
        assert r[shift] == pytest.approx(np.corrcoef(first, rolled)[0, 1], abs=1e-10)


def test_p_counts_the_shifts_that_are_as_extreme():
    assert shift_p(np.array([3.0, 1, 2, 3])) == 0.5
    assert shift_p(np.array([4.0, 1, 2, 3])) == 0.25
    assert np.isnan(shift_p(np.array([np.nan])))


def test_p_is_uniform_for_slow_series_that_know_nothing_of_each_other():
    rng = np.random.default_rng(0)
    spectrum = np.exp(-np.arange(101) / 5)  # slow, so that a test that took samples as independent would fail
    p = []
    for _ in range(300):
        first, second = np.fft.irfft(
            spectrum * (rng.standard_normal((2, 101)) + 1j * rng.standard_normal((2, 101))), n=200
        )
        p.append(shift_p(shifted_correlations(first, second)))
    assert kstest(p, "uniform").pvalue > 0.01


def test_a_constant_prediction_correlates_with_nothing():
    r = shifted_correlations(np.ones(5), np.arange(5.0))
    np.testing.assert_array_equal(r, 0)
    assert shift_p(r) == 1
