"""Receptive fields: planted filters in noise, a plain loop, chance, and how responses meet frames."""

import numpy as np
import pytest
import xarray as xr

from alignment.physiology import receptive_field

SHAPE = (9, 11)


def noise(n_clips, n_frames, seed=0):
    rng = np.random.default_rng(seed)
    return xr.DataArray(
        rng.choice([0.0, 1.0], size=(n_clips, n_frames, *SHAPE)),
        dims=("stimulus", "time", "row", "col"),
        attrs={"rate_hz": 50.0},
    )


def linear(stimuli, lag, row, col, rectify=True):
    """Responses of a unit that looks at one pixel some frames back, zero before it saw anything."""
    seen = stimuli.values[:, :, row, col] - 0.5
    drive = np.concatenate([np.zeros((len(seen), lag)), seen[:, : seen.shape[1] - lag]], axis=1)
    return np.maximum(drive, 0) if rectify else drive


@pytest.fixture(scope="module")
def mapped():
    stimuli = noise(30, 60)
    rng = np.random.default_rng(1)
    drives = [linear(stimuli, 2, 4, 7), -linear(stimuli, 0, 1, 1, rectify=False)]
    values = np.stack([*drives, np.zeros((30, 60)), rng.normal(size=(30, 60))], axis=-1)
    responses = xr.DataArray(
        values + 0.05 * rng.normal(size=values.shape) * [1, 1, 0, 1], dims=("stimulus", "time", "unit")
    )
    return stimuli, responses, receptive_field(stimuli, responses, n_lags=4, alpha=1e-3)


def test_planted_pixels_and_lags_are_found(mapped):
    _, _, field = mapped
    assert field["n_significant"].values[:2].tolist() == [1, 1]
    assert field["significant"].values[2, 4, 7, 0]
    assert field["significant"].values[0, 1, 1, 1]
    assert field["peak_lag"].values[:2].tolist() == [2, 0]
    np.testing.assert_allclose(field["centre_row"].values[:2], [4, 1])
    np.testing.assert_allclose(field["centre_col"].values[:2], [7, 1])
    assert field["z"].values[2, 4, 7, 0] > 0 > field["z"].values[0, 1, 1, 1]
    assert field["lag_ms"].values.tolist() == [0, 20, 40, 60]


def test_silent_and_unrelated_units(mapped):
    _, _, field = mapped
    assert np.isnan(field["z"].values[..., 2]).all()
    assert np.isnan(field["peak_lag"].values[2:]).all()
    assert "1 of 4 units always respond alike" in field.attrs["notes"]
    assert "1 of 4 units have no pixel" in field.attrs["notes"]


def test_average_is_that_of_a_plain_loop(mapped):
    stimuli, responses, field = mapped
    picture, answers = stimuli.values, responses.values[:, 3:, 0]
    total, size = np.zeros((4, *SHAPE)), 0.0
    centred, pull = picture - picture.mean(axis=(0, 1)), answers - answers.mean()
    for clip in range(30):
        for moment in range(57):
            size += abs(pull[clip, moment])
            for lag in range(4):
                total[lag] += pull[clip, moment] * centred[clip, moment + 3 - lag]
    np.testing.assert_allclose(field["average"].values[..., 0], total / size, atol=1e-12)


def test_z_is_a_correlation(mapped):
    stimuli, responses, field = mapped
    seen = stimuli.values[:, 1:58, 4, 7].ravel() - stimuli.values[:, :, 4, 7].mean()
    answer = responses.values[:, 3:, 0].ravel()
    expected = np.corrcoef(seen, answer)[0, 1] * np.sqrt(seen.size)
    assert field["z"].values[2, 4, 7, 0] == pytest.approx(expected, rel=1e-3)


def test_chance_of_a_false_pixel_is_alpha():
    stimuli = noise(1, 600)[0]
    responses = xr.DataArray(np.random.default_rng(2).normal(size=(600, 200)), dims=("time", "unit"))
    field = receptive_field(stimuli, responses, n_lags=3, alpha=0.1)
    assert 0.02 < (field["n_significant"].values > 0).mean() < 0.2


def test_permutations_agree_with_theory_on_white_noise():
    stimuli = noise(40, 12)
    values = np.stack([linear(stimuli, 1, 2, 3), np.random.default_rng(3).normal(size=(40, 12))], axis=-1)
    responses = xr.DataArray(values, dims=("stimulus", "time", "unit"))
    field = receptive_field(stimuli, responses, n_lags=2, null="permutation", n_permutations=100)
    theory = receptive_field(stimuli, responses, n_lags=2)
    np.testing.assert_allclose(field["threshold"], theory["threshold"], rtol=0.15)
    assert field["n_significant"].values.tolist() == [1, 0]


def test_last_response_belongs_to_the_last_frame():
    stimuli = noise(60, 20)
    whole = linear(stimuli, 3, 4, 4)
    for kept in (20, 17, 5):
        cut = xr.DataArray(whole[:, 20 - kept :, None], dims=("stimulus", "time", "unit"))
        assert receptive_field(stimuli, cut, n_lags=5)["peak_lag"].item() == 3


def test_one_response_after_each_clip():
    stimuli = noise(400, 6)
    responses = xr.DataArray(linear(stimuli, 2, 5, 5)[:, -1:], dims=("stimulus", "unit"))
    field = receptive_field(stimuli, responses, n_lags=4)
    assert field["peak_lag"].item() == 2
    assert (field["centre_row"].item(), field["centre_col"].item()) == (5, 5)


def test_channel_of_one_is_dropped_and_coordinates_stay(mapped):
    stimuli, responses, field = mapped
    named = responses.assign_coords(unit=["a", "b", "c", "d"])
    again = receptive_field(stimuli.expand_dims("channel", axis=2), named, n_lags=4)
    np.testing.assert_array_equal(again["z"].values, field["z"].values)
    assert again["unit"].values.tolist() == ["a", "b", "c", "d"]


def test_energy_has_no_average():
    stimuli = noise(40, 30)
    drive = linear(stimuli, 1, 4, 4, rectify=False) + linear(stimuli, 1, 4, 5, rectify=False)
    field = receptive_field(stimuli, xr.DataArray(drive[..., None] ** 2, dims=("stimulus", "time", "unit")), n_lags=3)
    assert field["n_significant"].item() == 0


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda s, r: (s, r), {"n_lags": 61}, "n_lags is 61; the clips have 60 frames"),
        (lambda s, r: (s, r), {"null": "bootstrap"}, "null must be 'normal' or 'permutation'"),
        (lambda s, r: (s, r[:5]), {}, "do not fit noise"),
        (lambda s, r: (s[:, :30], r), {}, "60 moments of response to 30 frames"),
        (lambda s, r: (s * np.nan, r), {}, "must be finite"),
        (lambda s, r: (s.expand_dims(channel=3), r), {}, "has 3 channels"),
        (lambda s, r: (s.rename(row="y"), r), {}, "noise must be"),
        (lambda s, r: (s[:1, :8], r[:1, :8]), {"n_lags": 4}, "at least 10 responses, received 5"),
    ],
)
def test_what_does_not_fit_is_refused(mapped, change, options, message):
    stimuli, responses = change(*mapped[:2])
    with pytest.raises(ValueError, match=message):
        receptive_field(stimuli, responses, **options)
