"""The choice of penalties: leave-one-out, one penalty for all neuroids, conformity with scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.folds import Fold
from alignment.mappings import NeuroidRidge
from alignment.mappings.ridge_search import Choice, cut_of_folds, cut_one_out

SHAPES = {"fewer features than rows": (60, 12), "as many": (40, 40), "more features than rows": (30, 90)}
GRID = np.logspace(-1, 4, 11)
shaped = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def problem(n_rows, n_features, n_neuroids=6, seed=0):
    """Neuroids from noiseless to unrelated."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_rows + 15, n_features)) * rng.uniform(0.5, 2, n_features) + 4
    noise = np.linspace(0, 3, n_neuroids) * np.sqrt(n_features)
    y = x @ rng.standard_normal((n_features, n_neuroids)) + noise * rng.standard_normal((n_rows + 15, n_neuroids))
    return x[:n_rows], y[:n_rows], x[n_rows:]


@parametrize_with_checks([NeuroidRidge(), NeuroidRidge([1.0], selection="loo", per_neuroid=False)])
def test_scikit_learn_finds_nothing_to_complain(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([NeuroidRidge(GRID, backend="torch"), NeuroidRidge(GRID, selection="loo")])
def test_scikit_learn_finds_nothing_to_complain_of_other_choices(estimator, check):
    check(estimator)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@shaped
def test_leave_one_out_equals_scikit_learn(shape, backend):
    x, y, new = problem(*shape)
    oracle = RidgeCV(GRID, alpha_per_target=True).fit(x, y)
    ours = NeuroidRidge(GRID, standardise=False, selection="loo", backend=backend).fit(x, y)
    assert len(set(ours.alpha_)) > 1
    np.testing.assert_allclose(ours.alpha_, oracle.alpha_)
    np.testing.assert_allclose(ours.predict(new), oracle.predict(new), rtol=1e-7)


@shaped
def test_one_penalty_for_all_neuroids_equals_scikit_learn(shape):
    x, y, new = problem(*shape)
    oracle = RidgeCV(GRID).fit(x, y)
    ours = NeuroidRidge(GRID, standardise=False, selection="loo", per_neuroid=False).fit(x, y)
    np.testing.assert_allclose(ours.alpha_, np.full(y.shape[1], oracle.alpha_))
    np.testing.assert_allclose(ours.predict(new), oracle.predict(new), rtol=1e-7)


@shaped
def test_one_penalty_for_all_neuroids_has_the_least_mean_error_over_inner_folds(shape):
    x, y, _ = problem(*shape)
    folds = [Fold(np.delete(np.arange(len(x)), np.arange(k, len(x), 4)), np.arange(k, len(x), 4)) for k in range(4)]
    errors = [
        np.mean([((Ridge(a).fit(x[f.train], y[f.train]).predict(x[f.test]) - y[f.test]) ** 2).mean() for f in folds])
        for a in GRID
    ]
    ours = NeuroidRidge(GRID, standardise=False, per_neuroid=False).fit(x, y, folds=folds)
    np.testing.assert_array_equal(ours.alpha_, np.full(y.shape[1], GRID[np.argmin(errors)]))


@pytest.mark.parametrize("n_groups", [None, 8], ids=["rows", "groups"])
@shaped
def test_rows_or_groups_left_out_equal_a_fit_for_each(shape, n_groups):
    x, y, _ = problem(*shape)
    grid = np.logspace(-1, 4, 4)
    labels = np.arange(len(x)) if n_groups is None else np.random.default_rng(1).integers(0, n_groups, len(x))
    ours = NeuroidRidge(grid, standardise=False, selection="loo").fit(x, y, None if n_groups is None else labels)
    error, reference = np.zeros((len(grid), y.shape[1])), np.zeros(y.shape[1])
    for label in np.unique(labels):
        out = labels == label
        for row, alpha in enumerate(grid):
            predicted = Ridge(alpha).fit(x[~out], y[~out]).predict(x[out])
            error[row] += ((predicted - y[out]) ** 2).sum(axis=0)
        reference += ((y[~out].mean(axis=0) - y[out]) ** 2).sum(axis=0)
    best = error.argmin(axis=0)
    np.testing.assert_array_equal(ours.alpha_, grid[best])
    np.testing.assert_allclose(ours.inner_r2_, 1 - error[best, np.arange(y.shape[1])] / reference, rtol=1e-7)


def test_a_group_left_out_does_not_help_its_siblings():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 4)
    x, y = np.repeat(rng.standard_normal((20, 200)), 4, axis=0), np.repeat(rng.standard_normal((20, 30)), 4, axis=0)
    x = x + 1e-3 * rng.standard_normal(x.shape)
    assert np.median(NeuroidRidge(selection="loo").fit(x, y).inner_r2_) > 0.5
    assert np.median(NeuroidRidge(selection="loo").fit(x, y, groups=groups).inner_r2_) < 0.1


