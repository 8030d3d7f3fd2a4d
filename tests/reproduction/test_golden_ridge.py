"""Ridge regression reproduces Brain-Score vision, Brain-Score language and himalaya on the golden inputs."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, ShuffleSplit

from alignment.correlation import pearson
from alignment.folds import Fold
from alignment.mappings import NeuroidRidge

CASES = ["tall", "wide"]  # more stimuli than features, and fewer
SPLITS = (
    "pls/ridge/linear/neuron_to_neuron: StratifiedShuffleSplit(10, train_size=.9, random_state=1) on object_name; "
    "test rows per split"
)
# Brain-Score's grid of 99 penalties: a few small ones, then linear steps within each decade.
RIDGECV = np.concatenate(
    [[0.01, 0.1, 0.5, 1.0], np.linspace(10, 100, 5)[:-1]]
    + [np.linspace(10.0**k, 10.0 ** (k + 1), 19)[:-1] for k in range(2, 6)]
    + [np.linspace(1e6, 1e7, 19)]
)


@pytest.fixture(params=CASES)
def case(request, golden):
    """Name, features and responses."""
    inputs = golden(f"{request.param}_inputs.npz")
    return request.param, inputs["X"], inputs["Y"], inputs


def correlations(mapping, x, y, folds):
    crossed = mapping.cross_predict(x, y, folds, inner=False)
    made = [pearson(one, y[fold.test]) for one, fold in zip(crossed.predictions, folds, strict=True)]
    return np.array(made), crossed.chosen["alpha"]


def folds_of(test_rows, n):
    return [Fold(np.setdiff1d(np.arange(n), test), np.array(test)) for test in test_rows]


def first_rows(x):
    cut = int(0.8 * len(x))
    return [Fold(np.arange(cut), np.arange(cut, len(x)))]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_brain_score_ridge_over_ten_splits(case, golden, backend):
    name, x, y, _ = case
    folds = folds_of(golden("splits.json")[name][SPLITS], len(x))
    r, _ = correlations(NeuroidRidge([1.0], standardise=False, backend=backend), x, y, folds)
    np.testing.assert_allclose(r, golden("brainscore_vision_raw.npz")[f"{name}__ridge__raw"], rtol=0, atol=1e-9)
    expected = golden("brainscore_vision_expected.json")[name]["ridge"]
    per_split = np.median(r, axis=1)
    assert per_split.mean() == pytest.approx(expected["score"], abs=1e-9)
    assert per_split.std() / np.sqrt(10) == pytest.approx(expected["error"], abs=1e-9)


@pytest.mark.parametrize("metric", ["ridge_split", "dual_ridge_split"])
def test_brain_score_ridge_on_one_split(case, golden, metric):
    name, x, y, _ = case
    r, _ = correlations(NeuroidRidge([1.0], standardise=False), x, y, first_rows(x))
    np.testing.assert_allclose(r[0], golden("brainscore_vision_raw.npz")[f"{name}__{metric}__raw"], rtol=0, atol=1e-9)
    assert np.median(r) == pytest.approx(golden("brainscore_vision_expected.json")[name][metric]["score"], abs=1e-9)


@pytest.mark.parametrize("metric", ["ridgecv_split", "dual_ridgecv_split"])
def test_brain_score_ridge_with_a_penalty_by_leave_one_out(case, golden, metric):
    name, x, y, _ = case
    assert len(RIDGECV) == 99
    mapping = NeuroidRidge(RIDGECV, standardise=False, selection="loo", per_neuroid=False)
    r, alpha = correlations(mapping, x, y, first_rows(x))
    assert set(alpha.ravel()) == {golden("brainscore_vision_expected.json")[name][metric]["alpha"]}
    assert set(alpha.ravel()) == {{"tall": 0.5, "wide": 1.0}[name]}
    np.testing.assert_allclose(r[0], golden("brainscore_vision_raw.npz")[f"{name}__{metric}__raw"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("split", ["shuffle", "group"])
def test_brain_score_language_ridge(case, golden, split):
    name, x, y, inputs = case
    if split == "shuffle":
        key = "ridge_pearsonr(default shuffle)"
        folds = [Fold(a, b) for a, b in ShuffleSplit(10, train_size=0.9, random_state=1).split(x)]
    else:
        key = "ridge_pearsonr(split_coord=story,kfold=group,random_state=1234)"
        shuffled = np.random.RandomState(1234).permutation(np.unique(inputs["group"]))
        tests = [np.flatnonzero(np.isin(inputs["group"], part)) for part in np.array_split(shuffled, 10)]
        folds = folds_of(tests, len(x))
    mapping = NeuroidRidge(np.logspace(-3, 3, 7), standardise=False, selection="loo", per_neuroid=False)
    r, alpha = correlations(mapping, x, y, folds)
    # Their correlation adds 1e-8 to each norm.
    expected = golden("brainscore_language_raw.npz")[f"{name}__{key}__raw"]
    np.testing.assert_allclose(r, expected, rtol=0, atol=1e-7)
    stored = golden("brainscore_language_expected.json")[name][key]
    assert np.median(r, axis=1).mean() == pytest.approx(stored["score"], abs=1e-7)
    assert set(alpha[-1]) == {stored["alpha_last_split"]}


@pytest.mark.parametrize(
    ("key", "predictions"),
    [
        ("himalaya.RidgeCV(alphas=logspace(-3,5,9),cv=5,fit_intercept)", "him_ridgecv_pred"),
        ("himalaya.KernelRidgeCV(linear)", "him_kernelridgecv_pred"),
    ],
    ids=["primal", "kernel"],
)
def test_himalaya_penalty_per_neuroid(case, golden, key, predictions):
    name, x, y, _ = case
    inner = [Fold(a, b) for a, b in KFold(5).split(x)]
    ours = NeuroidRidge(np.logspace(-3, 5, 9), standardise=False).fit(x, y, folds=inner)
    expected = golden("peers_expected.json")[name][key]
    np.testing.assert_allclose(ours.alpha_, expected["best_alphas"], rtol=1e-12)
    np.testing.assert_allclose(ours.predict(x), golden("peers_raw.npz")[f"{name}__{predictions}"], rtol=0, atol=1e-6)
    if "cv_scores(neg l2 loss)" in expected:
        reference = np.mean([((y[f.test] - y[f.train].mean(axis=0)) ** 2).mean(axis=0) for f in inner], axis=0)
        loss = (1 - ours.inner_r2_) * reference
        np.testing.assert_allclose(-loss, expected["cv_scores(neg l2 loss)"], rtol=0, atol=1e-6)
