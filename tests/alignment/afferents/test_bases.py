"""Bases of filters: they add up to one, and filter as a plain loop does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.afferents import raised_cosines
from alignment.afferents.bases import filtered, past_spikes


@settings(max_examples=50, deadline=None)
@given(n_lags=st.integers(8, 200), n_bumps=st.integers(4, 8), stretch=st.floats(0.5, 50))
def test_bumps_are_smooth_positive_and_add_up_to_one_inside(n_lags, n_bumps, stretch):
    basis = raised_cosines(n_lags, n_bumps, stretch=stretch)
    assert basis.shape == (n_lags, n_bumps)
    assert (basis >= 0).all()
    axis = np.log(np.arange(n_lags) + stretch)
    place = (axis - axis[0]) / (axis[-1] - axis[0]) * (n_bumps - 1)
    np.testing.assert_allclose(basis.sum(axis=1)[(place >= 1) & (place <= n_bumps - 2)], 1, atol=1e-12)


def test_one_bump_has_its_formula():
    basis = raised_cosines(3, 3, stretch=1.0)
    place = np.log([1, 2, 3]) / np.log(3) * 2
    np.testing.assert_allclose(basis[:, 1], (1 + np.cos(np.pi / 2 * (place - 1))) / 4, atol=1e-15)


def test_filters_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    signals, basis = rng.standard_normal((2, 30, 3)), rng.standard_normal((7, 4))
    found = filtered(signals, basis)
    assert found.shape == (2, 30, 12)
    for p, t, f, b in [(0, 0, 0, 0), (0, 3, 1, 2), (1, 20, 2, 3), (1, 29, 0, 1)]:
        slow = sum(basis[lag, b] * signals[p, max(t - lag, 0), f] for lag in range(7))
        assert found[p, t, f * 4 + b] == pytest.approx(slow, abs=1e-12)


def test_past_spikes_leave_out_the_present():
    counts = np.zeros((1, 10))
    counts[0, 3] = 1
    found = past_spikes(counts, np.array([[1.0], [0.5]]))[0, :, 0]
    np.testing.assert_allclose(found, [0, 0, 0, 0, 1, 0.5, 0, 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(("n_lags", "n_bumps", "stretch"), [(5, 6, 1.0), (5, 1, 1.0), (5, 3, 0.0)])
def test_impossible_bases_are_refused(n_lags, n_bumps, stretch):
    with pytest.raises(ValueError, match="raised cosines need 2 to 5 bumps"):
        raised_cosines(n_lags, n_bumps, stretch=stretch)
