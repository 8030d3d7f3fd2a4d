from math import cos, pi, radians, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators import save_stimulus_set
from simulators.vision import (
    Display,
    circular_aperture,
    counterphase_grating,
    display_of,
    drifting_grating,
    grating_sum,
    grating_sums,
    plaid,
    uniform_clip,
)

# 4 deg x 4 deg x 2 s: frequencies that are multiples of 1/4 c/deg and 1/2 Hz fall on one bin each.
DISPLAY = Display(32, 32, pixels_per_degree=8, rate_hz=16)
N_FRAMES = 32


def frames_of(clip):
    return clip["frames"].values[:, 0].astype(float)


def spectrum(frames):
    """Amplitude by (temporal frequency in Hz, up, right in c/deg), of waves cos 2 pi (f x - w t)."""
    amplitude = abs(np.fft.fftn(frames)) / frames.size
    hz, up, right = (np.fft.fftfreq(n, d) for n, d in ((N_FRAMES, 1 / 16), (32, 1 / 8), (32, 1 / 8)))
    # A drift w is the bin -w of the transform; rows run downwards.
    return {
        (-hz[t], -up[r], right[c]): amplitude[t, r, c] for t, r, c in np.argwhere(amplitude > 1e-6 * amplitude.max())
    }


def plain(display, n_frames, components, mean=0.5):
    """One pixel at a time."""
    frames = np.full((n_frames, display.n_rows, display.n_cols), mean)
    for t in range(n_frames):
        for row in range(display.n_rows):
            for col in range(display.n_cols):
                x = (col - (display.n_cols - 1) / 2) / display.pixels_per_degree
                y = ((display.n_rows - 1) / 2 - row) / display.pixels_per_degree
                for direction, sf, tf, contrast, phase in components:
                    place = x * cos(radians(direction)) + y * sin(radians(direction))
                    wave = 2 * pi * (sf * place - tf * t / display.rate_hz) + radians(phase)
                    frames[t, row, col] += mean * contrast * cos(wave)
    return frames


@pytest.mark.parametrize(
    ("direction", "wave"), [(0, (1.5, 0)), (90, (0, 1.5)), (180, (-1.5, 0)), (270, (0, -1.5)), (None, (-0.5, 1.0))]
)
def test_energy_lies_at_the_frequencies_and_the_direction_alone(direction, wave):
    sf = float(np.hypot(*wave))
    direction = np.rad2deg(np.arctan2(wave[1], wave[0])) if direction is None else direction
    clip = drifting_grating(
        DISPLAY, n_frames=N_FRAMES, direction_deg=direction, spatial_frequency_cpd=sf, temporal_frequency_hz=2.5,
        contrast=0.6,
    )  # fmt: skip
    found = spectrum(frames_of(clip))
    assert found == pytest.approx(
        {(0, 0, 0): 0.5, (2.5, wave[1], wave[0]): 0.15, (-2.5, -wave[1], -wave[0]): 0.15}, rel=1e-5
    )


def test_a_grating_is_its_formula_pixel_by_pixel():
    display = Display(5, 7, pixels_per_degree=4, rate_hz=20)
    component = (200, 1.3, 3.1, 0.7, 25)
    clip = drifting_grating(
        display, n_frames=3, direction_deg=200, spatial_frequency_cpd=1.3, temporal_frequency_hz=3.1, contrast=0.7,
        phase_deg=25, mean_luminance=0.4,
    )  # fmt: skip
    np.testing.assert_allclose(frames_of(clip), plain(display, 3, [component], 0.4), atol=2e-7)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 360), st.floats(0.2, 2), st.floats(0.5, 4))
def test_phase_moves_at_temporal_over_spatial_frequency(direction, sf, tf):
    """Phase at the middle falls by 2 pi tf / rate in a frame, and the stated flow carries it along."""
    clip = drifting_grating(
        DISPLAY, n_frames=2, direction_deg=direction, spatial_frequency_cpd=sf, temporal_frequency_hz=tf
    )
    assert clip.attrs["speed_deg_per_s"] == pytest.approx(tf / sf)
    assert clip.attrs["orientation_deg"] == pytest.approx((direction + 90) % 180)
    right, down = clip["flow"].values[0, :, 0, 0] / DISPLAY.pixels_per_degree
    displaced = drifting_grating(
        DISPLAY, n_frames=1, direction_deg=direction, spatial_frequency_cpd=sf, temporal_frequency_hz=0,
        phase_deg=-np.rad2deg(2 * np.pi * sf * (right * np.cos(np.deg2rad(direction)) - down * np.sin(np.deg2rad(direction)))),
    )  # fmt: skip
    np.testing.assert_allclose(frames_of(clip)[1], frames_of(displaced)[0], atol=1e-5)


