"""Numbers of Brain-Score for partial least squares, least squares and one-to-one mappings, and what others build on them."""

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit

from alignment.correlation import pearson
from alignment.folds import Fold
from alignment.mappings import PLS, LeastSquares, OneToOne

LANGUAGE = {
    "default shuffle": "shuffled",
    "split_coord=story,kfold=group,random_state=1234": "groups",
}
SPLITS = {
    "pls": "stratified",
    "pls_nostrat": "shuffled",
    "pls_stratkfold5": "stratified in 5",
    "pls_split": "one",
    "linear_predictivity": "stratified",
    "linear_predictivity_split": "one",
    "neuron_to_neuron": "stratified",
}


@pytest.fixture(params=["tall", "wide"])
def case(request):
    return request.param


@pytest.fixture
def inputs(case, golden):
    return golden(f"{case}_inputs.npz")


@pytest.fixture
def folds(case, inputs, golden):
    """Folds by kind: those stored, or drawn as the kind says."""
    rows = np.arange(len(inputs["X"]))

    def of(kind):
        if kind == "stratified":
            (stored,) = (by for key, by in golden("splits.json")[case].items() if key.startswith("pls/"))
            (tests,) = stored.values() if isinstance(stored, dict) else (stored,)
            pairs = [(np.setdiff1d(rows, test), np.array(test)) for test in tests]
        elif kind == "shuffled":
            pairs = ShuffleSplit(10, train_size=0.9, random_state=1).split(rows)
        elif kind == "stratified in 5":
            pairs = StratifiedKFold(5, shuffle=True, random_state=1).split(rows, inputs["object_name"])
        elif kind == "groups":
            drawn = np.random.RandomState(1234).permutation(np.unique(inputs["group"]))
            tests = [np.flatnonzero(np.isin(inputs["group"], part)) for part in np.array_split(drawn, 10)]
            pairs = [(np.setdiff1d(rows, test), test) for test in tests]
        else:
            pairs = [np.split(rows, [int(0.8 * len(rows))])]
        return [Fold(train, test) for train, test in pairs]

    return of


def correlations(mapping, features, responses, folds):
    """Pearson r ``(split, neuroid)``."""
    made = mapping.cross_predict(features, responses, folds, inner=False).predictions
    return np.stack([pearson(one, responses[fold.test]) for one, fold in zip(made, folds, strict=True)])


def score(r):
    return np.median(r, axis=1).mean()


@pytest.mark.parametrize("metric", ["pls", "pls_nostrat", "pls_stratkfold5", "pls_split"])
@pytest.mark.parametrize(
    ("solver", "unit_tolerance", "score_tolerance"), [("exact", 5e-3, 5e-4), ("nipals", 1e-9, 1e-9)]
)
def test_pls_of_brainscore(case, inputs, folds, golden, metric, solver, unit_tolerance, score_tolerance):
    r = correlations(PLS(solver=solver), inputs["X"], inputs["Y"], folds(SPLITS[metric]))
    raw = golden("brainscore_vision_raw.npz")[f"{case}__{metric}__raw"]
    expected = golden("brainscore_vision_expected.json")[case][metric]
    np.testing.assert_allclose(r, raw.reshape(r.shape), rtol=0, atol=unit_tolerance)
    np.testing.assert_allclose(score(r), expected["score"], rtol=0, atol=score_tolerance)
    if "error" in expected:
        error = np.median(r, axis=1).std() / np.sqrt(len(r))
        np.testing.assert_allclose(error, expected["error"], rtol=0, atol=score_tolerance)


@pytest.mark.parametrize(("solver", "tolerance"), [("exact", 5e-4), ("nipals", 1e-9)])
def test_reverse_pls_of_brainscore(case, inputs, folds, golden, solver, tolerance):
    r = correlations(PLS(10, solver=solver), inputs["Y"], inputs["X"], folds("stratified"))
    expected = golden("brainscore_vision_expected.json")[case]["reverse_pls_10comp"]
    np.testing.assert_allclose(score(r), expected["score"], rtol=0, atol=tolerance)
    error = np.median(r, axis=1).std() / np.sqrt(len(r))
    np.testing.assert_allclose(error, expected["error"], rtol=0, atol=tolerance)


