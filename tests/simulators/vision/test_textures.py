import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.vision import Display, moving_image, moving_texture, noise_texture
from simulators.vision.shifts import shift_periodic

DISPLAY = Display(32, 48, pixels_per_degree=8, rate_hz=16)


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.7])
def test_amplitude_falls_with_the_slope(slope):
    spectrum = abs(np.fft.rfft2(noise_texture(256, 256, slope=slope, seed=2)))
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    inside = (frequency > 0.03) & (frequency < 0.45)
    fitted, _ = np.polyfit(np.log(frequency[inside]), np.log(spectrum[inside]), 1)
    assert fitted == pytest.approx(-slope, abs=0.02)


def test_a_texture_is_centred_and_made_by_its_seed():
    texture = noise_texture(20, 30, seed=5)
    assert abs(texture.mean()) < 1e-12 and abs(texture).max() == 1
    np.testing.assert_array_equal(texture, noise_texture(20, 30, seed=5))
    assert abs(texture - noise_texture(20, 30, seed=6)).max() > 0.1


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 360), st.floats(0, 6))
def test_the_flow_warps_each_frame_onto_the_next(direction, speed):
    clip = moving_texture(DISPLAY, n_frames=4, direction_deg=direction, speed_deg_per_s=speed, seed=1)
    frames = clip["frames"].values[:, 0].astype(float)
    for t in range(3):
        warped = shift_periodic(frames[t] - 0.5, clip["flow"].values[t, :, 0, 0][None])[0]
        np.testing.assert_allclose(warped, frames[t + 1] - 0.5, atol=1e-5)
    right, down = clip["flow"].values[0, :, 0, 0]
    assert np.hypot(right, down) == pytest.approx(speed / 2, abs=1e-5)
    expected = speed / 2 * np.cos(np.deg2rad(direction)), -speed / 2 * np.sin(np.deg2rad(direction))
    assert (right, down) == pytest.approx(expected, abs=1e-5)


def test_each_frame_may_have_its_velocity():
    velocities = np.array([(1, 0), (0, 2), (-3, 1), (5, 5)], float)
    clip = moving_texture(DISPLAY, n_frames=4, velocities_px=velocities)
    frames = clip["frames"].values[:, 0]
    for t in range(3):
        np.testing.assert_allclose(
            frames[t + 1], np.roll(frames[t], velocities[t, ::-1].astype(int), (0, 1)), atol=1e-6
        )
    np.testing.assert_array_equal(clip["flow"].values[:, :, 3, 4], velocities)
    assert "direction_deg" not in clip.attrs


def test_contrast_is_the_largest_deviation():
    clip = moving_texture(DISPLAY, contrast=0.6, mean_luminance=0.4, seed=3)
    assert abs(clip["frames"] - 0.4).max() == pytest.approx(0.24, rel=1e-5)
    assert clip.attrs["rms_contrast"] == pytest.approx(float(clip["frames"].std()) / 0.4, rel=1e-4)
    assert clip.attrs["mean_luminance"] == pytest.approx(0.4, abs=1e-6)


def picture(n_rows=90, n_cols=100):
    """Smooth, so that a second interpolation in the test costs nothing."""
    rows, cols = np.mgrid[:n_rows, :n_cols]
    return 0.5 + 0.2 * np.sin(rows / 5.0) + 0.2 * np.cos((cols - rows) / 7)


def test_an_image_moves_as_its_flow_says():
    clip = moving_image(DISPLAY, picture(), n_frames=6, direction_deg=30, speed_deg_per_s=3)
    right, down = clip["flow"].values[0, :, 0, 0]
    rows, cols = np.mgrid[:32, :48]
    first = clip["frames"].values[0, 0]
    # Middle of the path is the middle of the picture.
    left, top = (100 - 48) / 2 + 2.5 * right, (90 - 32) / 2 + 2.5 * down
    for t, frame in enumerate(clip["frames"].values[:, 0]):
        y, x = rows + top - t * down, cols + left - t * right
        np.testing.assert_allclose(frame, 0.5 + 0.2 * np.sin(y / 5) + 0.2 * np.cos((x - y) / 7), atol=2e-4)
    assert first.shape == (32, 48) and clip.attrs["direction_deg"] == 30


def test_colours_move_together():
    image = np.stack([picture(), 0.5 * picture(), 1 - picture()], axis=-1)
    clip = moving_image(DISPLAY, image, n_frames=3)
    assert clip["channel"].values.tolist() == ["red", "green", "blue"]
    grey = moving_image(DISPLAY, picture(), n_frames=3)
    np.testing.assert_allclose(clip["frames"].values[:, 1], 0.5 * grey["frames"].values[:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: moving_texture(DISPLAY, contrast=1.2), "a contrast of 1.2"),
        (lambda: moving_texture(DISPLAY, slope=float("nan")), "slope is nan"),
        (lambda: moving_texture(DISPLAY, speed_deg_per_s=-1), "a speed of at least 0"),
        (lambda: moving_texture(DISPLAY, speed_deg_per_s=60), "are half the display of 32 x 48 or more"),
        (lambda: moving_texture(DISPLAY, velocities_px=np.zeros((3, 2))), r"velocities_px has shape .* give \(30, 2\)"),
        (lambda: moving_texture(Display(2, 8)), "at least 4 x 4"),
        (lambda: moving_image(DISPLAY, np.zeros((40, 40))), "does not fill 32 x 48"),
        (lambda: moving_image(DISPLAY, np.full((90, 90), 200.0)), "divide bytes by 255"),
        (lambda: moving_image(DISPLAY, np.zeros((90, 90, 2))), r"the image has shape \(90, 90, 2\)"),
    ],
)
def test_what_cannot_move_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
