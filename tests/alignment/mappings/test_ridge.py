"""Ridge regression with one penalty per neuroid, against scikit-learn, himalaya and its own limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alignment.mappings.ridge_search as ridge_search
from alignment import NeuroidRidge
from alignment.folds import Fold, inner_folds
from alignment.mappings.ridge import ALPHAS

SHAPES = {"fewer features than rows": (60, 12), "as many": (40, 40), "more features than rows": (30, 90)}


def problem(n_rows, n_features, n_neuroids=5, noise=1.0, seed=0):
    """Correlated features of unequal scale and offset, linear responses with noise, and new rows."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((n_features, n_features)) / np.sqrt(n_features)
    scale, offset = 10 ** rng.uniform(-2, 2, n_features), rng.standard_normal(n_features) * 10
    x = rng.standard_normal((n_rows + 25, n_features)) @ mixing * scale + offset
    weights = rng.standard_normal((n_features, n_neuroids)) / scale[:, None]
    y = x @ weights + noise * rng.standard_normal((n_rows + 25, n_neuroids)) + 3.0
    return x[:n_rows], y[:n_rows], x[n_rows:]


def assert_close(received, expected, tolerance):
    """Largest difference relative to the largest value expected."""
    assert np.abs(received - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("alpha", ALPHAS, ids=lambda alpha: f"{alpha:.3g}")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_predictions_equal_scikit_learn(shape, alpha):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y, new = problem(*shape)
    oracle = make_pipeline(StandardScaler(), Ridge(alpha=alpha, solver="svd")).fit(x, y)
    ours = NeuroidRidge([alpha]).fit(x, y)
    # The part that depends on the features, so that a large intercept hides nothing.
    assert_close(ours.predict(new) - y.mean(axis=0), oracle.predict(new) - y.mean(axis=0), 1e-8)


@pytest.mark.parametrize("alpha", [0.01, 1.0, 1e4])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_predictions_in_the_features_own_scale_equal_scikit_learn(shape, alpha):
    from sklearn.linear_model import Ridge

    x, y, new = problem(*shape)
    oracle = Ridge(alpha=alpha, solver="svd").fit(x, y)
    ours = NeuroidRidge([alpha], standardise=False).fit(x, y)
    assert_close(ours.predict(new) - y.mean(axis=0), oracle.predict(new) - y.mean(axis=0), 1e-8)


@pytest.mark.parametrize("noise", [0.1, 3.0, 30.0])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_penalties_and_predictions_equal_himalaya(shape, noise):
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.ridge import RidgeCV

    x, y, new = problem(*shape, n_neuroids=12, noise=noise, seed=3)
    folds = inner_folds(np.arange(len(x)), None, 5, seed=1)
    pairs = [(fold.train, fold.test) for fold in folds]
    if shape[1] > shape[0]:
        oracle = KernelRidgeCV(alphas=ALPHAS, fit_intercept=True, cv=pairs, warn=False)
    else:
        oracle = RidgeCV(alphas=ALPHAS, fit_intercept=True, cv=pairs)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    oracle.fit((x - mean) / spread, y)
    ours = NeuroidRidge().fit(x, y, folds=folds)
    np.testing.assert_allclose(ours.alpha_, oracle.best_alphas_)
    assert_close(ours.predict(new), oracle.predict((new - mean) / spread), 1e-7)


def test_noise_levels_of_the_oracle_test_choose_different_penalties():
    chosen = {
        float(np.median(NeuroidRidge().fit(*problem(60, 12, 12, noise, 3)[:2]).alpha_)) for noise in (0.1, 3.0, 30.0)
    }
    assert len(chosen) == 3


def test_small_penalty_gives_least_squares():
    x, y, new = problem(60, 12)
    design = np.column_stack([x, np.ones(len(x))])
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    ours = NeuroidRidge([1e-9]).fit(x, y)
    assert_close(ours.predict(new), np.column_stack([new, np.ones(len(new))]) @ solution, 1e-7)


def test_small_penalty_passes_through_every_row_with_more_features_than_rows():
    x, y, _ = problem(30, 90)
    assert_close(NeuroidRidge([1e-8]).fit(x, y).predict(x), y, 1e-6)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_large_penalty_gives_the_mean(shape):
    x, y, new = problem(*shape)
    predicted = NeuroidRidge([1e14]).fit(x, y).predict(new)
    np.testing.assert_allclose(predicted, np.broadcast_to(y.mean(axis=0), predicted.shape), atol=1e-9)


@pytest.mark.parametrize("shape", [(60, 12), (60, 57), (30, 90)])
def test_constant_features_change_nothing(shape):
    x, y, new = problem(*shape)
    constants = np.array([0.0, 0.1, -7.3, 1e6, 1 / 3])
    padded = [np.column_stack([rows, np.tile(constants, (len(rows), 1))]) for rows in (x, new)]
    plain, wide = NeuroidRidge().fit(x, y), NeuroidRidge().fit(padded[0], y)
    np.testing.assert_array_equal(plain.alpha_, wide.alpha_)
    assert_close(wide.predict(padded[1]), plain.predict(new), 1e-8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_feature_that_varies_only_in_new_rows_is_ignored(shape):
    x, y, new = problem(*shape)
    x[:, 0] = 2.0
    assert np.isfinite(NeuroidRidge().fit(x, y).predict(new)).all()
    np.testing.assert_allclose(
        NeuroidRidge([1.0]).fit(x, y).predict(new), NeuroidRidge([1.0]).fit(x[:, 1:], y).predict(new[:, 1:])
    )


def test_only_constant_features_predict_the_mean():
    x, y, new = np.full((20, 3), 0.1), np.random.default_rng(0).standard_normal((20, 2)), np.full((4, 3), 0.1)
    np.testing.assert_allclose(NeuroidRidge().fit(x, y).predict(new), np.tile(y.mean(axis=0), (4, 1)))


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from([(40, 6), (25, 40)]),
    log_scale=st.lists(st.floats(-3, 3), min_size=1, max_size=6),
    offset=st.floats(-100, 100),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_scale_and_offset_of_features_do_not_matter(shape, log_scale, offset, sign):
    x, y, new = problem(*shape)
    factor = sign * 10 ** np.resize(log_scale, shape[1])
    plain = NeuroidRidge().fit(x, y)
    moved = NeuroidRidge().fit(x * factor + offset * factor, y)
    np.testing.assert_allclose(moved.alpha_, plain.alpha_)
    assert_close(moved.predict(new * factor + offset * factor), plain.predict(new), 1e-6)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from([(40, 6), (25, 40)]),
    factor=st.floats(1e-3, 1e3),
    offset=st.floats(-100, 100),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_predictions_follow_scale_and_offset_of_responses(shape, factor, offset, sign):
    x, y, new = problem(*shape)
    plain = NeuroidRidge().fit(x, y)
    moved = NeuroidRidge().fit(x, sign * factor * y + offset)
    np.testing.assert_allclose(moved.alpha_, plain.alpha_)
    assert_close(moved.predict(new), sign * factor * plain.predict(new) + offset, 1e-6)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_neuroid_does_not_depend_on_the_others(shape):
    x, y, new = problem(*shape)
    all_together = NeuroidRidge().fit(x, y)
    doubled = NeuroidRidge().fit(x, y[:, [0, 1, 1, 4]])
    alone = NeuroidRidge().fit(x, y[:, [1]])
    np.testing.assert_array_equal(doubled.alpha_, all_together.alpha_[[0, 1, 1, 4]])
    np.testing.assert_allclose(doubled.predict(new), all_together.predict(new)[:, [0, 1, 1, 4]], rtol=1e-10)
    np.testing.assert_allclose(alone.predict(new), all_together.predict(new)[:, [1]], rtol=1e-10)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_neuroids_in_blocks_give_the_same(shape, monkeypatch):
    x, y, _ = problem(*shape)
    whole = NeuroidRidge().fit(x, y)
    monkeypatch.setattr(ridge_search, "NEUROID_BLOCK", 2 * len(x))
    np.testing.assert_allclose(NeuroidRidge().fit(x, y).inner_r2_, whole.inner_r2_, rtol=1e-12)


def test_at_edge_marks_first_and_last_penalty_only():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 8))
    exact = x @ rng.standard_normal(8)
    noisy = exact + 3 * rng.standard_normal(60)
    unrelated = rng.standard_normal((60, 20))
    ours = NeuroidRidge([1e-3, 1.0, 30.0, 1e3, 1e7]).fit(x, np.column_stack([exact, noisy, unrelated]))
    assert ours.alpha_[0] == 1e-3 and ours.at_edge_[0]
    assert ours.alpha_[1] not in (1e-3, 1e7) and not ours.at_edge_[1]
    assert (ours.alpha_[2:] == 1e7).any()
    np.testing.assert_array_equal(ours.at_edge_, np.isin(ours.alpha_, [1e-3, 1e7]))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_inner_r2_is_that_of_the_chosen_penalty_over_the_inner_folds(shape):
    from sklearn.linear_model import Ridge

    x, y, _ = problem(*shape)
    folds = inner_folds(np.arange(len(x)), None, 5, seed=0)
    ours = NeuroidRidge(seed=0).fit(x, y)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for unit in range(y.shape[1]):
        error = reference = 0.0
        for fold in folds:
            model = Ridge(alpha=ours.alpha_[unit], solver="svd").fit(z[fold.train], y[fold.train, unit])
            error += ((model.predict(z[fold.test]) - y[fold.test, unit]) ** 2).mean()
            reference += ((y[fold.train, unit].mean() - y[fold.test, unit]) ** 2).mean()
        assert ours.inner_r2_[unit] == pytest.approx(1 - error / reference, rel=1e-7)


