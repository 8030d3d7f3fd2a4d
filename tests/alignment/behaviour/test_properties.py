"""Similarity of numbers and of distributions, against scipy and plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from alignment.behaviour import ks_similarity, value_delta

finite = st.floats(-100, 100)


@given(finite, finite, st.floats(0.01, 10))
def test_value_delta_is_symmetric_and_between_zero_and_one(a, b, scale):
    found = value_delta(a, b, scale=scale)
    assert 0 <= found <= 1
    assert found == value_delta(b, a, scale=scale)
    assert (found == 1) or a != b


def test_value_delta_falls_to_one_over_e():
    assert value_delta(1.0, 1.5, scale=2.0) == pytest.approx(np.exp(-1))


@pytest.mark.parametrize("arguments", [(np.nan, 1.0, 1.0), (0.0, np.inf, 1.0), (0.0, 1.0, 0.0), (0.0, 1.0, -1.0)])
def test_value_delta_refuses_what_is_no_number(arguments):
    with pytest.raises(ValueError, match="finite numbers and a positive scale"):
        value_delta(*arguments[:2], scale=arguments[2])


def test_distance_of_histograms_is_that_of_scipy():
    rng = np.random.default_rng(0)
    model, data = rng.integers(0, 10, 200) + 0.5, rng.integers(2, 9, 80) + 0.5
    found = ks_similarity(model, data, np.arange(11), n_boot=10)
    distance = ks_2samp(model, data).statistic
    largest = max(ks_2samp(np.full(5, 0.5), data).statistic, ks_2samp(np.full(5, 9.5), data).statistic)
    assert found.observed == pytest.approx(1 - distance / largest)


def test_resamples_equal_a_plain_loop_in_distribution():
    rng = np.random.default_rng(1)
    model, data, bins = rng.normal(0.5, 1, 150), rng.normal(0, 1, 60), np.linspace(-3, 3, 13)
    found = ks_similarity(model, data, bins, n_boot=4000, seed=3)
    q = np.histogram(np.clip(data, -3, 3), bins)[0] / 60
    below, draws = np.cumsum(q), []
    for _ in range(4000):
        p = np.histogram(np.clip(rng.choice(model, 60), -3, 3), bins)[0] / 60
        draws.append(1 - np.abs(np.cumsum(p) - below).max() / max(1 - below[0], below[-2]))
    assert found.value == pytest.approx(np.mean(draws), abs=0.01)
    assert found.error == pytest.approx(np.std(draws), abs=0.01)
    assert found.raw.shape == (4000,)
    assert found.n_outside == (np.abs(model) > 3).sum() + (np.abs(data) > 3).sum()


def test_equal_distributions_are_one_and_opposite_ends_zero():
    bins = np.arange(4)
    assert ks_similarity([0.5, 1.5], [0.5, 1.5], bins, n_boot=1).observed == 1
    assert ks_similarity([0.5, 0.5], [2.5, 2.5], bins, n_boot=1).observed == 0


def test_draws_depend_on_the_seed_alone():
    values = np.random.default_rng(0).standard_normal((2, 40))
    one, again, other = (ks_similarity(*values, np.linspace(-2, 2, 9), n_boot=50, seed=seed).raw for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_inputs_are_not_changed():
    model, data = np.array([-9.0, 0.5, 9.0]), np.array([-9.0, 1.5])
    ks_similarity(model, data, np.arange(4), n_boot=5)
    assert model.tolist() == [-9.0, 0.5, 9.0] and data.tolist() == [-9.0, 1.5]


@pytest.mark.parametrize(
    ("model", "data", "bins", "n_boot", "message"),
    [
        ([1.0], [1.0], [0, 2], 5, "at least three increasing edges"),
        ([1.0], [1.0], [0, 2, 1], 5, "at least three increasing edges"),
        ([], [1.0], [0, 1, 2], 5, "values of the model must be finite and at least one, received 0"),
        ([1.0], [1.0, np.nan], [0, 1, 2], 5, "values of the data .* received 2 with 1 not finite"),
        ([1.0], [1.0], [0, 1, 2], 0, "n_boot must be at least 1, received 0"),
    ],
)
def test_unfit_values_are_refused(model, data, bins, n_boot, message):
    with pytest.raises(ValueError, match=message):
        ks_similarity(model, data, bins, n_boot=n_boot)
