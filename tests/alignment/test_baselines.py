"""Null models: features from the stimulus table alone."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from alignment import NuisanceModel, OasmModel, RandomFeatures
from alignment.baselines import positions_in_group
from data import StimulusSet


def texts(groups=None, words=None):
    words = words or ["One.", "two words", "three words here", "a", "bb cc", "d  e"]
    table = pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(len(words))], "text": words})
    if groups is not None:
        table["passage"] = groups
    return StimulusSet("texts", table, group=None if groups is None else "passage")


@pytest.mark.parametrize("sigma", [0.5, 1.0, 4.8])
def test_oasm_is_a_smoothed_identity_per_run_of_a_group(sigma):
    stimuli = texts([0, 0, 0, 1, 1, 2])
    expected = np.zeros((6, 6))
    for start, stop in [(0, 3), (3, 5), (5, 6)]:
        identity = np.eye(stop - start)
        expected[start:stop, start:stop] = gaussian_filter1d(identity, sigma, axis=-1, mode="reflect")
    np.testing.assert_allclose(OasmModel(sigma=sigma).features(stimuli), expected, atol=1e-15)


def test_oasm_makes_groups_orthogonal_and_neighbours_alike():
    groups = np.arange(40) // 4
    stimuli = texts(groups, [f"text {row}" for row in range(40)])
    features = OasmModel().features(stimuli)
    products = features @ features.T
    same = groups[:, None] == groups
    assert (products[~same] == 0).all()
    assert (products[same] > 0).all()
    np.testing.assert_allclose(features.sum(axis=1), 1)
    assert products[1, 2] > products[1, 3]


def test_oasm_separates_two_runs_of_one_group():
    products = OasmModel().features(texts([0, 0, 1, 1, 0, 0]))
    products = products @ products.T
    assert (products[:2, 4:] == 0).all()


def test_oasm_without_groups_is_one_run():
    expected = gaussian_filter1d(np.eye(6), 1.0, axis=-1, mode="reflect")
    np.testing.assert_allclose(OasmModel().features(texts()), expected)


def test_oasm_without_smoothing_is_the_identity():
    np.testing.assert_array_equal(OasmModel(sigma=0).features(texts([0, 0, 0, 1, 1, 1])), np.eye(6))


def test_nuisance_of_texts_is_length_and_one_column_per_position():
    features = NuisanceModel().features(texts(["x", "x", "x", "y", "y", "y"]))
    position = np.tile(np.eye(3), (2, 1))
    characters = [4, 9, 16, 1, 5, 4]
    words = [1, 2, 3, 1, 2, 2]
    np.testing.assert_array_equal(features, np.column_stack([characters, words, position]))


def test_nuisance_counts_positions_within_interleaved_and_unequal_groups():
    features = NuisanceModel().features(texts(["x", "y", "x", "x", "y", "z"]))
    np.testing.assert_array_equal(features[:, 2:], np.eye(3)[[0, 0, 1, 2, 1, 0]])


def test_nuisance_takes_the_length_in_the_models_tokens():
    received = []

    def count(items):
        received.extend(items)
        return [7, 1, 2, 3, 4, 5]

    features = NuisanceModel(n_tokens=count).features(texts())
    np.testing.assert_array_equal(features[:, 2], [7, 1, 2, 3, 4, 5])
    assert features.shape == (6, 3)
    assert received == texts().items()
    assert "tokens" in NuisanceModel(n_tokens=count).describe()
    assert "tokens" not in NuisanceModel().describe()


def test_nuisance_of_arrays_is_mean_and_spread():
    values = np.random.default_rng(0).standard_normal((4, 5, 3))
    table = pd.DataFrame({"stimulus_id": list("abcd"), "movie": [0, 0, 1, 1]})
    arrays = xr.DataArray(values, dims=("stimulus", "time", "channel"))
    features = NuisanceModel(n_tokens=len).features(StimulusSet("movies", table, group="movie", arrays=arrays))
    flat = values.reshape(4, -1)
    expected = np.column_stack([flat.mean(axis=1), flat.std(axis=1), np.tile(np.eye(2), (2, 1))])
    np.testing.assert_allclose(features, expected)


def test_random_features_depend_on_seed_and_width_alone():
    first, again, other = (RandomFeatures(11, seed).features(texts()) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (6, 11)
    assert (first != other).all()


def test_random_features_are_standard_normal():
    features = RandomFeatures(5000).features(texts())
    assert features.mean() == pytest.approx(0, abs=0.03)
    assert features.std() == pytest.approx(1, abs=0.03)
    assert np.abs(np.corrcoef(features) - np.eye(6)).max() < 0.06


@pytest.mark.parametrize("model", [RandomFeatures(3), NuisanceModel(), OasmModel()], ids=lambda model: model.name)
def test_every_null_has_one_finite_row_per_stimulus_and_says_what_it_is(model):
    features = model.features(texts([0, 0, 0, 1, 1, 1]))
    assert features.ndim == 2 and len(features) == 6
    assert np.isfinite(features).all()
    assert len(model.describe()) > 20


def test_positions_start_at_zero_in_each_group():
    np.testing.assert_array_equal(positions_in_group(texts([5, 5, 2, 2, 2, 5])), [0, 1, 0, 1, 2, 2])
    assert positions_in_group(texts()) is None
