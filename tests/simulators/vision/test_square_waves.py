import numpy as np
import pytest

from simulators.vision import Display, missing_fundamental

# 4 deg wide and 1 s long: whole cycles of 0.5 c/deg and of whole Hz.
DISPLAY = Display(8, 64, pixels_per_degree=16, rate_hz=32)


def row_spectrum(clip):
    """Complex amplitude by harmonic of 0.5 c/deg, one row per frame."""
    frames = clip["frames"].values[:, 0, 0].astype(float)
    return 2 * np.fft.rfft(frames, axis=1)[:, ::2] / frames.shape[1]


def test_the_third_harmonic_dominates_and_the_fundamental_is_missing():
    amplitude = abs(row_spectrum(missing_fundamental(DISPLAY, n_frames=4)))[0]
    odd = np.arange(3, 16, 2)
    np.testing.assert_allclose(amplitude[odd], 0.5 * 0.5 * 4 / np.pi / odd, rtol=1e-5)
    assert amplitude[1] < 1e-7 and amplitude[2::2][:-1].max() < 1e-7 and amplitude.argmax() in (0, 3)


def test_with_its_fundamental_it_is_a_square_wave():
    clip = missing_fundamental(DISPLAY, n_frames=1, keeps_fundamental=True)
    frame, (across, _) = clip["frames"].values[0, 0, 0], DISPLAY.grid()
    bright = np.sin(np.pi * across[0]) > 0
    assert abs(frame[bright].mean() - 0.75) < 0.01 and abs(frame[~bright].mean() - 0.25) < 0.01
    assert clip.attrs["perceived_direction_deg"] == clip.attrs["direction_deg"] == 0


def test_quarter_steps_turn_the_third_harmonic_backwards():
    clip = missing_fundamental(DISPLAY, n_frames=8, direction_deg=0)
    harmonics = row_spectrum(clip)
    forward = np.angle(harmonics[1:, 3] / harmonics[:-1, 3]) / (2 * np.pi)
    np.testing.assert_allclose(forward, 0.25, atol=1e-6)  # a phase that rises is a wave that goes left
    fifth = np.angle(harmonics[1:, 5] / harmonics[:-1, 5]) / (2 * np.pi)
    np.testing.assert_allclose(fifth, -0.25, atol=1e-6)
    assert (clip.attrs["direction_deg"], clip.attrs["perceived_direction_deg"]) == (0, 180)


def test_the_flow_is_that_of_the_steps():
    clip = missing_fundamental(DISPLAY, n_frames=8)
    step = clip["flow"].values[0, :, 0, 0]
    assert step.tolist() == [8, 0]  # a quarter of 2 deg
    frames = clip["frames"].values[:, 0]
    np.testing.assert_allclose(frames[1], np.roll(frames[0], 8, axis=1), atol=1e-6)


def test_steps_are_held():
    clip = missing_fundamental(DISPLAY, n_frames=9, frames_per_step=3)
    frames = clip["frames"].values[:, 0]
    np.testing.assert_array_equal(frames[0], frames[2])
    np.testing.assert_allclose(frames[3], np.roll(frames[2], 8, axis=1), atol=1e-6)
    assert clip.attrs["temporal_frequency_hz"] == pytest.approx(0.25 * 32 / 3)


def test_continuous_motion_has_one_velocity_for_all_harmonics_that_the_frames_can_show():
    clip = missing_fundamental(DISPLAY, n_frames=32, temporal_frequency_hz=2)
    spectrum = abs(np.fft.fft2(clip["frames"].values[:, 0, 0] - 0.5))
    for hz, cycles in np.argwhere(spectrum > 1e-4 * spectrum.max()):
        hz, cycles = (k - n if k > n / 2 else k for k, n in ((hz, 32), (cycles, 64)))
        assert hz == -cycles  # w = 2 Hz at 2 cycles per width
    assert clip.attrs["perceived_direction_deg"] == 0
    fast = row_spectrum(missing_fundamental(DISPLAY, n_frames=1, temporal_frequency_hz=5))
    assert abs(fast[0, 3]) > 0.1 and abs(fast[0, 5]) < 1e-7  # 15 Hz can be shown, 25 Hz not


def test_backward_steps_turn_direction():
    clip = missing_fundamental(DISPLAY, direction_deg=90, step_cycles=-0.25)
    assert (clip.attrs["direction_deg"], clip.attrs["perceived_direction_deg"]) == (270, 90)


def test_half_cycles_and_no_motion_have_no_perceived_direction():
    for step in (0, 0.5, 1 / 6, 1 / 3):
        assert "perceived_direction_deg" not in missing_fundamental(DISPLAY, step_cycles=step).attrs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"spatial_frequency_cpd": 3}, "spatial frequency of 9 cycles/deg is above the Nyquist limit"),
        ({"temporal_frequency_hz": 6}, "temporal frequency of 18 Hz is above the Nyquist limit"),
        ({"contrast": 1.0, "keeps_fundamental": True}, "harmonics of a square wave .* contrast of at most 0.9"),
        ({"frames_per_step": 0}, "frames_per_step is 0"),
        ({"step_cycles": float("nan")}, "step_cycles is nan"),
        ({"contrast": 2}, "a contrast of 2"),
    ],
)
def test_square_waves_that_cannot_be_shown_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        missing_fundamental(DISPLAY, **options)