def test_a_negative_temporal_frequency_drifts_the_other_way():
    back = drifting_grating(DISPLAY, direction_deg=30, temporal_frequency_hz=-3, phase_deg=40)
    assert (back.attrs["direction_deg"], back.attrs["temporal_frequency_hz"]) == (210, 3)
    np.testing.assert_allclose(
        frames_of(back),
        frames_of(grating_sum(DISPLAY, direction_deg=30, temporal_frequency_hz=-3, phase_deg=40, contrast=1)),
        atol=1e-6,
    )


def test_counterphase_is_two_opposite_drifts():
    halves = [
        frames_of(drifting_grating(DISPLAY, direction_deg=d, contrast=0.4, temporal_frequency_hz=2)) for d in (30, 210)
    ]
    both = counterphase_grating(DISPLAY, orientation_deg=120, contrast=0.8, temporal_frequency_hz=2)
    np.testing.assert_allclose(frames_of(both), sum(halves) - 0.5, atol=1e-6)
    assert both.attrs["orientation_deg"] == 120 and "flow" not in both and "direction_deg" not in both.attrs


def test_counterphase_stands_still_and_starts_at_its_phase():
    clip = counterphase_grating(DISPLAY, n_frames=8, temporal_frequency_hz=2, phase_deg=30, temporal_phase_deg=50)
    space = frames_of(counterphase_grating(DISPLAY, n_frames=1, phase_deg=30))[0] - 0.5
    in_time = np.cos(2 * np.pi * 2 * clip["time"].values + np.deg2rad(50))
    np.testing.assert_allclose(frames_of(clip), 0.5 + in_time[:, None, None] * space, atol=1e-6)


def test_a_plaid_is_the_sum_of_its_gratings_and_moves_as_both_allow():
    clip = plaid(DISPLAY, direction_deg=20, angle_deg=90, contrast=0.5, second_contrast=0.2)
    parts = [
        frames_of(drifting_grating(DISPLAY, direction_deg=d, contrast=c)) - 0.5 for d, c in ((65, 0.5), (-25, 0.2))
    ]
    np.testing.assert_allclose(frames_of(clip) - 0.5, sum(parts), atol=1e-6)
    velocity = clip["flow"].values[0, :, 0, 0]
    for direction in (65, -25):  # the velocity's part along each normal is that of the grating, in pixels per frame
        normal = np.array([np.cos(np.deg2rad(direction)), -np.sin(np.deg2rad(direction))])
        assert velocity @ normal == pytest.approx(4 * 8 / 16, rel=1e-5)
    assert clip.attrs["speed_deg_per_s"] == pytest.approx(4 / np.cos(np.pi / 4))


def test_sums_are_their_formula():
    display = Display(4, 6, pixels_per_degree=4, rate_hz=20)
    table = np.array([(0, 1, 2, 0.2, 0), (77, 0.5, 5, 0.3, 90), (200, 1.5, -3, 0.4, 10)], float)
    names = ("direction_deg", "spatial_frequency_cpd", "temporal_frequency_hz", "contrast", "phase_deg")
    clip = grating_sum(display, n_frames=3, **dict(zip(names, table.T, strict=True)))
    np.testing.assert_allclose(frames_of(clip), plain(display, 3, table), atol=3e-7)
    assert clip.attrs["n_components"] == 3 and clip.attrs["contrast"] == pytest.approx(0.9)


def test_many_trials_at_once_are_the_trials_one_by_one(tmp_path):
    rng = np.random.default_rng(0)
    contrast = rng.random((6, 4)) / 4
    contrast[0], contrast[1, 2:] = 0, np.nan
    direction = 360 * rng.random((6, 4))
    direction[1, 2:] = np.nan
    trials = grating_sums(
        DISPLAY, n_frames=5, direction_deg=direction, spatial_frequency_cpd=1.5, contrast=contrast,
        temporal_frequency_hz=rng.uniform(1, 4, (6, 1)), aperture="circle:3",
    )  # fmt: skip
    assert trials.dims == ("stimulus", "time", "channel", "row", "col") and display_of(trials) == DISPLAY
    assert trials["n_components"].values.tolist() == [0, 2, 4, 4, 4, 4]
    assert (trials.values[0] == 0.5).all()
    tf = np.random.default_rng(0)
    tf.random((6, 4)), tf.random((6, 4))
    tf = tf.uniform(1, 4, (6, 1))
    for number in range(6):
        one = grating_sum(
            DISPLAY, n_frames=5, direction_deg=direction[number], spatial_frequency_cpd=1.5,
            temporal_frequency_hz=tf[number], contrast=contrast[number], aperture="circle:3",
        )  # fmt: skip
        np.testing.assert_array_equal(trials.values[number], one["frames"].values)
    save_stimulus_set(trials, tmp_path / "set.nc", name="sums", generator={})


