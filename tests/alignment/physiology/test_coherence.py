"""Dots: the ROC area against scikit-learn, planted thresholds, nulls, and recorded MT neurons."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from alignment.physiology import (
    coherence_response,
    direction_tuning,
    neurometric_function,
    recorded_responses,
    select_stimuli,
)
from alignment.physiology.coherence import weibull
from data import load_dataset

LEVELS = np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.8])


@pytest.fixture(scope="session")
def dots(respond):
    def put(n_trials=40, n_units=2, gain=3.0, seed=0):
        rng = np.random.default_rng(seed)
        coherence, direction = (axis.ravel() for axis in np.meshgrid(LEVELS, [30.0, 210.0], indexing="ij"))
        sign = np.where(direction == 210, 1, -1)
        mean = 10 + gain * coherence * sign
        values = mean[:, None, None] + rng.normal(size=(len(mean), n_trials, n_units))
        return respond(values, coherence=coherence, direction_deg=direction)

    return put


def test_performance_is_the_area_under_the_roc(dots):
    responses = dots()
    found = neurometric_function(responses, n_boot=0, n_permutations=0)
    assert found["preferred_direction_deg"].values.tolist() == [210, 210]
    for level, coherence in enumerate(LEVELS):
        shown = responses.isel(stimulus=np.flatnonzero(responses["coherence"].values == coherence))
        side = np.repeat(shown["direction_deg"].values == 210, 40)
        for unit in range(2):
            area = roc_auc_score(side, shown.values[..., unit].ravel())
            assert found["performance"].values[level, unit] == pytest.approx(area)


def test_ties_count_half(respond):
    coherence, direction = np.repeat([0.1, 0.5, 1.0], 4), np.tile([0.0, 0.0, 180.0, 180.0], 3)
    values = np.tile([1.0, 2.0, 1.0, 2.0], 3)[:, None] + np.arange(12)[:, None] * 0
    values[8:10] += 1  # performance of 3 of 4 and a tie at the top
    found = neurometric_function(
        respond(values, coherence=coherence, direction_deg=direction), n_boot=0, n_permutations=0
    )
    np.testing.assert_allclose(found["performance"].values[:, 0], [0.5, 0.5, 0.875])


def test_threshold_of_known_neurons(dots):
    found = neurometric_function(dots(n_trials=400, n_units=6, gain=6.0), n_boot=0, n_permutations=0)
    # Two unit normals 12 c apart: area Phi(12 c / sqrt 2), which is 0.816 at this coherence.
    from scipy.special import ndtri

    expected = ndtri(1 - 0.5 / np.e) * np.sqrt(2) / 12
    np.testing.assert_allclose(found["threshold"], expected, rtol=0.12)
    assert (found["r2"] > 0.98).all()


def test_weibull_is_at_its_threshold():
    row = np.log([[0.2, 1.7]])
    assert weibull(row, np.array([0.2]))[0, 0] == pytest.approx(1 - 0.5 / np.e)
    assert weibull(row, np.array([1e-9]))[0, 0] == pytest.approx(0.5)


def test_intervals_and_permutations(dots):
    found = neurometric_function(dots(gain=4.0), n_boot=200, n_permutations=199)
    assert (found["threshold_low"] < found["threshold"]).all()
    assert (found["threshold"] < found["threshold_high"]).all()
    assert (found["p"] == 1 / 200).all()
    assert (found["performance_high"] <= 1).all()
    np.testing.assert_allclose(found["mean_performance_null"], 0.5, atol=0.03)
    assert "chosen from the same trials" in found.attrs["notes"]


def test_untuned_units_are_not_significant_and_have_no_threshold(dots):
    found = neurometric_function(dots(gain=0.0, n_units=40, n_trials=20), n_boot=0, n_permutations=199)
    assert (found["p"].values < 0.05).mean() < 0.2
    assert 0.3 < found["p"].values.mean() < 0.7
    assert "do not reach a performance of 0.816" in found.attrs["notes"]


def test_slopes_are_those_of_a_straight_line(dots):
    responses = dots(n_trials=2000, n_units=1, gain=3.0)
    found = coherence_response(responses, n_boot=100)
    np.testing.assert_allclose(found["slope"].values[:, 0], [3, -3], atol=0.15)
    assert found["side"].values.tolist() == ["preferred", "null"]
    np.testing.assert_allclose(found["response"].sel(side="preferred").values[:, 0], 10 + 3 * LEVELS, atol=0.1)
    assert (found["slope_low"] < found["slope"]).all()
    assert (found["n_trials"] == 2000).all()


def test_preferred_direction_may_come_from_elsewhere(dots):
    found = coherence_response(dots(), preferred_direction_deg=np.array([50.0, 200.0]), n_boot=0)
    assert found["preferred_direction_deg"].values.tolist() == [30, 210]
    assert found["slope"].values[0, 0] < 0 < found["slope"].values[0, 1]
    assert "chosen from the same trials" not in found.attrs["notes"]
    with pytest.raises(ValueError, match="preferred_direction_deg holds NaN"):
        coherence_response(dots(), preferred_direction_deg=np.nan)


def test_a_direction_without_its_opposite_is_left_out_and_said(dots, respond):
    import xarray as xr

    odd = respond(np.full((1, 40, 2), 99.0), coherence=[0.8], direction_deg=[90.0])
    whole = dots()
    found = coherence_response(xr.concat([whole, odd], "stimulus"), n_boot=10)
    np.testing.assert_allclose(found["response"], coherence_response(whole, n_boot=10)["response"])
    assert "left out: [90.0]" in found.attrs["notes"]
    assert np.isfinite(found["slope_low"]).all()


def test_single_trials_have_curves_but_no_neurometric_function(respond):
    coherence, direction = (axis.ravel() for axis in np.meshgrid(LEVELS, [0.0, 180.0], indexing="ij"))
    responses = respond(
        (coherence * np.cos(np.deg2rad(direction)))[:, None], coherence=coherence, direction_deg=direction
    )
    found = coherence_response(responses)
    assert found["slope"].values[0, 0] == pytest.approx(1)
    assert np.isnan(found["slope_low"]).all()
    with pytest.raises(ValueError, match="needs at least 2 of each: repeats, or dots of other seeds"):
        neurometric_function(responses)


@pytest.mark.parametrize(
    ("coherence", "direction", "message"),
    [
        ([0.0, 0.0, 51.2, 51.2], [0.0, 180.0, 0.0, 180.0], "divide per cent by 100"),
        ([0.0, 0.0, 0.5, 0.5], [0.0, 90.0, 0.0, 90.0], "need two opposite directions"),
        ([0.5, 0.5], [0.0, 180.0], "at least 2 coherences"),
    ],
)
def test_unfit_dots_are_refused(respond, coherence, direction, message):
    with pytest.raises(ValueError, match=message):
        coherence_response(respond(np.ones((len(coherence), 1)), coherence=coherence, direction_deg=direction))


def test_first_mt_neuron_answers_coherence_as_published(real_data):
    trials = recorded_responses(load_dataset("motion/mt-rdk.cell1"))
    tuning = direction_tuning(select_stimuli(trials, experiment="direction"), n_boot=0, n_permutations=0)
    preferred = tuning["preferred_direction_deg"].values
    shown = select_stimuli(trials, experiment="coherence")
    found = coherence_response(shown, preferred_direction_deg=preferred, n_boot=100)
    np.testing.assert_allclose(found["response"].values[0, :, 0], [32.1, 32.8, 31.4, 34.7, 37.7, 47.8, 73.0], atol=0.05)
    np.testing.assert_allclose(found["response"].values[1, :, 0], [31.1, 31.3, 31.1, 30.7, 26.6, 21.6, 12.7], atol=0.05)
    assert (found["slope_low"].values[0] > 0).all()
    assert (found["slope_high"].values[1] < 0).all()
    curve = neurometric_function(shown, preferred_direction_deg=preferred, n_boot=100, n_permutations=99)
    assert 0.18 < curve["threshold"].item() < 0.28
    assert curve["p"].item() == 0.01


@pytest.mark.parametrize("cell", [2, 3, 4])
def test_every_mt_neuron_has_a_threshold(real_data, cell):
    trials = recorded_responses(load_dataset(f"motion/mt-rdk.cell{cell}"))
    tuning = direction_tuning(select_stimuli(trials, experiment="direction"), n_boot=0, n_permutations=0)
    curve = neurometric_function(
        select_stimuli(trials, experiment="coherence"),
        preferred_direction_deg=tuning["preferred_direction_deg"].values,
        n_boot=0,
        n_permutations=99,
    )
    assert 0.1 < curve["threshold"].item() < 0.8
    assert curve["p"].item() <= 0.05