def test_one_row_or_group_cannot_be_left_out():
    with pytest.raises(ValueError, match="has 1 group.*needs at least 2"):
        cut_one_out(5, np.zeros(5))


def test_inner_folds_may_leave_a_gap_that_is_not_judged():
    x, y, _ = problem(40, 60)
    folds = [Fold(np.arange(0, 20), np.arange(25, 40)), Fold(np.arange(20, 40), np.arange(0, 15))]
    ours = NeuroidRidge(GRID, standardise=False).fit(x, y, folds=folds)
    errors = np.array(
        [
            np.mean(
                [
                    ((Ridge(a).fit(x[f.train], y[f.train]).predict(x[f.test]) - y[f.test]) ** 2).mean(axis=0)
                    for f in folds
                ],
                axis=0,
            )
            for a in GRID
        ]
    )
    np.testing.assert_array_equal(ours.alpha_, GRID[errors.argmin(axis=0)])
    reference = np.mean([((y[f.train].mean(axis=0) - y[f.test]) ** 2).mean(axis=0) for f in folds], axis=0)
    np.testing.assert_allclose(ours.inner_r2_, 1 - errors.min(axis=0) / reference, rtol=1e-8)


def test_the_cut_of_folds_tells_places_within_the_rows_left_out():
    cut = cut_of_folds([Fold(np.array([0, 3]), np.array([4, 1]))], 5)
    np.testing.assert_array_equal(cut.removed[0], [1, 2, 4])
    np.testing.assert_array_equal(cut.removed[0][cut.judged[0]], [4, 1])
    assert cut.n_judged == 2


def test_the_first_of_equal_penalties_stays_chosen():
    choice = Choice(3, per_neuroid=True)
    for index, error in enumerate(([2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.5, 0.0])):
        choice.offer(index, np.array(error))
    np.testing.assert_array_equal(choice.index, [1, 2, 0])
    np.testing.assert_array_equal(choice.error, [1.0, 0.5, 0.0])


@pytest.mark.parametrize("standardise", [True, False])
@shaped
def test_single_precision_stays_close(shape, standardise):
    x, y, new = problem(*shape)
    options = {"standardise": standardise, "alphas": [10.0]}
    exact = NeuroidRidge(**options).fit(x, y).predict(new)
    for backend in ("numpy", "torch"):
        rough = NeuroidRidge(**options, dtype="float32", backend=backend).fit(x, y).predict(new)
        assert np.abs(rough - exact).max() < 1e-4 * np.abs(exact).max()


def test_penalties_below_rounding_do_no_great_harm_in_single_precision():
    rng = np.random.default_rng(0)
    x = 100 * rng.standard_normal((50, 3)) @ rng.standard_normal((3, 200))
    y = x[:, :4] / 100 + rng.standard_normal((50, 4))
    rough = NeuroidRidge(np.logspace(-6, 6, 13), standardise=False, dtype="float32").fit(x, y)
    exact = NeuroidRidge(np.logspace(-6, 6, 13), standardise=False).fit(x, y)
    assert np.isfinite(rough.predict(x)).all()
    assert np.abs(rough.inner_r2_ - exact.inner_r2_).max() < 0.05
