"""Ceilings and noise-corrected scores of Brain-Score (vision and language) and brainmodel_utils, value by value."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold

from alignment.ceilings import (
    explained_variance,
    explained_variance_per_neuroid,
    internal_consistency,
    noise_corrected_predictivity,
    predictor_consistency,
    subject_extrapolation_ceiling,
)
from alignment.folds import Fold
from alignment.mappings import OneToOne

CASES = ("tall", "wide")
LONG = ("tall", pytest.param("wide", marks=pytest.mark.slow))
COMPONENTS = {
    "r_xy_n_sb": "corrected",
    "r_xy": "r_xy",
    "r_xx_sb": "r_xx_sb",
    "r_yy_sb": "r_yy_sb",
    "r_yy": "r_yy",
    "r_xx": "r_xx",
}


def folds_of(n_stimuli):
    orders = [np.random.RandomState(seed).permutation(n_stimuli) for seed in range(5)]
    edge = int(np.ceil(0.8 * n_stimuli))
    return [Fold(order[:edge], order[edge:]) for order in orders]


@pytest.mark.parametrize("case", CASES)
def test_internal_consistency_of_brain_score(golden, case):
    expected = golden("brainscore_vision_expected.json")[case]["internal_consistency"]
    raw = golden("brainscore_vision_raw.npz")[f"{case}__internal_consistency__raw"]
    found = internal_consistency(golden(f"{case}_inputs.npz")["trials"])
    np.testing.assert_allclose(found.raw, raw, atol=1e-13)
    assert float(found.value) == pytest.approx(expected["score"], abs=1e-13)
    assert float(found.error) == pytest.approx(expected["error"], abs=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_predictor_consistency_of_brain_score(golden, case):
    expected = golden("brainscore_vision_expected.json")[case]["predictor_consistency"]
    raw = golden("brainscore_vision_raw.npz")[f"{case}__predictor_consistency__raw"]
    inputs = golden(f"{case}_inputs.npz")
    found = predictor_consistency(inputs["trials"], stimulus_ids=inputs["stimulus_id"])
    np.testing.assert_allclose(found.raw, raw, atol=1e-13)
    assert float(found.value) == pytest.approx(expected["score"], abs=1e-13)
    assert float(found.error) == pytest.approx(expected["error"], abs=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_explained_variance_of_brain_score(golden, case):
    expected = golden("brainscore_vision_expected.json")[case]
    raw = golden("brainscore_vision_raw.npz")
    ceiling = internal_consistency(golden(f"{case}_inputs.npz")["trials"])
    r = raw[f"{case}__pls__raw"]  # (split, neuroid)
    score = explained_variance(np.median(r, axis=1).mean(), ceiling.value, signed=False)
    key = "explained_variance(pls,internal_consistency)"
    assert float(score) == pytest.approx(expected[key]["score"], abs=1e-13)
    mean, values = explained_variance_per_neuroid(r, ceiling.raw, signed=False)
    np.testing.assert_allclose(values, raw[f"{case}__neuroid_wise_ev"], atol=1e-12)
    key = "neuroid_wise_explained_var(pls,internal_consistency)"
    assert mean == pytest.approx(expected[key]["score"], abs=1e-12)


@pytest.mark.parametrize("case", LONG)
@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        ("ridge_alpha1", Ridge(alpha=1)),
        ("pls10", PLSRegression(10, scale=False)),
        ("percentile_one_to_one", OneToOne()),
    ],
)
def test_noise_corrected_regression_of_brainmodel_utils(golden, case, name, mapping):
    inputs, raw = golden(f"{case}_inputs.npz"), golden("peers_raw.npz")
    found = noise_corrected_predictivity(
        inputs["X"], inputs["trials"], folds_of(len(inputs["X"])), mapping, n_halves=10, seed=1234
    )
    for theirs, ours in COMPONENTS.items():
        expected = raw[f"{case}__bmu_{name}__test__{theirs}"]
        assert getattr(found, ours).shape == expected.shape == (10, 5, inputs["trials"].shape[2])
        np.testing.assert_allclose(getattr(found, ours), expected, atol=1e-9)
    summary = golden("peers_expected.json")[case][f"brainmodel_utils.get_linregress_consistency/{name}"]
    assert found.value == pytest.approx(summary["median_over_units_of_mean_r_xy_n_sb"], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_inter_animal_consistency_of_brainmodel_utils(golden, case):
    trials = golden(f"{case}_inputs.npz")["trials"]
    half = trials.shape[2] // 2
    found = noise_corrected_predictivity(
        trials[..., :half], trials[..., half:], folds_of(trials.shape[1]), Ridge(alpha=1), n_halves=10, seed=1234
    )
    expected = golden("peers_raw.npz")[f"{case}__bmu_interanimal__test__r_xy_n_sb"]
    np.testing.assert_allclose(found.corrected, expected, atol=1e-9)
    name = "brainmodel_utils.get_linregress_consistency/interanimal_first_half_units_to_second_half_ridge_alpha1"
    summary = golden("peers_expected.json")[case][name]
    assert found.value == pytest.approx(summary["r_xy_n_sb"], abs=1e-9)
    for key, ours in (("r_xy", found.r_xy), ("r_xx_sb", found.r_xx_sb), ("r_yy_sb", found.r_yy_sb)):
        assert np.median(ours.mean(axis=(0, 1))) == pytest.approx(summary[key], abs=1e-9)


@pytest.mark.parametrize("case", LONG)
def test_extrapolation_ceiling_of_brain_score_language(golden, case):
    """Their correlation adds 1e-8 to each norm, and scipy's fits pass that on: 1e-6, not 1e-9, per neuroid."""
    inputs = golden(f"{case}_inputs.npz")
    splitter = GroupKFold(10, shuffle=True, random_state=1234)
    folds = [Fold(*rows) for rows in splitter.split(inputs["Y"], groups=inputs["group"])]
    found = subject_extrapolation_ceiling(
        inputs["Y"], inputs["subject"], folds, RidgeCV(np.logspace(-3, 3, 7)), n_boot=20, method="curve_fit"
    )
    expected = golden("brainscore_language_raw.npz")[f"{case}__extrapolation_ceiling__raw"]
    np.testing.assert_allclose(found.values, expected, atol=2e-6)  # NaN where a fit of theirs did not end
    score = golden("brainscore_language_expected.json")[case]["ExtrapolationCeiling(ridge,group,num_bootstraps=20)"]
    assert found.value == pytest.approx(score["score"], abs=2e-6)
