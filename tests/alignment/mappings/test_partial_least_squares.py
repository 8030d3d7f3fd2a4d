"""Partial least squares, against a plain loop with a full SVD, scikit-learn run to convergence and least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

import alignment.mappings.partial_least_squares as module
from alignment.folds import Fold
from alignment.mappings import PLS, Mapping, leading_vectors

SHAPES = {
    "fewer features than rows": (60, 20, 8),
    "few features, many neuroids": (50, 12, 150),
    "more features than rows": (40, 150, 8),
    "more features and neuroids than rows": (40, 150, 120),
    "one neuroid": (40, 60, 1),
}


def problem(n, p, m, decay=0.5, noise=1.0, seed=0):
    """Features with a falling spectrum and an offset, linear responses with noise; 20 rows more than n."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((p, p)))[0]
    x = (rng.standard_normal((n + 20, p)) * np.arange(1, p + 1) ** -decay) @ rotation + 3
    y = x @ rng.standard_normal((p, m))
    y = y / y.std(axis=0) + noise * rng.standard_normal(y.shape) + 2
    return x[:n], y[:n], x[n:]


def plain(x, y, new, n_components):
    """Predictions by explicit deflation and a full SVD for every component (Wegelin 2000, section 4.1)."""
    left_x, left_y = x - x.mean(axis=0), y - y.mean(axis=0)
    weights, loadings, coefficients = [], [], []
    for _ in range(n_components):
        w = np.linalg.svd(left_x.T @ left_y)[0][:, 0]
        t = left_x @ w
        weights.append(w)
        loadings.append(left_x.T @ t / (t @ t))
        coefficients.append(left_y.T @ t / (t @ t))
        left_x, left_y = left_x - np.outer(t, loadings[-1]), left_y - np.outer(t, coefficients[-1])
    w, p, q = (np.column_stack(part) for part in (weights, loadings, coefficients))
    return (new - x.mean(axis=0)) @ w @ np.linalg.inv(p.T @ w) @ q.T + y.mean(axis=0)


def assert_close(received, expected, tolerance=1e-8):
    """Largest difference relative to the spread of what is expected."""
    assert np.abs(received - expected).max() <= tolerance * np.abs(expected - expected.mean(axis=0)).max()


