"""Named normalisations: formulas by hand, signs kept, nothing clipped, no ceiling no score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.ceilings import (
    ceiled_correlation,
    explained_variance,
    explained_variance_legacy,
    explained_variance_per_neuroid,
)


def test_formulas_by_hand():
    assert explained_variance(0.6, 0.9) == pytest.approx(0.4)
    assert explained_variance_legacy(0.6, 0.9) == pytest.approx(4 / 9)
    assert ceiled_correlation(0.6, 0.9) == pytest.approx(2 / 3)


def test_negative_correlations_stay_negative_unless_brain_score_is_asked_for():
    assert explained_variance(-0.3, 0.8) == pytest.approx(-0.1125)
    assert explained_variance(-0.3, 0.8, signed=False) == pytest.approx(0.1125)
    assert explained_variance_legacy(-0.3, 0.8) == pytest.approx(-0.140625)
    assert explained_variance_legacy(-0.3, 0.8, signed=False) == pytest.approx(0.140625)
    assert ceiled_correlation(-0.3, 0.6) == pytest.approx(-0.5)


def test_values_above_the_ceiling_are_not_clipped():
    assert explained_variance(0.9, 0.5) == pytest.approx(1.62)
    assert ceiled_correlation(0.9, 0.5) == pytest.approx(1.8)


@pytest.mark.parametrize("normalise", [explained_variance, explained_variance_legacy, ceiled_correlation])
def test_no_positive_ceiling_means_no_score(normalise):
    np.testing.assert_array_equal(np.isnan(normalise([0.5, 0.5, 0.5, 0.5], [0.0, -0.2, np.nan, 0.5])), [1, 1, 1, 0])


def test_per_neuroid_averages_splits_first_and_counts_what_has_a_ceiling():
    r = np.array([[0.2, 0.6, 0.5], [0.4, 0.8, 0.5]])
    ceiling = np.array([[0.5, 0.9, -0.1], [0.7, 0.7, -0.3]])
    mean, values = explained_variance_per_neuroid(r, ceiling)
    np.testing.assert_allclose(values[:2], [0.3**2 / 0.6, 0.7**2 / 0.8])
    assert np.isnan(values[2])
    assert mean == pytest.approx(values[:2].mean())
    assert np.isnan(explained_variance_per_neuroid([0.5], [0.0])[0])
    with pytest.raises(ValueError, match="must have the same neuroids"):
        explained_variance_per_neuroid([0.5, 0.6], [0.7])


@given(r=st.floats(-1, 1), ceiling=st.floats(0.01, 1))
def test_noiseless_model_has_one_and_signs_agree(r, ceiling):
    assert explained_variance(np.sqrt(ceiling), ceiling) == pytest.approx(1)
    assert explained_variance_legacy(np.sqrt(ceiling), ceiling) == pytest.approx(1 / ceiling)
    assert explained_variance(-r, ceiling) == pytest.approx(-explained_variance(r, ceiling))
    assert explained_variance(r, ceiling, signed=False) == pytest.approx(abs(explained_variance(r, ceiling)))
