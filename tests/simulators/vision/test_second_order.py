"""Second-order motion: no net motion energy in the luminance, but in what the eye makes of it by a nonlinearity."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from simulators.vision import Display, contrast_modulated, drift_balanced, flicker_modulated, motion_defined
from simulators.vision.modulations import BLUR, MODULATIONS, modulated_region

DISPLAY = Display(48, 48, pixels_per_degree=8, rate_hz=24)
# One and two cycles in the picture and the clip.
WAVE = {"spatial_frequency_cpd": 1 / 3, "temporal_frequency_hz": 2.0}


def opponent_energy(movie, axis=2):
    """Rightward minus leftward (or downward minus upward) power over their sum: that of waves which move so."""
    power = abs(np.fft.fftn(movie - movie.mean())) ** 2
    time = np.sign(np.fft.fftfreq(movie.shape[0]))[:, None, None]
    place = np.sign(np.fft.fftfreq(movie.shape[axis]))
    place = place[None, None, :] if axis == 2 else place[None, :, None]
    toward = -(time * place)
    return float((power * toward).sum() / (power * abs(toward)).sum())


def frames_of(make, seed=0, n_frames=24, **options):
    return make(DISPLAY, n_frames, seed=seed, **{**WAVE, **options})["frames"].values[:, 0].astype(float)


def contrast(movie):
    return abs(movie - 0.5)


def flicker(movie):
    return abs(np.diff(movie, axis=0))


FAMILIES = {
    "contrast, static": (contrast_modulated, {}, contrast),
    "contrast, dynamic": (contrast_modulated, {"carrier": "dynamic"}, contrast),
    "flicker": (flicker_modulated, {}, flicker),
    "balanced": (drift_balanced, {"bar_px": 3}, flicker),
    "balanced checks": (drift_balanced, {"bar_px": 3, "checks": True}, flicker),
}


def test_the_measure_sees_a_grating():
    across, time = np.arange(48)[None, None, :], np.arange(24)[:, None, None]
    movie = 0.5 + 0.5 * np.cos(2 * np.pi * (across / 16 - time / 12)) * np.ones((24, 48, 48))
    assert opponent_energy(movie) > 0.999 and opponent_energy(movie[::-1]) < -0.999


@pytest.mark.parametrize("family", FAMILIES)
def test_luminance_has_no_net_motion_but_its_modulation_has(family):
    make, options, demodulated = FAMILIES[family]
    movies = [frames_of(make, seed, **options) for seed in range(16)]
    first = np.array([opponent_energy(movie) for movie in movies])
    assert abs(first.mean()) < 3 * first.std(ddof=1) / np.sqrt(len(first)) + 1e-9
    assert abs(first.mean()) < 0.05
    second = np.array([opponent_energy(demodulated(movie)) for movie in movies])
    assert second.mean() > 0.15 and second.mean() > 5 * abs(first.mean())
    backwards = [opponent_energy(demodulated(frames_of(make, s, direction_deg=180.0, **options))) for s in range(6)]
    assert np.mean(backwards) < -0.15


def test_pixels_of_drift_balanced_motion_are_uncorrelated_unless_they_are_of_one_bar():
    movies = [frames_of(drift_balanced, seed, bar_px=4, checks=True, n_frames=6) for seed in range(40)]
    signs = 2 * np.array(movies)[:, :, 2::4] - 1  # one row of each of the 12 rows of checks
    near = (signs[:, 3, :, 8] * signs[:, 5, :, 11]).mean()
    far = (signs[:, 3, :, 8] * signs[:, 5, :, 14]).mean()
    assert abs(near) > 0.2 and abs(far) < 3 / np.sqrt(40 * 12)


def test_motion_defined_stripes_have_noise_that_goes_both_ways():
    movies = [frames_of(motion_defined, seed, carrier_speed_px=1.0) for seed in range(16)]
    assert abs(np.mean([opponent_energy(movie, axis=2) for movie in movies])) < 0.03
    assert abs(np.mean([opponent_energy(movie, axis=1) for movie in movies])) < 0.05
    # Within one half of a still square wave the noise moves all up.
    still = frames_of(motion_defined, 0, temporal_frequency_hz=0.0, spatial_frequency_cpd=1 / 6)
    halves = [opponent_energy(still[:, :, at : at + 20], axis=1) for at in (2, 26)]
    assert min(halves) < -0.5 and max(halves) > 0.5


@pytest.mark.parametrize("make", [contrast_modulated, flicker_modulated, drift_balanced, motion_defined])
def test_flow_is_the_velocity_of_the_modulation(make):
    clip = make(DISPLAY, 4, direction_deg=90.0, **WAVE, seed=5, contrast=0.8)
    assert clip.attrs["speed_deg_per_s"] == pytest.approx(6) and clip.attrs["seed"] == 5
    np.testing.assert_allclose(clip["flow"].values[0, :, 3, 4], [0, -2], atol=1e-6)  # 6 deg/s, 8 pixels/deg, 24 Hz
    assert clip["frames"].values.mean() == pytest.approx(0.5, abs=0.03)
    assert clip["frames"].values.min() >= 0.1 - 1e-6 and clip["frames"].values.max() <= 0.9 + 1e-6
    again = make(DISPLAY, 4, direction_deg=90.0, **WAVE, seed=5, contrast=0.8)
    assert clip.identical(again)


def test_contrast_follows_its_grating():
    movie = frames_of(contrast_modulated, depth=0.6, contrast=0.7, n_frames=3)
    x = (np.arange(48) - 23.5) / 8
    wave = 1 + 0.6 * np.cos(2 * np.pi * (x / 3 - 2 / 24 * 2))
    np.testing.assert_allclose(contrast(movie)[2], np.broadcast_to(0.35 * wave / 1.6, (48, 48)), atol=1e-6)


def test_flicker_reverses_as_often_as_it_should():
    movie = frames_of(flicker_modulated, temporal_frequency_hz=0.0, n_frames=200, largest_rate=0.4)
    x = (np.arange(48) - 23.5) / 8
    rate = 0.4 * (1 + np.cos(2 * np.pi * x / 3)) / 2
    np.testing.assert_allclose(flicker(movie).mean(axis=(0, 1)), rate, atol=0.025)


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (contrast_modulated, {"carrier": "pink"}, "carrier 'pink' is not known"),
        (contrast_modulated, {"temporal_frequency_hz": 13}, "above the Nyquist limit of this display, 12 Hz"),
        (flicker_modulated, {"spatial_frequency_cpd": 5}, "above the Nyquist limit of this display, 4 cycles/deg"),
        (flicker_modulated, {"largest_rate": 0.7}, "largest_rate is 0.7"),
        (drift_balanced, {"bar_px": 0}, "bar_px is 0"),
        (drift_balanced, {"spatial_frequency_cpd": 0}, "spatial_frequency_cpd is 0"),
        (motion_defined, {"check_px": 1.5}, "check_px is 1.5"),
        (motion_defined, {"contrast": 2}, "contrast is 2; give 0 to 1"),
        (motion_defined, {"direction_deg": np.inf}, "direction_deg is inf"),
        (contrast_modulated, {"n_frames": 0}, "n_frames is 0"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(make, options, words):
    with pytest.raises(ValueError, match=words):
        make(DISPLAY, **{**WAVE, **options})


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_a_region_changes_the_picture_within_it_alone(modulation):
    clip = modulated_region(Display(64, 72), 6, modulation=modulation, seed=3)
    frames, inside = clip["frames"].values[:, 0], clip["segmentation"].values == 1
    assert 40 < inside[0].sum() < 64 * 72 / 3
    outside = binary_erosion(~inside.any(axis=0), iterations=8, border_value=1)
    assert np.ptp(frames[:, outside], axis=0).max() < 1e-6
    both = inside[0] & inside[1]
    if modulation != "blur":  # what is blurred stays
        assert abs(frames[1] - frames[0])[both].mean() > 0.01
    assert (clip["flow"].values[np.broadcast_to(~inside[:, None], clip["flow"].shape)] == 0).all()
    again = modulated_region(Display(64, 72), 6, modulation=modulation, seed=3)
    assert clip.identical(again)


def test_the_region_travels_with_its_flow():
    clip = modulated_region(Display(96, 96), 8, seed=2, speed_px_per_frame=2.0, direction_deg=90.0)
    inside = clip["segmentation"].values == 1
    rows, cols = np.indices((96, 96))
    centres = np.array([[cols[one].mean(), rows[one].mean()] for one in inside])
    flow = np.array([part[:, one].mean(axis=1) for part, one in zip(clip["flow"].values, inside, strict=True)])
    np.testing.assert_allclose(np.diff(centres, axis=0), flow[:-1], atol=0.25)
    np.testing.assert_allclose(flow[0], [0, -2], atol=0.25)
    assert clip.attrs["direction_deg"] == pytest.approx(90, abs=5)


def test_drawn_speeds_are_the_published_ones():
    display = Display(32, 32)
    speeds = [
        display.pixels_per_frame(modulated_region(display, 1, modulation="blur", seed=seed).attrs["speed_deg_per_s"])
        for seed in range(200)
    ]
    # Half of 8 to 30 pixels of 1024.
    assert np.mean(speeds) * 32 == pytest.approx(9.5, abs=0.8)
    assert pytest.approx(12.9, abs=0.05) == BLUR


# Not blur and scrambled phases, which change the mean luminance of the region on a 1/f background.
@pytest.mark.parametrize("modulation", ["noise", "warp", "swirl", "drift_balanced", "water"])
def test_modulated_regions_have_no_net_motion_energy_on_average(modulation):
    energy = []
    for seed in range(16):
        clip = modulated_region(
            Display(48, 48), 8, modulation=modulation, seed=seed, speed_px_per_frame=2.0, direction_deg=0.0
        )
        energy.append(opponent_energy(clip["frames"].values[:, 0].astype(float)))
    assert abs(np.mean(energy)) < max(3 * np.std(energy) / 4, 0.02)


def test_a_users_picture_is_the_background():
    picture = np.random.default_rng(0).random((3, 40, 44)).astype(np.float32)
    clip = modulated_region(Display(40, 44), 3, modulation="swirl", background=picture)
    corner = clip["frames"].values[:, :, :5, :5]
    np.testing.assert_allclose(corner, np.broadcast_to(picture[:, :5, :5], corner.shape), atol=1e-6)
    with pytest.raises(ValueError, match=r"background has shape \(1, 3, 40\)"):
        modulated_region(Display(40, 44), background=np.zeros((3, 40)))
    with pytest.raises(ValueError, match="background runs from 0 to 255"):
        modulated_region(Display(2, 2), background=np.array([[0, 255], [3, 4.0]]))
    with pytest.raises(ValueError, match="modulation 'fog' is not known; give one of noise, blur"):
        modulated_region(Display(40, 44), modulation="fog")
