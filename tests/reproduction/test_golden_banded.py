"""Banded ridge regression gives what himalaya's GroupRidgeCV gave for a fixed list of band weights."""

import numpy as np
import pytest

from alignment.mappings import BandedRidge
from alignment.partitioning import product_measure

CASE = "himalaya.GroupRidgeCV(2 groups: first p//4 columns / rest, gammas given)"
ALPHAS = np.logspace(-3, 5, 9)


def fitted(golden, name, centre):
    """Our regression on the inputs of a case, its inputs, and what is expected of it."""
    inputs, raw = golden(f"{name}_inputs.npz"), golden("peers_raw.npz")
    x, y = inputs["X"], inputs["Y"]
    if centre:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = golden("peers_expected.json")[name][CASE]
    bands = np.arange(x.shape[1]) >= x.shape[1] // 4
    model = BandedRidge(bands, gammas=expected["gammas"], alphas=ALPHAS, standardise=False, fit_intercept=not centre)
    # Five unshuffled folds, as himalaya cuts them.
    model.fit(x, y, groups=np.arange(len(x)) * 5 // len(x))
    return model, x, y, expected, {key.removeprefix(f"{name}__him_groupridge_"): raw[key] for key in raw}


@pytest.mark.parametrize("name", ["tall", "wide"])
def test_scores_of_every_weighting_and_the_choice(golden, name):
    model, _, _, expected, raw = fitted(golden, name, centre=False)
    assert np.abs(model.cv_scores_ - raw["cv_scores"]).max() < 1e-6
    assert np.abs(model.deltas_ - expected["deltas"]).max() < 1e-6


@pytest.mark.parametrize("name", ["tall", "wide"])
def test_predictions(golden, name):
    model, x, _, _, raw = fitted(golden, name, centre=False)
    assert np.abs(model.predict(x) - raw["pred"]).max() < 1e-6


@pytest.mark.parametrize("name", ["tall", "wide"])
def test_product_measure_of_the_bands(golden, name):
    model, x, y, _, raw = fitted(golden, name, centre=True)
    shares = product_measure(y, model.predict_bands(x))
    assert np.abs(shares - raw["split_r2_centred_nointercept"]).max() < 1e-6
    assert np.abs(shares.sum(axis=0) - raw["r2_centred_nointercept"]).max() < 1e-6