@pytest.mark.parametrize(("solver", "tolerance"), [("exact", 5e-4), ("nipals", 1e-9)])
def test_pls_of_brainscore_with_weights_shared_over_time(golden, solver, tolerance):
    """Time bins stacked into presentations for the fit; predicted and correlated bin by bin."""
    temporal = golden("temporal_inputs.npz")
    x, y = temporal["X"], temporal["Y"]
    pairs = StratifiedShuffleSplit(10, train_size=0.9, random_state=1).split(x, np.arange(len(x)) % 5)
    r = []
    for train, test in pairs:
        stacked = [np.moveaxis(part[train], 2, 1).reshape(-1, part.shape[1]) for part in (x, y)]
        model = PLS(solver=solver).fit(*stacked)
        r.append([pearson(model.predict(x[test, :, bin_]), y[test, :, bin_]) for bin_ in range(x.shape[2])])
    raw = golden("brainscore_vision_raw.npz")["temporal__spantime_pls__raw"]
    np.testing.assert_allclose(r, raw, rtol=0, atol=10 * tolerance)
    expected = golden("brainscore_vision_expected.json")["temporal"]["spantime_pls"]
    np.testing.assert_allclose(np.median(r, axis=2).mean(axis=0), expected["score"], rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("metric", "mapping"),
    [
        ("linear_predictivity", LeastSquares()),
        ("linear_predictivity_split", LeastSquares()),
        ("neuron_to_neuron", OneToOne()),
        ("neuron_to_neuron", OneToOne(scaled=True)),
    ],
    ids=str,
)
def test_linear_and_one_to_one_of_brainscore(case, inputs, folds, golden, metric, mapping):
    # scikit-learn 1.5 divides by the singular value that centring makes 0 but for rounding when features outnumber
    # presentations, so Brain-Score's linear value changes there with the order of features or the machine by as much.
    noisy = case == "wide" and metric.startswith("linear")
    unit_tolerance, score_tolerance = (1e-2, 5e-4) if noisy else (1e-9, 1e-9)
    r = correlations(mapping, inputs["X"], inputs["Y"], folds(SPLITS[metric]))
    raw = golden("brainscore_vision_raw.npz")[f"{case}__{metric}__raw"]
    np.testing.assert_allclose(r, raw.reshape(r.shape), rtol=0, atol=unit_tolerance)
    expected = golden("brainscore_vision_expected.json")[case][metric]
    np.testing.assert_allclose(score(r), expected["score"], rtol=0, atol=score_tolerance)
    if "error" in expected:
        error = np.median(r, axis=1).std() / np.sqrt(len(r))
        np.testing.assert_allclose(error, expected["error"], rtol=0, atol=score_tolerance)


@pytest.mark.parametrize("split", LANGUAGE)
def test_linear_of_brainscore_language(case, inputs, folds, golden, split):
    r = correlations(LeastSquares(), inputs["X"], inputs["Y"], folds(LANGUAGE[split]))
    name = f"linear_pearsonr({split})"
    # Its correlation has 1e-8 added to each norm.
    np.testing.assert_allclose(r, golden("brainscore_language_raw.npz")[f"{case}__{name}__raw"], rtol=0, atol=1e-8)
    expected = golden("brainscore_language_expected.json")[case][name]
    np.testing.assert_allclose(score(r), expected["score"], rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("key", "mapping"),
    [("pls10", PLS(10, solver="nipals")), ("percentile_one_to_one", OneToOne())],
    ids=["pls", "one-to-one"],
)
def test_ingredients_of_noise_corrected_predictivity(case, inputs, golden, key, mapping):
    """r_xy and r_xx of brainmodel_utils for its first split half and its five train and test sets."""
    raw = golden("peers_raw.npz")
    x, trials = inputs["X"], inputs["trials"]
    order = np.random.RandomState(1234).permutation(len(trials))
    half = len(trials) // 2
    first, second = trials[order[:half]].mean(axis=0), trials[order[half:]].mean(axis=0)
    for number in range(5):
        shuffled = np.random.RandomState(number).permutation(len(x))
        n_train = int(np.ceil(0.8 * len(x)))
        train, test = shuffled[:n_train], shuffled[n_train:]
        whole, one, two = (
            mapping.fit(x[train], y[train]).predict(x[test]) for y in (trials.mean(axis=0), first, second)
        )
        np.testing.assert_allclose(
            pearson(whole, trials.mean(axis=0)[test]), raw[f"{case}__bmu_{key}__test__r_xy"][0, number], atol=1e-9
        )
        np.testing.assert_allclose(pearson(one, two), raw[f"{case}__bmu_{key}__test__r_xx"][0, number], atol=1e-9)
