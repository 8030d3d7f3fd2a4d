"""Direction tuning against analytic curves, plain sums, scipy, and recorded neurons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from alignment.physiology import direction_tuning, recorded_responses, select_stimuli
from alignment.physiology.direction import von_mises
from data import load_dataset

EIGHT = np.arange(0, 360, 45.0)
TWELVE = np.arange(0, 360, 30.0)


def curve(degrees, b=2.0, a=10.0, kappa=1.5, peak=70.0):
    return b + a * np.exp(kappa * (np.cos(np.deg2rad(degrees - peak)) - 1))


def test_cosine_tuning_has_its_analytic_measures(respond):
    tuning = direction_tuning(respond((3 + 2 * np.cos(np.deg2rad(EIGHT - 45)))[:, None], direction_deg=EIGHT))
    assert tuning["preferred_direction_deg"].item() == pytest.approx(45)
    assert tuning["direction_selectivity"].item() == pytest.approx(8 * 2 / 2 / (8 * 3))
    assert tuning["orientation_selectivity"].item() == pytest.approx(0, abs=1e-12)
    assert tuning["direction_index"].item() == pytest.approx(1 - 1 / 5)


def test_axis_tuning_has_an_orientation_and_no_direction(respond):
    tuning = direction_tuning(respond((3 + 3 * np.cos(2 * np.deg2rad(EIGHT - 45)))[:, None], direction_deg=EIGHT))
    assert tuning["direction_selectivity"].item() == pytest.approx(0, abs=1e-12)
    assert tuning["orientation_selectivity"].item() == pytest.approx(0.5)
    assert tuning["preferred_orientation_deg"].item() == pytest.approx(135)
    assert tuning["direction_index"].item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kappa", [0.3, 1.5, 4.0])
def test_von_mises_curves_are_recovered(respond, kappa):
    peaks = np.array([0.0, 70.0, 200.0, 359.0])
    values = np.stack([curve(TWELVE, kappa=kappa, peak=peak) for peak in peaks], axis=1)
    tuning = direction_tuning(respond(values, direction_deg=TWELVE))
    away = (tuning["preferred_direction_fit_deg"].values - peaks + 180) % 360 - 180
    np.testing.assert_allclose(away, 0, atol=1e-3)
    np.testing.assert_allclose(tuning["fit_kappa"], kappa, rtol=1e-3)
    np.testing.assert_allclose(tuning["fitted"], values, rtol=1e-4)
    np.testing.assert_allclose(tuning["r2"], 1, atol=1e-8)
    half = tuning["bandwidth_deg"].values / 2
    high, low = curve(0.0, kappa=kappa, peak=0), curve(180.0, kappa=kappa, peak=0)
    np.testing.assert_allclose(curve(half, kappa=kappa, peak=0), (high + low) / 2, rtol=1e-3)
    np.testing.assert_allclose(tuning["direction_index_fit"], 1 - low / high, rtol=1e-3)


def test_fit_is_that_of_scipy(respond):
    rng = np.random.default_rng(0)
    values = np.abs(np.stack([curve(TWELVE, peak=p) for p in (33, 150, 280)], axis=1) + rng.normal(0, 1.5, (12, 3)))
    tuning = direction_tuning(respond(values, direction_deg=TWELVE))
    for unit in range(3):
        start = [1.0, 8.0, 1.0, float(TWELVE[values[:, unit].argmax()])]
        best, _ = curve_fit(curve, TWELVE, values[:, unit], p0=start, bounds=([0, 0, 0.01, -90], [50, 50, 20, 450]))
        np.testing.assert_allclose(tuning["fitted"].values[:, unit], curve(TWELVE, *best), atol=2e-3)


def test_a_curve_is_not_narrower_than_the_sampling(respond):
    values = np.zeros((8, 1))
    values[2] = 1.0
    tuning = direction_tuning(respond(values, direction_deg=EIGHT))
    assert tuning["bandwidth_deg"].item() == pytest.approx(45, abs=0.5)


@settings(max_examples=8, deadline=None)
@given(shift=st.integers(0, 11), gain=st.floats(0.1, 100))
def test_turning_all_directions_turns_the_preference_alone(respond, shift, gain):
    values = np.random.default_rng(1).uniform(1, 5, (12, 2))
    first = direction_tuning(respond(values, direction_deg=TWELVE))
    turned = direction_tuning(respond(gain * np.roll(values, shift, axis=0), direction_deg=TWELVE))
    for name in ("direction_index", "direction_selectivity", "orientation_selectivity", "bandwidth_deg", "r2"):
        np.testing.assert_allclose(turned[name], first[name], rtol=1e-3, atol=1e-6)
    away = turned["preferred_direction_deg"].values - first["preferred_direction_deg"].values - 30 * shift
    np.testing.assert_allclose((away + 180) % 360 - 180, 0, atol=1e-6)


def test_single_responses_have_values_without_intervals(respond):
    tuning = direction_tuning(respond(curve(EIGHT)[:, None], direction_deg=EIGHT))
    assert np.isfinite(tuning["direction_index"]).all()
    assert np.isnan(tuning["direction_index_low"]).all()
    assert "p" not in tuning
    assert "no intervals" in tuning.attrs["notes"]
    assert tuning.attrs["n_units"] == 1


def test_silent_and_constant_units_are_nan(respond):
    values = np.stack([np.zeros(8), np.full(8, 3.0), curve(EIGHT)], axis=1)
    tuning = direction_tuning(respond(values, direction_deg=EIGHT))
    for name in ("preferred_direction_deg", "direction_index", "direction_selectivity", "bandwidth_deg", "r2"):
        assert np.isnan(tuning[name]).values.tolist() == [True, True, False], name
    assert "2 of 3 units answer all conditions alike" in tuning.attrs["notes"]


def test_opposite_direction_may_be_missing(respond):
    nine = np.arange(0, 360, 40.0)
    tuning = direction_tuning(respond(curve(nine)[:, None], direction_deg=nine))
    assert np.isnan(tuning["direction_index"].item())
    assert tuning["direction_index_fit"].item() == pytest.approx(1 - curve(180, peak=0) / curve(0, peak=0), abs=1e-4)


@pytest.mark.parametrize(
    ("degrees", "message"),
    [
        ([0.0, 120.0, 240.0], "at least 4 directions"),
        ([0.0, 45.0, 90.0, 180.0, 270.0], "do not divide the circle evenly"),
    ],
)
def test_uneven_directions_are_refused(respond, degrees, message):
    with pytest.raises(ValueError, match=message):
        direction_tuning(respond(np.ones((len(degrees), 1)), direction_deg=degrees))


def test_intervals_cover_the_truth(respond):
    rng = np.random.default_rng(2)
    truth = direction_tuning(respond(curve(EIGHT)[:, None], direction_deg=EIGHT))
    values = rng.poisson(curve(EIGHT)[:, None, None], (8, 12, 100)).astype(float)
    tuning = direction_tuning(respond(values, direction_deg=EIGHT), n_boot=200, n_permutations=0)
    for name in ("direction_selectivity", "preferred_direction_deg", "preferred_direction_fit_deg"):
        inside = (tuning[f"{name}_low"] <= truth[name].item()) & (truth[name].item() <= tuning[f"{name}_high"])
        assert 0.88 <= inside.values.mean() <= 1.0, name


def test_null_of_untuned_units_is_fair_and_above_zero(respond):
    rng = np.random.default_rng(3)
    values = rng.poisson(10, (8, 6, 60)).astype(float)
    tuning = direction_tuning(respond(values, direction_deg=EIGHT), n_boot=0, n_permutations=199)
    p = tuning["p"].values
    assert 0.35 < p.mean() < 0.65
    assert (p < 0.05).mean() < 0.15
    difference = tuning["direction_index"].values.mean() - tuning["direction_index_null"].values.mean()
    assert abs(difference) < 0.05
    assert tuning["direction_index_null"].values.min() > 0.05


def test_same_seed_same_numbers(respond):
    values = np.random.default_rng(4).poisson(curve(EIGHT)[:, None, None], (8, 5, 2)).astype(float)
    one, two = (direction_tuning(respond(values, direction_deg=EIGHT), n_boot=50, n_permutations=20) for _ in "ab")
    assert one.identical(two)


def test_von_mises_is_what_it_says():
    row = np.array([[2.0, 10.0, np.log(1.5), np.deg2rad(70)]])
    np.testing.assert_allclose(von_mises(row, EIGHT)[0], curve(EIGHT))


@pytest.mark.parametrize(
    ("cell", "index", "preferred"), [(1, 0.95, 187.8), (2, 0.85, 271.3), (3, 0.77, 190.2), (4, 0.82, 176.7)]
)
def test_mt_neurons_have_their_published_indices(real_data, cell, index, preferred):
    trials = select_stimuli(recorded_responses(load_dataset(f"motion/mt-rdk.cell{cell}")), experiment="direction")
    tuning = direction_tuning(trials, n_boot=200, n_permutations=199)
    assert tuning["direction_index"].item() == pytest.approx(index, abs=0.005)
    assert tuning["preferred_direction_deg"].item() == pytest.approx(preferred, abs=0.05)
    assert tuning["p"].item() <= 0.02
    assert tuning["direction_index"].item() > tuning["direction_index_null"].item() + 0.3
    low, high = tuning["direction_selectivity_low"].item(), tuning["direction_selectivity_high"].item()
    assert low < tuning["direction_selectivity"].item() < high


def test_v1_neuron_has_its_tuning_curve(real_data):
    trials = recorded_responses(load_dataset("motion/goris2015.m620r35"))
    shown = select_stimuli(trials, kind="grating", contrast=1.0)
    tuning = direction_tuning(shown, average_over=("temporal_frequency_hz",), n_boot=100, n_permutations=99)
    published = [10.9, 18.7, 20.3, 19.0, 12.9, 6.5, 7.1, 13.9, 46.0, 116.6, 142.8, 109.4, 38.1, 10.9, 8.0, 8.2]
    np.testing.assert_allclose(tuning["response"].values[:, 0], published, atol=0.15)
    assert tuning["n_trials"].values.tolist() == [10] * 16
    assert tuning["preferred_direction_deg_low"].item() < 230 < tuning["preferred_direction_deg_high"].item() + 2
    with pytest.raises(ValueError, match="differ in temporal_frequency_hz.*average_over"):
        direction_tuning(shown)
