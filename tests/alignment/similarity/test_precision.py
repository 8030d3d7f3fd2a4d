"""Noise precision against scikit-learn, loops and noise of known covariance."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from alignment.similarity import noise_precision


@pytest.fixture
def residuals():
    rng = np.random.default_rng(0)
    return rng.standard_normal((60, 8)) @ rng.standard_normal((8, 8))


def test_full_is_the_inverse_of_the_covariance(residuals):
    np.testing.assert_allclose(noise_precision(residuals, method="full"), np.linalg.inv(np.cov(residuals.T)), rtol=1e-8)


def test_diagonal_is_one_over_the_variance(residuals):
    np.testing.assert_allclose(noise_precision(residuals, method="diag"), np.diag(1 / residuals.var(axis=0, ddof=1)))


def test_shrinkage_to_the_identity_is_that_of_scikit_learn(residuals):
    expected = np.linalg.inv(LedoitWolf().fit(residuals).covariance_ * 60 / 59)
    np.testing.assert_allclose(noise_precision(residuals, method="shrinkage_eye"), expected, rtol=1e-8)


def test_shrinkage_to_the_diagonal_is_its_formula(residuals):
    n = len(residuals)
    z = (residuals - residuals.mean(axis=0)) / residuals.std(axis=0, ddof=1)
    spread = total = 0.0
    for j in range(8):
        for k in range(8):
            if j != k:
                products = z[:, j] * z[:, k]
                r = products.sum() / (n - 1)
                total += r**2
                spread += n / (n - 1) ** 2 * ((products**2).sum() / (n - 1) - r**2)
    share = min(spread / total, 1)
    assert 0 < share < 1
    covariance = np.cov(residuals.T)
    shrunk = (1 - share) * covariance + share * np.diag(np.diag(covariance))
    np.testing.assert_allclose(noise_precision(residuals), np.linalg.inv(shrunk), rtol=1e-8)


@pytest.mark.parametrize("method", ["shrinkage_diag", "shrinkage_eye", "diag"])
def test_trials_lose_their_stimulus_means_and_degrees_of_freedom(method):
    rng = np.random.default_rng(1)
    std = np.array([0.5, 1.0, 2.0])
    trials = 10 * rng.standard_normal((1, 400, 3)) + std * rng.standard_normal((4, 400, 3))
    # Without the loss of a degree of freedom per stimulus these would be 4/3 too large.
    variances = 1 / np.diag(noise_precision(trials, method=method))
    np.testing.assert_allclose(variances, std**2, rtol=0.1 if method != "shrinkage_eye" else 0.35)


def test_missing_repetitions_are_left_out():
    rng = np.random.default_rng(2)
    trials = rng.standard_normal((5, 30, 4))
    trials[3, :7] = np.nan
    kept = [trials[:, s][~np.isnan(trials[:, s, 0])] for s in range(30)]
    residuals = np.concatenate([values - values.mean(axis=0) for values in kept])
    dof = len(residuals) - 30
    expected = np.linalg.inv(residuals.T @ residuals / dof)
    np.testing.assert_allclose(noise_precision(trials, method="full"), expected, rtol=1e-8)


def test_fewer_observations_than_neuroids_need_shrinkage():
    values = np.random.default_rng(3).standard_normal((10, 30))
    with pytest.raises(ValueError, match="30 neuroids from 10 observations has no inverse with method 'full'"):
        noise_precision(values, method="full")
    assert np.linalg.eigvalsh(noise_precision(values)).min() > 0


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((5, 2)), {}, "2 of 2 neuroids never vary"),
        (np.full((5, 2), np.nan), {}, "10 NaN or infinite"),
        (np.zeros(5), {}, r"shape \(5,\)"),
        (np.eye(3), {"method": "ledoit"}, "'ledoit' is unknown"),
        (np.eye(3), {"dof": 0}, "dof is 0.0"),
        (np.ones((1, 4, 2)), {}, "dof is 0.0"),
    ],
)
def test_bad_input_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        noise_precision(values, **options)


def test_trials_with_single_missing_neuroids_are_refused():
    trials = np.random.default_rng(4).standard_normal((3, 4, 2))
    trials[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN in some neuroids only"):
        noise_precision(trials)
