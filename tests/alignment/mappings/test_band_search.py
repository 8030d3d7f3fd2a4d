"""Errors over inner folds from one factorisation, against refitting scikit-learn's ridge for every fold and penalty."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from alignment.folds import inner_folds
from alignment.mappings.band_search import FeatureSearch, GramSearch, make_search, reference_errors

ALPHAS = np.array([1e-2, 1.0, 30.0, 1e4])
SHAPES = {"fewer features": (60, 9), "as many": (40, 40), "more features": (30, 90)}


def problem(n_rows, n_features, intercept=True, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_rows, n_features)) * 10 ** rng.uniform(-1, 1, n_features)
    y = x @ rng.standard_normal((n_features, 4)) + 3 * rng.standard_normal((n_rows, 4))
    if intercept:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    band = np.arange(n_features) * 3 // n_features
    return x, y, band, inner_folds(np.arange(n_rows), None, 5, seed)


def slow_errors(x, y, folds, alphas, intercept):
    """Mean over folds of the mean squared error of regressions fitted anew."""
    errors = np.zeros((len(alphas), y.shape[1]))
    for row, alpha in enumerate(alphas):
        for fold in folds:
            model = Ridge(alpha=alpha, fit_intercept=intercept, solver="svd").fit(x[fold.train], y[fold.train])
            errors[row] += ((y[fold.test] - model.predict(x[fold.test])) ** 2).mean(axis=0) / len(folds)
    return errors


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", [GramSearch, FeatureSearch])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_errors_equal_refitting(shape, kind, intercept):
    x, y, band, folds = problem(*shape, intercept)
    gamma = np.array([0.7, 0.05, 0.25])
    received = kind(x, band, y, folds, intercept).weighted(gamma).errors(ALPHAS)
    expected = slow_errors(x * np.sqrt(gamma)[band], y, folds, ALPHAS, intercept)
    assert np.allclose(received, expected, rtol=1e-8)


@pytest.mark.parametrize("kind", [GramSearch, FeatureSearch])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_weights_equal_refitting(shape, kind):
    x, y, band, folds = problem(*shape)
    gamma, alpha = np.array([0.5, 0.5, 0.0]), np.array([1.0, 30.0])
    weights = kind(x, band, y, folds, True).weighted(gamma).weights(np.array([1, 3]), alpha)
    scale = gamma[band]
    predicted = x @ (scale[:, None] * (x.T @ weights)) if kind is GramSearch else x @ weights
    for place, column in enumerate((1, 3)):
        oracle = Ridge(alpha=alpha[place], solver="svd").fit(x * np.sqrt(scale), y[:, column])
        assert np.allclose(predicted[:, place], oracle.predict(x * np.sqrt(scale)), atol=1e-7 * np.abs(y).max())


def test_blocks_of_neuroids_change_nothing(monkeypatch):
    for shape in SHAPES.values():
        x, y, band, folds = problem(*shape)
        whole = make_search(x, band, y, folds, True).weighted(np.ones(3)).errors(ALPHAS)
        with monkeypatch.context() as patch:
            patch.setattr("alignment.mappings.band_search.MAX_BLOCK", 1)
            single = make_search(x, band, y, folds, True).weighted(np.ones(3)).errors(ALPHAS)
        assert np.allclose(single, whole, rtol=1e-10)


def test_the_smaller_problem_is_chosen():
    x, y, band, folds = problem(60, 9)
    assert isinstance(make_search(x, band, y, folds, True), FeatureSearch)
    x, y, band, folds = problem(30, 90)
    assert isinstance(make_search(x, band, y, folds, True), GramSearch)


def test_a_penalty_lost_in_rounding_is_not_eligible():
    x, y, band, folds = problem(40, 40)
    errors = GramSearch(1e8 * x, band, y, folds, True).weighted(np.ones(3)).errors(np.array([1e-2, 1e16]))
    assert np.isinf(errors[0]).all()
    assert np.allclose(errors[1], slow_errors(x, y, folds, [1.0], True), rtol=1e-6)


def test_features_that_do_not_vary_leave_the_mean():
    _, y, band, folds = problem(30, 90)
    reference = reference_errors(y, folds, True)
    for kind in (GramSearch, FeatureSearch):
        errors = kind(np.zeros((30, 90)), band, y, folds, True).weighted(np.ones(3)).errors(ALPHAS)
        assert np.allclose(errors, reference, rtol=1e-10)


def test_reference_is_the_error_of_the_training_mean():
    _, y, _, folds = problem(30, 9)
    slow = [np.mean([np.mean((y[f.test, u] - y[f.train, u].mean()) ** 2) for f in folds]) for u in range(4)]
    assert np.allclose(reference_errors(y, folds, True), slow)
    assert np.allclose(
        reference_errors(y, folds, False), [np.mean([np.mean(y[f.test, u] ** 2) for f in folds]) for u in range(4)]
    )
