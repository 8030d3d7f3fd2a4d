"""Ridge matrix: each entry and permutation is the cross-validated score of a refit by scikit-learn."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from alignment.ceilings import noise_corrected_predictivity, released_score
from alignment.layer_target import layer_target_ridge
from alignment.layer_target.refits import halving_folds

from .conftest import recording

ORDERS = list(itertools.permutations(range(6)))


def test_folds_are_every_half_of_the_stimuli(real_data):
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        expected = arrays["splits_train"], arrays["splits_test"]
    folds = halving_folds(6)
    np.testing.assert_array_equal([fold.train for fold in folds], expected[0])
    np.testing.assert_array_equal([fold.test for fold in folds], expected[1])


@pytest.mark.parametrize(("alpha", "rule"), [(1.0, "components"), (5e7, "components"), (1.0, "released")])
def test_entries_and_permutations_are_those_of_scikit_learn(alpha, rule):
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 8))
    trials = recording(rng, signal, 0.5, 6)
    features = 3 + signal @ rng.standard_normal((8, 15))
    found = layer_target_ridge({"layer": features}, {"animal": trials}, alpha=alpha, rule=rule, n_halves=3)
    assert found.null.shape == (720, 1, 1)
    for place in (0, 5, 700):
        one = noise_corrected_predictivity(
            features[list(ORDERS[place])], trials, halving_folds(6), Ridge(alpha), n_halves=3, average="components"
        )
        expected = released_score(one) if rule == "released" else one.value
        assert found.null[place, 0, 0] == pytest.approx(expected, rel=1e-7, nan_ok=True)
    assert found.values[0, 0] == found.null[0, 0, 0]
    if alpha == 1:
        assert found.maximum.p < 0.05
    assert f"ridge (alpha {alpha:g}) on 20 halves of the stimuli" in found.score


def test_golden_components(real_data):
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        source, target = arrays["source_model"], arrays["target"]
        parts = {key: arrays[f"ridge_alpha1_model/test/{key}"] for key in ("r_xy_n_sb", "r_xx", "r_yy")}
    found = layer_target_ridge({"model": source}, {"animal": target}, rule="released", n_halves=8)
    kept = np.where((parts["r_xx"] >= 0.5) & (parts["r_yy"] >= 0.5), parts["r_xy_n_sb"], np.nan).reshape(-1, 9)
    assert found.values[0, 0] == pytest.approx(np.median(np.nanmean(kept, axis=0)), abs=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.0}, "alpha must be positive, received 0.0"),
        ({"alpha": np.nan}, "alpha must be positive, received nan"),
        ({"rule": "best"}, "rule must be one of components, released"),
        ({"animals": {"a": np.zeros((2, 5, 3))}}, "animals have 5 stimuli; half of them train and half test"),
    ],
)
def test_what_cannot_be_scored_is_named(planted, change, message):
    layers, animals = planted
    with pytest.raises(ValueError, match=message):
        layer_target_ridge(**{"layers": layers, "animals": animals} | change)
