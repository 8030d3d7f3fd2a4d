"""Fits of many curves at once against scipy, one curve at a time."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from alignment.physiology.curve_fits import explained, fit_curves

X = np.linspace(-2, 3, 15)


def bump(parameters):
    b, a, m, log_w = (column[:, None] for column in parameters.T)
    return b + a * np.exp(-(((X - m) / np.exp(log_w)) ** 2) / 2)


def problems(n_fits, seed, noise=0.1):
    rng = np.random.default_rng(seed)
    truth = np.stack(
        [
            rng.uniform(0, 1, n_fits),
            rng.uniform(0.5, 3, n_fits),
            rng.uniform(-1, 2, n_fits),
            rng.uniform(-1, 0.5, n_fits),
        ],
        axis=1,
    )
    observed = bump(truth) + noise * rng.standard_normal((n_fits, len(X)))
    return truth, observed


LOW, HIGH = np.array([0.0, 0.0, -2.0, -2.0]), np.array([np.inf, np.inf, 3.0, 2.0])
STARTS = np.array([[0.5, 1.0, m, w] for m in (-1.0, 0.5, 2.0) for w in (-0.7, 0.3)])


def test_exact_curves_are_recovered():
    truth, observed = problems(50, 0, noise=0.0)
    found, error = fit_curves(bump, observed, np.tile(STARTS, (50, 1, 1)), LOW, HIGH)
    np.testing.assert_allclose(found, truth, atol=1e-4)
    assert error.max() < 1e-10


@pytest.mark.parametrize("weighted", [False, True])
def test_error_is_that_of_scipy(weighted):
    rng = np.random.default_rng(5)
    _, observed = problems(6, 1, noise=0.3)
    weights = rng.uniform(0.2, 3, observed.shape) if weighted else None
    found, error = fit_curves(bump, observed, np.tile(STARTS, (6, 1, 1)), LOW, HIGH, weights=weights)
    root = np.ones_like(observed) if weights is None else np.sqrt(weights)
    for k in range(6):
        best = min(
            (
                least_squares(
                    lambda p, k=k: root[k] * (bump(p[None])[0] - observed[k]), start, bounds=(LOW - 1e-12, HIGH + 1e-12)
                )
                for start in STARTS
            ),
            key=lambda one: one.cost,
        )
        assert error[k] <= 2 * best.cost * (1 + 1e-5) + 1e-9
        assert error[k] == pytest.approx(((root[k] * (bump(found[k : k + 1])[0] - observed[k])) ** 2).sum())
    assert (found >= LOW).all()
    assert (found <= HIGH).all()


def test_bounds_hold_where_the_best_lies_outside():
    truth, observed = problems(20, 2, noise=0.0)
    high = np.array([np.inf, 0.4, 3.0, 2.0])
    found, _ = fit_curves(bump, observed, np.tile(STARTS, (20, 1, 1)), LOW, high)
    assert (truth[:, 1] > 0.4).all()
    np.testing.assert_allclose(found[:, 1], 0.4, atol=1e-6)


def test_a_parameter_between_equal_bounds_stays():
    truth, observed = problems(5, 3, noise=0.0)
    low, high = np.tile(LOW, (5, 1)), np.tile(HIGH, (5, 1))
    low[:, 3] = high[:, 3] = truth[:, 3]
    found, error = fit_curves(bump, observed, np.tile(STARTS, (5, 1, 1)), low, high)
    np.testing.assert_array_equal(found[:, 3], truth[:, 3])
    assert error.max() < 1e-10


def test_results_do_not_depend_on_the_blocks(monkeypatch):
    _, observed = problems(12, 4)
    starts = np.tile(STARTS, (12, 1, 1))
    whole = fit_curves(bump, observed, starts, LOW, HIGH)
    monkeypatch.setattr("alignment.physiology.curve_fits.BLOCK", 1000)
    for one, other in zip(whole, fit_curves(bump, observed, starts, LOW, HIGH), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_explained_variance_has_its_edges():
    observed = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    np.testing.assert_allclose(explained(observed, np.array([0.5, 0.0])), [0.75, np.nan])
    assert explained(observed, np.array([0.5, 0.0]), np.array([1.0, 1.0, 0.0]))[0] == pytest.approx(0.0)


def test_parameters_that_say_the_same_are_fitted_all_the_same():
    # Far beyond what was shown, threshold and slope of a Weibull change the curve alike.
    coherence = np.array([0.05, 0.1, 0.2, 0.4, 0.8])

    def weibull(parameters):
        return 1 - 0.5 * np.exp(-((coherence / np.exp(parameters[:, :1])) ** np.exp(parameters[:, 1:])))

    observed = np.array([[0.6, 1.0, 0.88, 0.94, 0.9]])
    low, high = np.log([0.05 / 100, 0.1]), np.log([0.8 * 100, 10.0])
    start = np.array([[[0.81392262, -1.19734588]]])
    found, error = fit_curves(weibull, observed, start, low, high, weights=np.full(5, 10.0))
    theirs = least_squares(lambda p: np.sqrt(10) * (weibull(p[None])[0] - observed[0]), start[0, 0], bounds=(low, high))
    assert np.isfinite(found).all() and error[0] == pytest.approx(2 * theirs.cost, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_a_twin_parameter_and_an_extreme_scale_are_no_singular_matrix(scale):
    def twins(parameters):
        return scale * (parameters[:, :1] + parameters[:, 1:]) ** 3 * X

    found, _ = fit_curves(twins, scale * 8 * X[None], np.full((1, 1, 2), 0.3), np.full(2, -np.inf), np.full(2, np.inf))
    assert found.sum() == pytest.approx(2, rel=1e-6)
