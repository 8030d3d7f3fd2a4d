"""Partial correlations against correlations of residuals, and the rule that makes classes of them."""

import numpy as np
import pytest

from alignment.physiology.rival_predictions import class_shares, rival_class, rival_z

NAMES = ("first", "second", "neither")


def residual(values, given):
    design = np.stack([np.ones_like(given), given], axis=1)
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def test_partial_correlation_is_that_of_residuals():
    rng = np.random.default_rng(0)
    y, a, b = rng.normal(size=(3, 16, 5))
    found = rival_z(y, a, b)
    for unit in range(5):
        expected = np.corrcoef(residual(y[:, unit], b[:, unit]), residual(a[:, unit], b[:, unit]))[0, 1]
        assert found["partial_1"][unit] == pytest.approx(expected)
        assert found["z_1"][unit] == pytest.approx(0.5 * np.log((1 + expected) / (1 - expected)) * np.sqrt(13))
    swapped = rival_z(y, b, a)
    np.testing.assert_allclose(swapped["z_2"], found["z_1"])


def test_perfect_prediction_wins_with_a_finite_z():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 12, 1))
    found = rival_z(3 * a + 2, a, b)
    assert np.isfinite(found["z_1"]).all()
    assert found["z_1"].item() > 20
    assert abs(found["z_2"].item()) < 1
    assert rival_class(found["z_1"], found["z_2"], NAMES).item() == "first"


def test_equal_or_constant_predictions_are_undefined():
    rng = np.random.default_rng(2)
    y, a = rng.normal(size=(2, 12, 1))
    for first, second in ((a, 2 * a + 1), (np.ones((12, 1)), a), (a, np.ones((12, 1)))):
        assert np.isnan(rival_z(y, first, second)["z_1"]).all()
    assert np.isnan(rival_z(np.ones((12, 1)), a, y)["z_1"]).all()


@pytest.mark.parametrize(
    ("z_1", "z_2", "name"),
    [
        (3.0, 1.0, "first"),
        (3.0, 1.8, "neither"),
        (1.2, -5.0, "neither"),
        (1.3, -5.0, "first"),
        (0.0, 1.3, "second"),
        (-2.0, 1.2, "neither"),
        (np.nan, 1.0, "undefined"),
    ],
)
def test_classes_need_a_clear_lead_over_the_rival_and_over_zero(z_1, z_2, name):
    assert rival_class(np.array([z_1]), np.array([z_2]), NAMES).tolist() == [name]


def test_shares_count_the_draws():
    classes = np.array([["first", "second"], ["first", "neither"], ["undefined", "second"], ["first", "second"]])
    np.testing.assert_allclose(class_shares(classes, NAMES), [[0.75, 0], [0, 0.75], [0, 0.25]])
    assert np.isnan(class_shares(classes[:0], NAMES)).all()


def test_too_few_stimuli():
    with pytest.raises(ValueError, match="at least 4 stimuli, received 3"):
        rival_z(*np.ones((3, 3, 1)))
