"""Scores of the tactile comparison as released: every bootstrap, split and neuroid, and the published summary numbers."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from alignment.ceilings import (
    NoiseCorrectedPredictivity,
    noise_corrected_predictivity,
    noise_corrected_rsa,
    released_ratio,
    released_score,
)
from alignment.folds import Fold
from alignment.mappings import OneToOne

COMPONENTS = ("r_xy", "r_xx", "r_xx_sb", "r_yy", "r_yy_sb")
REGRESSIONS = {
    "ridge_alpha1_model": ("source_model", Ridge(alpha=1)),
    "ridge_alpha5e7_model": ("source_model", Ridge(alpha=5e7)),
    "ridge_alpha1_animal": ("source_animal", Ridge(alpha=1)),
    "percentile_animal": ("source_animal", OneToOne()),
}


@pytest.fixture
def small(real_data):
    with np.load(real_data / "tactile" / "golden_scoring" / "consistency_small.npz", allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


def assert_equals(found, expected):
    """Components, denominators and ratios; a reliability near -1 has an unbounded Spearman-Brown value, hence rtol."""
    for name in COMPONENTS:
        values = getattr(found, name)
        assert values.shape == expected[name].shape
        np.testing.assert_allclose(values, expected[name], rtol=1e-9, atol=1e-9)
    ratio = released_ratio(found)
    np.testing.assert_allclose(ratio, expected["r_xy_n_sb"], atol=1e-9)  # NaN in the same places
    np.testing.assert_allclose(found.r_xy / ratio, expected["denom_sb"], atol=1e-9)


@pytest.mark.parametrize("source", ["model", "animal"])
def test_rsa_per_bootstrap(small, source):
    found = noise_corrected_rsa(small[f"source_{source}"], small["target"], n_halves=8, missing="skip")
    prefix = f"rsa_{source}/"
    expected = {key.removeprefix(prefix): small[key].reshape(8, 1, 1) for key in small if key.startswith(prefix)}
    assert_equals(found, expected)
    np.testing.assert_allclose(found.corrected, expected["r_xy_n_sb"], atol=1e-9)


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_regression_per_bootstrap_split_and_neuroid(small, name, side):
    source, mapping = REGRESSIONS[name]
    rows = zip(small["splits_train"], small[f"splits_{side}"], strict=True)
    found = noise_corrected_predictivity(
        small[source], small["target"], [Fold(*pair) for pair in rows], mapping, n_halves=8, missing="skip"
    )
    prefix = f"{name}/{side}/"
    assert_equals(found, {key.removeprefix(prefix): small[key] for key in small if key.startswith(prefix)})


def test_two_negative_reliabilities_pass_as_released_only(small):
    rows = [Fold(*pair) for pair in zip(small["splits_train"], small["splits_test"], strict=True)]
    found = noise_corrected_predictivity(
        small["source_animal"], small["target"], rows, OneToOne(), n_halves=8, missing="skip"
    )
    both = (found.r_xx < 0) & (found.r_yy < 0)
    np.testing.assert_array_equal(np.isfinite(released_ratio(found)) & np.isnan(found.corrected), both)
    assert both.any()
    # The cut at 0.5 removes them from the score.
    passes = (found.r_xx >= 0.5) & (found.r_yy >= 0.5)
    values = np.where(passes, found.corrected, np.nan).reshape(-1, 9)
    assert released_score(found) == pytest.approx(np.median(np.nanmean(values, axis=0)), rel=1e-12)


@pytest.fixture
def model_input(real_data):
    """The published 1000 halvings of all animals together, against the mean input of the models."""
    with np.load(real_data / "tactile" / "model_input_rsa_plain.npz", allow_pickle=False) as arrays:
        parts = {key: arrays[key].reshape(-1, 1, 1) for key in arrays}
    found = NoiseCorrectedPredictivity(
        parts["r_xy"], parts["r_xx"], parts["r_yy"], "source and target", "ratio", 0, 1234
    )
    return found, parts


def test_published_halvings_follow_the_formula(model_input):
    found, parts = model_input
    np.testing.assert_allclose(found.corrected, parts["r_xy_n_sb"], atol=1e-9)
    np.testing.assert_allclose(released_ratio(found), parts["r_xy_n_sb"], atol=1e-9)
    assert found.n_missing == 286


def test_published_bar_of_the_model_input_uses_another_statistic_than_the_models(model_input):
    found, _ = model_input
    assert np.nanmedian(found.corrected) == pytest.approx(0.4577, abs=5e-5)  # the paper's 0.46
    assert released_score(found) == pytest.approx(0.3295, abs=5e-5)  # the rule by which models were scored
    assert (found.r_yy >= 0.5).sum() == 75
    # With the mean reliability instead of chosen halvings:
    assert found.per_neuroid("components")[0] == pytest.approx(0.57, abs=5e-3)
