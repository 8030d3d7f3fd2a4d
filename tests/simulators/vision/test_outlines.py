import numpy as np
import pytest

from simulators.vision.fields import field_side, random_field
from simulators.vision.outlines import OUTLINES, outline, padded


@pytest.mark.parametrize("kind", OUTLINES)
@pytest.mark.parametrize("hollow", [False, True])
def test_outlines_lie_within_their_circle(kind, hollow):
    for seed in range(20):
        mask = outline(kind, 15.3, np.random.default_rng(seed), hollow=hollow)
        assert mask.shape == (35, 35) and mask.dtype == np.float32
        assert mask.min() == 0 and mask.max() > 0.5
        across, down = np.meshgrid(np.arange(-17, 18), np.arange(-17, 18))
        assert mask[np.hypot(across, down) > 15.3 + 1].max() == 0
        if not hollow:
            assert mask[17, 17] == 1


def test_hollow_ones_are_empty_inside():
    full = outline("ellipse", 20, np.random.default_rng(1))
    band = outline("ellipse", 20, np.random.default_rng(1), hollow=True)
    assert band[21, 21] == 0 and (band <= full + 1e-6).all() and 0.1 < band.sum() / full.sum() < 0.9


def test_an_ellipse_has_its_area():
    rng = np.random.default_rng(3)
    mask = outline("ellipse", 30, rng)
    rng = np.random.default_rng(3)
    rng.uniform(0, 2 * np.pi)
    assert mask.sum() == pytest.approx(np.pi * 30 * 30 * rng.uniform(0.35, 1), rel=0.01)


def test_masks_are_padded_about_their_centres():
    masks = [outline("ellipse", radius, np.random.default_rng(0)) for radius in (3, 8)]
    both = padded(masks)
    assert both.shape == (2, 19, 19)
    np.testing.assert_array_equal(both[0][5:14, 5:14], masks[0])
    assert (both[0] > 0).sum() == (masks[0] > 0).sum()


def test_unknown_outlines_are_refused():
    with pytest.raises(ValueError, match="outline 'star' is not known; give one of rectangle"):
        outline("star", 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="radius of an outline is 0"):
        outline("blob", 0, np.random.default_rng(0))


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_spectra_fall_as_they_should(exponent):
    power = np.mean(
        [abs(np.fft.fft2(random_field(128, exponent, np.random.default_rng(s)))) ** 2 for s in range(12)], 0
    )
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
    low, high = (power[(radius > f) & (radius < 1.3 * f)].mean() for f in (0.05, 0.2))
    assert low / high == pytest.approx(4 ** (2 * exponent), rel=0.1)


def test_fields_are_normal_and_repeat():
    field = random_field(64, 1.0, np.random.default_rng(0))
    assert field.dtype == np.float32 and abs(field.mean()) < 1e-6 and field.std() == pytest.approx(1, abs=1e-6)
    steps = abs(np.diff(field, axis=1)).mean()
    assert abs(field[:, 0] - field[:, -1]).mean() < 1.5 * steps
    assert [field_side(n) for n in (1, 64, 65, 9000)] == [32, 64, 128, 1024]
    with pytest.raises(ValueError, match="side of a texture is 1"):
        random_field(1, 1.0, np.random.default_rng(0))
