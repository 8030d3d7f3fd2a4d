import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from simulators.vision import noise_texture
from simulators.vision.shifts import crop_shifted, shift_periodic

PICTURE = noise_texture(24, 30, seed=1)


def test_whole_pixels_roll():
    shifted = shift_periodic(PICTURE, np.array([[0, 0], [3, -2], [30, 24]]))
    np.testing.assert_allclose(shifted[0], PICTURE, atol=1e-12)
    np.testing.assert_allclose(shifted[1], np.roll(PICTURE, (-2, 3), axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(shifted[2], PICTURE, atol=1e-12)


def test_parts_of_a_pixel_agree_with_scipy():
    shifted = shift_periodic(PICTURE, np.array([[0.3, -1.7]]))[0]
    oracle = np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(PICTURE), (-1.7, 0.3))).real
    np.testing.assert_allclose(shifted, oracle, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
def test_shifts_add_up_and_keep_the_energy(first, second):
    once = shift_periodic(shift_periodic(PICTURE, np.array([first]))[0], np.array([second]))[0]
    np.testing.assert_allclose(once, shift_periodic(PICTURE, np.array([np.add(first, second)]))[0], atol=1e-10)
    assert once.std() == pytest.approx(PICTURE.std())


def test_splines_agree_with_scipy():
    picture = np.random.default_rng(0).random((40, 44))
    path = np.array([[0.0, 0.0], [0.4, -0.9], [1.3, 2.25]])
    crops = crop_shifted(picture, path, 20, 24)
    low, high = path.min(axis=0), path.max(axis=0)
    for crop, (right, down) in zip(crops, path, strict=True):
        left, top = (np.array([44, 40]) - [24, 20]) / 2 + (low + high) / 2 - (right, down)
        rows, cols = np.mgrid[:20, :24].astype(float)
        oracle = ndimage.map_coordinates(picture, [rows + top, cols + left], order=3, mode="mirror")
        np.testing.assert_allclose(crop, oracle, atol=1e-10)


def test_whole_pixels_crop_exactly():
    picture = np.random.default_rng(0).random((40, 40))
    crops = crop_shifted(picture, np.array([[0.0, 0], [2, 4], [4, 8]]), 20, 20)
    np.testing.assert_allclose(crops[0], picture[14:34, 12:32], atol=1e-10)
    np.testing.assert_allclose(crops[2], picture[6:26, 8:28], atol=1e-10)


def test_pictures_that_do_not_fill_the_path_are_refused():
    with pytest.raises(ValueError, match="picture of 30 x 30 pixels does not fill 20 x 20 .* at least 29 x 33"):
        crop_shifted(np.zeros((30, 30)), np.array([[0.0, 0], [5, 0.5]]), 20, 20)
