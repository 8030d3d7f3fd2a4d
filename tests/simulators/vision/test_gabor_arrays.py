import numpy as np
import pytest

from simulators.vision import Display, gabor_array

DISPLAY = Display(96, 128, pixels_per_degree=16, rate_hz=32)


def carrier_velocities(clip):
    """Carrier frequency (right, up, c/deg) and drift (Hz) of each Gabor, from the transform of its neighbourhood."""
    frames = clip["frames"].values[:, 0].astype(float) - 0.5
    n_cols, n_rows = (int(2 * (n / 16 / 2 - 2 * 0.18)) + 1 for n in (128, 96))
    found = []
    for i in range(n_rows):
        for j in range(n_cols):
            x, y = j - (n_cols - 1) / 2, i - (n_rows - 1) / 2
            row, col = round(47.5 - 16 * y), round(63.5 + 16 * x)
            patch = frames[:, max(row - 8, 0) : row + 8, max(col - 8, 0) : col + 8]
            power = abs(np.fft.fftn(patch, s=(32, 64, 64), axes=(0, 1, 2))) ** 2
            t, r, c = np.unravel_index(power.argmax(), power.shape)
            hz, up, right = (
                -np.fft.fftfreq(32, 1 / 32)[t],
                -np.fft.fftfreq(64, 1 / 16)[r],
                np.fft.fftfreq(64, 1 / 16)[c],
            )
            found.append((x, y, right, up, hz))
    return np.array(found)


def test_every_carrier_drifts_by_the_part_of_the_global_velocity_along_its_normal():
    clip = gabor_array(DISPLAY, n_frames=32, direction_deg=30, speed_deg_per_s=5, seed=1)
    found = carrier_velocities(clip)
    assert len(found) == clip.attrs["n_gabors"] == 48
    velocity = 5 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    # The spatial peak is known to 1/4 c/deg, the drift to 1 Hz.
    assert abs(found[:, 4] - found[:, 2:4] @ velocity).max() < 1.5
    np.testing.assert_allclose(np.hypot(found[:, 2], found[:, 3]), 2, atol=0.6)
    solved, *_ = np.linalg.lstsq(found[:, 2:4], found[:, 4], rcond=None)
    np.testing.assert_allclose(solved, velocity, atol=0.3)
    angles = np.arctan2(found[:, 3], found[:, 2])
    assert abs(np.exp(2j * angles).mean()) < 0.35  # orientations are spread


def test_noise_gabors_share_no_velocity():
    clip = gabor_array(DISPLAY, n_frames=32, direction_deg=30, speed_deg_per_s=5, coherence=0, seed=1)
    found = carrier_velocities(clip)
    solved, *_ = np.linalg.lstsq(found[:, 2:4], found[:, 4], rcond=None)
    assert np.hypot(*solved) < 2 and clip.attrs["n_signal"] == 0
    assert np.isnan(clip["flow"]).all() and set(np.unique(clip["segmentation"])) == {0, 1}


def test_the_share_of_signal_is_counted_and_the_flow_is_on_signal_alone():
    clip = gabor_array(DISPLAY, coherence=0.25, direction_deg=90, speed_deg_per_s=4, seed=2)
    assert clip.attrs["n_signal"] == 12
    labels, flow = clip["segmentation"].values[0], clip["flow"].values[0]
    one = (labels == 1).sum() / 36
    assert (labels == 2).sum() / 12 == pytest.approx(one, rel=0.1)
    assert (np.isnan(flow[0]) == (labels != 2)).all() and np.nanmin(flow[1]) == np.nanmax(flow[1]) == -2


def test_one_seed_one_array():
    first, again, other = (gabor_array(DISPLAY, n_frames=3, coherence=0.5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["frames"], again["frames"])
    assert abs(first["frames"] - other["frames"]).max() > 0.1


def test_apertures_hide_gabors_and_their_truth():
    clip = gabor_array(DISPLAY, n_frames=2, aperture="circle:3")
    assert (clip["segmentation"][0, :, :32] == 0).all() and (clip["frames"][:, 0, :, :32] == 0.5).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"speed_deg_per_s": 9}, "temporal frequency of 18 Hz is above the Nyquist limit of this display, 16 Hz"),
        ({"spatial_frequency_cpd": 9, "speed_deg_per_s": 1}, "above the Nyquist limit of this display, 8 cycles/deg"),
        ({"coherence": -0.1}, "coherence is -0.1"),
        ({"spacing_deg": 0}, "spacing_deg of a Gabor array is 0"),
        ({"spacing_deg": 0.3}, "Gabors of contrast 0.9 overlap to .* larger spacing_deg"),
        ({"sd_deg": 3}, "does not fit the width of this display, 8 deg|does not fit the height"),
        ({"contrast": 1.5}, "a contrast of 1.5"),
    ],
)
def test_arrays_that_cannot_be_shown_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        gabor_array(DISPLAY, **options)
