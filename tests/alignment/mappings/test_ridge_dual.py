"""Ridge over folds: shared work gives what a fit per fold gives, and test responses are never touched."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import KFold, ShuffleSplit

import alignment.mappings.ridge as ridge_module
import alignment.mappings.ridge_dual as dual_module
from alignment.folds import Fold
from alignment.mappings import Mapping, NeuroidRidge
from alignment.mappings.backend import NumpyBackend, make_backend
from alignment.mappings.ridge_dual import shares_inverse

SHAPES = {"fewer features than rows": (50, 12), "more features than rows": (40, 90)}
shaped = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
rows = np.arange(40)
FOLDS = {
    "k folds": [Fold(a, b) for a, b in KFold(4, shuffle=True, random_state=0).split(rows)],
    "halves": [Fold(a, b) for a, b in ShuffleSplit(2, train_size=0.5, random_state=0).split(rows)],
    "one split": [Fold(rows[:32], rows[32:])],
    "a gap": [Fold(rows[:30], rows[33:]), Fold(rows[6:], rows[:4])],
    "rows drawn twice": [Fold(np.r_[rows[:30], rows[:6]], rows[30:])],
    "in sample": [Fold(rows, rows[::2])],
    "rows without use": [Fold(rows[2:20], rows[20:24]), Fold(rows[6:24], rows[2:6])],
}
SEARCHES = {
    "one penalty": {"alphas": [3.0]},
    "inner folds": {"alphas": [0.3, 3.0, 30.0, 300.0]},
    "leave one out": {"alphas": [0.3, 3.0, 30.0, 300.0], "selection": "loo"},
    "one for all": {"alphas": [0.3, 3.0, 30.0, 300.0], "per_neuroid": False},
}


def problem(n_rows, n_features, n_neuroids=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_rows, n_features)) * 10 ** rng.uniform(-1, 1, n_features) + 3
    y = x[:, :5] @ rng.standard_normal((5, n_neuroids)) + 5 * rng.standard_normal((n_rows, n_neuroids)) + 100
    return x, y


@pytest.mark.parametrize("grouped", [False, True], ids=["rows", "groups"])
@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("folds", FOLDS.values(), ids=FOLDS)
@shaped
def test_shared_work_equals_a_fit_per_fold(shape, folds, search, standardise, grouped):
    x, y = problem(*shape)
    groups = np.arange(len(x)) // 3 if grouped else None
    mapping = NeuroidRidge(**search, standardise=standardise, seed=3)
    crossed = mapping.cross_predict(x, y, folds, groups)
    for k, fold in enumerate(folds):
        inside = None if groups is None else groups[fold.train]
        alone = clone(mapping).set_params(seed=3 + k).fit(x[fold.train], y[fold.train], inside)
        np.testing.assert_allclose(crossed.predictions[k], alone.predict(x[fold.test]), rtol=1e-9)
        np.testing.assert_array_equal(crossed.chosen["alpha"][k], alone.alpha_)
        np.testing.assert_array_equal(crossed.chosen["at_edge"][k], alone.at_edge_)
        if len(search["alphas"]) > 1:
            np.testing.assert_allclose(crossed.inner_r2[k], alone.inner_r2_, rtol=1e-8, atol=1e-10)


@shaped
def test_the_quality_of_one_penalty_is_that_of_any_mapping(shape):
    x, y = problem(*shape)
    folds = [Fold(np.arange(30), np.arange(30, 40)), Fold(np.arange(10, 40), np.arange(10))]
    ours = NeuroidRidge([3.0], standardise=False)
    slow = Mapping.cross_predict(ours, x, y, folds, n_inner=3)
    np.testing.assert_allclose(ours.cross_predict(x, y, folds, n_inner=3).inner_r2, slow.inner_r2, rtol=1e-9)
    assert np.isnan(ours.cross_predict(x, y, folds, inner=False).inner_r2).all()


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@shaped
def test_test_responses_are_never_touched(shape, standardise, search):
    x, y = problem(*shape)
    fold = FOLDS["one split"]
    mapping = NeuroidRidge(**search, standardise=standardise)
    first = mapping.cross_predict(x, y, fold)
    other = y.copy()
    other[fold[0].test] = -1e6
    second = mapping.cross_predict(x, other, fold)
    np.testing.assert_array_equal(first.predictions[0], second.predictions[0])
    np.testing.assert_array_equal(first.inner_r2, second.inner_r2)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("search", list(SEARCHES.values())[1:], ids=list(SEARCHES)[1:])
@pytest.mark.parametrize("grouped", [False, True], ids=["rows", "groups"])
def test_eigenvectors_and_inverses_agree(search, grouped, backend, monkeypatch):
    x, y = problem(40, 90)
    groups = np.arange(40) // 3 if grouped else None
    mapping = NeuroidRidge(**{**search, "alphas": np.logspace(-2, 7, 19)}, backend=backend)
    assert dual_module.takes_eigenvectors(40, 19, make_backend(backend, "cpu", "float64"))
    spectral = mapping.fit(x, y, groups)
    monkeypatch.setattr(dual_module, "MOST_ROWS_IN_EIGENVECTORS", 0)
    inverted = clone(mapping).fit(x, y, groups)
    np.testing.assert_array_equal(spectral.alpha_, inverted.alpha_)
    np.testing.assert_allclose(spectral.inner_r2_, inverted.inner_r2_, atol=1e-11)
    np.testing.assert_allclose(spectral.predict(x), inverted.predict(x), rtol=1e-9)


def test_only_large_training_sets_share_an_inverse():
    shared = {name: shares_inverse(folds, 40) for name, folds in FOLDS.items()}
    assert shared == {
        "k folds": True,
        "halves": False,
        "one split": True,
        "a gap": True,
        "rows drawn twice": False,
        "in sample": False,
        "rows without use": False,
    }


def test_one_inverse_per_penalty_serves_all_splits(monkeypatch):
    calls = []
    original = ridge_module.cross_dual
    monkeypatch.setattr(ridge_module, "cross_dual", lambda *given: calls.append(1) or original(*given))
    x, y = problem(40, 90)
    NeuroidRidge([1.0, 2.0], standardise=False).cross_predict(x, y, FOLDS["k folds"])
    NeuroidRidge([1.0, 2.0]).cross_predict(x, y, FOLDS["k folds"])
    assert calls == [1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(-4, 8), st.integers(1, 12))
def test_rows_left_out_are_predicted_as_by_a_fit_without_them(seed, exponent, n_test):
    x, y = problem(40, 60, seed=seed)
    order = np.random.default_rng(seed).permutation(40)
    folds = [Fold(order[10:], order[:10]), Fold(order[n_test:], order[:n_test])]
    folds = [fold for fold in folds if len(fold.test) <= 10]
    mapping = NeuroidRidge([10.0**exponent], standardise=False)
    crossed = mapping.cross_predict(x, y, folds, inner=False)
    for fold, made in zip(folds, crossed.predictions, strict=True):
        alone = clone(mapping).fit(x[fold.train], y[fold.train]).predict(x[fold.test])
        np.testing.assert_allclose(made, alone, rtol=1e-7)


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@shaped
def test_torch_and_single_precision_agree(shape, standardise, search):
    x, y = problem(*shape)
    exact = NeuroidRidge(**search, standardise=standardise).cross_predict(x, y, FOLDS["k folds"])
    for options, tolerance in (({"backend": "torch"}, 1e-9), ({"dtype": "float32"}, 1e-3)):
        other = NeuroidRidge(**search, standardise=standardise, **options).cross_predict(x, y, FOLDS["k folds"])
        np.testing.assert_array_equal(other.chosen["alpha"], exact.chosen["alpha"])
        np.testing.assert_allclose(other.inner_r2, exact.inner_r2, atol=tolerance)
        for made, expected in zip(other.predictions, exact.predictions, strict=True):
            np.testing.assert_allclose(made, expected, rtol=tolerance)


@pytest.mark.parametrize("n_alphas", [1, 3, 15])
@pytest.mark.parametrize("selection", ["kfold", "loo"])
@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@shaped
def test_single_precision_stays_single(shape, standardise, selection, n_alphas, monkeypatch):
    kinds, solve = set(), NumpyBackend.solve
    monkeypatch.setattr(
        NumpyBackend,
        "solve",
        lambda self, matrix, right: kinds.update({matrix.dtype, right.dtype}) or solve(self, matrix, right),
    )
    x, y = problem(*shape)
    mapping = NeuroidRidge(np.logspace(0, 2, n_alphas), standardise=standardise, selection=selection, dtype="float32")
    made = mapping.cross_predict(x, y, FOLDS["k folds"] + FOLDS["halves"])
    assert {one.dtype for one in made.predictions} | kinds == {np.dtype("float32")}


@pytest.mark.gpu
@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@shaped
def test_a_gpu_agrees(shape, standardise):
    x, y = problem(*shape)
    mapping = NeuroidRidge([0.3, 3.0, 30.0], standardise=standardise)
    exact = mapping.cross_predict(x, y, FOLDS["k folds"])
    gpu = clone(mapping).set_params(backend="torch", device="cuda").cross_predict(x, y, FOLDS["k folds"])
    np.testing.assert_array_equal(gpu.chosen["alpha"], exact.chosen["alpha"])
    np.testing.assert_allclose(gpu.predictions[0], exact.predictions[0], rtol=1e-8)


@pytest.mark.parametrize("standardise", [True, False], ids=["scaled", "centred"])
@shaped
def test_features_may_lie_on_disk(shape, standardise, tmp_path):
    x, y = problem(*shape)
    mapping = NeuroidRidge([1.0, 10.0], standardise=standardise)
    expected = mapping.cross_predict(x, y, FOLDS["k folds"])
    with h5py.File(tmp_path / "x.h5", "w") as file:
        received = mapping.cross_predict(file.create_dataset("x", data=x), y, FOLDS["k folds"])
    np.testing.assert_array_equal(received.predictions[1], expected.predictions[1])


@pytest.mark.parametrize(
    ("x_shape", "y_shape"), [((10,), (10, 2)), ((10, 3), (10,)), ((10, 3), (9, 2))], ids=["x 1-D", "y 1-D", "rows"]
)
def test_shapes_that_do_not_fit_are_named(x_shape, y_shape):
    with pytest.raises(ValueError, match=r"\(presentation, feature\) and \(presentation, neuroid\), received"):
        NeuroidRidge().cross_predict(np.zeros(x_shape), np.zeros(y_shape), [Fold(np.arange(5), np.arange(5, 9))])


@pytest.mark.parametrize("where", ["features", "responses"])
@shaped
def test_values_that_are_not_finite_are_refused(shape, where):
    x, y = problem(*shape)
    (x if where == "features" else y)[3, 1] = np.nan
    with pytest.raises(ValueError, match=f"{where} hold 1 values .*not finite"):
        NeuroidRidge([1.0]).cross_predict(x, y, FOLDS["k folds"])


def test_texts_are_refused():
    with pytest.raises(ValueError, match="features are of type <U1; give numbers"):
        NeuroidRidge([1.0]).cross_predict(np.full((40, 3), "a"), np.zeros((40, 1)), FOLDS["k folds"])