@parametrize_with_checks([PLS(n_components=2), PLS(n_components=2, scale=True, solver="nipals")])
def test_conforms_to_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("n_components", [1, 3, 10])
def test_predictions_equal_a_plain_loop(shape, n_components):
    x, y, new = problem(*shape)
    assert_close(PLS(n_components).fit(x, y).predict(new), plain(x, y, new, n_components))


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("decay", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_predictions_equal_converged_scikit_learn(shape, decay, scale):
    from sklearn.cross_decomposition import PLSRegression

    x, y, new = problem(*shape, decay=decay)
    oracle = PLSRegression(10, scale=scale, tol=1e-20, max_iter=20000).fit(x, y)
    ours = PLS(10, scale=scale).fit(x, y)
    assert_close(ours.predict(new), oracle.predict(new))
    by_weights = (new - x.mean(axis=0)) @ ours.coef_.T + y.mean(axis=0)
    assert_close(by_weights, ours.predict(new).reshape(by_weights.shape))


@pytest.mark.parametrize("noise", [0.1, 3.0])
@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nipals_ends_its_search_where_scikit_learn_ends_it(shape, scale, noise):
    from sklearn.cross_decomposition import PLSRegression

    x, y, new = problem(*shape, noise=noise)
    oracle = PLSRegression(10, scale=scale).fit(x, y).predict(new).reshape(len(new), -1)
    ours = PLS(10, scale=scale, solver="nipals").fit(x, y).predict(new)
    assert_close(ours, oracle, 1e-9)


def test_exact_is_near_scikit_learn_as_it_comes_but_not_equal():
    from sklearn.cross_decomposition import PLSRegression

    x, y, new = problem(60, 80, 12)
    oracle = PLSRegression(10, scale=False).fit(x, y).predict(new)
    assert_close(PLS(10).fit(x, y).predict(new), oracle, 1e-2)
    assert np.abs(PLS(10).fit(x, y).predict(new) - oracle).max() > 1e-5


@pytest.mark.parametrize("n_rows", [30, 80])
@pytest.mark.parametrize("n_neuroids", [3, 90])
@pytest.mark.parametrize("solver", ["exact", "nipals"])
def test_folds_with_shared_inner_products_equal_single_fits(n_rows, n_neuroids, solver):
    x, y, _ = problem(n_rows, 100, n_neuroids)
    rows = np.random.default_rng(1).permutation(n_rows)
    folds = [Fold(np.sort(rows[5:]), rows[:5]), Fold(rows[:-8], rows[-8:])]
    groups = np.arange(n_rows) // 2
    for labels in (None, groups):
        shared = PLS(6, solver=solver).cross_predict(x, y, folds, labels, n_inner=3)
        single = Mapping.cross_predict(PLS(6, solver=solver), x, y, folds, labels, n_inner=3)
        for one, other in zip(shared.predictions, single.predictions, strict=True):
            assert_close(one, other)
        np.testing.assert_allclose(shared.inner_r2, single.inner_r2, rtol=1e-7, atol=1e-9)
    assert np.isnan(PLS(6).cross_predict(x, y, folds, inner=False).inner_r2).all()


def test_folds_with_scaling_or_few_features_are_single_fits():
    x, y, _ = problem(40, 60, 3)
    folds = [Fold(np.arange(30), np.arange(30, 40))]
    for estimator, features in ((PLS(4, scale=True), x), (PLS(4), x[:, :20])):
        received = estimator.cross_predict(features, y, folds, inner=False).predictions[0]
        np.testing.assert_array_equal(received, estimator.fit(features[:30], y[:30]).predict(features[30:]))


@pytest.mark.parametrize("block", [7, 4096])
def test_centred_gram_is_that_of_centred_features(block, monkeypatch):
    monkeypatch.setattr(module, "GRAM_BLOCK", block)
    x = np.random.default_rng(0).standard_normal((9, 50)) + 4
    centred = x - x.mean(axis=0)
    np.testing.assert_allclose(module.centred_gram(x), centred @ centred.T, atol=1e-12)


def test_single_precision_features_lose_single_precision_only():
    x, y, new = problem(40, 100, 5)
    received = PLS(5).fit(x.astype(np.float32), y.astype(np.float32)).predict(new.astype(np.float32))
    assert received.dtype == np.float64
    assert_close(received, PLS(5).fit(x, y).predict(new), 1e-4)


@pytest.mark.parametrize("shape", [(60, 20, 8), (40, 150, 8)])
def test_scores_are_orthonormal_and_made_by_the_rotations(shape):
    x, y, _ = problem(*shape)
    model = PLS(8).fit(x, y)
    scores = (x - x.mean(axis=0)) @ model.x_rotations_
    np.testing.assert_allclose(scores.T @ scores, np.eye(8), atol=1e-9)
    np.testing.assert_allclose(model.y_loadings_, (y - y.mean(axis=0)).T @ scores, atol=1e-9)
    assert model.n_components_ == 8


def test_as_many_components_as_features_are_least_squares():
    x, y, new = problem(50, 9, 4)
    design = np.column_stack([x, np.ones(len(x))])
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    assert_close(PLS(9).fit(x, y).predict(new), np.column_stack([new, np.ones(len(new))]) @ solution)


@pytest.mark.parametrize("n_features", [12, 70])
def test_components_stop_where_features_are_used_up(n_features):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((40, 4)) @ rng.standard_normal((4, n_features))
    y = rng.standard_normal((40, 6))
    model = PLS(12).fit(x, y)
    assert model.n_components_ == 4
    centred = x - x.mean(axis=0)
    expected = centred @ np.linalg.pinv(centred, rcond=1e-10) @ (y - y.mean(axis=0)) + y.mean(axis=0)
    assert_close(model.predict(x), expected)


def test_components_stop_where_responses_are_fitted():
    x, _, new = problem(40, 10, 1)
    weights = np.random.default_rng(0).standard_normal((10, 7))
    model = PLS(10).fit(x, x @ weights)
    assert_close(model.predict(new), new @ weights)
    orthogonal = np.linalg.qr(x - x.mean(axis=0))[0]
    assert PLS(10).fit(orthogonal, orthogonal[:, :3]).n_components_ == 3


@pytest.mark.parametrize("solver", ["exact", "nipals"])
@pytest.mark.parametrize("n_features", [5, 60])
def test_constant_features_and_neuroids(n_features, solver):
    x, y, new = problem(40, n_features, 3)
    padded = [np.column_stack([rows, np.full(len(rows), 0.1)]) for rows in (x, new)]
    for scale in (False, True):
        expected = PLS(3, scale=scale, solver=solver).fit(x, y).predict(new)
        widened = np.column_stack([np.full(len(y), 7.0), y])
        received = PLS(3, scale=scale, solver=solver).fit(padded[0], widened).predict(padded[1])
        assert_close(received[:, 1:], expected)
        np.testing.assert_allclose(received[:, 0], 7.0)
    nothing = PLS(2, solver=solver).fit(np.full((20, 3), 0.1), y[:20])
    assert nothing.n_components_ == 0
    np.testing.assert_allclose(nothing.predict(np.full((4, 3), 0.1)), np.tile(y[:20].mean(axis=0), (4, 1)))


@settings(max_examples=20, deadline=None)
@given(
    shape=st.sampled_from([(40, 6, 4), (25, 40, 4), (25, 40, 60)]),
    factor=st.floats(1e-3, 1e3),
    offset=st.floats(-50, 50),
    seed=st.integers(0, 5),
)
def test_rotating_shifting_and_scaling_all_features_changes_nothing(shape, factor, offset, seed):
    x, y, new = problem(*shape, seed=seed)
    rotation = factor * np.linalg.qr(np.random.default_rng(seed).standard_normal((shape[1], shape[1])))[0]
    moved = PLS(4).fit(x @ rotation + offset, y * factor).predict(new @ rotation + offset)
    assert_close(moved, PLS(4).fit(x, y).predict(new) * factor, 1e-6)


def test_a_search_without_end_gives_way_to_the_full_eigenproblem(monkeypatch):
    x, y, new = problem(120, 200, leading_vectors.DENSE + 30)
    expected = PLS(5).fit(x, y).predict(new)
    monkeypatch.setattr(leading_vectors, "STEPS", 1)
    assert_close(PLS(5).fit(x, y).predict(new), expected)


def test_many_components_with_a_search_by_davidson_equal_a_plain_loop():
    x, y, new = problem(120, 200, leading_vectors.DENSE + 30, decay=1.0, noise=0.05)
    assert_close(PLS(25).fit(x, y).predict(new), plain(x, y, new, 25), 1e-7)


@pytest.mark.parametrize("n_components", [0, 11, 31])
def test_too_many_or_no_components_are_refused(n_components):
    x, y, _ = problem(30, 10, 2)
    with pytest.raises(ValueError, match=rf"n_components={n_components} .*n_features=10 and 30 .*1 to 10"):
        PLS(n_components).fit(x, y)


def test_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="solver is 'svd'; accepted are 'exact' and 'nipals'"):
        PLS(2, solver="svd").fit(*problem(30, 10, 2)[:2])


def test_folds_and_inner_folds_with_too_few_rows_are_refused():
    x, y, _ = problem(30, 60, 2)
    fold = [Fold(np.arange(27), np.arange(27, 30))]
    with pytest.raises(ValueError, match="27 training presentations: accepted are 1 to 27"):
        PLS(28).cross_predict(x, y, fold, inner=False)
    with pytest.raises(ValueError, match="21 training presentations"):
        PLS(25).cross_predict(x, y, fold, inner=True)


def test_missing_values_are_refused_over_folds():
    x, y, _ = problem(30, 60, 2)
    y[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        PLS(5).cross_predict(x, y, [Fold(np.arange(27), np.arange(27, 30))])


def test_description():
    assert PLS().describe() == "partial least squares regression with 25 components"
    assert "unit variance" in PLS(3, scale=True).describe()
