"""RDMs against loops over pairs, against scipy, and on recordings whose distances are known."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from alignment.similarity import condense_rdm, noise_precision, rdm, square_rdm

METHODS = ["correlation", "euclidean", "mahalanobis", "crossnobis", "poisson", "poisson_cv"]


@pytest.fixture
def patterns():
    return np.random.default_rng(0).standard_normal((12, 30)) + 3


@pytest.fixture
def trials():
    rng = np.random.default_rng(1)
    return rng.poisson(rng.uniform(0, 8, size=(1, 9, 7)), size=(5, 9, 7)).astype(float)


@pytest.fixture
def precision():
    root = np.random.default_rng(2).standard_normal((7, 20))
    return np.linalg.inv(root @ root.T / 20)


def over_pairs(n_stimuli, distance):
    return np.array([distance(i, j) for i, j in itertools.combinations(range(n_stimuli), 2)])


def leave_one_out(trials):
    """Mean of all repetitions but one, and that one."""
    for left in range(len(trials)):
        yield np.delete(trials, left, axis=0).mean(axis=0), trials[left]


def test_correlation_distance_is_that_of_scipy(patterns):
    np.testing.assert_allclose(rdm(patterns), pdist(patterns, "correlation"), rtol=1e-12)


def test_euclidean_distance_is_squared_and_per_neuroid(patterns):
    np.testing.assert_allclose(rdm(patterns, method="euclidean"), pdist(patterns, "sqeuclidean") / 30, rtol=1e-12)


def test_mahalanobis_distance_is_that_of_scipy(trials, precision):
    mean = trials.mean(axis=0)
    expected = pdist(mean, "mahalanobis", VI=precision) ** 2 / 7
    np.testing.assert_allclose(rdm(mean, method="mahalanobis", precision=precision), expected, rtol=1e-10)


def test_without_a_precision_mahalanobis_is_euclidean(patterns):
    np.testing.assert_array_equal(rdm(patterns, method="mahalanobis"), rdm(patterns, method="euclidean"))


@pytest.mark.parametrize("whitened", [False, True])
def test_crossnobis_leaves_one_repetition_out(trials, precision, whitened):
    matrix = precision if whitened else np.eye(7)

    def distance(i, j):
        return np.mean([(a[i] - a[j]) @ matrix @ (b[i] - b[j]) for a, b in leave_one_out(trials)]) / 7

    result = rdm(trials, method="crossnobis", precision=precision if whitened else None)
    np.testing.assert_allclose(result, over_pairs(9, distance), rtol=1e-10, atol=1e-12)


def test_poisson_distance_is_the_symmetric_divergence(trials):
    rates = (trials.mean(axis=0) + 0.1) / 1.1

    def divergence(a, b):
        return (a * np.log(a / b) - a + b).sum()

    expected = over_pairs(9, lambda i, j: (divergence(rates[i], rates[j]) + divergence(rates[j], rates[i])) / 7)
    np.testing.assert_allclose(rdm(trials.mean(axis=0), method="poisson"), expected, rtol=1e-10)


def test_poisson_cv_is_the_mean_over_left_out_repetitions(trials):
    def distance(i, j):
        values = []
        for train, test in leave_one_out(trials):
            a, b = (train + 0.5 * 2) / 1.5, (test + 0.5 * 2) / 1.5
            values.append((a[i] - a[j]) @ (np.log(b[i]) - np.log(b[j])) / 7)
        return np.mean(values)

    result = rdm(trials, method="poisson_cv", prior_rate=2.0, prior_weight=0.5)
    np.testing.assert_allclose(result, over_pairs(9, distance), rtol=1e-10, atol=1e-12)


def test_crossnobis_with_missing_repetitions_averages_the_products_that_exist(trials, precision):
    trials = trials.copy()
    trials[0, 3] = trials[4, 3] = trials[1, 5] = np.nan
    there = ~np.isnan(trials[:, :, 0])

    def product(i, j):
        pairs = [(f, g) for f in range(5) for g in range(5) if f != g and there[f, i] and there[g, j]]
        return np.mean([trials[f, i] @ precision @ trials[g, j] for f, g in pairs])

    # The origin is arbitrary where repetitions are missing; the mean of all presentations is what is taken.
    trials -= np.nanmean(trials, axis=(0, 1))
    expected = over_pairs(9, lambda i, j: (product(i, i) + product(j, j) - 2 * product(i, j)) / 7)
    result = rdm(trials, method="crossnobis", precision=precision)
    np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_crossnobis_is_unbiased_where_the_plain_distance_is_not(missing):
    rng = np.random.default_rng(3)
    signal = rng.standard_normal((6, 10))
    truth = pdist(signal, "sqeuclidean") / 10
    estimates, plain = [], []
    for _ in range(400):
        trials = signal + 2 * rng.standard_normal((6, 6, 10))
        absent = rng.random((6, 6)) < missing
        absent[:2] = False
        trials[absent] = np.nan
        estimates.append(rdm(trials, method="crossnobis"))
        plain.append(rdm(np.nanmean(trials, axis=0), method="euclidean"))
    error = np.std(estimates, axis=0) / 20
    assert np.abs((np.mean(estimates, axis=0) - truth) / error).max() < 4
    # Each mean carries 2 * 4 / 6 of noise into every squared distance.
    assert (np.mean(plain, axis=0) - truth).min() > 1


def test_crossnobis_of_equal_patterns_is_zero_on_average():
    rng = np.random.default_rng(4)
    values = np.stack([rdm(rng.standard_normal((4, 5, 8)), method="crossnobis") for _ in range(500)])
    assert abs(values.mean()) < 4 * values.mean(axis=1).std() / np.sqrt(500)
    assert (values < 0).any()


def test_noise_that_neuroids_share_is_removed_by_the_precision():
    rng = np.random.default_rng(5)
    mixing = np.linalg.qr(rng.standard_normal((10, 10)))[0] * np.linspace(0.2, 3, 10)
    signal = rng.standard_normal((20, 10))
    trials = signal + rng.standard_normal((40, 20, 10)) @ mixing.T
    whitened = rdm(trials, method="crossnobis", precision=noise_precision(trials))
    truth = pdist(signal, "mahalanobis", VI=np.linalg.inv(mixing @ mixing.T)) ** 2 / 10
    assert np.corrcoef(whitened, truth)[0, 1] > 0.97


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1e3, 1e3), size=st.floats(0.01, 100))
def test_distances_keep_their_invariances(seed, shift, size):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((7, 11))
    rotation = np.linalg.qr(rng.standard_normal((11, 11)))[0]
    close = {"rtol": 1e-6, "atol": 1e-9}
    np.testing.assert_allclose(rdm(size * values + shift), rdm(values), **close)
    np.testing.assert_allclose(
        rdm(size * values @ rotation + shift, method="euclidean"), size**2 * rdm(values, method="euclidean"), **close
    )
    order = rng.permutation(7)
    np.testing.assert_allclose(rdm(values[order]), condense_rdm(square_rdm(rdm(values))[np.ix_(order, order)]), **close)


def test_large_common_responses_cost_no_digits(patterns):
    np.testing.assert_allclose(rdm(patterns + 1e6, method="euclidean"), rdm(patterns, method="euclidean"), rtol=1e-8)
    np.testing.assert_allclose(rdm(patterns + 1e6), rdm(patterns), rtol=1e-7)


def test_square_and_condensed_forms_are_those_of_scipy(patterns):
    vector = rdm(patterns)
    np.testing.assert_array_equal(square_rdm(vector), squareform(vector))
    np.testing.assert_array_equal(condense_rdm(square_rdm(vector)), vector)
    stack = np.stack([vector, 2 * vector])
    assert square_rdm(stack).shape == (2, 12, 12)
    np.testing.assert_array_equal(condense_rdm(square_rdm(stack)), stack)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.ones((3, 1)), {}, "1 neuroid; a correlation distance needs at least 2"),
        (
            np.array([[1.0, 2, 3], [5, 5, 5], [0, 0, 0]]),
            {},
            r"2 of 3 stimuli are the same for all neuroids \(first row 1\)",
        ),
        (np.array([[1.0, np.nan], [1, 2], [3, 1]]), {}, "NaN or infinite values in 1 of 3 stimuli"),
        (np.array([[1.0, np.inf], [1, 2]]), {"method": "euclidean"}, "NaN or infinite values in 1 of 2 stimuli"),
        (np.array([[1.0, np.inf], [1, 2]]), {"method": "mahalanobis", "precision": np.eye(2)}, "in 1 of 2 stimuli"),
        (np.zeros((2, 3, 4)), {}, "average repetitions"),
        (np.zeros((3, 4)), {"method": "crossnobis"}, r"needs \(repetition, stimulus, neuroid\)"),
        (np.zeros((1, 3, 4)), {"method": "crossnobis"}, "at least 2 repetitions"),
        (np.eye(3), {"method": "cosine"}, "'cosine' is unknown; accepted are correlation, euclidean"),
        (np.eye(3), {"precision": np.eye(3)}, "'correlation' takes no precision"),
        (np.eye(3), {"method": "mahalanobis", "precision": np.eye(4)}, r"with 3 neuroids it must be \(3, 3\)"),
        (np.eye(3), {"method": "mahalanobis", "precision": np.triu(np.ones((3, 3)))}, "not symmetric"),
        (np.eye(3), {"method": "mahalanobis", "precision": -np.eye(3)}, "not positive definite"),
        (-np.eye(3), {"method": "poisson"}, "a rate of -1.0"),
        (np.eye(3), {"method": "poisson", "prior_rate": 0.0}, "must be positive"),
        (np.full((3, 3), np.nan), {"method": "poisson"}, "9 NaN or infinite"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(values, options, message):
    with pytest.raises(ValueError, match=message):
        rdm(values, **options)


def test_trials_missing_for_some_neuroids_are_refused(trials):
    trials[0, 2, 3] = np.nan
    with pytest.raises(ValueError, match="1 presentations have NaN in some neuroids only"):
        rdm(trials, method="crossnobis")
    with pytest.raises(ValueError, match="Poisson distances need every repetition"):
        rdm(trials, method="poisson_cv")


def test_a_stimulus_with_one_repetition_is_refused(trials):
    trials[1:, 2] = np.nan
    with pytest.raises(ValueError, match="1 of 9 stimuli have fewer than 2 repetitions"):
        rdm(trials, method="crossnobis")


def test_wrong_shapes_of_rdms_are_refused():
    with pytest.raises(ValueError, match="4 values, which is n"):
        square_rdm(np.zeros(4))
    with pytest.raises(ValueError, match="not square"):
        condense_rdm(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="different values above and below"):
        condense_rdm(np.triu(np.ones((3, 3))))


def test_values_are_left_as_they_were(trials):
    before = trials.copy()
    for method in METHODS:
        rdm(trials if method in ("crossnobis", "poisson_cv") else trials.mean(axis=0), method=method)
    np.testing.assert_array_equal(trials, before)
