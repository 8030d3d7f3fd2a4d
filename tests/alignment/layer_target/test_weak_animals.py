"""Animals that say little, and chance that is one number among many: what enters a mean, and what is warned of."""

import dataclasses

import numpy as np
import pytest

from alignment import load_benchmark, score
from alignment.layer_target.scoring import N_RANDOM
from data.tactile import planted
from data.tactile.six_stimuli import hidden_layer

INPUT = {"kind": "array", "dims": ["time", "channel", "row", "col"], "shape": [22, 30, 5, 7]}


class Stored:
    """A model that gives back the features that it holds."""

    input_spec, revision, name = INPUT, "", "test/stored"

    def __init__(self, **layers):
        self.features, self.layers = layers, tuple(layers)

    def record(self, stimuli, layers=None):
        return {layer: self.features[layer] for layer in layers or self.layers}


def first_animal_is_noise(seed, n_animals=4):
    """The planted benchmark with a few animals; the first one's responses are random numbers."""
    made = planted.generate(n_animals=n_animals)
    responses = made.responses.transpose("presentation", "neuroid")
    first = responses["subject"].values == responses["subject"].values[0]
    drawn = np.random.default_rng(seed).standard_normal(responses.shape)
    noisy = np.where(first & responses.notnull().values, drawn, responses.values)
    changed = dataclasses.replace(made, responses=responses.copy(data=noisy))
    return dataclasses.replace(load_benchmark("tactile/planted-rsa"), dataset=changed)


def scored(seed):
    return score(Stored(hidden=hidden_layer()), first_animal_is_noise(seed), n_boot=200, cache=False)


def test_an_animal_without_a_score_enters_no_mean():
    """Neither the raw mean nor the ceiling nor the corrected mean."""
    found = scored(3)
    for name in ("raw", "corrected", "ceiling"):
        values = found.data[name].values.ravel()
        assert np.isnan(values[0]) and np.isfinite(values[1:]).all(), name
    row = found.row("hidden")
    assert row["raw"] == pytest.approx(np.nanmean(found.data["raw"].values))
    assert any("all means are over the others" in warning for warning in found.warnings)


def test_one_animal_alone_gives_no_interval():
    found = score(Stored(hidden=hidden_layer()), first_animal_is_noise(0, n_animals=2), n_boot=50, cache=False)
    assert np.isfinite(found.data["raw"].values).sum() == 1
    row = found.row("hidden")
    assert np.isfinite(row["ceiled"]) and np.isnan([row["ci_low"], row["ci_high"], row["ceiled_ci_low"]]).all()
    assert any("one animal alone has a score" in note for note in found.warnings)
    assert any(step.startswith("Interval: none") for step in found.protocol)


def test_orders_that_were_all_counted_are_not_drawn():
    bench = dataclasses.replace(load_benchmark("tactile/planted-rsa"), dataset=planted.generate(n_animals=2))
    found = score(Stored(hidden=hidden_layer()), bench, n_boot=20, n_permutations=5, cache=False)
    assert any("all 720 orders" in note and "(5)" in note for note in found.warnings)


def test_an_animal_that_says_little_weighs_little_and_is_named():
    """Its corrected score is far off; the mean is not, since animals weigh as the square of their ceilings."""
    found = scored(9)
    corrected, ceiling = (found.data[name].values.ravel() for name in ("corrected", "ceiling"))
    assert corrected[0] < -1 and ceiling[0] < 0.25
    row = found.row("hidden")
    assert row["ceiled"] == pytest.approx((corrected * ceiling**2).sum() / (ceiling**2).sum())
    assert 0.95 < row["ceiled"] < 1.05
    assert any("ceiling below 0.5: sub-P01 (0.20)" in warning for warning in found.warnings)


def test_random_features_are_a_mean_over_draws_with_their_spread():
    """With 15 dissimilarities one draw may be anything between -0.5 and 0.5; the null says so."""
    found = score(Stored(hidden=hidden_layer()), "tactile/planted-rsa", n_boot=500, cache=False)
    null = found.baseline_row("random features")
    assert abs(null["raw"]) < 0.15
    assert null["ci_low"] < -0.3 and null["ci_high"] > 0.3
    assert f"mean of {N_RANDOM} draws" in found.provenance["baselines"]["random features"]