def test_groups_stay_whole_in_the_choice_of_penalties():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 4)
    # Features that tell groups apart and nothing else: useful only if siblings are in training.
    x = np.repeat(rng.standard_normal((20, 200)), 4, axis=0)
    y = np.repeat(rng.standard_normal((20, 30)), 4, axis=0)
    leaky = NeuroidRidge().fit(x, y)
    safe = NeuroidRidge().fit(x, y, groups=groups)
    assert np.median(leaky.inner_r2_) > 0.5
    assert np.median(safe.inner_r2_) < 0.1
    assert np.median(safe.alpha_) > 1e3 * np.median(leaky.alpha_)


def test_groups_are_cut_by_inner_folds_of_the_seed():
    x, y, new = problem(60, 12)
    groups = np.repeat(np.arange(15), 4)
    drawn = NeuroidRidge(seed=7, n_inner=3).fit(x, y, groups=groups)
    given_folds = NeuroidRidge().fit(x, y, folds=inner_folds(np.arange(60), groups, 3, 7))
    np.testing.assert_array_equal(drawn.alpha_, given_folds.alpha_)
    np.testing.assert_array_equal(drawn.inner_r2_, given_folds.inner_r2_)
    np.testing.assert_array_equal(drawn.predict(new), given_folds.predict(new))