def test_mixtures_of_a_recording_can_be_rendered_from_its_table(real_data):
    path = real_data / "recordings" / "macaque_v1v2_grating_mixtures" / "m624l54.npz"
    with np.load(path, allow_pickle=False) as unit:
        some = slice(None, None, 97)
        names = ("orientation_deg", "spatial_freq_cpd", "temporal_freq_hz", "contrast", "phase")
        table = [unit[name][some] for name in names]
        blank = unit["block_id"][some] >= 160
    display = Display(32, 32, pixels_per_degree=16, rate_hz=60)
    trials = grating_sums(
        display, n_frames=30, direction_deg=table[0], spatial_frequency_cpd=table[1], temporal_frequency_hz=table[2],
        contrast=table[3], phase_deg=table[4], aperture="circle:1.5",
    )  # fmt: skip
    spread = trials.values.std(axis=(1, 2, 3, 4))
    assert 0 < blank.sum() < len(blank) == trials.sizes["stimulus"] and ((spread == 0) == blank).all()
    assert trials["n_components"].values.max() > 4


def test_apertures_hide_contrast_and_flow():
    window = circular_aperture(DISPLAY, 2)
    clip = drifting_grating(DISPLAY, aperture=window, mean_luminance=0.3)
    assert (frames_of(clip)[:, window == 0] == np.float32(0.3)).all()
    assert (np.isnan(clip["flow"].values[0, 0]) == (window == 0)).all()
    assert np.isnan(drifting_grating(DISPLAY, contrast=0)["flow"].values).all()


def test_full_contrast_reaches_black_and_white_and_not_beyond():
    frames = frames_of(drifting_grating(DISPLAY, n_frames=60, direction_deg=33))
    assert frames.min() >= 0 and frames.max() <= 1 and frames.max() - frames.min() > 0.999


def test_a_blank_is_blank():
    clip = uniform_clip(DISPLAY, n_frames=2, luminance=0.25)
    assert (clip["frames"] == 0.25).all() and clip.attrs["contrast"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"spatial_frequency_cpd": 4.1}, "Nyquist limit of this display, 4 cycles/deg"),
        ({"temporal_frequency_hz": 8.1}, "Nyquist limit of this display, 8 Hz"),
        ({"temporal_frequency_hz": -8.1}, "Nyquist limit of this display, 8 Hz"),
        ({"spatial_frequency_cpd": 0}, "spatial_frequency_cpd of a grating is 0; give a positive"),
        ({"contrast": 1.1}, "a contrast of 1.1 about a mean luminance of 0.5 .* at most 1 in all"),
        ({"contrast": -0.1}, "a contrast is .*-0.1"),
        ({"contrast": 0.5, "mean_luminance": 0.8}, "give at most 0.25 in all"),
        ({"mean_luminance": 1}, "mean_luminance is 1"),
        ({"direction_deg": float("inf")}, "direction_deg of a grating is"),
        ({"phase_deg": float("nan")}, "phase_deg of a grating is nan"),
        ({"n_frames": 0}, "n_frames is 0"),
    ],
)
def test_gratings_that_cannot_be_shown_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        drifting_grating(DISPLAY, **options)


def test_sums_that_cannot_be_shown_are_refused():
    with pytest.raises(ValueError, match="contrasts that sum to 1.2 about"):
        grating_sum(DISPLAY, contrast=0.4)
    with pytest.raises(ValueError, match=r"the components have shapes .*give \(component\)"):
        grating_sum(DISPLAY, direction_deg=[0, 1], contrast=[0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match=r"give \(stimulus, component\)"):
        grating_sums(
            DISPLAY, n_frames=2, direction_deg=np.zeros((2, 2, 2)), spatial_frequency_cpd=1, temporal_frequency_hz=1,
            contrast=0.1,
        )  # fmt: skip
    with pytest.raises(ValueError, match="angle_deg of a plaid is 180"):
        plaid(DISPLAY, angle_deg=180)
    with pytest.raises(ValueError, match="n_frames is 0"):
        uniform_clip(DISPLAY, n_frames=0)
