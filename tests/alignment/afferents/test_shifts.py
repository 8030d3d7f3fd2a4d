"""Circular shifts: sums and p as a plain loop finds them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.afferents.shifts import shift_p, shifted_sums


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n_times=st.integers(3, 40))
def test_sums_are_those_of_rolled_series(seed, n_times):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((2, n_times))
    sums = shifted_sums(second, np.stack([first, first**2]))
    for shift in range(n_times):
        rolled = np.roll(second, -shift)
        np.testing.assert_allclose(sums[:, shift], [rolled @ first, rolled @ first**2], atol=1e-10)


def test_p_counts_the_shifts_that_are_as_extreme():
    assert shift_p(np.array([3.0, 1, 2, 3])) == 0.5
    assert shift_p(np.array([4.0, 1, 2, 3])) == 0.25
    assert np.isnan(shift_p(np.array([np.nan])))
