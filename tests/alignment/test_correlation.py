"""Pearson correlation per neuroid, plain and weighted, against scipy and repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alignment.correlation import pearson, weighted_pearson

small_integers = st.integers(-3, 3).map(float)


def pair(n_rows=30, n_neuroids=4, seed=0):
    rng = np.random.default_rng(seed)
    predicted = rng.standard_normal((n_rows, n_neuroids))
    return predicted, 0.5 * predicted + rng.standard_normal((n_rows, n_neuroids))


def oracle(predicted, observed):
    """Correlation of two columns by its definition, with the conventions for constant ones."""
    if np.ptp(observed) == 0:
        return np.nan
    return 0.0 if np.ptp(predicted) == 0 else np.corrcoef(predicted, observed)[0, 1]


@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(3, 60))
@settings(max_examples=50, deadline=None)
def test_equals_scipy(seed, n_rows):
    from scipy.stats import pearsonr

    predicted, observed = pair(n_rows, 3, seed)
    expected = [pearsonr(predicted[:, unit], observed[:, unit]).statistic for unit in range(3)]
    np.testing.assert_allclose(pearson(predicted, observed), expected, rtol=1e-10, atol=1e-12)


def test_equal_weights_equal_no_weights():
    predicted, observed = pair()
    for weight in (1.0, 3.0, 0.25):
        weighted = weighted_pearson(predicted, observed, np.full((2, len(predicted)), weight))
        np.testing.assert_allclose(weighted, np.tile(pearson(predicted, observed), (2, 1)), rtol=1e-12)


@given(data=st.data(), n_rows=st.integers(2, 12))
@settings(max_examples=300, deadline=None)
def test_integer_weights_equal_repeated_rows(data, n_rows):
    predicted = data.draw(arrays(float, (n_rows, 1), elements=small_integers))
    observed = data.draw(arrays(float, (n_rows, 1), elements=small_integers))
    weights = data.draw(arrays(int, (3, n_rows), elements=st.integers(0, 3)))
    received = weighted_pearson(predicted, observed, weights)
    for draw, counts in enumerate(weights):
        expected = np.nan
        if counts.sum() > 0:
            expected = oracle(np.repeat(predicted[:, 0], counts), np.repeat(observed[:, 0], counts))
        np.testing.assert_allclose(received[draw, 0], expected, rtol=1e-7, atol=1e-7)


def test_integer_weights_equal_repeated_rows_of_continuous_data():
    predicted, observed = pair()
    weights = np.random.default_rng(1).integers(0, 4, (20, len(predicted)))
    for received, counts in zip(weighted_pearson(predicted, observed, weights), weights, strict=True):
        expected = pearson(np.repeat(predicted, counts, axis=0), np.repeat(observed, counts, axis=0))
        np.testing.assert_allclose(received, expected, rtol=1e-10)


def test_draws_that_keep_only_equal_responses_have_no_correlation():
    rng = np.random.default_rng(0)
    spikes = np.zeros((20, 1))
    spikes[[2, 11]] = [[1.0], [3.0]]
    weights = rng.integers(0, 4, (200, 20))
    weights[:, [2, 11]] = 0
    assert np.isnan(weighted_pearson(rng.standard_normal((20, 1)), spikes, weights)).all()


def test_draws_that_keep_only_equal_predictions_are_zero():
    rng = np.random.default_rng(0)
    predicted = np.zeros((20, 1))
    predicted[[2, 11]] = [[1.0], [3.0]]
    weights = rng.integers(0, 4, (200, 20))
    weights[:, [2, 11]] = 0
    received = weighted_pearson(predicted, rng.standard_normal((20, 1)), weights)
    np.testing.assert_array_equal(received, np.zeros((200, 1)))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, -1 / 3])
def test_constant_prediction_explains_nothing(value):
    _, observed = pair()
    np.testing.assert_array_equal(pearson(np.full_like(observed, value), observed), np.zeros(observed.shape[1]))


def test_prediction_that_varies_by_rounding_only_explains_nothing():
    _, observed = pair()
    predicted = 7.0 + 1e-14 * observed
    np.testing.assert_array_equal(pearson(predicted, observed), np.zeros(observed.shape[1]))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, -1 / 3])
@pytest.mark.parametrize("prediction", ["varying", "constant"])
def test_constant_observation_has_no_correlation(value, prediction):
    predicted, _ = pair()
    predicted = predicted if prediction == "varying" else np.ones_like(predicted)
    assert np.isnan(pearson(predicted, np.full_like(predicted, value))).all()


def test_no_weight_at_all_is_nan():
    predicted, observed = pair()
    received = weighted_pearson(predicted, observed, np.zeros((1, len(predicted))))
    assert np.isnan(received).all()


@given(
    seed=st.integers(0, 1000),
    scale=st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)),
    shift=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    sign=st.sampled_from([1.0, -1.0]),
)
@settings(max_examples=50, deadline=None)
def test_scale_and_offset_do_not_matter(seed, scale, shift, sign):
    predicted, observed = pair(seed=seed)
    moved = pearson(sign * scale[0] * (predicted + shift[0]), scale[1] * (observed + shift[1]))
    np.testing.assert_allclose(moved, sign * pearson(predicted, observed), rtol=1e-6, atol=1e-9)


def test_correlation_lies_within_one():
    predicted, _ = pair(200)
    assert pearson(predicted, 3 * predicted + 1).max() <= 1
    assert pearson(predicted, -3 * predicted + 1).min() >= -1
    np.testing.assert_allclose(pearson(predicted, 3 * predicted + 1), 1)


def test_shapes_must_be_equal():
    with pytest.raises(ValueError, match=r"predicted \(4, 2\) and observed \(4, 3\) must have equal shapes"):
        pearson(np.zeros((4, 2)), np.zeros((4, 3)))
