"""Features of a drawn pattern: in step with the signal, the same however the film is cut, and what fly H1 says to them."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from alignment.afferents import EncodingOptions, direction_parts, moving_features, score_afferent, signal_itself
from alignment.afferents.encoding_options import FLY
from data.catalogue import load_dataset
from neuromodels import create_model
from simulators.vision import Display, moving_bars


class Places:
    """Sees where the pattern is: mean luminance of each frame, and of the one ``delay`` frames before."""

    name, revision, layers, input_spec = "test/places", "1", ("seen",), {}

    def __init__(self, delay=0, dims=("time", "unit")):
        self.delay, self.layer_dims = delay, {"seen": dims}

    def record(self, clips, layers):
        means = np.asarray(clips).mean(axis=(2, 3, 4))
        n = means.shape[1] - self.delay
        return {"seen": np.stack([means[:, self.delay :], means[:, :n]], axis=2)}


class Twice(Places):
    """Answers twice per frame."""

    def record(self, clips, layers):
        return {"seen": np.repeat(super().record(clips, layers)["seen"], 2, axis=1)}


def as_luminance(path):
    return xr.DataArray(path[:, None, None, None], dims=("time", "channel", "row", "col"))


def test_path_is_the_sum_of_the_velocity():
    velocity = np.random.default_rng(0).normal(size=1000)
    found = moving_features(Places(), "seen", as_luminance, rate_hz=100.0)(velocity, 500.0)
    at = np.array([velocity[: 5 * (k + 1)].sum() / 500 for k in range(200)])
    np.testing.assert_allclose(found[:, 0], np.repeat(at, 5), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_frames", [7, 50, 1000])
def test_pieces_make_no_difference(n_frames):
    velocity = np.random.default_rng(0).normal(size=603)
    found = moving_features(Places(delay=3), "seen", as_luminance, n_frames=n_frames)(velocity, 500.0)
    padded = np.append(velocity, np.zeros(2))
    path = padded.reshape(-1, 5).sum(axis=1).cumsum() / 500
    assert found.shape == (603, 2)
    np.testing.assert_allclose(found[15::5, 0], path[3:], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[15::5, 1], path[:-3], rtol=1e-4, atol=1e-6)
    assert (found[:15] == found[15]).all()


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="a signal at 500 Hz has no whole number of samples in a frame at 30 Hz"):
        moving_features(Places(), "seen", as_luminance, rate_hz=30.0)(np.zeros(100), 500.0)
    with pytest.raises(ValueError, match="gives 40 moments for 20 frames"):
        moving_features(Twice(), "seen", as_luminance)(np.zeros(100), 500.0)


def test_parts_of_a_velocity():
    velocity = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(direction_parts(velocity, 500.0), [[0, 2], [0, 0], [3, 0]])
    np.testing.assert_array_equal(signal_itself(velocity, 500.0), velocity[:, None])


def test_names_of_baselines_are_taken(planted):
    with pytest.raises(ValueError, match="features cannot be called stimulus"):
        score_afferent(planted[0], {"stimulus": direction_parts}, options=EncodingOptions(bin_ms=2.0))


def opponent(frames):
    """Opponent energy of bars, drawn coarsely: a pixel per degree."""
    model = create_model("motion/adelson-bergen", n_directions=2, spatial_frequencies_cpp=(0.125, 0.25))
    display = Display(12, 64, 1.0, 100.0)
    return moving_features(model, "opponent", lambda path: moving_bars(display, path)["frames"], n_frames=frames)


def test_opponent_energy_follows_the_velocity():
    velocity = np.repeat([40.0, -40.0, 0.0], 100)
    found = opponent(60)(velocity, 500.0)
    steady = [found[start + 75 : start + 100].mean(axis=0) for start in (0, 100, 200)]
    assert (steady[0] > 0).all() and (steady[1] < 0).all()
    assert np.abs(steady[2]).max() < 0.05 * np.abs(steady[0]).min()


def first_minutes(n_seconds):
    """Fly H1, cut to its first seconds."""
    dataset = load_dataset("motion/fly-h1")
    n = n_seconds * 500
    stimuli = replace(dataset.stimuli, arrays=dataset.stimuli.arrays.isel(time=slice(n)))
    return replace(dataset, stimuli=stimuli, responses=dataset.responses.isel(time_bin=slice(n)))


def test_fly_spikes_are_predicted_from_the_past_velocity(real_data):
    score = score_afferent(
        first_minutes(120), {"direction parts": direction_parts}, options=replace(FLY, n_boot=100, alphas=(30.0,))
    )
    table = score.table()
    assert table.loc["stimulus", "r_low"] > 0.45 and table.loc["stimulus", "r_p"] < 0.001
    assert table.loc["stimulus", "bits_per_spike_low"] > 0.5
    assert score.over("direction parts", "stimulus")["low"] > 0
    assert float(score.data["r_shifted"].sel(predictor="stimulus")) < 0.1


def test_fly_spikes_without_their_velocity_are_not(real_data):
    """The velocity turned back to front keeps its distribution and spectrum and tells nothing."""
    dataset = first_minutes(120)
    backward = dataset.stimuli.arrays.copy(data=dataset.stimuli.arrays.values[:, ::-1])
    turned = replace(dataset, stimuli=replace(dataset.stimuli, arrays=backward))
    row = score_afferent(turned, options=replace(FLY, n_boot=100, alphas=(300.0,))).table().loc["stimulus"]
    assert row.r_low < 0 < row.r_high or row.r_p > 0.05
    assert row.bits_per_spike < 0.01


@pytest.mark.slow
def test_fly_h1_in_full(real_data):
    score = score_afferent(
        "motion/fly-h1",
        {"direction parts": direction_parts, "motion energy": opponent(500)},
        options=replace(FLY, n_boot=200),
    )
    r = score.table()["r"]
    assert r["stimulus"] == pytest.approx(0.603, abs=0.01)
    assert r["direction parts"] == pytest.approx(0.663, abs=0.01)
    # Energies of an undivided bank grow with the square of contrast and of fast motion: they tell less than the velocity.
    assert r["motion energy"] == pytest.approx(0.351, abs=0.01) and score.table().loc["motion energy", "r_p"] < 0.001
    assert score.over("stimulus", "motion energy")["low"] > 0
