import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.vision import Display, random_dots
from simulators.vision.dot_motion import DotPaths
from simulators.vision.dots import draw_dots

DISPLAY = Display(64, 80, pixels_per_degree=10, rate_hz=20)


def placed(*places, signal=True):
    """Dots at places in deg in a single frame."""
    at = np.array([places], float)
    flags = np.full(at.shape[:2], signal)
    return DotPaths(at, flags, ~flags, flags, 1)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.2, 0.8))
def test_a_dot_is_where_it_is_to_parts_of_a_pixel(right, up, diameter):
    frames, labels = draw_dots(DISPLAY, placed((right, up)), diameter, np.ones(1), 0.0)
    frame, (across, high) = frames[0], DISPLAY.grid()
    assert frame.sum() / 100 == pytest.approx(np.pi / 4 * diameter**2, rel=0.015)
    centre = np.array([(across * frame).sum(), (high * frame).sum()]) / frame.sum()
    np.testing.assert_allclose(centre, (right, up), atol=0.004)
    assert set(np.unique(labels)) == {0, 2}


def test_dots_at_the_rim_are_cut_not_wrapped():
    frames, _ = draw_dots(DISPLAY, placed((4.0, 0)), 0.6, np.ones(1), 0.0)
    assert frames[0, :, -1].max() > 0.5 and frames[0, :, :40].max() == 0


def test_overlapping_dots_are_no_brighter_than_one():
    one, _ = draw_dots(DISPLAY, placed((0, 0)), 0.6, np.ones(1), 0.5)
    two, _ = draw_dots(DISPLAY, placed((0, 0), (0, 0)), 0.6, np.ones(2), 0.5)
    np.testing.assert_array_equal(one, two)


def test_coherent_dots_move_by_the_flow():
    """A whole number of pixels per frame, so that the picture is displaced exactly, but for the rim."""
    clip = random_dots(DISPLAY, direction_deg=0, speed_deg_per_s=4, n_frames=6, seed=1)
    frames = clip["frames"].values[:, 0]
    np.testing.assert_allclose(frames[1:, :, 4:], frames[:-1, :, 2:-2], atol=1e-6)
    flow, labels = clip["flow"].values, clip["segmentation"].values
    assert (np.isnan(flow[:, 0]) == (labels != 2)).all() and np.nanmax(flow[:, 0]) == 2 == np.nanmin(flow[:, 0])
    assert (labels == 1).sum() == 0 and (np.nan_to_num(flow[:, 1]) == 0).all()


def test_upward_is_towards_lower_rows():
    clip = random_dots(DISPLAY, direction_deg=90, speed_deg_per_s=2, n_frames=2, seed=1)
    frames = clip["frames"].values[:, 0]
    np.testing.assert_allclose(frames[1, 2:-4], frames[0, 3:-3], atol=1e-6)
    assert np.nanmin(clip["flow"].values[:, 1]) == -1


def test_the_density_is_counted_on_the_field():
    clip = random_dots(DISPLAY, density_per_deg2=3.0, dot_diameter_deg=0.2, n_frames=2)
    assert clip.attrs["n_dots"] == round(3 * (8 + 0.3) * (6.4 + 0.3))
    sparse = random_dots(DISPLAY, density_per_deg2=0.5, dot_diameter_deg=0.4, n_frames=40, speed_deg_per_s=9, seed=2)
    covered = (sparse["frames"].values - 0.5).sum() / 0.5 / 100 / (np.pi / 4 * 0.4**2) / 40
    assert covered == pytest.approx(0.5 * 8 * 6.4, rel=0.06)


def test_dots_of_both_signs_keep_the_mean():
    clip = random_dots(DISPLAY, luminances=(0, 1), density_per_deg2=4, n_frames=40)
    assert clip.attrs["mean_luminance"] == pytest.approx(0.5, abs=0.005) and clip.attrs["contrast"] == 1
    assert clip["frames"].min() == 0 and clip["frames"].max() == 1


def test_white_on_black_in_a_window():
    clip = random_dots(DISPLAY, background=0, aperture="circle:5", density_per_deg2=5)
    across, up = DISPLAY.grid()
    outside = np.hypot(across, up) > 2.5
    assert (clip["frames"].values[:, 0, outside] == 0).all() and (clip["segmentation"].values[:, outside] == 0).all()
    assert clip.attrs["contrast"] == 1 and clip["frames"].max() == 1


def test_one_seed_one_clip():
    first, again, other = (random_dots(DISPLAY, coherence=0.5, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first["frames"], again["frames"])
    assert abs(first["frames"] - other["frames"]).max() == 0.5
    assert first.attrs["seed"] == 4 and first.attrs["coherence"] == 0.5 and first.attrs["kind"] == "dots"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"coherence": 1.2}, "coherence is 1.2"),
        ({"dot_diameter_deg": 0.05}, "smaller than a pixel of this display, 0.1 deg"),
        ({"density_per_deg2": 0}, "density_per_deg2 is 0"),
        ({"speed_deg_per_s": -1}, "speed_deg_per_s of the dots is -1"),
        ({"speed_deg_per_s": 90}, "is half the field"),
        ({"speed_deg_per_s": 40, "interleaved": True}, "is half the field"),
        ({"lifetime_frames": 1}, "lifetime_frames is 1"),
        ({"luminances": (2.0,)}, r"dots of luminance \[2.0\] on 0.5"),
        ({"luminances": ()}, "give luminances of 0 to 1"),
        ({"rule": "newsome"}, "rule 'newsome' of the dots is unknown; give one of movshon-newsome"),
        ({"n_frames": 0}, "n_frames is 0"),
    ],
)
def test_dots_that_cannot_be_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        random_dots(DISPLAY, **options)