def test_first_of_equal_penalties_is_chosen():
    x, y, _ = problem(30, 5)
    constant = NeuroidRidge().fit(x, np.full_like(y, 2.5))
    np.testing.assert_array_equal(constant.alpha_, np.full(y.shape[1], ALPHAS[0]))


@pytest.mark.parametrize(
    "alphas",
    [[], [0.0, 1.0], [-1.0], [2.0, 1.0], [1.0, 1.0], [[1.0, 2.0]], [float("nan")], [1.0, float("nan")]],
    ids=str,
)
def test_penalties_must_be_positive_and_increasing(alphas):
    x, y, _ = problem(20, 3)
    with pytest.raises(ValueError, match="alphas must be positive and increasing, received"):
        NeuroidRidge(alphas).fit(x, y)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"selection": "aic"}, "selection is 'aic'; choose one of kfold, loo"),
        ({"n_inner": 1}, "n_inner is 1; choosing a penalty needs at least 2"),
        ({"backend": "jax"}, "backend is 'jax'; choose one of numpy, torch"),
        ({"dtype": "float16"}, "dtype is 'float16'; choose one of float64, float32"),
        ({"device": "cuda"}, "device is 'cuda', but numpy runs on 'cpu' only"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_parameters_that_mean_nothing_are_refused(parameters, sentence):
    x, y, _ = problem(20, 3)
    with pytest.raises(ValueError, match=sentence):
        NeuroidRidge(**parameters).fit(x, y)


@pytest.mark.parametrize(
    ("x_shape", "y_shape", "sentence"),
    [((10,), (10, 2), "Expected 2D array"), ((10, 3), (9, 2), "inconsistent numbers of samples")],
    ids=["x 1-D", "rows"],
)
def test_shapes_that_do_not_fit_are_named(x_shape, y_shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        NeuroidRidge().fit(np.zeros(x_shape), np.zeros(y_shape))


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
@pytest.mark.parametrize("where", ["features", "responses"])
def test_values_that_are_not_finite_are_refused(value, word, where):
    x, y, _ = problem(20, 3)
    (x if where == "features" else y)[3, 1] = value
    with pytest.raises(ValueError, match=f"contains {word}"):
        NeuroidRidge().fit(x, y)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_neuroid_may_come_without_its_axis(shape):
    x, y, new = problem(*shape)
    alone, column = NeuroidRidge().fit(x, y[:, 0]), NeuroidRidge().fit(x, y[:, :1])
    assert alone.predict(new).shape == (len(new),) and alone.coef_.shape == (shape[1],)
    np.testing.assert_array_equal(alone.predict(new), column.predict(new)[:, 0])


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_weights_are_those_of_the_predictions(shape, standardise):
    x, y, new = problem(*shape)
    ours = NeuroidRidge(standardise=standardise).fit(x, y)
    by_weights = (new - x.mean(axis=0)) @ ours.coef_.T + y.mean(axis=0)
    np.testing.assert_allclose(by_weights, ours.predict(new), rtol=1e-8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_arrays_may_be_reused_after_the_fit(shape):
    x, y, new = problem(*shape)
    ours = NeuroidRidge().fit(x, y)
    before = ours.predict(new)
    x[:], y[:] = 0, 0
    np.testing.assert_array_equal(ours.predict(new), before)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_single_penalty_is_taken_without_a_search(shape, monkeypatch):
    monkeypatch.setattr(ridge_search.Choice, "offer", _only_once(ridge_search.Choice.offer))
    x, y, _ = problem(*shape)
    ours = NeuroidRidge([3.0]).fit(x, y)
    np.testing.assert_array_equal(ours.alpha_, np.full(y.shape[1], 3.0))
    assert not ours.at_edge_.any() and np.isnan(ours.inner_r2_).all()


def _only_once(original):
    calls = []

    def offer(self, index, error):
        calls.append(index)
        assert calls == [0] and np.isnan(error).all()
        return original(self, index, error)

    return offer


def test_inner_folds_with_a_row_on_both_sides_are_refused():
    x, y, _ = problem(20, 3)
    rows = np.arange(20)
    with pytest.raises(ValueError, match="20 training and 5 test rows, of which 5 are trained on"):
        NeuroidRidge().fit(x, y, folds=[Fold(rows, rows[:5])])


def test_it_is_described_by_what_it_does():
    assert NeuroidRidge([1.0], standardise=False).describe() == "ridge regression, penalty 1, features centred"
    assert NeuroidRidge().describe() == (
        "ridge regression, one penalty per neuroid from 19 values between 0.01 and 1e+07 by mean squared error over "
        "5 inner folds, features z-scored"
    )


def test_one_group_is_too_few():
    x, y, _ = problem(20, 3)
    with pytest.raises(ValueError, match="has 1 group.*needs at least 2"):
        NeuroidRidge().fit(x, y, groups=np.zeros(20))
