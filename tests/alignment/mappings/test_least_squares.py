"""Least squares, against scikit-learn, the pseudo-inverse and the limit of ridge regression."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

import alignment.mappings.least_squares as module
from alignment.folds import Fold
from alignment.mappings import LeastSquares, Mapping

SHAPES = {
    "fewer features than rows": (60, 12),
    "one fewer": (40, 39),
    "as many": (40, 40),
    "one more": (40, 41),
    "more features than rows": (30, 90),
}


def problem(n, p, m=5, seed=0):
    """Features with an offset, linear responses with noise; 20 rows more than n."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n + 20, p)) * np.linspace(0.2, 2, p) + 3
    y = x @ rng.standard_normal((p, m)) / np.sqrt(p) + rng.standard_normal((n + 20, m)) - 1
    return x[:n], y[:n], x[n:]


def pseudo_inverse(x, y, new):
    mean = x.mean(axis=0)
    return (new - mean) @ np.linalg.pinv(x - mean, rcond=1e-12) @ (y - y.mean(axis=0)) + y.mean(axis=0)


@parametrize_with_checks([LeastSquares()])
def test_conforms_to_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_predictions_and_weights_equal_scikit_learn(shape):
    if shape[1] >= shape[0]:
        pytest.importorskip("sklearn", "1.9", "before, it divides by the singular value that centring makes 0")
    from sklearn.linear_model import LinearRegression

    x, y, new = problem(*shape)
    oracle, ours = LinearRegression().fit(x, y), LeastSquares().fit(x, y)
    np.testing.assert_allclose(ours.predict(new), oracle.predict(new), rtol=0, atol=1e-9 * np.abs(oracle.coef_).max())
    np.testing.assert_allclose(ours.coef_, oracle.coef_, rtol=0, atol=1e-9 * np.abs(oracle.coef_).max())
    np.testing.assert_allclose(ours.intercept_, oracle.intercept_, rtol=0, atol=1e-8 * np.abs(oracle.intercept_).max())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_predictions_equal_the_pseudo_inverse(shape):
    x, y, new = problem(*shape, seed=1)
    expected = pseudo_inverse(x, y, new)
    np.testing.assert_allclose(LeastSquares().fit(x, y).predict(new), expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("n_features", [12, 60, 90])
@pytest.mark.parametrize("dependence", ["columns", "rows", "constant"])
def test_linearly_dependent_features_have_the_weights_of_least_norm(n_features, dependence):
    x, y, new = problem(60, n_features)
    if dependence == "columns":
        x[:, 3], new[:, 3] = 2 * x[:, 0] - x[:, 1], 2 * new[:, 0] - new[:, 1]
    elif dependence == "rows":
        x[10:20] = x[:10]
    else:
        x[:, 2] = 0.1
    expected = pseudo_inverse(x, y, new)
    np.testing.assert_allclose(LeastSquares().fit(x, y).predict(new), expected, atol=1e-9 * np.abs(expected).max())


def test_ridge_tends_to_it_for_small_penalties():
    from sklearn.linear_model import Ridge

    x, y, new = problem(30, 90)
    expected = Ridge(1e-7, solver="svd").fit(x, y).predict(new)
    np.testing.assert_allclose(LeastSquares().fit(x, y).predict(new), expected, atol=1e-6)


def test_training_responses_are_met_exactly_with_more_features_than_rows():
    x, y, _ = problem(30, 90)
    np.testing.assert_allclose(LeastSquares().fit(x, y).predict(x), y, atol=1e-10)


@pytest.mark.parametrize("shape", [(30, 90), (60, 12), (40, 40)])
@pytest.mark.parametrize("grouped", [False, True])
def test_folds_on_reduced_features_equal_single_fits(shape, grouped):
    x, y, _ = problem(*shape)
    rows = np.random.default_rng(1).permutation(len(x))
    folds = [Fold(rows[6:], rows[:6]), Fold(np.sort(rows[:-9]), rows[-9:])]
    groups = np.arange(len(x)) // 2 if grouped else None
    shared = LeastSquares().cross_predict(x, y, folds, groups, n_inner=3)
    single = Mapping.cross_predict(LeastSquares(), x, y, folds, groups, n_inner=3)
    for one, other in zip(shared.predictions, single.predictions, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9 * np.abs(other).max())
    np.testing.assert_allclose(shared.inner_r2, single.inner_r2, rtol=1e-7)


@settings(max_examples=20, deadline=None)
@given(shape=st.sampled_from([(40, 6), (25, 40)]), offset=st.floats(-50, 50), seed=st.integers(0, 5))
def test_rotating_and_shifting_features_changes_nothing(shape, offset, seed):
    x, y, new = problem(*shape, seed=seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((shape[1], shape[1])))[0]
    moved = LeastSquares().fit(x @ rotation + offset, y).predict(new @ rotation + offset)
    np.testing.assert_allclose(moved, LeastSquares().fit(x, y).predict(new), atol=1e-8)


def test_nearly_dependent_features_are_left_to_singular_values(monkeypatch):
    x, y, new = problem(60, 12)
    x[:, 3] = x[:, 0] + 1e-12 * x[:, 3]
    calls = []
    original = module.linalg.lstsq
    monkeypatch.setattr(module.linalg, "lstsq", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs))
    assert np.isfinite(LeastSquares().fit(x, y).predict(new)).all()
    assert calls == [1]


def test_missing_features_are_refused_with_their_count():
    x, y, _ = problem(30, 90)
    x[2, :3] = np.nan
    with pytest.raises(ValueError, match="features hold 3 values that are NaN or infinite"):
        LeastSquares().cross_predict(x, y, [Fold(np.arange(20), np.arange(20, 30))])


def test_description():
    assert "minimum norm" in LeastSquares().describe()
