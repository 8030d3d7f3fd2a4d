"""Bars on a path: a rigid shift by whole pixels, the mean of what a pixel shares, and motion as drawn."""

import numpy as np
import pytest

from simulators.vision import Display, moving_bars

DISPLAY = Display(3, 64, 2.0, 100.0)


def test_whole_pixels_shift_the_pattern_rigidly():
    clip = moving_bars(DISPLAY, np.array([0.0, 0.5, 2.0, -1.0]), bar_deg=1.5)
    rows = clip["frames"].values[:, 0, 0]
    np.testing.assert_array_equal(rows[1, 1:], rows[0, :-1])
    np.testing.assert_array_equal(rows[2, 4:], rows[0, :-4])
    np.testing.assert_array_equal(rows[3, :-2], rows[0, 2:])
    assert set(rows[0].round(6).tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(clip["flow"].values[:, 0, 0, 0], [1, 3, -6, -6])
    assert (clip["flow"].values[:, 1] == 0).all()


def test_a_shared_pixel_is_the_mean_of_a_finer_drawing():
    fine = moving_bars(Display(1, 64 * 20, 40.0, 100.0), np.array([0.35, 0.7]), bar_deg=1.5)
    coarse = moving_bars(Display(1, 64, 2.0, 100.0), np.array([0.35, 0.7]), bar_deg=1.5)
    means = fine["frames"].values.reshape(2, 64, 20).mean(axis=2)
    np.testing.assert_allclose(coarse["frames"].values[:, 0, 0], means, atol=1e-5)


def test_pattern_repeats_after_360_bars_and_is_repeatable():
    one, other = (moving_bars(DISPLAY, np.array([at, at]), bar_deg=2.0, seed=4)["frames"].values for at in (1.0, 721.0))
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert (one != moving_bars(DISPLAY, np.array([1.0, 1.0]), bar_deg=2.0, seed=5)["frames"].values).any()


def test_contrast_scales_about_the_mean():
    full, faint = (moving_bars(DISPLAY, np.zeros(2), contrast=c)["frames"].values for c in (1.0, 0.2))
    np.testing.assert_allclose(faint - 0.5, 0.2 * (full - 0.5), atol=1e-6)


@pytest.mark.parametrize(
    ("positions", "options", "words"),
    [
        ([0.0], {}, "at least two finite positions"),
        ([0.0, np.nan], {}, "at least two finite positions"),
        ([0.0, 1.0], {"bar_deg": 0.4}, "narrower than a pixel, 0.5 deg"),
        ([0.0, 1.0], {"contrast": 1.5}, "contrast is 1.5"),
    ],
)
def test_what_cannot_be_drawn_is_refused(positions, options, words):
    with pytest.raises(ValueError, match=words):
        moving_bars(DISPLAY, np.array(positions), **options)
